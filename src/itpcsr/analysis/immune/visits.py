"""Markers over all visits: complete cases, why they can't be compared, and the interaction with response."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from csrkit.stats.estimation import QUIET
from csrkit.stats.families import CONSTANT
from csrkit.stats.fewest import FEWEST_FOR_TEST, FEWEST_IN_SUBSET, TOO_FEW, TOO_FEW_IN_SUBSET
from itpcsr.analysis.immune.panel import Floats

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
