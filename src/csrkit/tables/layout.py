"""How much room a table's columns ask for, and whether an upright page has it."""

from __future__ import annotations

from collections.abc import Iterable

from wcwidth import wcswidth

from csrkit.plain_text import unbreakable
from csrkit.tables.table import Table

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


def is_wide(table: Table) -> bool:
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
