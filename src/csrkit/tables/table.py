"""The table model: what a table shows, before it becomes HTML, Typst, Word, RTF or CSV, and its widths."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pandas as pd
from wcwidth import wcswidth

from csrkit import carried
from csrkit.plain_text import plain_text, unbreakable
from csrkit.tables import escape

if TYPE_CHECKING:
    import great_tables as gt

# The table model: what a table shows, before it becomes HTML, Typst, Word, RTF or CSV.

MIME = "application/vnd.itpcsr.table+json"


@dataclass(frozen=True)
class Header:
    """One column head: text, the N below it, and the text above that it shares with its neighbours."""

    label: str
    n: str = ""
    spanner: str = ""

    def __post_init__(self) -> None:
        """Make the texts plain: a table's writers, its layout and its checks then see the same words."""
        for name in ("label", "n", "spanner"):
            object.__setattr__(self, name, plain_text(getattr(self, name)))

    @property
    def text(self) -> str:
        """Return label and N on one line."""
        return f"{self.label} (N={self.n})" if self.n else self.label


@dataclass(frozen=True)
class Row:
    """One row: label, one text per column, depth of indentation; a section row has no cells."""

    label: str
    cells: tuple[str, ...] = ()
    indent: int = 0

    def __post_init__(self) -> None:
        """Make the texts plain."""
        object.__setattr__(self, "label", plain_text(self.label))
        object.__setattr__(self, "cells", tuple(map(plain_text, self.cells)))

    @property
    def is_section(self) -> bool:
        """Tell whether the row is a heading over the rows below it."""
        return not any(self.cells)


@dataclass(frozen=True)
class Table:
    """A table ready to be written in any format.

    ``absent`` is the one sentence that stands in the table's place when there are no data. ``sources`` are
    the displays whose result rows the table arranges beside its own. A listing too long to be printed has
    its first rows here and all of them in ``file``, of which ``digest`` is the SHA-256. ``results`` are the
    result rows that it carries to the report.
    """

    stub: str
    headers: tuple[Header, ...] = ()
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    absent: str = ""
    sources: tuple[str, ...] = ()
    file: str = ""
    digest: str = ""
    kind: str = field(default="table", init=False)
    results: pd.DataFrame | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Make the texts plain."""
        for name in ("stub", "absent"):
            object.__setattr__(self, name, plain_text(getattr(self, name)))
        object.__setattr__(self, "notes", tuple(map(plain_text, self.notes)))

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, **options: Any) -> Table:
        """Return any data frame as a table; see ``csrkit.tables.frames.table_from_frame``."""
        from csrkit.tables.frames import table_from_frame  # which makes tables

        return table_from_frame(frame, **options)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Show as a great table in notebooks, and carry the model itself for the report."""
        html = f"<p>{escape.html(self.absent)}</p>" if self.absent else as_great_table(self).as_raw_html()
        return {"text/html": html, MIME: _as_json(self), **carried.bundle(self.results)}


def _as_json(table: Table) -> dict[str, Any]:
    """Return the model as a notebook's output carries it; one whole in itself says nothing of a file."""
    content = asdict(replace(table, results=None))
    del content["results"]
    if not table.file:
        del content["file"], content["digest"]
    return content


def table_from_json(content: dict[str, Any]) -> Table:
    """Return the table that a notebook's output carries."""
    return Table(
        stub=content["stub"],
        headers=tuple(Header(**header) for header in content["headers"]),
        rows=tuple(Row(row["label"], tuple(row["cells"]), row["indent"]) for row in content["rows"]),
        notes=tuple(content["notes"]),
        absent=content["absent"],
        sources=tuple(content.get("sources", ())),  # notebooks of earlier versions don't name them
        file=content.get("file", ""),
        digest=content.get("digest", ""),
    )


def spanner_runs(headers: tuple[Header, ...]) -> list[tuple[str, int]]:
    """Return neighbouring columns with the same spanner as (text, number of columns)."""
    runs: list[tuple[str, int]] = []
    for header in headers:
        if runs and runs[-1][0] == header.spanner and header.spanner:
            runs[-1] = (header.spanner, runs[-1][1] + 1)
        else:
            runs.append((header.spanner, 1))
    return runs


@dataclass(frozen=True)
class HeadCell:
    """One cell of a table's head: its text, the N below it, how many columns and rows it covers."""

    label: str
    n: str = ""
    columns: int = 1
    rows: int = 1


def head_rows(table: Table) -> list[list[HeadCell]]:
    """Return the one or two rows of the head; without spanners there is one."""
    depth = 2 if any(header.spanner for header in table.headers) else 1
    upper, lower = [HeadCell(table.stub, rows=depth)], []
    start = 0
    for text, width in spanner_runs(table.headers):
        run = table.headers[start : start + width]
        if text:
            upper.append(HeadCell(text, columns=width))
            lower += [HeadCell(header.label, header.n) for header in run]
        else:
            upper += [HeadCell(header.label, header.n, rows=depth) for header in run]
        start += width
    return [upper, lower] if lower else [upper]


def as_great_table(table: Table) -> gt.GT:
    """Return the table as the notebook shows it."""
    import great_tables as gt  # takes half a second, and notebooks alone show great tables

    names = [f"c{number}" for number in range(len(table.headers))]
    frame = pd.DataFrame([row.cells or ("",) * len(names) for row in table.rows], columns=names, dtype="str")
    frame.insert(0, "label", ["\u2003" * row.indent + row.label for row in table.rows])
    shown = gt.GT(frame, rowname_col="label", id="table").tab_stubhead(table.stub)
    shown = shown.cols_label(
        {
            name: gt.html(escape.html(header.text).replace(" (N=", "<br>(N="))
            for name, header in zip(names, table.headers, strict=True)
        }
    ).cols_align("center", columns=names)
    start = 0
    for text, width in spanner_runs(table.headers):
        if text:
            shown = shown.tab_spanner(text, columns=names[start : start + width], id=f"s{start}")
        start += width
    for note in table.notes:
        shown = shown.tab_source_note(note)
    return shown


# How much room a table's columns ask for, and whether an upright page has it.

# Characters of table text, gaps between columns included, that an upright A4 page takes on one line.
UPRIGHT_CHARACTERS = 118
# The same of a page on its side, whose margins are as wide.
_TURNED_CHARACTERS = 179
GAP = 2
# A longer word breaks within its column.
WORD_MOST = 40
# Row labels wrap well: rather than turn the page, the stub gives room away down to 24 characters.
_STUB_LEAST, _STUB_WRAPPED, _STUB_MOST = 12, 24, 34
_CELL_LEAST, _CELL_MOST = 5, 22


def column_characters(table: Table) -> list[int]:
    """Return the room each column asks for in characters, the stub first.

    A column is as wide as its longest cell, at most 22 characters (longer texts wrap), and never narrower
    than its longest word, but for words of more than 40 characters, which break; heads wrap at words.
    Chinese characters count as two, and each is a word. Section rows span the table and ask for nothing.
    """
    rows = [row for row in table.rows if not row.is_section]
    labels = [table.stub, *(" " * (2 * row.indent) + row.label for row in rows)]
    widths = [_clip(_longest(labels), max(_STUB_LEAST, _longest_word(labels)), _STUB_MOST)]
    for column, header in enumerate(table.headers):
        cells = [row.cells[column] for row in rows]
        words = _longest_word([header.label, header.spanner, f"(N={header.n})" if header.n else "", *cells])
        widths.append(_clip(_longest(cells), max(_CELL_LEAST, words), _CELL_MOST))
    excess = _room(widths) - UPRIGHT_CHARACTERS
    if 0 < excess <= widths[0] - max(_STUB_WRAPPED, _longest_word(labels)):
        widths[0] -= excess
    return widths


def column_room(table: Table) -> list[int]:
    """Return how many letters of a word each column has room for: what it asks, or less on a full page."""
    widths = column_characters(table)
    if _room(widths) <= _TURNED_CHARACTERS:
        return widths
    return [max(int((width + GAP) * _TURNED_CHARACTERS / _room(widths)) - GAP, 1) for width in widths]


def is_wide_table(table: Table) -> bool:
    """Tell whether the table needs a page on its side, in every paged format alike."""
    return _room(column_characters(table)) > UPRIGHT_CHARACTERS


def _room(widths: list[int]) -> int:
    return sum(width + GAP for width in widths)


def _clip(width: int, least: int, most: int) -> int:
    return max(least, min(width, most))


def _longest(texts: Iterable[str]) -> int:
    return max((wcswidth(text) for text in texts), default=0)


def _longest_word(texts: Iterable[str]) -> int:
    return min(_longest(word for text in texts for word in unbreakable(text)), WORD_MOST)
