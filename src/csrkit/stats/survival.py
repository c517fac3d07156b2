"""Kaplan-Meier estimates of one group: curve, quantiles, numbers at risk, and their result rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from csrkit.stats.estimation import NotSettledError, attempt
from csrkit.stats.proportions import NO_SUBJECTS, count_subjects
from csrkit.vocabulary import limits_of

# Kaplan-Meier estimates of one group: curve, quantiles, numbers at risk.

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


# Kaplan-Meier estimates of one group as result rows: median, shares by day, numbers at risk.

NOT_REACHED = "the estimated share with an event does not exceed one half"
_NO_LIMIT = "the limit is not reached in the time observed"
_NO_SHARE_LIMIT = "no interval while all subjects, or none, are without event"
_LISTED_DAYS = 28
_CURVES = ["group", "day", "percent", "at_risk", "censored", "listed"]
_NOBODY = "no subject under observation on this day"


def estimate_times(
    times: pd.DataFrame, days: Sequence[int], confidence: float, without_event: bool = False
) -> pd.DataFrame:
    """Return median and shares by day of one group.

    Parameters
    ----------
    times
        AVAL (days) and CNSR (0 for an event), one record per subject; may be empty.
    days
        Days at which the share is wanted.
    without_event
        Whether the share is that of subjects without event; else of those with one.

    Returns
    -------
    DataFrame
        visit (``Day d``, "" for the median), statistic (median, at_risk, km_percent, and the limits of median
        and km_percent), value, unit, method, reason.
    """
    rows: list[tuple[str, str, float, str]] = []
    time, event = times["AVAL"].to_numpy("float64"), (times["CNSR"] == 0).to_numpy()
    curve, failure = attempt(lambda: kaplan_meier(time, event, confidence)) if len(times) else (None, "")
    medians = median_time(curve) if curve else (np.nan,) * 3
    why = (NOT_REACHED, _NO_LIMIT, _NO_LIMIT)
    for name, value, reason in zip(("median", *limits_of("median")), medians, why, strict=True):
        rows.append((name, "", value, reason))
    for day in days:
        rows += _shares(curve, time, day, without_event)
    frame = pd.DataFrame(rows, columns=["statistic", "visit", "value", "reason"])
    frame["reason"] = frame["reason"].where(frame["value"].isna(), "")
    if curve is None:
        frame["reason"] = np.where(frame["value"].isna(), failure or NO_SUBJECTS, "")
    percent = frame["statistic"].str.endswith("km_percent")
    frame["unit"] = np.select([percent, frame["statistic"] == "at_risk"], ["%", "subjects"], default="days")
    return frame.assign(method=np.where(frame["unit"] == "subjects", "", KAPLAN_MEIER))


def _shares(
    curve: Curve | None, time: np.ndarray, day: int, without_event: bool
) -> list[tuple[str, str, float, str]]:
    risk = at_risk(time, day)
    share, low, high = curve.at(day) if curve else (np.nan,) * 3
    if not risk and share > 0:  # nobody is left, though not all had an event
        share, low, high = (np.nan,) * 3
    if not without_event:  # the share with an event is what the other leaves, its limits crosswise
        share, low, high = 1 - share, 1 - high, 1 - low
    no_limit = _NOBODY if np.isnan(share) else _NO_SHARE_LIMIT
    visit = f"Day {day}"
    return [
        ("at_risk", visit, float(risk), ""),
        ("km_percent", visit, 100 * share, _NOBODY),
        *zip(
            limits_of("km_percent"),
            (visit, visit),
            (100 * low, 100 * high),
            (no_limit, no_limit),
            strict=True,
        ),
    ]


def times_to_event(
    times: pd.DataFrame,
    members: pd.DataFrame,
    days: Sequence[int],
    confidence: float,
    *,
    without_event: bool = False,
    nobody: str = NO_SUBJECTS,
) -> pd.DataFrame:
    """Return who had an event, the median time to it and shares by day, by group.

    Parameters
    ----------
    times
        USUBJID, AVAL (days) and CNSR (0 for an event), one record per subject.
    members
        Subjects by group, from ``assign_groups``: those at risk.
    days, confidence, without_event
        See ``estimate_times``.
    nobody
        The reason that a group without a subject gives.

    Returns
    -------
    DataFrame
        group, visit, statistic (n, N and percent with the event; and those of ``estimate_times``), value,
        unit, method, reason.
    """
    had = times[times["CNSR"] == 0].assign(level="")
    joined = times.merge(members, on="USUBJID")
    parts = [count_subjects(had, members, [""], "level")]
    for group in members["group"].cat.categories:
        of_group = joined[joined["group"] == group]
        parts.append(estimate_times(of_group, days, confidence, without_event).assign(group=group))
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(reason=rows["reason"].replace(NO_SUBJECTS, nobody))


def estimate_curves(
    times: pd.DataFrame,
    members: pd.DataFrame,
    confidence: float,
    *,
    without_event: bool = False,
    every: int = _LISTED_DAYS,
) -> pd.DataFrame:
    """Return the Kaplan-Meier curves of a time to event by group, for a figure.

    Parameters
    ----------
    times
        USUBJID, AVAL (days) and CNSR (0 for an event), one record per subject.
    members
        Subjects by group, from ``assign_groups``; a group without a time has no curve.
    confidence
        Level of the estimate's interval, which the figure doesn't show.
    without_event
        Whether the curve is that of subjects without event; else of those with one.
    every
        At how many days from each other a figure gives numbers at risk.

    Returns
    -------
    DataFrame
        group, day (0, each day on which a time ends, and those of ``every``), percent, at_risk (subjects at
        the start of the day), censored (whose time ends on it without event), listed (whether the day is one
        of ``every`` for which a figure gives the number at risk).
    """
    joined = times.merge(members, on="USUBJID")
    listed = np.arange(0, joined["AVAL"].max() + 1, every) if len(joined) else np.array([])
    parts = []
    for group, part in joined.groupby("group", observed=True):
        time, event = part["AVAL"].to_numpy("float64"), (part["CNSR"] == 0).to_numpy()
        curve = kaplan_meier(time, event, confidence)
        days = np.unique(np.concatenate([curve.time, listed[listed <= curve.time[-1]]]))
        share = np.array([curve.at(day)[0] for day in days])
        data = {"group": str(group), "day": days, "percent": 100 * (share if without_event else 1 - share)}
        data["at_risk"] = [at_risk(time, day) for day in days]
        data["censored"] = [int(((time == day) & ~event).sum()) for day in days]
        data["listed"] = np.isin(days, listed)
        parts.append(pd.DataFrame(data))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_CURVES)
