"""Means and standardised effects with their intervals, for many markers at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from csrkit.stats.estimation import QUIET

Floats = NDArray[np.floating[Any]]
T_INTERVAL = "t interval of the mean change on the scale of analysis"
WELCH = "Welch t interval of the difference of mean changes on the scale of analysis"
DZ = "mean change by the SD of changes (Cohen's dz), interval from its standard error (Hedges and Olkin 1985)"
G = "difference by the pooled SD with Hedges' correction (g), interval from its standard error"
_TINY = 1e-12  # SD below which values count as all equal


@np.errstate(**QUIET)
def describe(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Return n, mean and SD over the first axis without missing values; SD is NaN with fewer than 3."""
    known = np.isfinite(values)
    n = known.sum(axis=0).astype("float64")
    mean = np.where(n > 0, np.where(known, values, 0).sum(axis=0) / np.maximum(n, 1), np.nan)
    squares = (np.where(known, values - mean, 0) ** 2).sum(axis=0)
    return n, mean, np.where(n > 2, np.sqrt(squares / np.maximum(n - 1, 1)), np.nan)


@np.errstate(**QUIET)
def mean_interval(values: Floats, level: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Return n, mean and the limits of its t interval over the first axis; limits need 3 values."""
    n, mean, sd = describe(values)
    half = stats.t.ppf((1 + level) / 2, np.maximum(n - 1, 1)) * sd / np.sqrt(np.maximum(n, 1))
    return n, mean, mean - half, mean + half


@np.errstate(**QUIET)
def paired_effect(values: Floats, level: float) -> tuple[Floats, Floats, Floats]:
    """Return dz, the mean by the SD of changes, with limits; NaN with fewer than 3 or with equal values."""
    n, mean, sd = describe(values)
    ok = (n > 2) & (sd > _TINY)
    effect = np.where(ok, mean / np.where(ok, sd, 1.0), np.nan)
    error = np.sqrt(1 / np.maximum(n, 1) + effect**2 / (2 * np.maximum(n, 1)))
    half = stats.t.ppf((1 + level) / 2, np.maximum(n - 1, 1)) * error
    return effect, effect - half, effect + half


@np.errstate(**QUIET)
def difference_interval(first: Floats, second: Floats, level: float) -> tuple[Floats, Floats, Floats]:
    """Return the difference of means and its Welch limits over the first axis; each group needs 3 values."""
    n1, mean1, sd1 = describe(first)
    n2, mean2, sd2 = describe(second)
    part1, part2 = sd1**2 / np.maximum(n1, 1), sd2**2 / np.maximum(n2, 1)
    total = part1 + part2
    safe = np.where(total > 0, total, np.nan)
    degrees = safe**2 / (part1**2 / np.maximum(n1 - 1, 1) + part2**2 / np.maximum(n2 - 1, 1))
    half = stats.t.ppf((1 + level) / 2, degrees) * np.sqrt(safe)
    difference = np.where((n1 > 0) & (n2 > 0), mean1 - mean2, np.nan)
    return difference, difference - half, difference + half


@np.errstate(**QUIET)
def group_effect(first: Floats, second: Floats, level: float) -> tuple[Floats, Floats, Floats]:
    """Return Hedges' g of two groups with limits; NaN with fewer than 3 values in one or equal values."""
    n1, mean1, sd1 = describe(first)
    n2, mean2, sd2 = describe(second)
    degrees = n1 + n2 - 2
    pooled = np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / np.maximum(degrees, 1))
    ok = pooled > _TINY
    correction = 1 - 3 / (4 * np.maximum(degrees, 1) - 1)
    effect = np.where(ok, correction * (mean1 - mean2) / np.where(ok, pooled, 1.0), np.nan)
    both = np.maximum(n1, 1) * np.maximum(n2, 1)
    error = np.sqrt((n1 + n2) / both + effect**2 / (2 * np.maximum(n1 + n2, 1)))
    half = stats.t.ppf((1 + level) / 2, np.maximum(degrees, 1)) * error
    return effect, effect - half, effect + half
