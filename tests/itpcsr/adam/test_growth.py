"""Deriving costs no more by the subject in a large trial than in a small one."""

import time
from pathlib import Path

from itpcsr.adam.datasets import derive
from itpcsr.sdtm import Trial
from itpcsr.sdtm.checks import check_trial
from itpcsr.study import read_study
from itpsim.simulate import simulate

ROOT = Path(__file__).resolve().parents[3]
SIZES = (60, 240)


def test_checks_and_derivations_grow_no_faster_than_the_subjects():
    study = read_study(ROOT / "params/study.yml")
    seconds, records = [], []
    for subjects in SIZES:
        trial = Trial(simulate(study, seed=1, subjects=subjects))
        start = time.process_time()
        check_trial(trial, study)
        datasets = derive(trial, study)
        seconds.append(time.process_time() - start)
        records.append(len(datasets["adlb"]))
    assert records[1] > 3 * records[0]
    # by the square of the subjects it would be 16 times; much doesn't grow at all
    assert seconds[1] < 4 * seconds[0]
