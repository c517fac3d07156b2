"""A table as an RTF document of its own."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from csrkit.tables import escape
from csrkit.tables.layout import column_characters, is_wide
from csrkit.tables.table import Row, Table, spanner_runs

# Lengths are twips, 20 to a point: A4, 2 cm beside and below the text, 2.5 cm above it.
_SHORT_SIDE, _LONG_SIDE = 11906, 16838
_MARGIN, _TOP, _TO_EDGE = 1134, 1417, 720
_INDENT = 160
# The blanks beside a cell's text, in twips and in characters.
_GAP, _GAP_CHARACTERS = 108, 4
# Sizes are half points.
_TITLE, _SUBTITLE, _NOTE, _CELL = 24, 20, 18, 16
_ABOVE, _BELOW = r"\clbrdrt\brdrs\brdrw15", r"\clbrdrb\brdrs\brdrw15"
_PAGE_OF_PAGES = r"Page {\field{\*\fldinst PAGE}{\fldrslt 1}} of {\field{\*\fldinst NUMPAGES}{\fldrslt 1}}"


@dataclass(frozen=True)
class _Cell:
    """A cell as it is written: escaped text, right edge, alignment, rules, and what else its words have."""

    text: str
    edge: int
    centred: bool = True
    rules: str = ""
    style: str = ""


def to_rtf(table: Table, title: str, subtitle: str) -> str:
    """Return the table as an RTF document of its own, in ASCII; each text stands there as it is.

    Title, subtitle and column heads stand on each page, no row is divided by the end of a page, and a
    section row goes with the row below it.
    """
    width, height = (_LONG_SIDE, _SHORT_SIDE) if is_wide(table) else (_SHORT_SIDE, _LONG_SIDE)
    edges = _edges(table, width - 2 * _MARGIN)
    lines = [
        r"{\rtf1\ansi\deff0\deflang1033",
        r"{\fonttbl{\f0\froman\fcharset0\fprq2 Times New Roman;}}",
        rf"\paperw{width}\paperh{height}" + (r"\landscape" if width > height else ""),
        rf"\margl{_MARGIN}\margr{_MARGIN}\margt{_TOP}\margb{_MARGIN}\headery{_TO_EDGE}\footery{_TO_EDGE}",
        *_page_head(title, subtitle),
        *(_sentence(table.absent, edges) if table.absent else [*_heads(table, edges), *_body(table, edges)]),
        *(_paragraph(escape.rtf(note), rf"\sb40\ql\fs{_NOTE}") for note in table.notes),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _page_head(title: str, subtitle: str) -> list[str]:
    return [
        r"{\header",
        _paragraph(_PAGE_OF_PAGES, rf"\qr\fs{_CELL}"),
        _paragraph(escape.rtf(title), rf"\sb60\qc\fs{_TITLE}"),
        _paragraph(escape.rtf(subtitle), rf"\sa120\qc\fs{_SUBTITLE}"),
        "}",
    ]


def _paragraph(content: str, style: str) -> str:
    return rf"\pard\plain{style} {content}\par"


def _edges(table: Table, width: int) -> list[int]:
    """Return the right edge of each column; together they are as wide as the page's text."""
    ends = [*itertools.accumulate(asked + _GAP_CHARACTERS for asked in column_characters(table))]
    return [round(width * end / ends[-1]) for end in ends]


def _sentence(text: str, edges: list[int]) -> list[str]:
    return [_row([_Cell(escape.rtf(text), edges[-1], centred=False)], _ABOVE + _BELOW)]


def _heads(table: Table, edges: list[int]) -> list[str]:
    """Return the rows of the head; below a spanner a rule shows which columns it spans."""
    rows = []
    if any(header.spanner for header in table.headers):
        places = itertools.accumulate(count for _, count in spanner_runs(table.headers))
        spanners = [
            _Cell(escape.rtf(text), edges[place], rules=_BELOW if text else "")
            for (text, _), place in zip(spanner_runs(table.headers), places, strict=True)
        ]
        rows.append([_Cell("", edges[0]), *spanners])
    texts = [escape.rtf(header.label) for header in table.headers]
    counts = [escape.rtf(f"(N={header.n})") if header.n else "" for header in table.headers]
    heads = [r"\line ".join(filter(None, pair)) for pair in zip(texts, counts, strict=True)]
    stub = _Cell(escape.rtf(table.stub), edges[0], centred=False, rules=_BELOW)
    rows.append(
        [stub, *(_Cell(text, edge, rules=_BELOW) for text, edge in zip(heads, edges[1:], strict=True))]
    )
    return [_row(row, _ABOVE if place == 0 else "", head=True) for place, row in enumerate(rows)]


def _body(table: Table, edges: list[int]) -> list[str]:
    last = len(table.rows) - 1
    return [
        _row(_cells(row, edges), _BELOW if place == last else "", follow=row.is_section)
        for place, row in enumerate(table.rows)
    ]


def _cells(row: Row, edges: list[int]) -> list[_Cell]:
    label, indent = escape.rtf(row.label), rf"\li{_INDENT * row.indent}"
    if row.is_section:
        return [_Cell(label, edges[-1], centred=False, style=rf"{indent}\b")]
    values = (_Cell(escape.rtf(cell), edge) for cell, edge in zip(row.cells, edges[1:], strict=True))
    return [_Cell(label, edges[0], centred=False, style=indent), *values]


def _row(cells: list[_Cell], rules: str, *, head: bool = False, follow: bool = False) -> str:
    """Write one row; a head stands on each page, and what is to ``follow`` it begins on its page."""
    kind = (r"\trhdr" if head else "") + (r"\trkeepfollow" if follow else "")
    lines = [rf"\trowd\trgaph{_GAP}\trleft0\trqc\trkeep{kind}"]
    upright = r"\clvertalb" if head else r"\clvertalt"
    lines += [rf"{upright}{rules}{cell.rules}\cellx{cell.edge}" for cell in cells]
    for cell in cells:
        style = (r"\qc" if cell.centred else r"\ql") + cell.style + (r"\keepn" if head or follow else "")
        lines.append(rf"\pard\plain\intbl\sb15\sa15{style}\fs{_CELL}{{\f0 {cell.text}}}\cell")
    return "\n".join([*lines, r"\row"])
