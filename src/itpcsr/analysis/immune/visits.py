"""Markers over the visits, and the power of their tests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, stats

from csrkit.stats.estimation import (
    CONSTANT,
    FEWEST_FOR_TEST,
    FEWEST_IN_SUBSET,
    QUIET,
    TOO_FEW,
    TOO_FEW_IN_SUBSET,
)
from csrkit.stats.permutation import Permutations, flip_signs, swap_groups
from itpcsr.analysis.immune.panel import Floats

# Markers over all visits: complete cases, why they can't be compared, and the interaction with response.

FRIEDMAN = "Friedman test of the visits (pingouin), subjects with all visits"
RM_ANOVA = "repeated-measures ANOVA with Greenhouse-Geisser correction (pingouin), subjects with all visits"
MIXED_ANOVA = (
    "mixed ANOVA, interaction of response and visit, Greenhouse-Geisser by the covariance pooled within "
    "groups (as R afex and SAS), subjects with all visits"
)
NO_CHANGE = "no subject's values differ between the visits"
ALIKE = "all subjects change by the same, so that there is no error term"
_NONE = 1e-12  # range below which values count as all equal


@dataclass(frozen=True)
class Complete:
    """One marker's values of the subjects with all visits that have any value.

    ``values`` are subjects × visits, ``visits`` the places of these visits, and ``kept`` tells of each
    subject whether it is among them.
    """

    values: Floats
    visits: list[int]
    kept: NDArray[np.bool_]

    @property
    def long(self) -> pd.DataFrame:
        """Return a record per subject and visit, as pingouin reads it: subject, visit, value."""
        subjects, visits = self.values.shape
        return pd.DataFrame(
            {
                "subject": np.repeat(np.flatnonzero(self.kept), visits),
                "visit": np.tile(self.visits, subjects),
                "value": self.values.ravel(),
            }
        )


def complete_cases(values: Floats) -> Complete:
    """Leave out visits that nobody has, then subjects with a gap; ``values`` are subjects × visits."""
    visits = [number for number in range(values.shape[1]) if np.isfinite(values[:, number]).any()]
    own = values[:, visits]
    kept = np.asarray(np.isfinite(own).all(axis=1) & bool(visits))
    return Complete(own[kept], visits, kept)


@np.errstate(**QUIET)
def why_not_ranked(own: Complete) -> str:
    """Return why visits can't be compared by ranks (Friedman), or "" where they can."""
    if len(own.visits) < 3:
        return "fewer than 3 visits with values"
    return TOO_FEW if len(own.values) < FEWEST_FOR_TEST else _all_equal(own.values)


@np.errstate(**QUIET)
def why_no_variance(own: Complete, first: NDArray[np.bool_] | None = None) -> str:
    """Return why no analysis of variance compares visits, or the courses of two groups; "" where one does.

    ``first`` tells who of the complete cases belongs to the first of two groups.
    """
    if first is None:
        if len(own.visits) < 2:
            return "fewer than 2 visits with values"
        if len(own.values) < FEWEST_FOR_TEST:
            return TOO_FEW
    elif min(first.sum(), (~first).sum()) < FEWEST_IN_SUBSET or len(own.visits) < 2:
        return TOO_FEW_IN_SUBSET
    if reason := _all_equal(own.values):
        return reason
    change = own.values - own.values.mean(axis=1, keepdims=True)
    parts = [change] if first is None else [change[first], change[~first]]
    return ALIKE if max(np.ptp(part, axis=0).max() for part in parts) < _NONE else ""


def _all_equal(values: Floats) -> str:
    if np.ptp(values) < _NONE:
        return CONSTANT
    return NO_CHANGE if np.ptp(values, axis=1).max() < _NONE else ""


@np.errstate(**QUIET)
def interaction(values: Floats, group: NDArray[np.bool_]) -> tuple[float, float, float, float, float]:
    """Return F, both degrees of freedom, epsilon and corrected p of group × visit, for complete data.

    ``values`` are subjects × visits. Greenhouse and Geisser's epsilon comes from the covariance pooled
    within the groups, as in R's afex and SAS; pingouin's mixed_anova takes it over all subjects, and gives no
    corrected p-value for the interaction. All NaN where nothing varies within subjects.
    """
    n, visits = values.shape
    n1, n2 = int(group.sum()), int((~group).sum())
    means = np.where(group[:, None], values[group].mean(axis=0), values[~group].mean(axis=0))
    difference = values[group].mean(axis=0) - values[~group].mean(axis=0)
    centred = difference - difference.mean()
    residual = values - means
    within = residual - residual.mean(axis=1, keepdims=True)
    covariance = within.T @ within / (n - 2)
    total = np.trace(covariance)
    if total < 1e-24:
        return (np.nan,) * 5
    df1, df2 = visits - 1, (n - 2) * (visits - 1)
    f = (n1 * n2 / n * (centred @ centred) / df1) / (total * (n - 2) / df2)
    epsilon = total**2 / (df1 * np.sum(covariance**2))
    return (
        float(f),
        float(df1),
        float(df2),
        float(epsilon),
        float(stats.f.sf(f, epsilon * df1, epsilon * df2)),
    )


# What the design could see: the effect found with the power asked for, by simulation of the test made.

MOST = 3.0  # SDs: the largest effect that is looked for
_NEAR, _NEAR_COMPUTED = 0.001, 1e-6  # SDs: how near to the solution the search ends
POWER = "simulated normal changes, the permutation test of the analysis, share of p-values at most the level"
POWER_OF_MANY = (
    "power of the t test (noncentral F distribution), which the permutation test comes to with many subjects"
)
_POWER_NONE = "no effect up to 3 SD reaches this power"


def least_effect(
    first: int, second: int | None, alpha: float, power: float, simulations: int, seed: int
) -> dict[str, float | str]:
    """Return the standardised effect that is seen with the power asked for, at the observed numbers.

    Of ``first`` subjects against no change, or against ``second`` others. Returns least_effect, power (the
    share of the simulated trials that find it) and the reason where both are NaN. Of more than
    ``Permutations.most_subjects`` subjects the power is computed, not simulated.
    """
    if second is None and first < FEWEST_FOR_TEST:
        return {"least_effect": np.nan, "power": np.nan, "reason": TOO_FEW}
    if second is not None and min(first, second) < FEWEST_IN_SUBSET:
        return {"least_effect": np.nan, "power": np.nan, "reason": TOO_FEW_IN_SUBSET}
    effect, reached = solve_effect(first, second or 0, alpha, power, simulations, seed)
    return {"least_effect": effect, "power": reached, "reason": "" if np.isfinite(effect) else _POWER_NONE}


def solve_effect(
    first: int, second: int, alpha: float, power: float, simulations: int, seed: int
) -> tuple[float, float]:
    """Return the effect in SDs that is found with the power asked for, and the share that finds it.

    The same draws stand behind every effect tried, so that the share rises with the effect, and the effect is
    where it crosses the power. Of more than ``Permutations.most_subjects`` subjects nothing is drawn: the
    power is that of the t test. Both NaN where no effect up to 3 SD has the power.

    >>> effect, share = solve_effect(6, 0, 0.05, 0.8, 2_000, 1)  # exact: 1.7927
    >>> round(effect, 1), round(share, 2)
    (1.8, 0.8)
    """
    many = Permutations().is_normal(first + second)
    draws = 0 if many else simulations
    noise = np.random.default_rng([seed, first, second]).standard_normal((first + second, draws))

    @cache  # the search asks again for its ends and for where it ends
    def excess(effect: float) -> float:
        if many:
            return power_of_t(first, second, effect, alpha) - power
        return simulated_power(noise, first, effect, alpha, seed) - power

    if excess(MOST) < 0:
        return np.nan, np.nan
    if excess(0.0) >= 0:  # a power no higher than the level asks for no effect
        return 0.0, excess(0.0) + power
    effect = float(optimize.brentq(excess, 0.0, MOST, xtol=_NEAR_COMPUTED if many else _NEAR))
    return effect, excess(effect) + power


def simulated_power(noise: Floats, first: int, effect: float, alpha: float, seed: int) -> float:
    """Return the power of the permutation test: simulated, less the luck of the draws.

    ``noise`` is subjects × simulations of standard normal values; the ``first`` subjects are shifted by
    ``effect``. All shifted: changes are tested about zero, otherwise the two groups against each other. The
    t test is made of the same draws; its power is known, and what its share in them is off by is taken off
    the share of the permutation test too (a control variate, as in Lavenberg and Welch, Management Science
    1981;27:322). The two tests decide most trials alike, so that of the error of a simulated share only that
    of the trials in which they differ is left: with 2000 trials 0.3 percentage points at level 0.05 and up to
    0.8 at the levels of a family, seen over seeds.
    """
    # as many arrangements as the analysis draws: with fewer, the small levels of a family can't be reached
    how = Permutations(limit=10_000, draws=9_999, seed=seed)
    group = np.arange(len(noise)) < first
    values = noise + effect * group[:, None]
    p = flip_signs(values, how) if group.all() else swap_groups(values, group, how)
    luck = float((_t_test(values, group) <= alpha).mean()) - power_of_t(
        first, len(noise) - first, effect, alpha
    )
    return min(1.0, max(0.0, float((p <= alpha).mean()) - luck))


def power_of_t(first: int, second: int, effect: float, alpha: float) -> float:
    """Return the power of the two-sided t test, of one group about zero where ``second`` is 0.

    By the noncentral F distribution of the squared statistic, so that both tails count, as in R's
    ``power.t.test(strict = TRUE)`` and SAS PROC POWER; without ``strict`` R leaves out the other side's tail.

    >>> round(power_of_t(18, 0, 0.7007, 0.05), 3)
    0.8
    """
    degrees = first + second - (2 if second else 1)
    shift = effect / np.sqrt(1 / first + (1 / second if second else 0.0))
    if not shift:  # the central distribution, which scipy's noncentral one doesn't include
        return alpha
    return float(stats.ncf.sf(stats.f.isf(alpha, 1, degrees), 1, degrees, shift**2))


def _t_test(values: Floats, group: NDArray[np.bool_]) -> Floats:
    if group.all():
        return np.asarray(stats.ttest_1samp(values, 0.0).pvalue)
    return np.asarray(stats.ttest_ind(values[group], values[~group]).pvalue)
