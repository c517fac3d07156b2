"""The effect that is found with the power asked for, against exact powers and R's power.t.test."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from csrkit.stats.permutation import Permutations, flip_signs, swap_groups
from itpcsr.analysis.immune.visits import power_of_t, solve_effect

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def r():
    table = pd.read_csv(ROOT / "tests/reference/immune.csv")
    return {row.case: row.value for row in table[table["quantity"] == "effect"].itertuples()}


@pytest.mark.parametrize(("sizes", "case"), [((6, 0), "power signs 6"), ((4, 4), "power groups 4 4")])
def test_the_effect_is_that_of_the_exact_power(sizes, case, r):
    # few arrangements, so that many trials cost little; 0.02 SD are three standard errors
    effect, share = solve_effect(*sizes, 0.05, 0.8, 10_000, 1)
    assert effect == pytest.approx(r[case], abs=0.02)
    assert share == pytest.approx(0.8, abs=0.002)


@pytest.mark.parametrize("alpha", [0.05, 0.002])
@pytest.mark.parametrize(("sizes", "case"), [((18, 0), "power t 18"), ((9, 9), "power t 9 9")])
def test_the_power_of_t_is_that_of_r(sizes, case, alpha, r):
    assert power_of_t(*sizes, r[f"{case} {alpha}"], alpha) == pytest.approx(0.8, rel=1e-6)


@pytest.mark.parametrize(("first", "second"), [(4, 0), (4, 3), (18, 0), (100, 9), (1000, 1000)])
def test_the_power_of_t_rises_from_the_level_to_one(first, second):
    powers = [power_of_t(first, second, effect, 0.01) for effect in np.linspace(0, 3, 31)]
    assert powers[0] == 0.01
    assert np.all(np.diff(powers) > -1e-12)
    assert powers[-1] <= 1 + 1e-12


@pytest.mark.parametrize(("first", "second"), [(18, 0), (8, 10)])
def test_other_trials_with_that_effect_find_it_as_often(first, second):
    effect, _ = solve_effect(first, second, 0.05, 0.8, 500, 20240423)
    group = np.arange(first + second) < first
    values = np.random.default_rng(99).standard_normal((first + second, 1_000)) + effect * group[:, None]
    how = Permutations(limit=1_000, draws=999)
    p = swap_groups(values, group, how) if second else flip_signs(values, how)
    share = (p <= 0.05).mean()
    # three standard errors of this share, and of that of the 500 trials less the luck of their draws
    assert share == pytest.approx(0.8, abs=3 * np.hypot(np.sqrt(0.16 / 1_000), 0.007))


def test_no_effect_has_the_power_and_any_has():
    assert np.isnan(solve_effect(5, 0, 0.05, 0.8, 200, 1)).all()  # the smallest p of five signs is 2/32
    assert solve_effect(6, 6, 0.05, 0.04, 200, 1)[0] == 0
