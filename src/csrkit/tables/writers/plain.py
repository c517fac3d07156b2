"""A table as CSV."""

from __future__ import annotations

from csrkit.tables.csv_text import lines_csv
from csrkit.tables.table import Table


def to_csv(table: Table) -> str:
    """Return the table as CSV, one row per table row, with the indentation as a number."""
    heads = [" ".join(part for part in (header.spanner, header.text) if part) for header in table.headers]
    lines: list[list[object]] = [[table.stub, "indent", *heads]]
    if table.absent:
        lines.append([table.absent])
    for row in table.rows:
        lines.append([row.label, row.indent, *(row.cells or ("",) * len(table.headers))])
    return lines_csv(lines)
