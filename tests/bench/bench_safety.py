"""Time of the counts of adverse events: `make bench` prints what it measures and fails over the limit."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from itpcsr.analysis import safety
from itpcsr.study import Study, read_study

ROOT = Path(__file__).resolve().parents[2]
EVENTS, SUBJECTS, CLASSES, TERMS = 1_000_000, 20_000, 26, 800


@pytest.fixture(scope="module")
def study() -> Study:
    """Return the trial's study with its four arms as the only columns."""
    whole = read_study(ROOT / "params/study.yml")
    columns = [column for column in whole.design.columns if len(column.arms) == 1]
    return whole.model_copy(update={"design": whole.design.model_copy(update={"columns": columns})})


@pytest.fixture(scope="module")
def many(study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(1)
    names = pd.Series([f"SIM-{number:06}" for number in range(SUBJECTS)], dtype="str")
    arms = rng.choice([arm.code for arm in study.design.arms], SUBJECTS)
    adsl = pd.DataFrame({"USUBJID": names, "ARMCD": arms, "SAFARMCD": arms, "SAFFL": "Y"})
    term = rng.integers(0, TERMS, EVENTS)
    adae = pd.DataFrame(
        {
            "USUBJID": names.to_numpy()[rng.integers(0, SUBJECTS, EVENTS)],
            "AEBODSYS": np.array([f"Class {number}" for number in range(CLASSES)])[term % CLASSES],
            "AEDECOD": np.array([f"Term {number}" for number in range(TERMS)])[term],
            "TRTEMFL": "Y",
        }
    ).astype("str")
    return adsl, adae


def test_counting_many_events_by_class_and_term(
    many: tuple[pd.DataFrame, pd.DataFrame], study: Study
) -> None:
    adsl, adae = many
    runs = []
    for _ in range(3):  # the shortest is the one least disturbed by other work of the machine
        start = time.perf_counter()
        rows = safety.analyse_ae_by_term(adsl, adae, study)
        runs.append(time.perf_counter() - start)
    seconds = min(runs)
    print(f"\n  {len(adae)} adverse events of {len(adsl)} subjects by class and term: {seconds:.2f} s")
    total = rows[(rows["analysis"] == "pt") & (rows["statistic"] == "events")]["value"].sum()
    assert total == EVENTS
    assert seconds < 1
