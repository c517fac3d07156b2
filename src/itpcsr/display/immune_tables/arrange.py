"""How markers become rows: one function for tables of a row by marker, one for a section by marker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from csrkit.markers import Marker
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Header, Row, Table
from itpcsr.display.immune_tables.cells import Cell, Reader
from itpcsr.study import Study

NOT_ADJUSTED = "The intervals are not adjusted for the number of markers."
RATIO_NOTE = (
    "Ratio: geometric mean ratio for markers analysed on a log scale; the others are shown as differences, "
    "marked by a sign."
)
Line = tuple[str, tuple[str, ...], int]  # label, cells, depth of indentation


@dataclass(frozen=True)
class Shown:
    """One column: its head, the analysis that its cells are read from, their text, the head above."""

    label: str
    analysis: str
    text: Cell
    spanner: str = ""


def arrange(
    rows: pd.DataFrame, study: Study, columns: Sequence[Shown], notes: Sequence[str], visit: str = ""
) -> Table:
    """Return a table with a row for each marker, under the name of its panel."""
    lookup = Lookup(rows)
    readers = {column.analysis: Reader(lookup, column.analysis, visit=visit) for column in columns}
    body = tuple(
        Row(label, tuple(column.text(readers[column.analysis], marker) for column in columns), 1)
        if marker
        else Row(label)
        for label, marker in _labels(study.markers)
    )
    headers = tuple(Header(column.label, spanner=column.spanner) for column in columns)
    return Table("Marker", headers, body, (*notes, *lookup.notes()))


def _labels(markers: Sequence[Marker]) -> Iterator[tuple[str, Marker | None]]:
    """Yield each marker with its label, and before the first of a panel the panel's name alone."""
    panel = ""
    for marker in markers:
        if marker.panel != panel:
            panel = marker.panel
            yield panel, None
        yield marker.label, marker


def sections(
    markers: Iterable[Marker],
    heading: Callable[[Marker], str],
    lines: Callable[[Marker], Iterable[Line]],
) -> tuple[Row, ...]:
    """Return for each marker its heading and the lines below it."""
    return tuple(
        row for marker in markers for row in (Row(heading(marker)), *(Row(*line) for line in lines(marker)))
    )


def headings(*labels: str) -> tuple[Header, ...]:
    """Return column heads without more than their text."""
    return tuple(map(Header, labels))
