"""Summaries of few values: those that would give the values away, and those by which the former follow."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import pandas as pd

from csrkit.disclosure.small_counts.counted import CELL, ROW, WITHOUT_SUBJECTS, fewest_of, place_of
from csrkit.disclosure.small_counts.rule import TOTAL, Rule

# the outer quantiles of fewer than 20 values are the extremes
_EXTREMES = ("min", "max", "p5", "p95")
_SUMMARIES = (
    "mean", "sd", "median", "q1", "q3", "geometric_mean", "gcv",
)  # fmt: skip
_FEWEST = 5  # mean, SD and median of three give all three values, and nearly so of four
Numbers = tuple[tuple[str, float], ...]  # column and number of values
Columns = tuple[tuple[str, tuple[str, ...]], ...]  # column and arms


def single_values(
    rows: pd.DataFrame, counts: pd.DataFrame, sizes: pd.DataFrame, gone: np.ndarray, rule: Rule
) -> np.ndarray:
    """Tell which rows are a single subject's value, or nearly say one; ``gone`` are suppressed anyway."""
    of_subjects = ~rows["display"].isin(WITHOUT_SUBJECTS).to_numpy()
    of_median = (rows["of"] == "median").to_numpy()
    summary = (rows["statistic"].isin(_SUMMARIES).to_numpy() | of_median) & of_subjects
    fewest = fewest_of(rows, counts, sizes)
    chosen = summary & (fewest < _FEWEST)
    shown = (
        rows[summary].assign(number=fewest[summary], gone=(gone | chosen)[summary]).dropna(subset="number")
    )
    also = []
    cells = shown.groupby(CELL, sort=False, as_index=False).agg(
        number=("number", "first"), gone=("gone", "all")
    )
    some = cells.groupby(ROW, sort=False)["gone"].transform("nunique") > 1
    for row, part in cells[some].groupby(ROW, sort=False):
        numbers = tuple(
            (str(group), float(n)) for group, n in zip(part["group"], part["number"], strict=True)
        )
        hidden = frozenset(map(str, part.loc[part["gone"], "group"]))
        also += [(*row, group) for group in _give_back(numbers, hidden, tuple(rule.columns.items()))]
    follow = place_of(rows, CELL).isin(also) & summary
    return chosen | follow | (of_subjects & rows["statistic"].isin(_EXTREMES).to_numpy())


@lru_cache(maxsize=4096)
def _give_back(numbers: Numbers, hidden: frozenset[str], columns: Columns) -> tuple[str, ...]:
    """Return the columns whose mean goes, too, since with the other means it gives back one of few values.

    A mean times its number is a sum, and the sum of a column follows from the others where its arms do.

    >>> arms = (("a", ("A",)), ("b", ("B",)), ("c", ("C",)), ("total", ("A", "B", "C")))
    >>> _give_back((("a", 3.0), ("b", 6.0), ("c", 9.0), ("total", 18.0)), frozenset({"a"}), arms)
    ('b',)
    """
    of = dict(numbers)
    parts = _parts(of, dict(columns))
    arms = sorted({arm for own in parts.values() for arm in own})
    nobody = {arm for group, own in parts.items() if of[group] == 0 for arm in own}
    vectors = {
        group: np.array([arm in own and arm not in nobody for arm in arms], float)
        for group, own in parts.items()
    }
    few = [group for group in of if group in hidden and 0 < of[group] < _FEWEST]
    shown = [group for group in of if group not in hidden and of[group] > 0]
    also: list[str] = []
    while any(_follows(vectors[group], [vectors[one] for one in shown]) for group in few):
        goes = min((one for one in shown if one != TOTAL), key=lambda one: of[one], default=TOTAL)
        shown.remove(goes)
        also.append(goes)
    return tuple(also)


def _parts(of: Mapping[str, float], columns: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return what each group is made of: its arms, or itself where it is no column of the report."""
    others = [group for group in of if group != TOTAL and group not in columns]
    parts = {group: columns.get(group, (group,)) for group in of}
    if TOTAL in of and others and sum(of[group] for group in others) == of[TOTAL]:
        parts[TOTAL] = tuple(others)
    return parts


def _follows(vector: np.ndarray, others: list[np.ndarray]) -> bool:
    """Tell whether a column is a sum or difference of others."""
    if not others:
        return False
    matrix = np.array(others)
    return bool(np.linalg.matrix_rank(np.vstack([matrix, vector])) == np.linalg.matrix_rank(matrix))
