"""Rates of events over time at risk, with exact intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from statsmodels.stats.rates import confint_poisson

from csrkit.stats.estimation import QUIET

GARWOOD = "Garwood exact Poisson interval"


@np.errstate(**QUIET)
def poisson_interval(
    events: ArrayLike, time: ArrayLike, level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the exact interval of a rate, events over time, as two arrays.

    The lower limit is 0 for no event; NaN where the time is 0 or missing. Garwood, Biometrika 1936;28:437;
    the same as R's ``poisson.test(events, time)$conf.int``.
    Raises ValueError for a level that isn't between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"The confidence level is a share between 0 and 1, for example 0.95, not {level}.")
    events, time = np.asarray(events, dtype="float64"), np.asarray(time, dtype="float64")
    low, high = confint_poisson(events, np.where(time > 0, time, np.nan), method="exact-c", alpha=1 - level)
    return np.where(time > 0, low, np.nan), np.asarray(high)
