"""What the cells of notebooks use of the engine, under one name: ``import csrkit.notebook as csr``.

Importing it gives Altair's charts the look of the report.
"""

from csrkit.carried import with_rows
from csrkit.charts.layers import describe, limit_lines, marks_by, panel_title, reference_line
from csrkit.charts.theme import FONT, PALETTE
from csrkit.rows import absence, absent_rows, check, combine, make_rows, to_long, unless_absent
from csrkit.stats.groups import Category, assign_groups, columns_by, group_sizes, size_rows
from csrkit.stats.proportions import (
    count_events,
    count_subjects,
    exact_interval,
    jeffreys_interval,
    wilson_interval,
)
from csrkit.stats.summaries import summarize, summarize_geometric
from csrkit.tables import words
from csrkit.tables.files import listing
from csrkit.tables.formats import (
    format_count,
    format_count_percent,
    format_interval,
    format_level,
    format_number,
    format_p,
    format_percent,
    format_plain,
)
from csrkit.tables.layouts import (
    EXACT_NOTE,
    among,
    cells,
    count,
    each,
    each_visit,
    grid,
    interval,
    joined,
    layout,
    n_of_total,
    n_percent,
    n_percent_events,
    number,
    p_value,
    percent,
    section,
    statistics,
    summary,
    when,
)
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Header, Row, Table

__all__ = [
    "EXACT_NOTE",
    "FONT",
    "PALETTE",
    "Category",
    "Header",
    "Lookup",
    "Row",
    "Table",
    "absence",
    "absent_rows",
    "among",
    "assign_groups",
    "cells",
    "check",
    "columns_by",
    "combine",
    "count",
    "count_events",
    "count_subjects",
    "describe",
    "each",
    "each_visit",
    "exact_interval",
    "format_count",
    "format_count_percent",
    "format_interval",
    "format_level",
    "format_number",
    "format_p",
    "format_percent",
    "format_plain",
    "grid",
    "group_sizes",
    "interval",
    "jeffreys_interval",
    "joined",
    "layout",
    "limit_lines",
    "listing",
    "make_rows",
    "marks_by",
    "n_of_total",
    "n_percent",
    "n_percent_events",
    "number",
    "p_value",
    "panel_title",
    "percent",
    "reference_line",
    "section",
    "size_rows",
    "statistics",
    "summarize",
    "summarize_geometric",
    "summary",
    "to_long",
    "unless_absent",
    "when",
    "wilson_interval",
    "with_rows",
    "words",
]
