"""Kaplan-Meier estimates of one group as result rows: median, shares by day, numbers at risk."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from csrkit.stats.estimation import attempt
from csrkit.stats.proportions import NO_SUBJECTS
from csrkit.stats.survival import KAPLAN_MEIER, Curve, at_risk, kaplan_meier, median_time

NOT_REACHED = "the estimated share with an event doesn't exceed one half"
_NO_LIMIT = "the limit isn't reached in the time observed"
_NO_SHARE_LIMIT = "no interval while all subjects, or none, are without event"
_NOBODY = "nobody under observation on this day"


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
        visit (``Day d``, "" for the median), statistic (median, median_low, median_high; at_risk,
        km_percent, km_low, km_high), value, unit, method, reason.
    """
    rows: list[tuple[str, str, float, str]] = []
    time, event = times["AVAL"].to_numpy("float64"), (times["CNSR"] == 0).to_numpy()
    curve, failure = attempt(lambda: kaplan_meier(time, event, confidence)) if len(times) else (None, "")
    medians = median_time(curve) if curve else (np.nan,) * 3
    why = (NOT_REACHED, _NO_LIMIT, _NO_LIMIT)
    for name, value, reason in zip(("median", "median_low", "median_high"), medians, why, strict=True):
        rows.append((name, "", value, reason))
    for day in days:
        rows += _shares(curve, time, day, without_event)
    frame = pd.DataFrame(rows, columns=["statistic", "visit", "value", "reason"])
    frame["reason"] = frame["reason"].where(frame["value"].isna(), "")
    if curve is None:
        frame["reason"] = np.where(frame["value"].isna(), failure or NO_SUBJECTS, "")
    percent = frame["statistic"].str.startswith("km_")
    frame["unit"] = np.select([percent, frame["statistic"] == "at_risk"], ["%", "subjects"], default="days")
    return frame.assign(method=np.where(frame["unit"] == "subjects", "", KAPLAN_MEIER))


def _shares(
    curve: Curve | None, time: np.ndarray, day: int, without_event: bool
) -> list[tuple[str, str, float, str]]:
    risk = at_risk(time, day)
    share, low, high = curve.at(day) if curve else (np.nan,) * 3
    if not risk and share > 0:  # nobody is left, though not all had an event
        share, low, high = (np.nan,) * 3
    if (
        not without_event
    ):  # the share with an event is what the other leaves, and so are its limits, crosswise
        share, low, high = 1 - share, 1 - high, 1 - low
    no_limit = _NOBODY if np.isnan(share) else _NO_SHARE_LIMIT
    visit = f"Day {day}"
    return [
        ("at_risk", visit, float(risk), ""),
        ("km_percent", visit, 100 * share, _NOBODY),
        ("km_low", visit, 100 * low, no_limit),
        ("km_high", visit, 100 * high, no_limit),
    ]


def event_curves(times: pd.DataFrame, members: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Return the Kaplan-Meier curve of each group as a chart draws it.

    Parameters
    ----------
    times
        USUBJID, AVAL (days) and CNSR (0 for an event), one record per subject.
    members
        Subjects by group, from ``assign_groups``.

    Returns
    -------
    DataFrame
        group, day, percent (with an event by the end of the day) and censored (subjects whose time ends on
        the day without event). Each curve starts at Day 0 with 0; a group of nobody has none.
    """
    parts = [pd.DataFrame(columns=["group", "day", "percent", "censored"])]
    for group, part in times.merge(members, on="USUBJID").groupby("group", observed=True):
        time, event = part["AVAL"].to_numpy("float64"), (part["CNSR"] == 0).to_numpy()
        curve = kaplan_meier(time, event, confidence)
        ended = [int(((time == day) & ~event).sum()) for day in curve.time]
        data = {"group": str(group), "day": curve.time, "percent": 100 * (1 - curve.share), "censored": ended}
        parts.append(pd.DataFrame(data))
    return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
