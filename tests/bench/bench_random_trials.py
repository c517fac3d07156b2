"""Random small trials through all notebooks: none stops, and no two numbers contradict each other.

``TRIALS`` (20) and ``FIRST_SEED`` (1) of the environment say which.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from itpcsr.study import read_study
from tests.faults.conftest import WEEKS
from tests.faults.trial_runs import Report, run_trial

ROOT = Path(__file__).resolve().parents[2]


def test_random_trials_go_through_all_notebooks() -> None:
    count, first = int(os.environ.get("TRIALS", "20")), int(os.environ.get("FIRST_SEED", "1"))
    study = read_study(ROOT / "params/study.yml", platelet_weeks=WEEKS, immune_weeks=WEEKS)
    start = time.perf_counter()
    report = Report()
    for seed in range(first, first + count):
        before = report.found
        run_trial(seed, study, report)
        print(f"  seed {seed}: {report.found - before} found", flush=True)
    seconds = time.perf_counter() - start
    print(f"\n  {report}\n  {seconds:.0f} s, {seconds / count:.1f} s a trial")
    assert not report.stopped
    assert not report.contradictions
