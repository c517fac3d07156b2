"""Who is in which column of a table, and what is counted and summarised by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from csrkit.design import Column
from csrkit.stats.estimation import NUMERICAL, QUIET
from csrkit.vocabulary import Level

# Who stands in which column: of arms, pooled or not, or of the values of any variable of ADSL.


@dataclass(frozen=True)
class Category:
    """A column of the subjects who have some values of a variable of ADSL, as men are of ``SEX``."""

    key: str
    label: str
    variable: str
    values: tuple[str, ...]
    spanner: str = ""


Columns = Sequence[Column | Category]


def columns_by(adsl: pd.DataFrame, by: str, labels: Mapping[str, str] | None = None) -> list[Category]:
    """Return a column for each value of a variable, in place of those of the arms.

    Parameters
    ----------
    adsl
        One row per subject, with the variable; a subject without a value stands in no column.
    by
        The variable, such as ``SEX``, ``AGEGR1`` or ``ARM``.
    labels
        Value to the head of its column, in the order of the columns; without them the values as they are, in
        their order.

    Raises
    ------
    KeyError
        ADSL has no such variable.

    Examples
    --------
    >>> adsl = pd.DataFrame({"USUBJID": ["1", "2", "3"], "SEX": ["M", "F", "F"], "FASFL": ["Y", "Y", "N"]})
    >>> columns = columns_by(adsl, "SEX", {"F": "Women", "M": "Men"})
    >>> assign_groups(adsl, columns, "FASFL")
      USUBJID group
    0       2     F
    1       1     M
    """
    values = adsl[by].dropna().astype("str")
    found = labels or {value: value for value in sorted(set(values[values != ""]))}
    return [Category(value, label, by, (value,)) for value, label in found.items()]


def assign_groups(adsl: pd.DataFrame, columns: Columns, flag: str) -> pd.DataFrame:
    """Return one row per subject and column of the analysis set.

    Parameters
    ----------
    adsl
        One row per subject with USUBJID, ARMCD, SAFARMCD and the flag (Y or N), and the variables that
        columns are made of.
    columns
        Those of the report (``study.design.columns``), where an arm may stand in several (pooled) columns, or
        those of a variable's values (``columns_by``), or both.
    flag
        Variable of the analysis set. The safety set (``SAFFL``) and the pharmacokinetic set (``PKFL``) are
        grouped by SAFARMCD, all others by the planned arm.

    Returns
    -------
    DataFrame
        USUBJID, group (categorical in the order of the columns, so that an empty column keeps its place).
    """
    arm = "SAFARMCD" if flag in ("SAFFL", "PKFL") else "ARMCD"
    subjects = adsl[adsl[flag] == "Y"]
    parts = [subjects.loc[[], ["USUBJID"]].assign(group="")]  # a study may have no column of a kind
    for column in columns:
        variable, values = _values_of(column, arm)
        parts.append(subjects.loc[subjects[variable].isin(values), ["USUBJID"]].assign(group=column.key))
    members = pd.concat(parts, ignore_index=True)
    members["group"] = pd.Categorical(
        members["group"], categories=[column.key for column in columns], ordered=True
    )
    return members.sort_values(["group", "USUBJID"], ignore_index=True)


def _values_of(column: Column | Category, arm: str) -> tuple[str, list[str]]:
    if isinstance(column, Category):
        return column.variable, list(column.values)
    return arm, column.arms


def group_sizes(members: pd.DataFrame) -> pd.Series:
    """Return the number of subjects by group, 0 for an empty one."""
    return members.groupby("group", observed=False)["USUBJID"].nunique()


def size_rows(members: pd.DataFrame) -> pd.DataFrame:
    """Return N of each group as result rows of analysis ``size``: what stands in a table's header."""
    sizes = group_sizes(members)
    return pd.DataFrame(
        {
            "analysis": "size",
            "group": sizes.index.astype("str"),
            "statistic": "N",
            "value": sizes.to_numpy("float64"),
            "unit": "subjects",
        }
    )


# Count subjects and records by level and group, fast enough for a million records.

LevelColumns = str | list[str]  # the column of a level, or those of its parts


def tally_subjects(
    records: pd.DataFrame, members: pd.DataFrame, levels: Sequence[Level], level: LevelColumns
) -> NDArray[np.float64]:
    """Return the number of subjects with at least one record, as an array of levels by groups.

    Parameters
    ----------
    records
        USUBJID and the column ``level``, any number of records per subject; categorical columns are
        counted by their codes, which saves most of the time where one frame is counted several times.
        ``level`` may name two or three columns, from the outermost inwards: levels are then tuples.
    members
        USUBJID and group (categorical), from ``assign_groups``; records of other subjects don't count.
    levels
        The levels to count, in their order; others, and missing ones, are left out.
    """
    row, subject, subjects = _place(records, levels, level)
    width = max(len(subjects), 1)
    row, subject = np.divmod(pd.unique(row * width + subject), width)
    return _sum_by_row(row, _membership(members, subjects)[subject], len(levels))


def tally_records(
    records: pd.DataFrame, members: pd.DataFrame, levels: Sequence[Level], level: LevelColumns
) -> NDArray[np.float64]:
    """Return the number of records in place of subjects; all else is as in ``tally_subjects``."""
    row, subject, subjects = _place(records, levels, level)
    return _sum_by_row(row, _membership(members, subjects)[subject], len(levels))


def _place(
    records: pd.DataFrame, levels: Sequence[Level], level: LevelColumns
) -> tuple[NDArray[np.int64], NDArray[np.int64], pd.Index]:
    """Return level and subject of the records that count, as places in ``levels`` and in all subjects."""
    subject, subjects = _codes(records["USUBJID"])
    found, values = _codes(records[level])
    # a missing level has code -1, which takes the place at the end
    wanted: pd.Index = pd.Index(list[Any](levels), tupleize_cols=False)
    place = np.append(wanted.get_indexer(values), -1).astype("int64")
    row = place[found]
    kept = row >= 0
    return (row, subject, subjects) if kept.all() else (row[kept], subject[kept], subjects)


def rank_levels(records: pd.DataFrame, members: pd.DataFrame, level: LevelColumns) -> list[Any]:
    """Return the levels by number of subjects of any group, the most frequent first, ties by name."""
    values = [value if isinstance(value, tuple) else str(value) for value in _codes(records[level])[1]]
    everyone = members[["USUBJID"]].drop_duplicates()
    everyone["group"] = pd.Series("all", index=everyone.index).astype(pd.CategoricalDtype(["all"]))
    subjects = tally_subjects(records, everyone, values, level)[:, 0]
    ranked = sorted(zip(values, subjects, strict=True), key=lambda item: (-item[1], item[0]))
    return [value for value, n in ranked if n > 0]


def _codes(values: pd.Series | pd.DataFrame) -> tuple[NDArray[np.int64], pd.Index]:
    if isinstance(values, pd.DataFrame):
        return _codes_of_tuples([_codes(values[name]) for name in values])
    if isinstance(values.dtype, pd.CategoricalDtype):
        return np.asarray(values.cat.codes, dtype=np.int64), values.cat.categories
    codes, uniques = pd.factorize(values)
    return np.asarray(codes, dtype=np.int64), pd.Index(uniques)


def _codes_of_tuples(parts: list[tuple[NDArray[np.int64], pd.Index]]) -> tuple[NDArray[np.int64], pd.Index]:
    """Return the codes of several columns together; where one is missing, so is the tuple."""
    sizes = [max(len(uniques), 1) for _, uniques in parts]
    missing = np.any([codes < 0 for codes, _ in parts], axis=0)
    found = np.ravel_multi_index([np.maximum(codes, 0) for codes, _ in parts], sizes)
    whole, codes = np.unique(found[~missing], return_inverse=True)
    places = zip(*np.unravel_index(whole, sizes), strict=True)
    tuples = [tuple(str(parts[i][1][place]) for i, place in enumerate(at)) for at in places]
    result = np.full(len(missing), -1, dtype=np.int64)
    result[~missing] = codes
    return result, pd.Index(tuples, tupleize_cols=False, dtype="object")


def _membership(members: pd.DataFrame, subjects: pd.Index) -> NDArray[np.float64]:
    """Return a matrix of subjects by groups: 1 where the subject stands in the group."""
    matrix = np.zeros((len(subjects), len(members["group"].cat.categories)))
    row = subjects.get_indexer(pd.Index(members["USUBJID"]))
    known = row >= 0
    matrix[row[known], members["group"].cat.codes.to_numpy()[known]] = 1.0
    return matrix


def _sum_by_row(row: NDArray[np.int64], weights: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    columns = [np.bincount(row, weights=weights[:, i], minlength=size) for i in range(weights.shape[1])]
    return np.stack(columns, axis=1) if columns else np.zeros((size, 0))


# Summary statistics of a continuous variable by group.

# Quartiles follow SAS (PCTLDEF=5, averaging at discontinuities), which is R's type 2; R's default, type 7,
# interpolates and gives other quartiles in small groups. The median is the same in both.
QUARTILES = "quartiles by averaging at discontinuities (SAS PCTLDEF=5, R type 2)"
GEOMETRIC_MEAN = "exponential of the mean of logarithms"
STATISTICS = ("n", "mean", "sd", "median", "q1", "q3", "min", "max")
NO_VALUES = "no values in this group"
FEW_VALUES = "fewer than 3 values"
GEOMETRIC_CV = "geometric CV% = 100 sqrt(exp(s²) - 1), s the SD of the natural logarithms"
NO_LOGARITHM = "a value of 0 has no logarithm"


def summarize(
    records: pd.DataFrame, members: pd.DataFrame, variable: str, visits: Sequence[str] | None = None
) -> pd.DataFrame:
    """Summarise a variable by group, and by visit where visits are given.

    Parameters
    ----------
    records
        USUBJID and the variable (NaN is left out), one record per subject, or per subject and AVISIT.
    members
        Subjects by group, from ``assign_groups``.
    variable
        The column to summarise.
    visits
        Values of AVISIT to show, in their order; None for records without visits.

    Returns
    -------
    DataFrame
        group, visit, statistic, value, method, reason. With fewer than 3 values there is no SD; with none
        there is only n = 0, and the rest says why.
    """
    needed = ["USUBJID", variable, *(["AVISIT"] if visits is not None else [])]
    frame = records[needed].dropna(subset=[variable]).merge(members, on="USUBJID")
    frame["visit"] = frame["AVISIT"] if visits is not None else ""
    groups = list(members["group"].cat.categories)
    numbers_of_all = frame[variable].to_numpy("float64")
    places = frame.groupby(["visit", "group"], observed=True).indices
    values = {key: numbers_of_all[rows] for key, rows in places.items()}
    keys = [(visit, group) for visit in (visits if visits is not None else [""]) for group in groups]
    numbers = [_describe(values.get(key, np.array([]))) for key in keys]
    return _to_long(keys, numbers)


def _to_long(keys: list[tuple[str, str]], numbers: list[list[float]]) -> pd.DataFrame:
    """Return one row per statistic; a table of hundreds of cells is built at once, since each frame costs."""
    values = np.array(numbers, dtype="float64").reshape(len(keys), len(STATISTICS))
    sizes = np.repeat(values[:, 0], len(STATISTICS))
    flat = values.ravel()
    why = np.select([sizes == 0, sizes < 3], [NO_VALUES, FEW_VALUES], NUMERICAL)
    return pd.DataFrame(
        {
            "statistic": list(STATISTICS) * len(keys),
            "value": flat,
            "method": [QUARTILES if name in ("q1", "q3") else "" for name in STATISTICS] * len(keys),
            "reason": np.where(np.isnan(flat), why, ""),
            "visit": np.repeat(np.array([visit for visit, _ in keys], dtype="object"), len(STATISTICS)),
            "group": np.repeat(np.array([group for _, group in keys], dtype="object"), len(STATISTICS)),
        }
    )


@np.errstate(**QUIET)
def _describe(values: np.ndarray) -> list[float]:
    """Return the statistics of one sample, NaN where there are too few values or they are too large."""
    if len(values) == 0:
        return [0.0] + [np.nan] * (len(STATISTICS) - 1)
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75], method="averaged_inverted_cdf")
    spread = values.std(ddof=1) if len(values) > 2 else np.nan
    return [len(values), values.mean(), spread, median, q1, q3, values.min(), values.max()]


@np.errstate(**QUIET)
def summarize_geometric(records: pd.DataFrame, members: pd.DataFrame, variable: str) -> pd.DataFrame:
    """Return the geometric mean and the geometric coefficient of variation (%) of a variable by group.

    Parameters
    ----------
    records
        USUBJID and the variable (NaN is left out), one record per subject.
    members
        Subjects by group, from ``assign_groups``.
    variable
        The column to summarise; a group with a value of 0 or below has neither.

    Returns
    -------
    DataFrame
        group, statistic (geometric_mean, gcv), value, method, reason. The CV takes 3 values.

    Examples
    --------
    >>> records = pd.DataFrame({"USUBJID": ["1", "2", "3"], "AVAL": [1.0, 2.0, 4.0]})
    >>> members = pd.DataFrame({"USUBJID": ["1", "2", "3"], "group": pd.Categorical(["all"] * 3)})
    >>> summarize_geometric(records, members, "AVAL")["value"].map("{:.4g}".format).tolist()
    ['2', '78.54']
    """
    frame = records[["USUBJID", variable]].dropna(subset=[variable]).merge(members, on="USUBJID")
    found = []
    for group in members["group"].cat.categories:
        values = frame.loc[frame["group"] == group, variable].to_numpy("float64")
        logs = np.log(values) if (values > 0).all() else np.full(len(values), np.nan)
        mean = np.exp(logs.mean()) if len(logs) else np.nan
        spread = 100 * np.sqrt(np.expm1(logs.var(ddof=1))) if len(logs) > 2 else np.nan
        why = NO_LOGARITHM if len(values) and np.isnan(mean) else FEW_VALUES if len(values) else NO_VALUES
        numbers = (("geometric_mean", mean, GEOMETRIC_MEAN), ("gcv", spread, GEOMETRIC_CV))
        found += [
            (group, name, value, method, why if np.isnan(value) else "") for name, value, method in numbers
        ]
    return pd.DataFrame(found, columns=["group", "statistic", "value", "method", "reason"])
