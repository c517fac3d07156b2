"""Count subjects and records by level and group, fast enough for a million records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def tally(
    records: pd.DataFrame, members: pd.DataFrame, levels: Sequence[str], level: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return subjects with at least one record, and records, as two arrays of levels by groups.

    Parameters
    ----------
    records
        USUBJID and the column ``level``, any number of records per subject; categorical columns are
        counted by their codes, which saves most of the time where one frame is counted several times.
    members
        USUBJID and group (categorical), from ``assign_groups``; records of other subjects don't count.
    levels
        The levels to count, in their order; others, and missing ones, are left out.
    """
    subject, subjects = _codes(records["USUBJID"])
    found, values = _codes(records[level])
    place = pd.Index(levels).get_indexer(values)
    row = np.where(found >= 0, place[found], -1) if len(values) else np.full(len(records), -1)
    group = _membership(members, subjects)
    kept = row >= 0
    subject, row = subject[kept], row[kept]
    pair = pd.unique(row.astype("int64") * max(len(subjects), 1) + subject)
    once_row, once_subject = np.divmod(pair, max(len(subjects), 1))
    return (
        _sum_by_row(once_row, group[once_subject], len(levels)),
        _sum_by_row(row, group[subject], len(levels)),
    )


def rank_levels(records: pd.DataFrame, members: pd.DataFrame, level: str) -> list[str]:
    """Return the levels by number of subjects of any group, the most frequent first, ties by name."""
    values = [str(value) for value in _codes(records[level])[1]]
    everyone = members[["USUBJID"]].drop_duplicates().assign(group=pd.Categorical(["all"])[0])
    everyone["group"] = pd.Categorical(everyone["group"], categories=["all"])
    subjects = tally(records, everyone, values, level)[0][:, 0]
    ranked = sorted(zip(values, subjects, strict=True), key=lambda item: (-item[1], item[0]))
    return [value for value, n in ranked if n > 0]


def _codes(values: pd.Series) -> tuple[NDArray[np.int64], pd.Index]:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.codes.to_numpy("int64"), values.cat.categories
    codes, uniques = pd.factorize(values)
    return codes, pd.Index(uniques)


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
