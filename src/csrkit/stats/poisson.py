"""Rates of events over time at risk, with exact intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from csrkit.stats.estimation import QUIET

GARWOOD = "Garwood exact Poisson interval"


@np.errstate(**QUIET)
def poisson_interval(
    events: ArrayLike, time: ArrayLike, level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the exact interval of a rate, events over time, as two arrays.

    The lower limit is 0 for no event; NaN where the time is 0 or missing. Garwood, Biometrika 1936;28:437,
    by quantiles of the chi-square distribution; the same as R's ``poisson.test(events, time)$conf.int``.
    Raises ValueError for a level that isn't between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"The confidence level is a share between 0 and 1, for example 0.95, not {level}.")
    events, time = np.asarray(events, dtype="float64"), np.asarray(time, dtype="float64")
    tail = (1 - level) / 2
    span = np.where(time > 0, time, np.nan)
    low = np.where(events > 0, stats.chi2.ppf(tail, 2 * np.maximum(events, 1)) / 2, 0.0)
    high = stats.chi2.ppf(1 - tail, 2 * (events + 1)) / 2
    return low / span, high / span
