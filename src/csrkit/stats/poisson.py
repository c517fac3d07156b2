"""Rates of events over time at risk, with exact intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from statsmodels.stats.rates import confint_poisson

from csrkit.stats.estimation import QUIET
from csrkit.stats.groups import group_sizes
from csrkit.stats.proportions import NO_SUBJECTS, NOT_RECORDED
from csrkit.vocabulary import limits_of

GARWOOD = "Garwood exact Poisson interval"
_NO_TIME = "no time at risk"
_LIMITS = limits_of("rate")
_UNITS = {"events": "events", "years": "patient-years"}


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


def estimate_rates(
    subjects: pd.DataFrame, members: pd.DataFrame, confidence: float, *, recorded: bool = True
) -> pd.DataFrame:
    """Estimate a rate of events per patient-year by group, with Garwood's exact interval.

    Parameters
    ----------
    subjects
        One row per subject, with USUBJID as index: ``events`` (their number) and ``years`` (at risk).
    members
        Subjects by group, from ``assign_groups``.
    confidence
        Level of the interval, such as 0.95.
    recorded
        False for events that the data record for nobody: then years alone are estimable.

    Returns
    -------
    DataFrame
        group, statistic (events, years, rate and its limits), value, unit, method, reason. A rate over
        no time at risk is not estimable.
    """
    joined = members.merge(subjects, left_on="USUBJID", right_index=True)
    table = joined.groupby("group", observed=False)[["events", "years"]].sum()
    table["rate"] = table["events"] / table["years"].where(table["years"] > 0)
    table[_LIMITS[0]], table[_LIMITS[1]] = poisson_interval(table["events"], table["years"], confidence)
    empty = group_sizes(members).reindex(table.index) == 0
    long = table.assign(empty=empty).reset_index().melt(["group", "empty"], var_name="statistic")
    if not recorded:
        long["value"] = long["value"].mask(long["statistic"] != "years")
    why = np.where(long["empty"], NO_SUBJECTS, _NO_TIME if recorded else NOT_RECORDED)
    interval = long["statistic"].isin(_LIMITS)
    return long.drop(columns="empty").assign(
        group=long["group"].astype("str"),
        unit=long["statistic"].map(_UNITS).fillna("per patient-year"),
        method=np.where(interval, GARWOOD, ""),
        reason=np.where(long["value"].isna(), why, ""),
    )
