"""Faults, versions and comparisons as tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from itpcsr.build.history import Version
from itpcsr.build.verify import Fault


def fault_table(faults: Iterable[Fault]) -> Table:
    """Return one line per fault: the file and what is wrong with it."""
    table = Table("File", "What is wrong")
    for fault in faults:
        table.add_row(Text(fault.file), Text(fault.problem))
    return table


def version_table(versions: Iterable[Version]) -> Table:
    """Return one line per published version: status, dates, data and what it was made from."""
    table = Table("Version", "Status", "Date", "Data cut-off", "Data", "Inputs (SHA-256)")
    for version in versions:
        manifest = version.manifest
        table.add_row(
            Text(version.folder.name),
            str(manifest.get("status", "")),
            str(manifest.get("date", "")),
            manifest.get("data_cutoff") or "none",
            "simulated" if manifest.get("simulated") else "of the study",
            Text(version.inputs),
        )
    return table
