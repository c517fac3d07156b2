"""Time of the counts of adverse events: `make limits` prints what it measures and fails over the limit."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
import pytest

from itpcsr.study import Study, read_study
from tests.bench.parts import EVENTS, count_events, make_events, split_arms

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def study() -> Study:
    return split_arms(read_study(ROOT / "params/study.yml"))


@pytest.fixture(scope="module")
def many(study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    return make_events(study)


def test_counting_many_events_by_class_and_term(
    many: tuple[pd.DataFrame, pd.DataFrame], study: Study
) -> None:
    adsl, adae = many
    runs = []
    for _ in range(3):  # the shortest is the one least disturbed by other work of the machine
        start = time.perf_counter()
        rows = count_events(adsl, adae, study)
        runs.append(time.perf_counter() - start)
    seconds = min(runs)
    print(f"\n  {len(adae)} adverse events of {len(adsl)} subjects by class and term: {seconds:.2f} s")
    total = rows[(rows["analysis"] == "pt") & (rows["statistic"] == "events")]["value"].sum()
    assert total == EVENTS
    assert seconds < 1
