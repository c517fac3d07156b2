"""Layouts: what a table's rows show, said as data, and the cells made of result rows.

A layout is a list of parts; each part becomes one row or more, with a cell for each column of the study::

    layout(
        rates,
        study.design.columns,
        [
            n_percent("rate", label="Responders, n (%)"),
            interval("exact", label="95% CI, Clopper-Pearson"),
            section("Posterior of the rate, %"),
            number("posterior", "mean", decimals=1, label="Mean"),
            each("exceeds", percent, label="Probability that the rate exceeds {level}%, %"),
        ],
        stub="Response rate",
    )

A part asks for what was computed: a row that isn't there is an error. What can't be estimated shows NE, with
its reason in a note below the table.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ParamSpec, cast

import pandas as pd

from csrkit.carried import with_rows
from csrkit.rows import absence
from csrkit.stats.groups import Columns
from csrkit.tables.formats import (
    NOT_ESTIMABLE,
    SUPPRESSED,
    format_count,
    format_level,
    format_number,
    format_p,
    format_percent,
    missing,
)
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Row, Table

_P = ParamSpec("_P")
Part = Callable[[Lookup, Columns], list[Row]]
SUMMARY = {"n": ("n",), "Mean (SD)": ("mean", "sd"), "Median": ("median",), "Min, max": ("min", "max")}
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
    columns: Columns,
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


def joined(
    lookup: Lookup, analysis: str, group: str, names: Sequence[str], visit: str = "", decimals: int = 0
) -> str:
    """Join statistics: a range as ``min, max``, others as ``mean (SD)`` or ``median (Q1, Q3)``.

    ``decimals`` are those of the data.
    """
    texts = [lookup.statistic(analysis, group, name, decimals, visit) for name in names]
    if texts[0] in (NOT_ESTIMABLE, SUPPRESSED) or len(texts) == 1:
        return texts[0]
    if list(names) == ["min", "max"]:
        return ", ".join(texts)
    return f"{texts[0]} ({', '.join(texts[1:])})"


def summary_rows(
    lookup: Lookup, columns: Columns, variable: str, decimals: int = 0, visit: str = ""
) -> list[Row]:
    """Return the four rows of a continuous variable: n, mean (SD), median, range."""
    return [
        Row(
            label,
            tuple(joined(lookup, variable, column.key, names, visit, decimals) for column in columns),
            1,
        )
        for label, names in SUMMARY.items()
    ]


def count_row(
    lookup: Lookup, label: str, columns: Columns, analysis: str, level: str, indent: int = 0
) -> Row:
    """Return a row of ``n (%)``."""
    return Row(label, tuple(lookup.count_percent(analysis, column.key, level) for column in columns), indent)


def interval_row(
    lookup: Lookup,
    columns: Columns,
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
    columns: Columns,
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


def among(lookup: Lookup, analysis: str, group: str, level: str = "", visit: str = "") -> str:
    """Return ``n/N (percent)`` of one cell; ``0/N`` without a percentage, ``0/0`` where nobody is counted."""
    n, total = (lookup.value(analysis, group, name, level, visit) for name in ("n", "N"))
    if n != n:
        return missing(n)
    text = f"{format_count(n)}/{format_count(total)}"
    percent = lookup.value(analysis, group, "percent", level, visit) if n else 0
    return f"{text} ({format_percent(percent)})" if n else text


def finish(
    stub: str,
    lookup: Lookup,
    columns: Columns,
    body: list[Row],
    notes: list[str],
) -> Table:
    """Close a table: heads with N, and the notes with the reasons of what isn't estimable."""
    return Table(stub, lookup.headers(columns), tuple(body), (*notes, *lookup.notes()))


def layout(
    rows: pd.DataFrame,
    columns: Columns,
    parts: Sequence[Part],
    stub: str,
    notes: Sequence[str] = (),
) -> Table:
    """Arrange result rows by a layout; the table carries them to the report.

    Parameters
    ----------
    rows
        Result rows of one display, with the size of each column (analysis ``size``, statistic ``N``). Those
        of a display without data make a table of their one sentence.
    columns
        The columns, as ``study.design.columns`` has them.
    parts
        What the rows show, from above.
    stub
        Head of the column of labels.
    notes
        Notes below the table; the reasons of what isn't estimable follow them.

    Raises
    ------
    ValueError
        A part asks for a number that no row holds: analysis, level, visit, column and statistic are named.
    """
    if sentence := absence(rows):
        return with_rows(Table("", absent=sentence), rows)
    lookup = Lookup(rows)
    body = [row for part in parts for row in part(lookup, columns)]
    return with_rows(finish(stub, lookup, columns, body, list(notes)), rows)


def cells(cell: Callable[[Lookup, str], str], label: str, indent: int = 0) -> Part:
    """Return a row of cells that a function makes of the numbers and a column's key."""
    return lambda lookup, columns: [Row(label, tuple(cell(lookup, column.key) for column in columns), indent)]


def section(label: str, *parts: Part) -> Part:
    """Return a heading, and these parts below it, one step further in."""
    return lambda lookup, columns: [
        Row(label),
        *(replace(row, indent=row.indent + 1) for part in parts for row in part(lookup, columns)),
    ]


def each(analysis: str, part: Callable[..., Part], label: str = "{level}", **options: Any) -> Part:
    """Return a part for every level of an analysis, in the order of its rows.

    ``label`` may name the ``{level}``; ``options`` go to the part.
    """
    return lambda lookup, columns: [
        row
        for level in lookup.levels(analysis)
        for row in part(analysis, level, label=label.format(level=level), **options)(lookup, columns)
    ]


def each_visit(analysis: str, part: Callable[..., Part], label: str = "{visit}", **options: Any) -> Part:
    """Return a part for every visit of an analysis, in the order of its rows."""
    return lambda lookup, columns: [
        row
        for visit in lookup.visits(analysis)
        for row in part(analysis, visit=visit, label=label.format(visit=visit), **options)(lookup, columns)
    ]


def n_percent(analysis: str, level: str = "", visit: str = "", *, label: str, indent: int = 0) -> Part:
    """Return a row of ``n (%)``."""
    return cells(lambda lookup, key: lookup.count_percent(analysis, key, level, visit), label, indent)


def n_of_total(analysis: str, level: str = "", visit: str = "", *, label: str, indent: int = 0) -> Part:
    """Return a row of ``n/N``."""

    def cell(lookup: Lookup, key: str) -> str:
        numbers = (lookup.value(analysis, key, name, level, visit) for name in ("n", "N"))
        return "/".join(map(format_count, numbers))

    return cells(cell, label, indent)


def n_of_total_percent(
    analysis: str, level: str = "", visit: str = "", *, label: str, indent: int = 0
) -> Part:
    """Return a row of ``n/N (%)``, where N may differ from that of the column."""
    return cells(lambda lookup, key: among(lookup, analysis, key, level, visit), label, indent)


def limits(
    analysis: str, name: str, level: str = "", visit: str = "", *, label: str, indent: int = 1
) -> Part:
    """Return a row of the interval ``<name>_low`` to ``<name>_high``, of which one side may not be estimable.

    With one decimal; one NE stands for both.
    """

    def cell(lookup: Lookup, key: str) -> str:
        pair = [lookup.value(analysis, key, f"{name}_{side}", level, visit) for side in ("low", "high")]
        texts = [format_number(value, 1) for value in pair]
        alike = texts[0] == texts[1] and texts[0] in (NOT_ESTIMABLE, SUPPRESSED)
        return texts[0] if alike else " to ".join(texts)

    return cells(cell, label, indent)


def share_at_risk(analysis: str, visit: str, *, label: str, indent: int = 0) -> Part:
    """Return a row of Kaplan-Meier shares at a day in percent, with the number at risk in brackets."""

    def cell(lookup: Lookup, key: str) -> str:
        percent = lookup.statistic(analysis, key, "km_percent", 0, visit)
        return f"{percent} [{format_count(lookup.value(analysis, key, 'at_risk', visit=visit))}]"

    return cells(cell, label, indent)


def n_percent_events(analysis: str, level: str = "", *, label: str, indent: int = 0) -> Part:
    """Return a row of ``n (%) [events]``."""
    return cells(lambda lookup, key: with_events(lookup, analysis, key, level), label, indent)


def interval(analysis: str, level: str = "", visit: str = "", *, label: str, indent: int = 1) -> Part:
    """Return a row of the interval of a rate in percent: ``ci_low`` and ``ci_high``."""
    return cells(lambda lookup, key: lookup.interval(analysis, key, level, visit), label, indent)


def percent(analysis: str, level: str = "", *, label: str, indent: int = 0) -> Part:
    """Return a row of percentages."""
    return cells(lambda lookup, key: lookup.text(analysis, key, "percent", level), label, indent)


def number(
    analysis: str,
    statistic: str,
    level: str = "",
    visit: str = "",
    *,
    label: str,
    decimals: int = 0,
    indent: int = 0,
) -> Part:
    """Return a row of one statistic, with as many decimals as are said."""
    return cells(
        lambda lookup, key: format_number(lookup.value(analysis, key, statistic, level, visit), decimals),
        label,
        indent,
    )


def count(
    analysis: str, statistic: str, level: str = "", visit: str = "", *, label: str, indent: int = 0
) -> Part:
    """Return a row of whole numbers."""
    return cells(
        lambda lookup, key: format_count(lookup.value(analysis, key, statistic, level, visit)), label, indent
    )


def statistics(
    analysis: str,
    names: Sequence[str],
    visit: str = "",
    *,
    label: str,
    decimals: int = 0,
    indent: int = 0,
) -> Part:
    """Return a row of statistics in one cell: ``mean (SD)``, ``median (Q1, Q3)`` or ``min, max``.

    ``decimals`` are those of the data: a mean has one more, an SD two more.
    """
    return cells(lambda lookup, key: joined(lookup, analysis, key, names, visit, decimals), label, indent)


def summary(analysis: str, *, label: str, decimals: int = 0) -> Part:
    """Return a continuous variable: its name, and below it n, mean (SD), median, and range."""
    return lambda lookup, columns: [Row(label), *summary_rows(lookup, columns, analysis, decimals)]


def p_value(analysis: str, level: str = "", visit: str = "", *, label: str, indent: int = 0) -> Part:
    """Return a row of p-values."""
    return cells(
        lambda lookup, key: format_p(lookup.value(analysis, key, "p_value", level, visit)), label, indent
    )


def when(condition: bool, *parts: Part) -> Part:
    """Return these parts where the condition holds, and nothing where it doesn't."""
    return lambda lookup, columns: [row for part in parts if condition for row in part(lookup, columns)]
