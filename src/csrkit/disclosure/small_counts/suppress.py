"""Decide which result rows are suppressed, display by display; the package's docstring gives the rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from csrkit.carried import cell_label, name_display
from csrkit.disclosure.small_counts.counted import (
    CELL,
    EVENTS,
    NOT_SUBJECTS,
    ROW,
    SIZE,
    block_of,
    counts_of,
    follows,
    place_of,
    sizes_of,
)
from csrkit.disclosure.small_counts.rule import TOTAL, Cell, Rule, rule_in_force
from csrkit.disclosure.small_counts.summaries import single_values

_REASON = "suppressed (counts below {minimum})"
_SINGLE = "suppressed (values of single subjects)"
_SIGN = "suppressed ("
AddsUp = tuple[str, list[str]]  # group and levels
_HEAD = ""  # level of a count of all levels together


def is_suppressed(reason: str) -> bool:
    """Tell by a row's reason whether its value was suppressed (else it couldn't be estimated)."""
    return reason.startswith(_SIGN)


def as_shown(rows: pd.DataFrame) -> pd.DataFrame:
    """Return result rows as the version that is being made shows them; an internal one shows all."""
    return suppress(name_display(rows, cell_label()), rule_in_force())


def suppress(rows: pd.DataFrame, rule: Rule | None) -> pd.DataFrame:
    """Return result rows in which small counts have no value, but the reason; no rule changes nothing."""
    if rule is None or rows.empty:
        return rows
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
    reason = rows["reason"].mask(chosen, _REASON.format(minimum=rule.minimum)).mask(single, _SINGLE)
    return rows.assign(value=rows["value"].mask(chosen | single), reason=reason)


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
    for key, part in cells.groupby(["display", "analysis", "visit"], sort=False):
        display, analysis, visit = map(str, key)
        table, few, everyone = (
            part.pivot(index="level", columns="group", values=name) for name in ("value", "few", "everyone")
        )
        table = table.fillna(0)
        adds_up = [
            (group, levels)
            for group in table.columns.astype(str)
            for levels in _adding_up(table[group], analysis, known.get((display, group), []))
        ]
        hidden = hide(table, few.eq(True), everyone.eq(True), adds_up, rule.minimum)
        for level, group in hidden.stack()[lambda cell: cell].index:
            yield display, analysis, visit, str(level), str(group)


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


def _adding_up(counts: pd.Series, analysis: str, known: list[_Known]) -> Iterator[list[str]]:
    """Yield the levels that add up to a number that is known: all of them, or those of one block."""
    levels = [str(level) for level in counts.index if level != _HEAD] or [_HEAD]
    total, own = counts[levels].sum(), set(counts[levels])
    if counts.get(_HEAD) == total or any(
        one.value == total and (one.analysis != analysis or total not in own) for one in known
    ):
        yield levels
    blocks: dict[tuple[str, ...], list[str]] = {}
    for level in levels:
        blocks.setdefault(block_of(level), []).append(level)
    sizes = {one.value for one in known if one.is_size}
    yield from (block for name, block in blocks.items() if name and counts[block].sum() in sizes)


def hide(
    counts: pd.DataFrame, few: pd.DataFrame, everyone: pd.DataFrame, adds_up: list[AddsUp], minimum: int
) -> pd.DataFrame:
    """Tell which counts are suppressed.

    Parameters
    ----------
    counts
        Subjects, of levels (rows) by groups (columns).
    few, everyone
        Whether a count is of few or leaves few, and whether it is the whole arm; of the same form.
    adds_up
        Groups, each with levels of which the sum is known.
    minimum
        The smallest count that is shown.
    """
    hidden = few.copy()
    while True:
        before = hidden.copy()
        _hide_row(hidden, everyone)
        for group, levels in adds_up:
            _hide_another(counts.loc[levels, group], hidden, minimum, group)
        if hidden.equals(before):
            return hidden


def _hide_row(hidden: pd.DataFrame, everyone: pd.DataFrame) -> None:
    parts = [group for group in hidden if group != TOTAL]
    if TOTAL in hidden:
        hidden.loc[hidden[TOTAL], parts] = True
    hidden.loc[hidden[parts].any(axis=1), parts] = True
    if TOTAL in hidden:  # a total of all subjects says that each part is of all of its own
        hidden.loc[hidden[parts].any(axis=1) & everyone[TOTAL], TOTAL] = True


def _hide_another(counts: pd.Series, hidden: pd.DataFrame, minimum: int, group: str) -> None:
    """Suppress the smallest of the levels shown where what is suppressed could be told from the sum."""
    gone = hidden.loc[counts.index, group]
    lost, shown = counts[gone & (counts > 0)], counts[~gone & (counts > 0)]
    if len(lost) and len(shown) and (len(lost) == 1 or lost.sum() < minimum):
        hidden.loc[shown.idxmin(), group] = True
