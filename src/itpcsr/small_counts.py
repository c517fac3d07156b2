"""Small counts in external versions: which result rows are suppressed, so that no one can work them out.

The rule, which ``docs/disclosure.md`` gives in words:

1. A count from 1 to one below the minimum is suppressed, and one that leaves so few of its group, with all
   that was computed from these subjects; a group of so few (N), too.
2. In a row of a table with a suppressed count only the total stands, if it isn't suppressed itself: no
   column follows from the others.
3. Where levels add up to a number that the display shows, never one level alone is suppressed, and never
   levels of fewer subjects together than the minimum: the smallest of the others goes, too.
4. Minimum and maximum are values of single subjects and suppressed; so are the other summaries of fewer
   than five, which would give the values away.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

# Set for the kernels of an external version; without it, nothing is suppressed.
VARIABLE = "ITPCSR_MINIMUM_COUNT"
TOTAL = "total"  # key of the column of all subjects
_REASON = "suppressed (counts below {minimum})"
_SINGLE = "suppressed (values of single subjects)"
_SIGN = "suppressed ("
# Of the design or of other studies, so that a small number is no subject of the trial.
WITHOUT_SUBJECTS = (
    "tbl-dose-boundaries", "tbl-dose-oc", "tbl-dose-oc-subjects", "tbl-immune-power",
    "tbl-related-studies", "fig-related-studies",
)  # fmt: skip
# Statistics that count, the one that counts most first.
_COUNTS = ("n", "at_risk", "subjects", "events")
_EXTREMES = ("min", "max")
_SUMMARIES = (
    "mean", "sd", "median", "q1", "q3", "geometric_mean", "gcv", "median_low", "median_high",
)  # fmt: skip
_FEWEST_SUMMARISED = 5  # mean, SD and median of three give all three values, and nearly so of four
_ROW = ["display", "analysis", "visit", "level"]
_CELL = [*_ROW, "group"]


def minimum_count() -> int:
    """Return the smallest count that is shown here; 0 where every count is."""
    return int(os.environ.get(VARIABLE, "0"))


def is_suppressed(reason: str) -> bool:
    """Tell by a row's reason whether its value was suppressed (else it couldn't be estimated)."""
    return reason.startswith(_SIGN)


def suppress(rows: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """Return result rows in which small counts have no value, but the reason; 0 changes nothing.

    The size of an arm (analysis ``size``) always stays.
    """
    if minimum == 0 or rows.empty:
        return rows
    place = pd.MultiIndex.from_frame(rows[_CELL])
    counts = _counts(rows)
    hidden = place.isin(list(_hidden_cells(rows, counts, minimum)))
    small = _of_statistic(rows, "N").between(1, minimum - 1)
    small_rows = pd.MultiIndex.from_frame(rows.loc[small & (rows["analysis"] != "size"), _ROW])
    keeps_size = (rows["statistic"] == "N") & ~pd.MultiIndex.from_frame(rows[_ROW]).isin(small_rows)
    chosen = hidden & ~keeps_size.to_numpy()
    single = _single_values(rows, counts, place) & ~chosen & rows["value"].notna().to_numpy()
    reason = rows["reason"].mask(chosen, _REASON.format(minimum=minimum)).mask(single, _SINGLE)
    return rows.assign(value=rows["value"].mask(chosen | single), reason=reason)


def _of_statistic(rows: pd.DataFrame, name: str) -> pd.Series:
    return rows["value"].where(rows["statistic"] == name)


def _counts(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one count for each cell: of subjects, or of events where subjects aren't counted."""
    place = rows["statistic"].map({name: place for place, name in enumerate(_COUNTS)})
    counted = place.notna() & rows["value"].notna() & ~rows["display"].isin(WITHOUT_SUBJECTS)
    first = rows[counted].assign(place=place).sort_values("place", kind="stable")
    return first.drop_duplicates(_CELL).sort_index()


def _single_values(rows: pd.DataFrame, counts: pd.DataFrame, place: pd.MultiIndex) -> np.ndarray:
    """Tell which rows are a single subject's value, or nearly say one."""
    own = ~rows["display"].isin(WITHOUT_SUBJECTS)
    few = counts.loc[counts["value"].between(1, _FEWEST_SUMMARISED - 1), _CELL]
    of_few = place.isin(pd.MultiIndex.from_frame(few)) & rows["statistic"].isin(_SUMMARIES)
    return (own & (rows["statistic"].isin(_EXTREMES) | of_few)).to_numpy()


def _hidden_cells(rows: pd.DataFrame, counts: pd.DataFrame, minimum: int) -> Iterator[tuple[str, ...]]:
    sizes = rows[(rows["statistic"] == "N") & (rows["analysis"] != "size")].set_index(_CELL)["value"]
    known = _known(rows)
    for key, part in counts.groupby(["display", "analysis", "visit"], sort=False):
        display, analysis, visit = map(str, key)
        table = part.pivot(index="level", columns="group", values="value").fillna(0)
        cells = pd.MultiIndex.from_product([[display], [analysis], [visit], table.index, table.columns])
        size = pd.DataFrame(sizes.reindex(cells).to_numpy().reshape(table.shape), table.index, table.columns)
        adds_up = [
            group
            for group in table.columns.astype(str)
            if _adds_up(table[group], analysis, known.get((display, group), []))
        ]
        for level, group in hide(table, size, adds_up, minimum).stack()[lambda cell: cell].index:
            yield display, analysis, visit, str(level), str(group)


def _known(rows: pd.DataFrame) -> dict[tuple[str, str], list[tuple[str, float]]]:
    """Return the counts and sizes of each display and group, each with its analysis."""
    chosen = rows[rows["statistic"].isin(["n", "N"]) & rows["value"].notna()]
    columns = ["display", "group", "analysis", "value"]
    found: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for display, group, analysis, value in chosen[columns].drop_duplicates().itertuples(index=False):
        found.setdefault((display, group), []).append((analysis, value))
    return found


def _adds_up(counts: pd.Series, analysis: str, known: Iterable[tuple[str, float]]) -> bool:
    """Tell whether the levels add up to a size, or to a count of another analysis of the display."""
    total, own = counts.sum(), set(counts)
    return any(value == total and (other != analysis or value not in own) for other, value in known)


def hide(counts: pd.DataFrame, sizes: pd.DataFrame, adds_up: list[str], minimum: int) -> pd.DataFrame:
    """Tell which counts are suppressed.

    Parameters
    ----------
    counts, sizes
        Subjects and the size of their group (N, NaN for none), of levels (rows) by groups (columns).
    adds_up
        The groups in which the sum over the levels is known.
    minimum
        The smallest count that is shown.
    """
    few = [numbers.ge(1) & numbers.lt(minimum) for numbers in (counts, sizes - counts, sizes)]
    hidden = few[0] | few[1] | few[2]
    while True:
        before = hidden.copy()
        _hide_row(hidden)
        for group in adds_up:
            _hide_another(counts[group], hidden, minimum, group)
        if hidden.equals(before):
            return hidden


def _hide_row(hidden: pd.DataFrame) -> None:
    parts = [group for group in hidden if group != TOTAL]
    if TOTAL in hidden:
        hidden.loc[hidden[TOTAL], parts] = True
    hidden.loc[hidden[parts].any(axis=1), parts] = True


def _hide_another(counts: pd.Series, hidden: pd.DataFrame, minimum: int, group: str) -> None:
    """Suppress the smallest of the levels shown where what is suppressed could be told from the sum."""
    gone = hidden[group]
    lost, shown = counts[gone & (counts > 0)], counts[~gone & (counts > 0)]
    if len(lost) and len(shown) and (len(lost) == 1 or lost.sum() < minimum):
        hidden.loc[shown.idxmin(), group] = True
