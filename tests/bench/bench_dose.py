"""Time of simulated dose finding on one core: `make limits` prints what it measures, fails over the limit."""

from __future__ import annotations

import time

import pytest

from csrkit.dosefinding.crm import Crm, make_skeleton
from csrkit.dosefinding.intervals import boin
from csrkit.dosefinding.rule import Rule, ThreePlusThree
from itpcsr.analysis.dose.simulate import simulate
from tests.bench.parts import LEVELS, MOST, TRIALS, TRUTH, make_plan


@pytest.mark.parametrize(
    ("name", "rule", "limit"),
    [
        ("3 + 3", ThreePlusThree(), 2),
        ("BOIN", boin(0.3, MOST + 6), 5),
        ("CRM", Crm(make_skeleton(0.1, 0.3, 3, LEVELS), 0.3), 20),
    ],
)
def test_simulating_a_hundred_thousand_trials(name: str, rule: Rule, limit: float) -> None:
    plan = make_plan(rule)
    start = time.perf_counter()
    totals = simulate(plan, TRUTH, TRIALS, 1)
    seconds = time.perf_counter() - start
    print(f"\n  {TRIALS} trials of {name} over {LEVELS} doses: {seconds:.2f} s")
    assert totals[0, :LEVELS].sum() + totals[0, 2 * LEVELS] == TRIALS
    assert seconds < limit
