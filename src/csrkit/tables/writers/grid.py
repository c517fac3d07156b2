"""A table as a Pandoc grid, which becomes a real table in Word."""

from __future__ import annotations

import math

from wcwidth import wcswidth

from csrkit.plain_text import is_wide
from csrkit.tables import escape
from csrkit.tables.layout import GAP, column_characters
from csrkit.tables.table import Row, Table, spanner_runs

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
    lines += _row(_heads(table), widths)
    lines.append(
        "+"
        + "+".join(":" + "=" * (w + 1) if i == 0 else ":" + "=" * w + ":" for i, w in enumerate(widths))
        + "+"
    )
    for row in table.rows:
        if row.is_section:
            lines += [*_row([_label(row)], [sum(widths) + 3 * (len(widths) - 1)]), rule]
        else:
            lines += [*_row([_label(row), *map(escape.markdown, row.cells)], widths), rule]
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


def _row(cells: list[str], widths: list[int]) -> list[str]:
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
    return [*_row(texts, spans), rule]
