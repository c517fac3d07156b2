"""Lay the same table of two versions over each other: which row and column is which."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

TableModel = dict[str, Any]
_EMPTY: TableModel = {"stub": "", "headers": [], "rows": [], "notes": [], "absent": ""}
Pair = tuple[str | None, str | None]  # old and new text; None where the version doesn't have it


@dataclass(frozen=True)
class AlignedRow:
    """One row: its label in both versions, how deep it is indented, and a pair of texts per column."""

    label: Pair
    indent: int
    cells: tuple[Pair, ...]

    @property
    def is_section(self) -> bool:
        """Tell whether the row is a heading over the rows below it."""
        return not any(text for pair in self.cells for text in pair)

    @property
    def differs(self) -> bool:
        """Tell whether something in the row isn't the same in both versions."""
        return any(old != new for old, new in (self.label, *self.cells))


@dataclass(frozen=True)
class Aligned:
    """A table of two versions: the heads of its columns and its rows, each as pairs."""

    stub: str
    heads: tuple[Pair, ...]
    rows: tuple[AlignedRow, ...]

    @property
    def differs(self) -> bool:
        """Tell whether anything differs."""
        return any(old != new for old, new in self.heads) or any(row.differs for row in self.rows)


def align(old: TableModel | None, new: TableModel | None) -> Aligned:
    """Lay two table models over each other; None, or a sentence in its place, is a table without rows."""
    before, after = old or _EMPTY, new or _EMPTY
    columns = _matched(*([_column(head) for head in t["headers"]] for t in (before, after)))
    rows = _matched(*(_row_names(table["rows"]) for table in (before, after)))
    return Aligned(
        stub=after["stub"] or before["stub"],
        heads=tuple((_head(before, a), _head(after, b)) for a, b in columns),
        rows=tuple(_row(before, after, a, b, columns) for a, b in rows),
    )


def _matched(old: list[Any], new: list[Any]) -> list[tuple[int | None, int | None]]:
    """Return the places of the same name in both lists, in the new order.

    Tables are sorted by frequency, so that the same row may stand elsewhere. What is gone stands behind
    what it followed.
    """
    places = {name: place for place, name in enumerate(old)}
    pairs: list[tuple[int | None, int | None]] = [(places.get(name), j) for j, name in enumerate(new)]
    kept = set(new)
    for place, name in enumerate(old):
        if name not in kept:
            before = next((at for at, pair in enumerate(pairs) if place and pair[0] == place - 1), -1)
            pairs.insert(before + 1, (place, None))
    return pairs


def _column(head: dict[str, str]) -> tuple[str, str]:
    return head["spanner"], head["label"]


def _head(table: TableModel, place: int | None) -> str | None:
    if place is None:
        return None
    head = table["headers"][place]
    text = f"{head['label']} (N={head['n']})" if head["n"] else head["label"]
    return " ".join(part for part in (head["spanner"], text) if part)


def _row_names(rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Return what tells a row apart: the labels above it, its own, and which one of those alike it is."""
    above: list[str] = []
    names: list[tuple[str, ...]] = []
    seen: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        above = [*above[: row["indent"]], *[""] * (row["indent"] - len(above)), row["label"]]
        seen[tuple(above)] += 1
        names.append((*above, str(seen[tuple(above)])))
    return names


def _row(
    before: TableModel,
    after: TableModel,
    a: int | None,
    b: int | None,
    columns: list[tuple[int | None, int | None]],
) -> AlignedRow:
    old = before["rows"][a] if a is not None else None
    new = after["rows"][b] if b is not None else None
    label = (old["label"] if old else None, new["label"] if new else None)
    cells = tuple((_cell(old, i), _cell(new, j)) for i, j in columns)
    indent = next((row["indent"] for row in (new, old) if row is not None), 0)
    return AlignedRow(label, indent, cells)


def _cell(row: dict[str, Any] | None, place: int | None) -> str | None:
    if row is None or place is None:
        return None
    return str(row["cells"][place]) if place < len(row["cells"]) else ""
