"""Faults, versions and comparisons as tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.table import Table
from rich.text import Text

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
