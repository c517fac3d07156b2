"""What the cells of notebooks use of the engine, under one name: ``import csrkit.notebook as csr``.

Importing it gives Altair's charts the look of the report.
"""

from csrkit.carried import with_rows
from csrkit.charts.layers import describe, points_with_limits, reference_line
from csrkit.charts.theme import FONT, PALETTE
from csrkit.rows import absence, absent_rows, check, combine, make_rows
from csrkit.stats.estimation import attempt, attempt_numbers
from csrkit.stats.families import to_rows
from csrkit.stats.groups import assign_groups, columns_by, group_sizes, size_rows
from csrkit.stats.proportions import (
    count_events,
    count_subjects,
    exact_interval,
    jeffreys_interval,
    wilson_interval,
)
from csrkit.stats.summaries import NO_VALUES, QUARTILES, summarize
from csrkit.tables.formats import (
    format_count,
    format_count_percent,
    format_interval,
    format_level,
    format_number,
    format_p,
    format_percent,
    format_plain,
    format_signed,
)
from csrkit.tables.layouts import (
    AND,
    at_visits,
    cells,
    count,
    each,
    each_visit,
    interval,
    layout,
    level_layout,
    n_of_total,
    n_percent,
    n_percent_events,
    number,
    p_value,
    percent,
    section,
    shown,
    statistics,
    summary,
    visit_layout,
    when,
)
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Header, Row, Table

__all__ = [
    "AND",
    "FONT",
    "NO_VALUES",
    "PALETTE",
    "QUARTILES",
    "Header",
    "Lookup",
    "Row",
    "Table",
    "absence",
    "absent_rows",
    "assign_groups",
    "at_visits",
    "attempt",
    "attempt_numbers",
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
    "format_signed",
    "group_sizes",
    "interval",
    "jeffreys_interval",
    "layout",
    "level_layout",
    "make_rows",
    "n_of_total",
    "n_percent",
    "n_percent_events",
    "number",
    "p_value",
    "percent",
    "points_with_limits",
    "reference_line",
    "section",
    "shown",
    "size_rows",
    "statistics",
    "summarize",
    "summary",
    "to_rows",
    "visit_layout",
    "when",
    "wilson_interval",
    "with_rows",
]
