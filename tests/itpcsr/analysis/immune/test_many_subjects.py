"""What replaces arrangements, refits and simulations of many subjects: near to them, and no dearer than the data."""

import tracemalloc

import numpy as np
import pytest

from csrkit.stats import effects
from csrkit.stats.permutation import Permutations, flip_signs, mirror_ranks, swap_groups
from itpcsr.analysis.immune import associations
from itpcsr.analysis.immune.associations import gain_left_out
from itpcsr.analysis.immune.visits import power_of_t, solve_effect

FEW, MANY = 400, 1_600
NORMAL, DRAWN = Permutations(), Permutations(most_subjects=10**9)


def changes(n):
    """Return skewed changes of four markers, the last with gaps, some of them away from zero."""
    values = np.random.default_rng(n).exponential(size=(n, 4)) - [1.0, 0.95, 0.9, 0.85]
    values[::7, 3] = np.nan
    return values


def groups(n):
    return np.random.default_rng([n, 1]).random(n) < 0.3


def baseline(n):
    """Return intercept and marker, and the response that goes with it."""
    rng = np.random.default_rng([n, 2])
    marker = rng.standard_normal(n)
    response = rng.random(n) < 1 / (1 + np.exp(0.5 - 0.6 * marker))
    return np.column_stack([np.ones(n), marker]), response.astype("float64")


def mediate(n):
    x, m, y = np.random.default_rng([n, 3]).standard_normal((3, n))
    return associations.indirect(x, m + x, y + m, 0.95, 1_000, 1)


@pytest.mark.parametrize("n", [201, 400])
def test_the_normal_limit_is_near_a_drawn_sample(n):
    values, first = changes(n), groups(n)
    # three standard errors of a share of 9,999 draws, and the limit's own distance at the smaller n
    near = {"abs": 3 * np.sqrt(0.25 / 9_999) + 0.002}
    assert flip_signs(values, NORMAL) == pytest.approx(flip_signs(values, DRAWN), **near)
    assert swap_groups(values, first, NORMAL) == pytest.approx(swap_groups(values, first, DRAWN), **near)
    # neighbouring visits are alike, so that chi-square would not do
    course = np.random.default_rng(n).standard_normal((n, 7)).cumsum(axis=1)
    twice = {"abs": np.sqrt(2) * near["abs"]}
    assert mirror_ranks(course, NORMAL) == pytest.approx(mirror_ranks(course, DRAWN), **twice)


def test_up_to_200_subjects_arrangements_are_drawn():
    values, first = changes(200), groups(200)
    assert (flip_signs(values, NORMAL) == flip_signs(values, DRAWN)).all()
    assert (swap_groups(values, first, NORMAL) == swap_groups(values, first, DRAWN)).all()
    ranked = np.random.default_rng(1).standard_normal((200, 3))
    assert mirror_ranks(ranked, NORMAL) == mirror_ranks(ranked, DRAWN)


def test_the_method_says_which_it_was():
    drawn, normal = (how(size) for how in (NORMAL.method,) for size in (200, 201))
    assert drawn.endswith("all arrangements if fewer than 100000, else 9999 drawn")
    assert normal.endswith("normal limit of all arrangements, as of more than 200 subjects")
    assert NORMAL.mirrored(201).endswith("as of more than 200 subjects, 9999 drawn")
    assert NORMAL.mirrored(200).endswith("else 9999 drawn")


def test_nothing_that_varies_has_no_p_value():
    assert np.isnan(flip_signs(np.zeros((300, 1)), NORMAL)).all()
    assert np.isnan(swap_groups(np.ones((300, 1)), groups(300), NORMAL)).all()


@pytest.mark.parametrize(("n", "near"), [(210, 1.5e-3), (600, 2e-4)])
def test_one_step_is_near_the_refitted_models(n, near, monkeypatch):
    design, response = baseline(n)
    start = effects.fit_firth(design, response).coefficients
    step, gain = effects.fit_left_out(design, response, start), gain_left_out(design, response)
    monkeypatch.setattr(effects, "MOST_REFITTED", n)
    refitted = effects.fit_left_out(design, response, start)
    assert np.abs(step - refitted).max() < near < 0.05 * np.abs(refitted - start).max()
    assert gain == pytest.approx(gain_left_out(design, response), abs=near / 4)


@pytest.mark.parametrize(("first", "second"), [(201, 0), (101, 100)])
def test_the_computed_power_goes_on_from_the_simulated_one(first, second):
    computed, share = solve_effect(first, second, 0.05, 0.8, 200, 1)
    assert share == pytest.approx(0.8, abs=1e-4)
    assert power_of_t(first, second, computed, 0.05) == pytest.approx(share)
    simulated, _ = solve_effect(first - 1, second, 0.05, 0.8, 200, 1)
    assert computed == pytest.approx(simulated, rel=0.03)


def test_a_bootstrap_in_parts_is_the_same(monkeypatch):
    whole = mediate(50)
    monkeypatch.setattr(associations, "_CELLS", 50 * 7)
    assert mediate(50) == whole


CASES = {
    "signs": lambda n: flip_signs(changes(n), NORMAL),
    "groups": lambda n: swap_groups(changes(n), groups(n), NORMAL),
    "ranks": lambda n: mirror_ranks(changes(n)[:, :3], NORMAL),
    "left out": lambda n: gain_left_out(*baseline(n)),
    "mediation": mediate,
    "power": lambda n: solve_effect(n, 0, 0.05, 0.8, 2_000, 1),
}


@pytest.mark.parametrize("case", CASES)
def test_memory_grows_no_faster_than_the_subjects(case):
    def peak(n):
        tracemalloc.start()
        CASES[case](n)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    CASES[case](FEW)  # what is imported and cached at the first call isn't the data's
    assert peak(MANY) <= 4.4 * peak(FEW)
