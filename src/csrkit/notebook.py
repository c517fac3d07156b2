"""What the cells of notebooks use of the engine, under one name: ``import csrkit.notebook as csr``.

Importing it gives Altair's charts the look of the report.
"""

from csrkit.absence import is_absent
from csrkit.carried import with_rows
from csrkit.charts.layers import (
    describe,
    event_marks,
    median_with_quartiles,
    numbers_at_risk,
    reference_line,
    step_curves,
)
from csrkit.charts.theme import FONT, PALETTE
from csrkit.rows import absence, absent_rows, check, combine, make_rows, result_rows
from csrkit.stats.estimation import attempt, attempt_numbers
from csrkit.stats.groups import assign_groups, columns_by, group_sizes, size_rows
from csrkit.stats.mcnemar import mcnemar_exact
from csrkit.stats.permutation import Permutations, mirror_ranks
from csrkit.stats.proportions import (
    count_events,
    count_subjects,
    exact_interval,
    jeffreys_interval,
    mark_unrecorded,
    wilson_interval,
)
from csrkit.stats.summaries import summarize
from csrkit.stats.time_estimates import estimate_curves, estimate_times, times_to_event
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
    cells,
    count,
    each,
    each_visit,
    interval,
    layout,
    limits,
    n_of_total,
    n_of_total_percent,
    n_percent,
    n_percent_events,
    number,
    p_value,
    percent,
    section,
    share_at_risk,
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
    "Header",
    "Lookup",
    "Permutations",
    "Row",
    "Table",
    "absence",
    "absent_rows",
    "assign_groups",
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
    "estimate_curves",
    "estimate_times",
    "event_marks",
    "exact_interval",
    "format_count",
    "format_count_percent",
    "format_interval",
    "format_level",
    "format_number",
    "format_p",
    "format_percent",
    "format_plain",
    "group_sizes",
    "interval",
    "is_absent",
    "jeffreys_interval",
    "layout",
    "limits",
    "make_rows",
    "mark_unrecorded",
    "mcnemar_exact",
    "median_with_quartiles",
    "mirror_ranks",
    "n_of_total",
    "n_of_total_percent",
    "n_percent",
    "n_percent_events",
    "number",
    "numbers_at_risk",
    "p_value",
    "percent",
    "reference_line",
    "result_rows",
    "section",
    "share_at_risk",
    "size_rows",
    "statistics",
    "step_curves",
    "summarize",
    "summary",
    "times_to_event",
    "when",
    "wilson_interval",
    "with_rows",
]
