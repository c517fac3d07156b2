"""Kaplan-Meier estimates of one group: curve, quantiles, numbers at risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csrkit.stats.estimation import NotSettledError

KAPLAN_MEIER = "Kaplan-Meier estimate, log-log interval"
_HALF = 1e-9  # a curve this near to one half is at one half: products of fractions carry binary noise


@dataclass(frozen=True)
class Curve:
    """Share without event from each time on, with interval limits (NaN where the share is 0 or 1)."""

    time: NDArray[np.float64]
    share: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def at(self, time: float) -> tuple[float, float, float]:
        """Return share and limits at a time, which is not before the first of the curve."""
        place = int(np.searchsorted(self.time, time, side="right")) - 1
        return float(self.share[place]), float(self.low[place]), float(self.high[place])


def kaplan_meier(time: NDArray[np.float64], event: NDArray[np.bool_], level: float) -> Curve:
    """Estimate the share without event by lifelines; at least one subject is needed.

    The interval is Greenwood's on the log-log scale, the default of SAS PROC LIFETEST (R: ``conf.type =
    "log-log"``; its own default is "log", which can leave 0 to 1). Raises NotSettledError where a time isn't
    a number.
    """
    if not np.isfinite(time).all():
        raise NotSettledError("a time to event is missing or infinite")
    from lifelines import KaplanMeierFitter  # takes seconds to import

    fitted = KaplanMeierFitter(alpha=1 - level).fit(time, event)
    share = fitted.survival_function_.iloc[:, 0].to_numpy()
    limits = fitted.confidence_interval_.to_numpy()
    limits = np.where(((share > 0) & (share < 1))[:, None], limits, np.nan)
    return Curve(fitted.timeline, share, limits[:, 0], limits[:, 1])


def median_time(curve: Curve) -> tuple[float, float, float]:
    """Return the median time to event and its limits (Brookmeyer and Crowley); NaN where not reached.

    The median is the first time at which the share is below one half; where it is one half over a stretch
    of time, the middle of the stretch, as in SAS and R. A curve that ends at one half has no median, as in
    SAS; R takes the middle up to the last time observed, which depends on the length of follow-up alone.
    """
    return tuple(_crossing(curve.time, values) for values in (curve.share, curve.low, curve.high))  # type: ignore[return-value]


def _crossing(time: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    below = np.flatnonzero(values < 0.5 - _HALF)
    if not below.size:
        return float("nan")
    level = np.flatnonzero(np.abs(values[: below[0]] - 0.5) <= _HALF)
    start = level[0] if level.size else below[0]
    return float((time[start] + time[below[0]]) / 2)


def at_risk(time: NDArray[np.float64], day: float) -> int:
    """Return how many are still under observation and without event just before a day."""
    return int((time >= day).sum())
