"""Time of judging response: `make limits` prints what it measures and fails over the limit."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from itpcsr.adam.response import judge
from itpcsr.study import Study, read_study

ROOT = Path(__file__).resolve().parents[2]
SUBJECTS, VISITS = 10_000, 30


@pytest.fixture(scope="module")
def study() -> Study:
    return read_study(ROOT / "params/study.yml")


@pytest.fixture(scope="module")
def many() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Counts of many subjects that wander around the threshold of response, numbered as ADRS does it."""
    rng = np.random.default_rng(1)
    start = pd.Timestamp("2020-01-01")
    subject = np.repeat(np.arange(SUBJECTS), VISITS)
    week = np.tile(np.arange(1, VISITS + 1), SUBJECTS)
    base = rng.integers(3, 30, SUBJECTS).astype("float64")
    counts = pd.DataFrame(
        {
            "USUBJID": subject,
            "ADT": start + pd.to_timedelta(7 * week, unit="D"),
            "ADY": 1.0 + 7 * week,
            "AVISITN": week.astype("float64"),
            "ANL01FL": "Y",
            "AVAL": np.round(np.exp(rng.normal(3.5, 0.8, subject.size))),
            "BASE": base[subject],
            "by_event": rng.random(subject.size) < 0.05,
            "by_scale": rng.random(subject.size) < 0.05,
        }
    )
    rescue = pd.Series(start + pd.to_timedelta(rng.integers(1, 200, SUBJECTS), unit="D"))
    rescue = rescue.where(rng.random(SUBJECTS) < 0.2)
    counts["rescued"] = counts["ADT"] >= rescue.to_numpy()[subject]
    subjects = pd.DataFrame({"USUBJID": range(SUBJECTS), "TRTSDT": start, "BASE": base, "RESCDT": rescue})
    return counts, subjects


def _shortest(counts: pd.DataFrame, subjects: pd.DataFrame, study: Study, keys: set[str]) -> float:
    """Return the shortest of three runs, the one least disturbed by other work of the machine."""
    assert study.efficacy is not None
    definitions = [study.efficacy.primary, *study.efficacy.response_definitions]
    runs = []
    for _ in range(3):
        start = time.perf_counter()
        for definition in definitions:
            if definition.key in keys:
                judged = judge(counts, subjects, definition, study.visits.platelet_weeks)
                assert len(judged) == SUBJECTS
        runs.append(time.perf_counter() - start)
    return min(runs)


def test_judging_many_subjects_by_the_primary_rule(
    many: tuple[pd.DataFrame, pd.DataFrame], study: Study
) -> None:
    seconds = _shortest(*many, study, {"CBOR"})
    print(f"\n  response of {SUBJECTS} subjects x {VISITS} visits by the primary rule: {seconds:.2f} s")
    assert seconds < 2


def test_judging_many_subjects_by_all_definitions(
    many: tuple[pd.DataFrame, pd.DataFrame], study: Study
) -> None:
    assert study.efficacy is not None
    keys = {"CBOR", *(definition.key for definition in study.efficacy.response_definitions)}
    seconds = _shortest(*many, study, keys)
    print(
        f"\n  response of {SUBJECTS} subjects x {VISITS} visits by {len(keys)} definitions: {seconds:.2f} s"
    )
    assert seconds < 10
