"""Write a table as HTML, Typst, a Pandoc grid (for Word), CSV or RTF."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from wcwidth import wcswidth

from csrkit.plain_text import cut_long_words, is_wide
from csrkit.tables import escape
from csrkit.tables.escape import lines_csv
from csrkit.tables.provenance import linked, names_subjects
from csrkit.tables.table import (
    GAP,
    WORD_MOST,
    HeadCell,
    Row,
    Table,
    column_characters,
    column_room,
    head_rows,
    is_wide_table,
    spanner_runs,
)

# A table as CSV.


def to_csv(table: Table) -> str:
    """Return the table as CSV, one row per table row, with the indentation as a number."""
    heads = [" ".join(part for part in (header.spanner, header.text) if part) for header in table.headers]
    lines: list[list[object]] = [[table.stub, "indent", *heads]]
    if table.absent:
        lines.append([table.absent])
    for row in table.rows:
        lines.append([row.label, row.indent, *(row.cells or ("",) * len(table.headers))])
    return lines_csv(lines)


# A table as Typst.

# No shorter word is divided.
_SHORT = 12


def to_typst(table: Table) -> str:
    """Return a Typst table with a repeated header and the notes below it."""
    if table.absent:
        return escape.typst(table.absent)
    width, room = len(table.headers), column_room(table)
    shares = ", ".join(f"{characters + GAP}fr" for characters in column_characters(table))
    lines = [
        f"#table(columns: ({shares}),",
        f"  align: (left, {', '.join(['center'] * width)}),",
        "  table.header(table.hline(),",
        *_head(table, room),
        "    table.hline(stroke: 0.5pt)),",
        *(_row(row, width, room) for row in table.rows),
        "  table.hline())",
    ]
    lines += [
        f"#block(above: 0.5em, below: 0.5em, text(8pt)[{_text(note, sum(room))}])" for note in table.notes
    ]
    return "\n".join(lines)


def _row(row: Row, width: int, room: list[int]) -> str:
    label = _text(row.label, sum(room) if row.is_section else room[0] - 2 * row.indent)
    if row.indent:
        label = f"#pad(left: {row.indent}em)[{label}]"  # wrapped lines keep the indentation
    if row.is_section:
        return f"  table.cell(colspan: {width + 1}, align: left)[#strong[{label}]],"
    cells = ", ".join(f"[{_text(cell, most)}]" for cell, most in zip(row.cells, room[1:], strict=True))
    return f"  [{label}], {cells},"


def _head(table: Table, room: list[int]) -> list[str]:
    upper, *lower = head_rows(table)
    lines, start = [], 0
    for cell in upper:
        lines.append(_head_cell(cell, sum(room[start : start + cell.columns])))
        start += cell.columns
    # what stands below a spanner: its columns in their order, without those whose head has both rows
    places = [place for place, header in enumerate(table.headers, start=1) if header.spanner]
    lines += [_head_cell(cell, room[place]) for row in lower for cell, place in zip(row, places, strict=True)]
    lines[0] = lines[0].replace("bottom + center", "bottom + left")  # the stub's head, over its rows
    return [f"    {line}," for line in lines]


def _head_cell(cell: HeadCell, most: int) -> str:
    count = f" \\ (N={escape.typst(cell.n)})" if cell.n else ""
    # a unit stays on one line: Typst would break it after the slash
    words = (
        f"#box[{escape.typst(word)}]"
        if re.fullmatch(r"\S+/\S+", word) and len(word) <= most
        else _text(word, most)
        for word in cell.label.split(" ")
    )
    text = f"[{' '.join(words)}{count}]"
    if cell.columns > 1:
        return f"table.cell(colspan: {cell.columns}){text}"
    return f"table.cell(rowspan: {cell.rows}, align: bottom + center){text}" if cell.rows > 1 else text


def _text(text: str, most: int) -> str:
    """Escape a text; in a word for which the column has no room a line may end anywhere."""
    return escape.typst_parts(cut_long_words(text, max(most, _SHORT)))


# A table as semantic HTML.


def to_html(table: Table, name: str = "", pages: Mapping[str, str] | None = None) -> str:
    """Return semantic HTML: scoped headers, row heads, notes below; the look is in the style sheet.

    ``name`` is what a screen reader calls the part of the page that scrolls when the table is wide;
    ``pages`` has the page of each subject, to which the rows of a listing link.
    """
    if table.absent:
        return f'<p class="csr-absent">{escape.html(table.absent)}</p>'
    head = "\n".join(_web_head(table))
    pages = (pages or {}) if names_subjects(table.stub) else {}
    body = "\n".join(_web_row(row, len(table.headers), pages) for row in table.rows)
    notes = "\n".join(f'<p class="csr-note">{escape.html(note)}</p>' for note in table.notes)
    notes += f"\n{escape.file_link(table.file)}" if table.file else ""
    return (
        f'<div class="csr-table-wrap" {_region(name)}>\n<table class="csr-table">\n'
        f"<thead>\n{head}\n</thead>\n<tbody>\n{body}\n</tbody>\n</table>\n</div>\n{notes}"
    )


def _region(name: str) -> str:
    """Return the attributes of what scrolls: the keyboard reaches it, and it says what it holds."""
    return f'tabindex="0" role="region" aria-label="{escape.html(name or "Table")}"'


def _web_head(table: Table) -> list[str]:
    return ["<tr>" + "".join(map(_web_head_cell, row)) + "</tr>" for row in head_rows(table)]


def _web_head_cell(cell: HeadCell) -> str:
    spans = f' colspan="{cell.columns}"' if cell.columns > 1 else ""
    spans += f' rowspan="{cell.rows}"' if cell.rows > 1 else ""
    scope = "colgroup" if cell.columns > 1 else "col"
    count = f"<br>(N={escape.html(cell.n)})" if cell.n else ""
    return f'<th{spans} scope="{scope}">{_web_text(cell.label)}{count}</th>'


def _web_row(row: Row, width: int, pages: Mapping[str, str]) -> str:
    classes = [f"csr-indent-{row.indent}"] * (row.indent > 0) + ["csr-section"] * row.is_section
    named = f' class="{" ".join(classes)}"' if classes else ""
    label = linked(row.label, pages) if pages else _web_text(row.label)
    if row.is_section:
        return f'<tr{named}><th scope="rowgroup" colspan="{width + 1}">{label}</th></tr>'
    values = "".join(f"<td>{_web_text(cell)}</td>" for cell in row.cells)
    return f'<tr{named}><th scope="row">{label}</th>{values}</tr>'


def _web_text(text: str) -> str:
    """Escape a cell's text; a word longer than a column may be breaks where it has to."""
    return "<wbr>".join(map(escape.html, cut_long_words(text, WORD_MOST)))


# A table as a Pandoc grid, which becomes a real table in Word.

# Word's paragraph style for the notes below a table; the reference document defines it.
NOTE_STYLE = "Table Note"
# Word's style around a table that needs a page on its side.
WIDE_STYLE = "Wide Table"
# What pandoc reads as a table of the page's full width.
_FULL_WIDTH = 120


def to_grid(table: Table) -> str:
    """Return a Pandoc grid table, to be read with the extension ``east_asian_line_breaks``.

    Its columns have the shares of the page that the layout gives them. A cell's lines end at blanks and
    between wide characters; the grid is as wide as its longest word asks, which Word breaks in its column.
    """
    if table.absent:
        return escape.markdown(table.absent)
    widths = _widths(table)
    rule = _rule(widths, "-")
    lines = [rule]
    if any(header.spanner for header in table.headers):
        lines += _spanners(table, widths)
    lines += _grid_row(_heads(table), widths)
    lines.append(
        "+"
        + "+".join(":" + "=" * (w + 1) if i == 0 else ":" + "=" * w + ":" for i, w in enumerate(widths))
        + "+"
    )
    for row in table.rows:
        if row.is_section:
            lines += [*_grid_row([_label(row)], [sum(widths) + 3 * (len(widths) - 1)]), rule]
        else:
            lines += [*_grid_row([_label(row), *map(escape.markdown, row.cells)], widths), rule]
    notes = [f'\n::: {{custom-style="{NOTE_STYLE}"}}\n{escape.markdown(note)}\n:::' for note in table.notes]
    return "\n".join([*lines, *notes])


def _heads(table: Table) -> list[str]:
    return [escape.markdown(text) for text in (table.stub, *(header.text for header in table.headers))]


def _label(row: Row) -> str:
    label = "\u2003" * row.indent + escape.markdown(row.label)
    return f"**{label}**" if row.is_section else label


def _widths(table: Table) -> list[int]:
    """Return the width of each column in characters: all by one factor, so that their shares stay."""
    asked = [width + GAP for width in column_characters(table)]
    rows = [_heads(table)]
    rows += [[_label(row), *map(escape.markdown, row.cells)] for row in table.rows if not row.is_section]
    longest = [
        max(wcswidth(piece) for row in rows for piece in _split(row[column])) for column in range(len(asked))
    ]
    needed = (word / share for word, share in zip(longest, asked, strict=True))
    factor = max(1.0, _FULL_WIDTH / sum(asked), *needed)
    return [math.ceil(width * factor) for width in asked]


def _split(text: str) -> list[str]:
    """Return what can't be divided: words, each with the blank before it; two wide characters can be."""
    pieces = [""]
    for before, sign in zip(f" {text}", text, strict=False):
        if sign == " " or (is_wide(before) and is_wide(sign)):
            pieces.append("")
        pieces[-1] += sign
    return pieces


def _wrap(text: str, width: int) -> list[str]:
    lines = [""]
    for piece in _split(text):
        if wcswidth(lines[-1] + piece) > width and lines[-1]:
            lines.append(piece.lstrip(" "))
        else:
            lines[-1] += piece
    return lines


def _pad(text: str, width: int) -> str:
    """Fill up with blanks to a width on screen: Chinese characters are two wide."""
    return text + " " * (width - wcswidth(text))


def _rule(widths: list[int], mark: str) -> str:
    return "+" + "+".join(mark * (width + 2) for width in widths) + "+"


def _grid_row(cells: list[str], widths: list[int]) -> list[str]:
    wrapped = [_wrap(cell, width) for cell, width in zip(cells, widths, strict=True)]
    return [
        "|"
        + "|".join(
            f" {_pad(part[line] if line < len(part) else '', width)} "
            for part, width in zip(wrapped, widths, strict=True)
        )
        + "|"
        for line in range(max(map(len, wrapped)))
    ]


def _spanners(table: Table, widths: list[int]) -> list[str]:
    """Write the row of spanning heads; below them a rule, beside them the cell goes on."""
    texts, spans, rule, start = [], [], "+", 0
    for text, count in [("", 1), *spanner_runs(table.headers)]:
        part = widths[start : start + count]
        texts.append(escape.markdown(text))
        spans.append(sum(part) + 3 * (count - 1))
        rule += _rule(part, "-")[1:] if text else " " * (spans[-1] + 2) + "+"
        start += count
    return [*_grid_row(texts, spans), rule]


# A table as an RTF document of its own.

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
    width, height = (_LONG_SIDE, _SHORT_SIDE) if is_wide_table(table) else (_SHORT_SIDE, _LONG_SIDE)
    edges = _edges(table, width - 2 * _MARGIN)
    lines = [
        r"{\rtf1\ansi\deff0\deflang1033",
        r"{\fonttbl{\f0\froman\fcharset0\fprq2 Times New Roman;}}",
        rf"\paperw{width}\paperh{height}" + (r"\landscape" if width > height else ""),
        rf"\margl{_MARGIN}\margr{_MARGIN}\margt{_TOP}\margb{_MARGIN}\headery{_TO_EDGE}\footery{_TO_EDGE}",
        *_page_head(title, subtitle),
        *(
            _sentence(table.absent, edges)
            if table.absent
            else [*_rich_text_heads(table, edges), *_body(table, edges)]
        ),
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
    return [_rich_text_row([_Cell(escape.rtf(text), edges[-1], centred=False)], _ABOVE + _BELOW)]


def _rich_text_heads(table: Table, edges: list[int]) -> list[str]:
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
    return [_rich_text_row(row, _ABOVE if place == 0 else "", head=True) for place, row in enumerate(rows)]


def _body(table: Table, edges: list[int]) -> list[str]:
    last = len(table.rows) - 1
    return [
        _rich_text_row(_cells(row, edges), _BELOW if place == last else "", follow=row.is_section)
        for place, row in enumerate(table.rows)
    ]


def _cells(row: Row, edges: list[int]) -> list[_Cell]:
    label, indent = escape.rtf(row.label), rf"\li{_INDENT * row.indent}"
    if row.is_section:
        return [_Cell(label, edges[-1], centred=False, style=rf"{indent}\b")]
    values = (_Cell(escape.rtf(cell), edge) for cell, edge in zip(row.cells, edges[1:], strict=True))
    return [_Cell(label, edges[0], centred=False, style=indent), *values]


def _rich_text_row(cells: list[_Cell], rules: str, *, head: bool = False, follow: bool = False) -> str:
    """Write one row; a head stands on each page, and what is to ``follow`` it begins on its page."""
    kind = (r"\trhdr" if head else "") + (r"\trkeepfollow" if follow else "")
    lines = [rf"\trowd\trgaph{_GAP}\trleft0\trqc\trkeep{kind}"]
    upright = r"\clvertalb" if head else r"\clvertalt"
    lines += [rf"{upright}{rules}{cell.rules}\cellx{cell.edge}" for cell in cells]
    for cell in cells:
        style = (r"\qc" if cell.centred else r"\ql") + cell.style + (r"\keepn" if head or follow else "")
        lines.append(rf"\pard\plain\intbl\sb15\sa15{style}\fs{_CELL}{{\f0 {cell.text}}}\cell")
    return "\n".join([*lines, r"\row"])
