"""Faults, versions and comparisons as tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from itpcsr.build.verify import Fault


def fault_table(faults: Iterable[Fault]) -> Table:
    """Return one line per fault: the file and what is wrong with it."""
    table = Table("File", "What is wrong")
    for fault in faults:
        table.add_row(Text(fault.file), Text(fault.problem))
    return table
