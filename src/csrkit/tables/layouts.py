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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ParamSpec, cast

import pandas as pd

from csrkit.carried import with_rows
from csrkit.rows import absence
from csrkit.stats.groups import Category, Columns
from csrkit.tables.formats import (
    NOT_ESTIMABLE,
    SUPPRESSED,
    format_count,
    format_interval,
    format_level,
    format_number,
    format_p,
    format_signed,
    format_statistic,
)
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Header, Row, Table
from csrkit.vocabulary import Level, last_part, limits_of

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
    level: Level,
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
    lookup: Lookup,
    analysis: str,
    group: str,
    names: Sequence[str],
    visit: str = "",
    decimals: int = 0,
    level: Level = "",
) -> str:
    """Join statistics: a range as ``min, max``, others as ``mean (SD)`` or ``median (Q1, Q3)``.

    ``decimals`` are those of the data.
    """
    values = [lookup.value(analysis, group, name, level, visit) for name in names]
    texts = [format_statistic(name, value, decimals) for name, value in zip(names, values, strict=True)]
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


def interval_row(
    lookup: Lookup,
    columns: Columns,
    analysis: str,
    level: Level,
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
    level: Level,
    confidence: float,
    indent: int = 0,
) -> list[Row]:
    """Return a row of ``n (%) [events]`` and, one step further in, that of the interval."""
    return [
        term_row(lookup, label, columns, (), analysis, level, indent),
        interval_row(lookup, columns, analysis, level, confidence, indent + 1),
    ]


def with_events(lookup: Lookup, analysis: str, group: str, level: Level) -> str:
    """Return ``n (%) [events]`` of one cell, without the bracket where there is no event."""
    text = lookup.count_percent(analysis, group, level)
    events = lookup.value(analysis, group, "events", level)
    return f"{text} [{format_count(events)}]" if events > 0 else text


def finish(
    stub: str,
    lookup: Lookup,
    columns: Columns,
    body: list[Row],
    notes: list[str],
) -> Table:
    """Close a table: heads with N, and the notes with the reasons of what isn't estimable."""
    return Table(stub, lookup.headers(columns), tuple(body), (*notes, *lookup.notes()))


@sentence_if_absent
def layout(
    rows: pd.DataFrame,
    columns: Columns,
    parts: Sequence[Part],
    stub: str,
    notes: Sequence[str | Callable[[Lookup], str]] = (),
) -> Table:
    """Arrange result rows by a layout; the table carries them to the report.

    Parameters
    ----------
    rows
        Result rows of one display, with the size of each column (analysis ``size``, statistic ``N``) or of
        none. Those of a display without data make a table of their one sentence.
    columns
        The columns, as ``study.design.columns`` has them.
    parts
        What the rows show, from above.
    stub
        Head of the column of labels.
    notes
        Notes below the table, or functions that make them of the numbers; the reasons of what isn't estimable
        follow them.

    Raises
    ------
    ValueError
        A part asks for a number that no row holds: analysis, level, visit, column and statistic are named.
    """
    lookup = Lookup(rows)
    body = [row for part in parts for row in part(lookup, columns)]
    texts = [note if isinstance(note, str) else note(lookup) for note in notes]
    return finish(stub, lookup, columns, body, texts)


@sentence_if_absent
def grid(
    rows: pd.DataFrame,
    heads: Sequence[tuple[str | Header, Callable[[Lookup, Any], str]]],
    lines: Sequence[tuple[Any, str]],
    stub: str,
    notes: Sequence[str] = (),
) -> Table:
    """Arrange result rows in columns that are statistics in place of groups; the table carries the rows.

    Parameters
    ----------
    rows
        Result rows of one display.
    heads
        Each column's head, and the function that makes its cells of the numbers and the key of a line.
    lines
        Key and label of each row. A key of None makes a heading, under which the rows are indented.
    stub, notes
        As in ``layout``.
    """
    lookup, body, indent = Lookup(rows), [], 0
    for key, label in lines:
        if key is None:
            body.append(Row(label))
            indent = 1
        else:
            body.append(Row(label, tuple(cell(lookup, key) for _, cell in heads), indent))
    headers = tuple(head if isinstance(head, Header) else Header(head) for head, _ in heads)
    return Table(stub, headers, tuple(body), (*notes, *lookup.notes()))


def cells(cell: Callable[[Lookup, str], str], label: str, indent: int = 0) -> Part:
    """Return a row of cells that a function makes of the numbers and a column's key."""
    return lambda lookup, columns: [Row(label, tuple(cell(lookup, column.key) for column in columns), indent)]


def section(label: str, *parts: Part) -> Part:
    """Return a heading, and these parts below it, one step further in."""
    return lambda lookup, columns: [
        Row(label),
        *(replace(row, indent=row.indent + 1) for part in parts for row in part(lookup, columns)),
    ]


def each(
    analysis: str,
    part: Callable[..., Part],
    label: str | Callable[[str], str] = "{level}",
    **options: Any,
) -> Part:
    """Return a part for every level of an analysis, in the order of its rows.

    ``label`` may name the ``{level}``, or be a function of it (of its last part, where it has a category);
    ``options`` go to the part.
    """
    named = label if callable(label) else lambda level: label.format(level=level)
    return lambda lookup, columns: [
        row
        for level in lookup.levels(analysis)
        for row in part(analysis, level, label=named(last_part(level)), **options)(lookup, columns)
    ]


def n_percent(analysis: str, level: Level = "", visit: str = "", *, label: str, indent: int = 0) -> Part:
    """Return a row of ``n (%)``."""
    return cells(lambda lookup, key: lookup.count_percent(analysis, key, level, visit), label, indent)


def n_of_total(analysis: str, level: Level = "", visit: str = "", *, label: str, indent: int = 0) -> Part:
    """Return a row of ``n/N``."""

    def cell(lookup: Lookup, key: str) -> str:
        numbers = (lookup.value(analysis, key, name, level, visit) for name in ("n", "N"))
        return "/".join(map(format_count, numbers))

    return cells(cell, label, indent)


def nested(
    analyses: Sequence[str],
    part: Callable[..., Part],
    labels: Callable[[str], str] | Sequence[Callable[[str], str]] = str,
    *,
    repeat: bool = True,
) -> Part:
    """Return a row for each level of the first analysis, with those of the next ones inside it below it.

    Parameters
    ----------
    analyses
        From the outermost inwards: a level ``("Cardiac disorders", "Palpitations")`` of the second belongs to
        the level ``Cardiac disorders`` of the first, and so on. Levels come in the order of the rows.
    part
        What each row shows, such as ``n_percent``.
    labels
        A row's label from the last part of its level: one function, or one for each analysis.
    repeat
        False leaves out a level that is alone in the one above it and has the same name.
    """
    names = [labels] * len(analyses) if callable(labels) else list(labels)

    def rows(lookup: Lookup, columns: Columns) -> list[Row]:
        def below(outer: tuple[str, ...]) -> list[Row]:
            depth = len(outer)
            own = lookup.levels(analyses[depth], *outer)
            if not repeat and depth and own == [(*outer, outer[-1])]:
                return []
            made: list[Row] = []
            for level in own:
                inner = level if depth else (level,)
                label = names[depth](inner[-1])
                made += part(analyses[depth], level, label=label, indent=depth)(lookup, columns)
                if depth + 1 < len(analyses):
                    made += below(inner)
            return made

        return below(())

    return rows


def n_of_total_percent(
    analysis: str, level: Level = "", visit: str = "", *, label: str, indent: int = 0
) -> Part:
    """Return a row of ``n/N (%)``, where N may differ from that of the column."""
    return cells(lambda lookup, key: lookup.among(analysis, key, level, visit), label, indent)


def events_percent(analysis: str, level: Level = "", *, label: str, indent: int = 0) -> Part:
    """Return a row of ``events (%)``; 0 has no percentage."""

    def cell(lookup: Lookup, key: str) -> str:
        events = lookup.value(analysis, key, "events", level)
        percent = lookup.text(analysis, key, "percent", level) if events > 0 else ""
        return f"{format_count(events)} ({percent})" if percent else format_count(events)

    return cells(cell, label, indent)


def events_with_interval(
    analysis: str, level: Level = "", *, label: str, confidence: float, indent: int = 0
) -> Part:
    """Return a row of ``n (%) [events]`` and, one step further in, the interval of the rate."""
    return lambda lookup, columns: event_rows(lookup, label, columns, analysis, level, confidence, indent)


def limits(
    analysis: str, name: str, level: Level = "", visit: str = "", *, label: str, indent: int = 1
) -> Part:
    """Return a row of the interval of a statistic, of which one side may not be estimable.

    With one decimal; one NE stands for both.
    """

    def cell(lookup: Lookup, key: str) -> str:
        pair = [lookup.value(analysis, key, one, level, visit) for one in limits_of(name)]
        texts = [format_number(value, 1) for value in pair]
        alike = texts[0] == texts[1] and texts[0] in (NOT_ESTIMABLE, SUPPRESSED)
        return texts[0] if alike else " to ".join(texts)

    return cells(cell, label, indent)


def values(
    analysis: str,
    names: Sequence[str],
    level: Level = "",
    visit: str = "",
    *,
    label: str,
    between: str = " to ",
    indent: int = 0,
) -> Part:
    """Return a row of statistics joined, each written as the vocabulary says; one NE stands for all."""

    def cell(lookup: Lookup, key: str) -> str:
        numbers = [lookup.value(analysis, key, name, level, visit) for name in names]
        texts = [format_statistic(name, value, 0) for name, value in zip(names, numbers, strict=True)]
        absent = [text for text in texts if text in (NOT_ESTIMABLE, SUPPRESSED)]
        return absent[0] if absent else between.join(texts)

    return cells(cell, label, indent)


def share_at_risk(analysis: str, visit: str, *, label: str, indent: int = 0) -> Part:
    """Return a row of Kaplan-Meier shares at a day in percent, with the number at risk in brackets."""

    def cell(lookup: Lookup, key: str) -> str:
        percent = lookup.statistic(analysis, key, "km_percent", 0, visit)
        return f"{percent} [{format_count(lookup.value(analysis, key, 'at_risk', visit=visit))}]"

    return cells(cell, label, indent)


def n_percent_events(analysis: str, level: Level = "", *, label: str, indent: int = 0) -> Part:
    """Return a row of ``n (%) [events]``."""
    return cells(lambda lookup, key: with_events(lookup, analysis, key, level), label, indent)


def interval(analysis: str, level: Level = "", visit: str = "", *, label: str, indent: int = 1) -> Part:
    """Return a row of the interval of a rate in percent."""
    return cells(lambda lookup, key: lookup.interval(analysis, key, level, visit), label, indent)


def percent(analysis: str, level: Level = "", *, label: str, indent: int = 0) -> Part:
    """Return a row of percentages."""
    return cells(lambda lookup, key: lookup.text(analysis, key, "percent", level), label, indent)


def number(
    analysis: str,
    statistic: str,
    level: Level = "",
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
    analysis: str, statistic: str, level: Level = "", visit: str = "", *, label: str, indent: int = 0
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
    level: Level = "",
) -> Part:
    """Return a row of statistics in one cell: ``mean (SD)``, ``median (Q1, Q3)`` or ``min, max``.

    ``decimals`` are those of the data: a mean has one more, an SD two more.
    """
    return cells(
        lambda lookup, key: joined(lookup, analysis, key, names, visit, decimals, level), label, indent
    )


def summary(analysis: str, *, label: str, decimals: int = 0) -> Part:
    """Return a continuous variable: its name, and below it n, mean (SD), median, and range."""
    return lambda lookup, columns: [Row(label), *summary_rows(lookup, columns, analysis, decimals)]


def p_value(analysis: str, level: Level = "", visit: str = "", *, label: str, indent: int = 0) -> Part:
    """Return a row of p-values."""
    return cells(
        lambda lookup, key: format_p(lookup.value(analysis, key, "p_value", level, visit)), label, indent
    )


def compared(
    analysis: str,
    pairs: Mapping[str, Level],
    visit: str = "",
    *,
    label: str,
    confidence: float,
    decimals: int = 1,
) -> Part:
    """Return a heading, and below it how columns differ: estimate (SE), its interval, and the p-value.

    Parameters
    ----------
    analysis, visit
        Where the differences are, as ``csrkit.stats.ancova.differences`` and its like return them.
    pairs
        The key of each column that is compared, with the level of its rows, which is the column that it is
        compared with. Cells of other columns are empty.
    label
        The heading.
    confidence
        Level of the interval, for the name of its row.
    decimals
        Of the estimate and the limits; the standard error has one more.
    """

    def row(name: str, text: Callable[[Lookup, str, Level], str]) -> Part:
        return cells(lambda lookup, key: text(lookup, key, pairs[key]) if key in pairs else "", name)

    def estimate(lookup: Lookup, key: str, other: Level) -> str:
        return joined(lookup, analysis, key, ["estimate", "se"], visit, decimals, other)

    def limits_between(lookup: Lookup, key: str, other: Level) -> str:
        low, high = (lookup.value(analysis, key, one, other, visit) for one in limits_of("estimate"))
        return format_interval(low, high, decimals)

    def tested(lookup: Lookup, key: str, other: Level) -> str:
        return format_p(lookup.value(analysis, key, "p_value", other, visit))

    rows = (
        row("Difference of LS means (SE)", estimate),
        row(f"{format_level(confidence)}% CI", limits_between),
        row("p-value", tested),
    )
    return section(label, *rows)


def when(condition: bool, *parts: Part) -> Part:
    """Return these parts where the condition holds, and nothing where it doesn't."""
    return lambda lookup, columns: [row for part in parts if condition for row in part(lookup, columns)]


# Tables whose columns aren't groups of subjects: visits, or statistics of what has a row each.


Text = Callable[[float], str]
Shape = str | Callable[[Sequence[str]], str]
Levels = Mapping[str, Mapping[str | tuple[str, Level], str]]
AND = "\u00a0+\u00a0"  # between the sizes of two groups, without a break of the line
_SHAPES = {1: "{}", 2: "{} to {}", 3: "{} ({} to {})"}


def two_decimals(value: float) -> str:
    """Return a number with two decimals and, below 0, the sign of print."""
    return format_signed(value, 2)


def with_limits(*texts: str, shape: Shape = "") -> str:
    """Return ``estimate (low to high)``; the estimate alone where there is no interval.

    ``shape`` is another one, of as many texts as there are. What can't be estimated is NE, once.

    >>> with_limits("1.20", "0.90", "1.60"), with_limits("3", "5", shape="{}; {}"), with_limits("NE", "NE")
    ('1.20 (0.90 to 1.60)', '3; 5', 'NE')
    """
    if texts[0] == NOT_ESTIMABLE or (len(texts) > 2 and texts[1] == NOT_ESTIMABLE):
        return texts[0]
    form = shape or _SHAPES[len(texts)]
    return form(texts) if callable(form) else form.format(*texts)


@dataclass(frozen=True)
class Shown:
    """One column of ``level_layout``; see ``shown``."""

    label: str
    analysis: str
    names: tuple[str, ...]
    text: Text | Mapping[Level, Text]
    shape: Shape
    visit: str
    spanner: str
    group: str
    cell: Callable[[Lookup, str, Any], str] | None

    def written(self, lookup: Lookup, analysis: str, level: Level) -> str:
        """Return the text of a level."""
        if self.cell:
            return self.cell(lookup, analysis, level)
        text = self.text[level] if isinstance(self.text, Mapping) else self.text
        values = [
            lookup.value(self.analysis or analysis, self.group, name, level, self.visit)
            for name in self.names
        ]
        return with_limits(*map(text, values), shape=self.shape)


def shown(
    label: str,
    analysis: str,
    *names: str,
    text: Text | Mapping[Level, Text] = two_decimals,
    shape: Shape = "",
    visit: str = "",
    spanner: str = "",
    group: str = "total",
    cell: Callable[[Lookup, str, Any], str] | None = None,
) -> Shown:
    """Return a column of statistics, for ``level_layout``.

    Parameters
    ----------
    label, spanner
        Its head, and the head that it shares with its neighbours.
    analysis
        Where the statistics are; "" for the analysis that the row names.
    *names
        The statistics of a cell: one, two limits, or an estimate with its limits.
    text
        How a number is written, for all levels or by level.
    shape
        How the texts of a cell are joined, where not as ``estimate (low to high)``.
    visit, group
        Further keys of the rows.
    cell
        A function of the numbers, the analysis and the level, where nothing of this says what a cell shows.
    """
    return Shown(label, analysis, names, text, shape, visit, spanner, group, cell)


def shown_interval(label: str, analysis: str, name: str, **options: Any) -> Shown:
    """Return a column of an estimate with its limits, for ``level_layout``; ``options`` as of ``shown``."""
    return shown(label, analysis, name, *limits_of(name), **options)


@sentence_if_absent
def level_layout(
    rows: pd.DataFrame, levels: Levels, columns: Sequence[Shown], stub: str, notes: Sequence[str] = ()
) -> Table:
    """Arrange result rows with a row for each level and a column for each statistic.

    Parameters
    ----------
    rows
        Result rows of one display; those of a display without data make a table of their one sentence.
    levels
        Heading to what stands below it, a level (or analysis and level) to its label; rows below the heading
        "" have none.
    columns
        What each column shows (``shown``).
    stub, notes
        As in ``layout``.
    """
    lookup = Lookup(rows)
    body: list[Row] = []
    for heading, below in levels.items():
        body += [Row(heading)] if heading else []
        for key, label in below.items():
            analysis, level = key if isinstance(key, tuple) else ("", key)
            texts = tuple(column.written(lookup, analysis, level) for column in columns)
            body.append(Row(label, texts, 1 if heading else 0))
    heads = tuple(Header(column.label, spanner=column.spanner) for column in columns)
    return Table(stub, heads, tuple(body), (*notes, *lookup.notes()))


@sentence_if_absent
def visit_layout(
    rows: pd.DataFrame, visits: Sequence[str], parts: Sequence[Part], stub: str, notes: Sequence[str] = ()
) -> Table:
    """Arrange result rows with a column for each visit; ``parts`` are ``at_visits`` and ``section``."""
    lookup = Lookup(rows)
    columns = [Category(visit, visit, "", ()) for visit in visits]
    body = [row for part in parts for row in part(lookup, columns)]
    return Table(stub, tuple(map(Header, visits)), tuple(body), (*notes, *lookup.notes()))


def at_visits(
    analysis: str,
    *names: str,
    level: Level = "",
    label: str,
    text: Text = two_decimals,
    shape: Shape = "",
    blank: str = "",
    group: str = "total",
    indent: int = 0,
) -> Part:
    """Return a row of statistics by visit, for ``visit_layout``.

    ``blank`` stands where nobody (n = 0) has a value at the visit, and where the analysis has no such visit.
    """

    def cell(lookup: Lookup, visit: str) -> str:
        if blank and not lookup.has_number(analysis, group, names[0], level, visit):
            return blank
        if blank and not lookup.value(analysis, group, "n", level, visit):
            return blank
        values = [lookup.value(analysis, group, name, level, visit) for name in names]
        return with_limits(*map(text, values), shape=shape)

    return cells(cell, label, indent)
