"""Faults, versions and comparisons as tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from rich.table import Table
from rich.text import Text

from csrkit.versions.compare import BECAUSE, Comparison, by_display
from csrkit.versions.history import Version
from csrkit.versions.published import Fault


def fault_table(faults: Iterable[Fault]) -> Table:
    """Return one line per fault: the file and what is wrong with it."""
    table = Table("File", "What is wrong")
    for fault in faults:
        table.add_row(Text(fault.file), Text(fault.problem))
    return table


def version_table(versions: Iterable[Version]) -> Table:
    """Return one line per published version: status, dates, and marks of what it was made from."""
    table = Table()
    for name in ("Version", "Status", "Date", "Data cut-off", "Data", "Parameters", "Code"):
        table.add_column(name, no_wrap=True)
    for version in versions:
        manifest = version.manifest
        known = (str(manifest.get("status", "")), str(manifest.get("date", "")))
        cut = manifest.get("data_cutoff") or "none"
        table.add_row(Text(version.folder.name), *known, cut, *version.marks.values())
    return table


def failure_table(failures: Mapping[Path, str]) -> Table:
    """Return one line per parameter file whose version wasn't published, with the first line of why."""
    table = Table("Parameters", "Why it stopped")
    for file, why in failures.items():
        table.add_row(Text(file.as_posix()), Text(why))
    return table


# A comparison as tables for the terminal.

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
