"""Pieces that tables are built of: rows of counts, intervals and summaries, or a sentence in their place."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import ParamSpec, cast

import pandas as pd

from csrkit.carried import with_rows
from csrkit.rows import absence
from csrkit.tables.formats import NOT_ESTIMABLE, SUPPRESSED, format_count, format_level, format_p
from csrkit.tables.table import Row, Table
from itpcsr.display.labels import DECIMALS
from itpcsr.display.lookup import Lookup
from itpcsr.study import Column

_P = ParamSpec("_P")
EVENTS_NOTE = "n (%) of subjects [number of events]; a subject counts once in each row."
EXACT_NOTE = "CI: exact (Clopper-Pearson) confidence interval at level {level}%, in percent."


def sentence_if_absent(arrange: Callable[_P, Table]) -> Callable[_P, Table]:
    """Show the one sentence of a display without data in place of its table; either carries the rows."""

    @functools.wraps(arrange)
    def arrange_or_say(*args: _P.args, **kwargs: _P.kwargs) -> Table:
        rows = cast(pd.DataFrame, args[0])
        sentence = absence(rows)
        return with_rows(Table("", absent=sentence) if sentence else arrange(*args, **kwargs), rows)

    return arrange_or_say


def term_row(
    lookup: Lookup,
    label: str,
    columns: Sequence[Column],
    compared: Sequence[str],
    analysis: str,
    level: str,
    indent: int,
) -> Row:
    """Return a row of ``n (%) [events]``; columns named in ``compared`` are followed by their p-value."""
    cells = []
    for column in columns:
        cells.append(with_events(lookup, analysis, column.key, level))
        if column.key in compared:
            cells.append(format_p(lookup.value(analysis, column.key, "p_value", level)))
    return Row(label, tuple(cells), indent)


def joined(lookup: Lookup, analysis: str, group: str, names: tuple[str, ...], visit: str = "") -> str:
    """Join statistics: a range as ``min, max``, others as ``mean (SD)`` or ``median (Q1, Q3)``."""
    decimals = DECIMALS.get(analysis, 0)
    texts = [lookup.statistic(analysis, group, name, decimals, visit) for name in names]
    if texts[0] in (NOT_ESTIMABLE, SUPPRESSED) or len(texts) == 1:
        return texts[0]
    if names == ("min", "max"):
        return ", ".join(texts)
    return f"{texts[0]} ({', '.join(texts[1:])})"


def summary_rows(lookup: Lookup, columns: Sequence[Column], variable: str) -> list[Row]:
    """Return the four rows of a continuous variable: n, mean (SD), median, range."""
    lines = {"n": ("n",), "Mean (SD)": ("mean", "sd"), "Median": ("median",), "Min, max": ("min", "max")}
    return [
        Row(label, tuple(joined(lookup, variable, column.key, names) for column in columns), 1)
        for label, names in lines.items()
    ]


def count_row(
    lookup: Lookup, label: str, columns: Sequence[Column], analysis: str, level: str, indent: int = 0
) -> Row:
    """Return a row of ``n (%)``."""
    return Row(label, tuple(lookup.count_percent(analysis, column.key, level) for column in columns), indent)


def interval_row(
    lookup: Lookup,
    columns: Sequence[Column],
    analysis: str,
    level: str,
    confidence: float,
    indent: int = 1,
) -> Row:
    """Return the row of a rate's interval in percent, which belongs below that of the rate."""
    cells = tuple(lookup.interval(analysis, column.key, level) for column in columns)
    return Row(f"{format_level(confidence)}% CI", cells, indent)


def event_rows(
    lookup: Lookup,
    label: str,
    columns: Sequence[Column],
    analysis: str,
    level: str,
    confidence: float,
    indent: int = 0,
) -> list[Row]:
    """Return a row of ``n (%) [events]`` and, one step further in, that of the interval."""
    return [
        term_row(lookup, label, columns, (), analysis, level, indent),
        interval_row(lookup, columns, analysis, level, confidence, indent + 1),
    ]


def with_events(lookup: Lookup, analysis: str, group: str, level: str) -> str:
    """Return ``n (%) [events]`` of one cell, without the bracket where there is no event."""
    text = lookup.count_percent(analysis, group, level)
    events = lookup.value(analysis, group, "events", level)
    return f"{text} [{format_count(events)}]" if events > 0 else text


def finish(
    stub: str,
    lookup: Lookup,
    columns: Sequence[Column],
    body: list[Row],
    notes: list[str],
) -> Table:
    """Close a table: heads with N, and the notes with the reasons of what isn't estimable."""
    return Table(stub, lookup.headers(columns), tuple(body), (*notes, *lookup.notes()))
