"""Count subjects and records by level and group, fast enough for a million records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from csrkit.vocabulary import Level

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
