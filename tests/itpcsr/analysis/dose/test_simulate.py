"""Simulated trials against probabilities that can be written down, and against themselves."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from csrkit.dosefinding.rule import FixedCohorts, ThreePlusThree, futility_bounds, read_outcomes
from csrkit.errors import ParameterError
from itpcsr.analysis.dose.designs import REGISTRY, Plan, make_plans
from itpcsr.analysis.dose.simulate import BLOCK, Truth, make_blocks, quantities, simulate, simulate_block

TRIALS = 2 * BLOCK
TRUTH = Truth((0.1, 0.25, 0.4), (0.1, 0.3, 0.5), target=0.3, accrual_days=10.0, window_days=28)
NEVER = futility_bounds("exact", 0.2, 1e-9, 30)
TRADITIONAL = Plan(ThreePlusThree(), 3, 3, 18, 6, 0, NEVER)


def means(plan, truth=TRUTH, trials=TRIALS, seed=7):
    totals = simulate(plan, truth, trials, seed)
    mean = totals[0] / trials
    error = np.sqrt(np.maximum(totals[1] / trials - mean**2, 0) / trials)
    return dict(zip(quantities(plan.levels), zip(mean, error, strict=True), strict=True))


def escalates(p):
    """Return the probability that 3 + 3 leaves a level upwards: 0 of 3, or 1 of 3 and then 0 of 3."""
    three = stats.binom(3, p)
    return three.pmf(0) + three.pmf(1) * three.pmf(0)


def near(found, expected):
    mean, error = found
    return abs(mean - expected) < 4 * max(error, 1e-9)


def test_three_plus_three_is_as_its_closed_form():
    found = means(TRADITIONAL)
    ups = [escalates(p) for p in TRUTH.dlt]
    reached = np.cumprod([1, *ups])
    # Storer 1989: the level below the first that isn't left upwards; the highest, if all are
    expected = {
        "none": 1 - ups[0],
        "chosen_1": ups[0] * (1 - ups[1]),
        "chosen_2": ups[0] * ups[1] * (1 - ups[2]),
    }
    expected["chosen_3"] = reached[3]
    for name, value in expected.items():
        assert near(found[name], value), name
    once_more = [3 + 3 * stats.binom.pmf(1, 3, p) for p in TRUTH.dlt]
    for level in range(3):
        chosen = expected[f"chosen_{level + 1}"]
        assert near(found[f"subjects_{level + 1}"], reached[level] * once_more[level] + 6 * chosen)
    assert found["overdosed"] == found["subjects_3"]
    dlts = sum(found[f"subjects_{level + 1}"][0] * p for level, p in enumerate(TRUTH.dlt))
    assert near(found["dlts"], dlts)


def test_the_days_are_waiting_and_observation():
    found = means(replace(TRADITIONAL, expansion=0))
    cohorts = found["total"][0] / 3
    # the waiting for each cohort is rounded up to a whole day, which adds half a day
    assert found["days"][0] == pytest.approx(cohorts * (28 + 3 * 10 + 0.5), rel=0.01)


def test_every_trial_of_a_small_design_by_enumeration():
    """Two levels of the registry's escalation: all outcomes of its six subjects, weighted."""
    truth = Truth((0.3, 0.5), (0.2, 0.6), 0.3, 10.0, 28)
    rule = FixedCohorts()
    expected = np.zeros(3)
    for outcome in itertools.product(range(4), range(4), range(4), range(4)):
        x1, r1, x2, r2 = outcome
        second = x1 < 2
        n, x, r = (np.array([pair]) for pair in ((3, 3 * second), (x1, x2 * second), (r1, r2 * second)))
        chosen = int(rule.select(n, x, r)[0])
        weights = [
            stats.binom.pmf(k, 3, p)
            for k, p in zip((x1, x2, r1, r2), (*truth.dlt, *truth.response), strict=True)
        ]
        expected[chosen] += np.prod(weights)
    found = means(Plan(rule, 2, 3, 6, 0, 0, NEVER), truth)
    for name, value in zip(("chosen_1", "chosen_2", "none"), expected, strict=True):
        assert near(found[name], value), name


def exact_choices(plan, dlt):
    """Return the probability of each choice (the last: none) by walking through all paths of a trial."""
    chances = np.zeros(plan.levels + 1)

    def walk(n, x, level, chance):
        for dlts in range(plan.cohort + 1):
            there = chance * stats.binom.pmf(dlts, plan.cohort, dlt[level])
            n_now, x_now = n.copy(), x.copy()
            n_now[0, level] += plan.cohort
            x_now[0, level] += dlts
            decision = plan.rule.decide(n_now, x_now, np.array([level]))
            if decision.stop[0] or n_now.sum() + plan.cohort > plan.most:
                chances[plan.rule.select(n_now, x_now, x_now)[0]] += there
            else:
                walk(n_now, x_now, int(decision.dose[0]), there)

    nobody = np.zeros((1, plan.levels), dtype=np.int64)
    walk(nobody, nobody, 0, 1.0)
    return chances


@pytest.mark.parametrize("name", ["3+3 with de-escalation", "BOIN", "CRM"])
def test_choices_are_those_of_all_paths(name, study):
    plan = replace(make_plans(study)[name], most=9, expansion=0)
    found = means(plan)
    expected = exact_choices(plan, TRUTH.dlt)
    assert expected.sum() == pytest.approx(1)
    for key, value in zip(("chosen_1", "chosen_2", "chosen_3", "none"), expected, strict=True):
        assert near(found[key], value), key


def test_a_futile_expansion_stops_at_the_look():
    bounds = futility_bounds("bayesian", 0.3, 0.1, 30)
    plan = replace(TRADITIONAL, look=3, futility=bounds)
    truth = replace(TRUTH, dlt=(0.0, 0.0, 0.0), response=(0.0, 0.0, 0.0))
    found = means(plan, truth, 100)
    assert found["futile"][0] == 1
    assert found["total"][0] == 12  # 3 at each level, 3 more to the look
    assert means(replace(plan, look=0), truth, 100)["total"][0] == 15


def test_futility_bounds_by_hand():
    # P(rate > 0.3 | 0 of 5) = 0.7 ^ 6 = 0.118, of 6 0.082; P(0 of 6 | 0.3) = 0.7 ^ 6 = 0.118, of 7 0.082
    assert futility_bounds("bayesian", 0.3, 0.1, 7)[5:].tolist() == [-1, 0, 0]
    assert futility_bounds("exact", 0.3, 0.1, 7)[5:].tolist() == [-1, -1, 0]


def test_blocks_may_be_done_in_any_order():
    blocks = list(make_blocks(TRADITIONAL, TRUTH, 2 * BLOCK + 5, 3))
    assert [block.trials for block in blocks] == [BLOCK, BLOCK, 5]
    backwards = sum(simulate_block(block) for block in reversed(blocks))
    assert (backwards == simulate(TRADITIONAL, TRUTH, 2 * BLOCK + 5, 3)).all()
    assert (backwards != simulate(TRADITIONAL, TRUTH, 2 * BLOCK + 5, 4)).any()


@pytest.mark.parametrize(
    "name", [REGISTRY, "3+3", "3+3 with de-escalation", "BOIN", "mTPI-2", "Keyboard", "CRM"]
)
def test_every_design_of_the_study_ends_within_its_size(name, study):
    plan = make_plans(study)[name]
    found = {key: mean for key, (mean, _) in means(plan, trials=500).items()}
    assert sum(found[f"chosen_{level}"] for level in (1, 2, 3)) + found["none"] == pytest.approx(1)
    assert found["total"] == pytest.approx(sum(found[f"subjects_{level}"] for level in (1, 2, 3)))
    assert 3 <= found["total"] <= plan.most + plan.expansion
    toxic = means(plan, replace(TRUTH, dlt=(1.0, 1.0, 1.0)), 50)
    assert toxic["none"] == (1, 0)
    assert toxic["total"][0] <= 6


def test_the_largest_trial_of_interval_designs_is_the_planned_one(study):
    plan = make_plans(study)["BOIN"]
    safe = means(plan, replace(TRUTH, dlt=(0.0, 0.0, 0.0), response=(1.0, 1.0, 1.0)), 50)
    assert safe["total"][0] == plan.most + plan.expansion == 18
    assert read_outcomes("1NNN 2NNN 3NNN 3NNN", 3, plan.most).n.sum() == 12


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dlt": (0.1, 0.2)}, "3 dose levels, but the scenario gives 2 probabilities of DLT"),
        ({"response": (0.1, 0.2, 1.2)}, r"Probabilities lie between 0 and 1; the scenario has \[1.2\]"),
        ({"dlt": (-0.1, 0.2, 0.3)}, r"the scenario has \[-0.1\]"),
    ],
)
def test_impossible_scenarios(change, message):
    with pytest.raises(ParameterError, match=message):
        simulate(TRADITIONAL, replace(TRUTH, **change), 10, 1)


def test_no_trial_is_no_simulation():
    with pytest.raises(ParameterError, match="At least one trial"):
        simulate(TRADITIONAL, TRUTH, 0, 1)
