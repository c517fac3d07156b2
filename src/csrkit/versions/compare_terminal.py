"""A comparison as tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from csrkit.versions.compare import BECAUSE, Comparison, by_display

_NAMED = 4  # subjects; more are counted


def comparison_tables(comparison: Comparison) -> Iterator[Table]:
    """Yield what differs in the inputs, the displays with changed numbers, and the datasets."""
    causes = Table("Cause", "What differs", title="Why", title_justify="left")
    for kind, text in comparison.causes:
        causes.add_row(kind, Text(text))
    yield causes
    lines = by_display(comparison)
    heads = ["Display", "Changed", "Appeared", "Vanished", "Subjects"]
    explained = [BECAUSE] if BECAUSE in lines else []
    displays = Table(
        *heads, *(name.capitalize() for name in explained), title="Numbers", title_justify="left"
    )
    for _, row in lines.iterrows():
        names = row["subjects"]
        subjects = ", ".join(names) if len(names) <= _NAMED else f"{len(names)} subjects"
        counts = (str(row[name]) for name in ("changed", "appeared", "vanished"))
        displays.add_row(str(row["display"]), *counts, subjects, *(str(row[name]) for name in explained))
    yield displays
    yield _dataset_table(comparison)


def _dataset_table(comparison: Comparison) -> Table:
    table = Table("Dataset", "Added", "Removed", "Changed", title="Records", title_justify="left")
    once = comparison.records.drop_duplicates(["dataset", "record", "status"])
    for name, part in once.groupby("dataset"):
        counts = part["status"].value_counts()
        table.add_row(str(name), *(str(counts.get(kind, 0)) for kind in ("added", "removed", "changed")))
    return table
