"""Small counts in external versions: which result rows are suppressed, so that no one can work them out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from csrkit.carried import cell_label, name_display
from csrkit.disclosure.counted import (
    CELL,
    EVENTS,
    NOT_SUBJECTS,
    ROW,
    SIZE,
    TOTAL,
    Cell,
    Rule,
    blocks_of,
    counts_of,
    follows,
    place_of,
    rule_in_force,
    single_values,
    sizes_of,
    with_whole_levels,
)

# Decide which result rows are suppressed, display by display; the package's docstring gives the rule.

_REASON = "suppressed (counts below {minimum})"
_SINGLE = "suppressed (values of single subjects)"
_SIGN = "suppressed ("
AddsUp = tuple[int, np.ndarray]  # column and rows of levels
_HEAD = ""  # level of a count of all levels together


def is_suppressed(reason: str) -> bool:
    """Tell by a row's reason whether its value was suppressed (else it couldn't be estimated)."""
    return reason.startswith(_SIGN)


def as_shown(rows: pd.DataFrame) -> pd.DataFrame:
    """Return result rows as the version that is being made shows them; an internal one shows all."""
    return suppress(name_display(rows, cell_label()), rule_in_force())


def suppress(rows: pd.DataFrame, rule: Rule | None) -> pd.DataFrame:
    """Return result rows in which small counts have no value, but the reason; no rule changes nothing."""
    if rule is None:
        return rows
    of_subjects = ~rows["display"].isin(rule.without_subjects).to_numpy()
    if not of_subjects.any():
        return rows
    gone, single = np.zeros((2, len(rows)), bool)
    gone[of_subjects], single[of_subjects] = _choose(with_whole_levels(rows[of_subjects]), rule)
    reason = rows["reason"].mask(gone, _REASON.format(minimum=rule.minimum)).mask(single, _SINGLE)
    return rows.assign(value=rows["value"].mask(gone | single), reason=reason)


def _choose(rows: pd.DataFrame, rule: Rule) -> tuple[np.ndarray, np.ndarray]:
    """Tell which rows rest on a small count, and which others are values of single subjects."""
    cell, counts, sizes = place_of(rows, CELL), counts_of(rows), sizes_of(rows)
    gone_sizes = _small_sizes(sizes, rule)
    gone = [*_hidden_cells(rows, counts, sizes, gone_sizes, rule), *gone_sizes, *rule.also]
    hidden = place_of(pd.DataFrame(gone, columns=CELL), CELL)
    is_size = (rows["statistic"] == SIZE).to_numpy()
    of_arm = rule.left(rows["value"], rows["group"]) == 0
    size_goes = cell.isin(gone_sizes) | (cell.isin(list(rule.also)) & ~of_arm)
    chosen = np.where(is_size, size_goes, cell.isin(hidden) | follows(rows, counts, hidden))
    known = rows["value"].notna().to_numpy()
    single = single_values(rows, counts, sizes, chosen, rule) & known & ~chosen
    return chosen, single


def _small_sizes(sizes: pd.DataFrame, rule: Rule) -> pd.MultiIndex:
    """Return the cells whose N is suppressed, with their rows: of small sets that aren't an arm."""
    left = rule.left(sizes["value"], sizes["group"])
    small = (rule.small(sizes["value"]) | rule.small(left)) & (left != 0)
    rows = place_of(sizes, ROW)
    of_row = rows.isin(rows[small]) & (sizes["group"] != TOTAL).to_numpy()
    return place_of(sizes[small | of_row], CELL)


def _judge(counts: pd.DataFrame, sizes: pd.DataFrame, gone_sizes: pd.MultiIndex, rule: Rule) -> pd.DataFrame:
    """Return one row for each cell: its count, whether it is of few or leaves few, and if it is the arm."""
    place = place_of(counts, CELL)
    of_subjects = ~(counts["unit"].isin(NOT_SUBJECTS) | (counts["statistic"] == EVENTS))
    left = np.where(of_subjects, rule.left(counts["value"], counts["group"]), np.nan)
    size = sizes.set_index(CELL)["value"].reindex(place).to_numpy()
    numbers = (counts["value"], left, size - counts["value"].to_numpy(), size)
    few = np.any([rule.small(part) for part in numbers], axis=0) | place.isin(gone_sizes)
    judged = counts.assign(few=few, everyone=left == 0).groupby(CELL, sort=False, as_index=False)
    return judged.agg(value=("value", "first"), few=("few", "any"), everyone=("everyone", "all"))


def _hidden_cells(
    rows: pd.DataFrame, counts: pd.DataFrame, sizes: pd.DataFrame, gone_sizes: pd.MultiIndex, rule: Rule
) -> Iterator[Cell]:
    known = _known(rows, rule)
    cells = _judge(counts, sizes, gone_sizes, rule)
    columns = [cells[name].to_numpy(object) for name in ("level", "group")]
    numbers = [cells[name].to_numpy() for name in ("value", "few", "everyone")]
    # arrays, not frames: a report has thousands of tables of a few counts each
    for key, at in cells.groupby(["display", "analysis", "visit"], sort=False).indices.items():
        (display, analysis, visit), places = cast("tuple[str, str, str]", key), np.asarray(at)
        (levels, row), (groups, column) = (np.unique(one[places], return_inverse=True) for one in columns)
        table, few, everyone = (np.zeros((len(levels), len(groups)), one.dtype) for one in numbers)
        for made, one in zip((table, few, everyone), numbers, strict=True):
            made[row, column] = one[places]
        adds_up = [
            (number, chosen)
            for number, group in enumerate(groups)
            for chosen in _adding_up(table[:, number], levels, analysis, known.get((display, group), []))
        ]
        hidden = hide(table, few, everyone, list(groups), adds_up, rule.minimum)
        for level, group in np.argwhere(hidden):
            yield display, analysis, visit, levels[level], groups[group]


@dataclass(frozen=True)
class _Known:
    """A number that a display tells of a column: of its analysis, and whether it is the size of a set."""

    analysis: str
    value: float
    is_size: bool


def _known(rows: pd.DataFrame, rule: Rule) -> dict[tuple[str, str], list[_Known]]:
    """Return what each display tells of each column: counts, sizes, and how many have no value."""
    chosen = rows[rows["statistic"].isin(["n", SIZE]) & rows["value"].notna()]
    places = chosen[["display", "group"]].drop_duplicates().itertuples(index=False, name=None)
    found = {key: [_Known("size", float(size), True) for size in rule.sizes(key[1])] for key in places}
    columns = ["display", "group", "analysis", "value", "statistic"]
    for display, group, analysis, value, name in chosen[columns].drop_duplicates().itertuples(index=False):
        found[display, group].append(_Known(analysis, value, name == SIZE))
    whole = chosen[chosen["level"] == _HEAD].pivot_table(index=CELL, columns="statistic", values="value")
    if {"n", SIZE} <= set(whole):
        lacking = (whole[SIZE] - whole["n"]).dropna().reset_index(name="value")
        for display, group, analysis, value in lacking[columns[:4]].itertuples(index=False):
            found[display, group].append(_Known(analysis, value, True))
    return found


def _adding_up(
    counts: np.ndarray, levels: np.ndarray, analysis: str, known: list[_Known]
) -> Iterator[np.ndarray]:
    """Yield where the levels stand that add up to a number that is known: all, or those of one block."""
    head = levels == _HEAD
    places = np.arange(len(levels)) if head.all() else np.flatnonzero(~head)
    total, own = counts[places].sum(), set(counts[places])
    if (counts[head] == total).any() or any(
        one.value == total and (one.analysis != analysis or total not in own) for one in known
    ):
        yield places
    blocks: dict[tuple[str, ...], list[int]] = {}
    for place in map(int, places):
        for name in blocks_of(levels[place]):
            blocks.setdefault(name, []).append(place)
    sizes = {one.value for one in known if one.is_size}
    yield from (np.array(block) for block in blocks.values() if counts[block].sum() in sizes)


def hide(
    counts: np.ndarray,
    few: np.ndarray,
    everyone: np.ndarray,
    groups: list[str],
    adds_up: list[AddsUp],
    minimum: int,
) -> np.ndarray:
    """Tell which counts are suppressed.

    Parameters
    ----------
    counts
        Subjects, of levels (rows) by groups (columns).
    few, everyone
        Whether a count is of few or leaves few, and whether it is the whole arm; of the same form.
    groups
        Names of the columns.
    adds_up
        Columns, each with levels of which the sum is known.
    minimum
        The smallest count that is shown.
    """
    hidden = few.copy()
    total = groups.index(TOTAL) if TOTAL in groups else None
    while True:
        before = hidden.copy()
        _hide_row(hidden, everyone, total)
        for group, levels in adds_up:
            _hide_another(counts[:, group], hidden[:, group], levels, minimum)
        if np.array_equal(hidden, before):
            return hidden


def _hide_row(hidden: np.ndarray, everyone: np.ndarray, total: int | None) -> None:
    """Suppress all parts of a row where one goes, or their ``total``, the number of its column."""
    if total is None:
        hidden[hidden.any(axis=1)] = True
        return
    parts = np.arange(hidden.shape[1]) != total
    gone = hidden[:, total] | hidden[:, parts].any(axis=1)
    hidden[np.ix_(gone, parts)] = True
    # a total of all subjects says that each part is of all of its own
    hidden[:, total] |= hidden[:, parts].any(axis=1) & everyone[:, total]


def _hide_another(counts: np.ndarray, hidden: np.ndarray, levels: np.ndarray, minimum: int) -> None:
    """Suppress the smallest of the levels shown where what is suppressed could be told from the sum."""
    some = levels[counts[levels] > 0]
    lost, shown = some[hidden[some]], some[~hidden[some]]
    if len(lost) and len(shown) and (len(lost) == 1 or counts[lost].sum() < minimum):
        hidden[shown[counts[shown].argmin()]] = True
