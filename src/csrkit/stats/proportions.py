"""Counts of subjects, percentages and rates of events, with exact intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.rates import confint_poisson

from csrkit.stats.estimation import QUIET
from csrkit.stats.groups import LevelColumns, group_sizes, tally_records, tally_subjects
from csrkit.vocabulary import Level, level_columns, limits_of

# Counts of subjects, percentages and exact intervals.

EXACT = "Clopper-Pearson exact interval"
NO_SUBJECTS = "no subjects in this group"
NOT_RECORDED = "not recorded in the data"
LIMITS = limits_of("percent")
UNRECORDED = "NOT RECORDED"  # the level of those of whom the data don't record a category


Interval = tuple[NDArray[np.float64], NDArray[np.float64]]


def exact_interval(n: ArrayLike, total: ArrayLike, level: float = 0.95) -> Interval:
    """Return the Clopper-Pearson interval of n out of total as two arrays of proportions.

    Limits are 0 for n = 0 and 1 for n = total; NaN where total is 0. Clopper and Pearson, Biometrika
    1934;26:404; the same as R's ``binom.test(n, total)$conf.int``. Raises ValueError for a level that isn't
    between 0 and 1.

    >>> low, high = exact_interval(8, 18)
    >>> bool(0.2153 < low < 0.2154 and 0.6924 < high < 0.6925)
    True
    """
    return _interval(n, total, level, "beta")


def wilson_interval(n: ArrayLike, total: ArrayLike, level: float = 0.95) -> Interval:
    """Return Wilson's score interval of n out of total, without continuity correction; NaN for a total of 0.

    Wilson, J Am Stat Assoc 1927;22:209; the same as R's ``prop.test(n, total, correct = FALSE)$conf.int``.
    """
    return _interval(n, total, level, "wilson")


def jeffreys_interval(n: ArrayLike, total: ArrayLike, level: float = 0.95) -> Interval:
    """Return the Jeffreys interval of n out of total; NaN for a total of 0.

    Quantiles of the beta posterior under the prior beta(1/2, 1/2); the lower limit is 0 for n = 0 and the
    upper 1 for n = total, as Brown, Cai and DasGupta advise (Stat Sci 2001;16:101).
    """
    return _interval(n, total, level, "jeffreys")


@np.errstate(**QUIET)
def _interval(n: ArrayLike, total: ArrayLike, level: float, method: str) -> Interval:
    if not 0 < level < 1:
        raise ValueError(f"The confidence level is a share between 0 and 1, for example 0.95, not {level}.")
    n, total = np.asarray(n, dtype="float64"), np.asarray(total, dtype="float64")
    size = np.where(total > 0, total, np.nan)
    low, high = proportion_confint(n, size, 1 - level, method)
    # at 0 and at the total the limit is exact (or made so, by Jeffreys); a formula leaves binary noise
    return np.where(n == 0, 0 * size, low), np.where(n == size, 1.0, high)


def count_subjects(
    records: pd.DataFrame,
    members: pd.DataFrame,
    levels: Sequence[Level],
    level: LevelColumns,
    confidence: float | None = None,
) -> pd.DataFrame:
    """Count subjects with at least one record at each level, by group, zeros included.

    Parameters
    ----------
    records
        Any number of records per subject: USUBJID and the column ``level``.
    members
        Subjects by group, from ``assign_groups``; records of other subjects don't count.
    levels
        The levels to show, in their order.
    level
        The column that holds the level, or two or three columns, from the outermost inwards: levels are then
        tuples such as ``("Cardiac disorders", "Palpitations")``, and the result has ``category``, too.
    confidence
        Adds ci_low and ci_high of percent at this level; None for none.

    Returns
    -------
    DataFrame
        group, level, statistic (n, N, percent, ci_low and ci_high of percent), value, unit, method, reason.
    """
    sizes = group_sizes(members)
    n = tally_subjects(records, members, levels, level).ravel()
    total = np.tile(sizes.to_numpy("float64"), len(levels))
    numbers = {"n": n, "N": total, "percent": 100 * n / np.where(total > 0, total, np.nan)}
    if confidence is not None:
        low, high = exact_interval(n, total, confidence)
        numbers |= {LIMITS[0]: 100 * low, LIMITS[1]: 100 * high}
    return _to_long(levels, list(sizes.index), numbers)


def _to_long(
    levels: Sequence[Level], groups: list[str], numbers: dict[str, NDArray[np.float64]]
) -> pd.DataFrame:
    """Return one row per level, group and statistic, in this order."""
    statistics = np.tile(np.array(list(numbers), dtype="object"), len(levels) * len(groups))
    columns = level_columns(levels)
    values = np.stack(list(numbers.values()), axis=1).ravel()
    long = pd.DataFrame(
        {
            **{
                name: np.repeat(np.array(parts, dtype="object"), len(groups) * len(numbers))
                for name, parts in columns.items()
            },
            "group": np.tile(np.repeat(np.array(groups, dtype="object"), len(numbers)), len(levels)),
            "statistic": statistics,
            "unit": np.where(np.isin(statistics, ["n", "N"]), "subjects", "%"),
            "method": np.where(np.isin(statistics, LIMITS), EXACT, ""),
            "reason": np.where(np.isnan(values), NO_SUBJECTS, ""),
        },
        dtype="str",
    )
    long["value"] = values
    return long


def name_unrecorded(values: pd.Series) -> pd.Series:
    """Return categories as levels: what is missing ("" or none) is named, so that no one falls out.

    >>> name_unrecorded(pd.Series(["F", "", "M"])).tolist()
    ['F', 'NOT RECORDED', 'M']
    """
    text = values.astype("object")
    return text.where(values.notna() & (text != ""), UNRECORDED).astype("str")


def levels_of(values: pd.Series | pd.DataFrame) -> list[Any]:
    """Return the levels found, the most frequent first, ties by name; those not recorded come last.

    Of a frame with a category and what is below it the levels are tuples.
    """
    counts = values.value_counts().to_dict()
    return sorted(counts, key=lambda name: (name == UNRECORDED, -counts[name], name))


def mark_unrecorded(counts: pd.DataFrame) -> pd.DataFrame:
    """Return counts of something that the data record for nobody: only N stays, the rest says why.

    Nothing recorded isn't a count of zero.
    """
    unknown = counts["statistic"] != "N"
    return counts.assign(
        value=counts["value"].mask(unknown),
        reason=np.where(unknown, NOT_RECORDED, ""),
    )


def count_events(
    records: pd.DataFrame, members: pd.DataFrame, levels: Sequence[Level], level: LevelColumns
) -> pd.DataFrame:
    """Count records (not subjects) at each level by group, zeros included, as statistic ``events``."""
    groups = list(members["group"].cat.categories)
    events = tally_records(records, members, levels, level).ravel()
    return _to_long(levels, groups, {"events": events}).assign(unit="events")


def count_subjects_and_events(
    records: pd.DataFrame,
    members: pd.DataFrame,
    levels: Sequence[Level],
    level: LevelColumns,
    confidence: float | None = None,
) -> pd.DataFrame:
    """Count subjects (as ``count_subjects``) and their records (as ``count_events``) at each level.

    What a table of ``n (%) [events]`` shows.
    """
    subjects = count_subjects(records, members, levels, level, confidence)
    return pd.concat([subjects, count_events(records, members, levels, level)], ignore_index=True)


# Rates of events over time at risk, with exact intervals.

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
