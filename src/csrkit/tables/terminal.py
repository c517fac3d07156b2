"""A table in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table as RichTable

from csrkit.tables.table import Table


def print_table(table: Table, console: Console) -> None:
    """Print a table with its notes, or the sentence that stands in its place."""
    if table.absent:
        console.print(table.absent, markup=False, highlight=False)
        return
    shown = RichTable(box=None, pad_edge=False, header_style="bold")
    shown.add_column(table.stub, no_wrap=True)
    for header in table.headers:
        text = f"{header.spanner}: {header.text}" if header.spanner else header.text
        shown.add_column(text, justify="right", vertical="bottom")
    for row in table.rows:
        if row.is_section:
            shown.add_section()
        cells = row.cells or ("",) * len(table.headers)
        shown.add_row("  " * row.indent + row.label, *cells)
    console.print(shown, highlight=False)
    for note in table.notes:
        console.print(note, markup=False, highlight=False)
