"""A table as Typst."""

from __future__ import annotations

import re

from csrkit.plain_text import cut_long_words
from csrkit.tables import escape
from csrkit.tables.layout import GAP, column_characters, column_room
from csrkit.tables.table import HeadCell, Row, Table, head_rows

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
