"""Arrange the results on immune function into tables. Nothing is computed here."""

from __future__ import annotations

from itpcsr.display.immune_tables.course import table_immune_change, table_immune_course, table_immune_planned
from itpcsr.display.immune_tables.groups import (
    table_immune_interaction,
    table_immune_response,
    table_immune_visits,
)
from itpcsr.display.immune_tables.relations import (
    table_immune_mediation,
    table_immune_platelets,
    table_immune_predictors,
)
from itpcsr.display.immune_tables.tally import table_immune_power, table_immune_tests

__all__ = [
    "table_immune_change",
    "table_immune_course",
    "table_immune_interaction",
    "table_immune_mediation",
    "table_immune_planned",
    "table_immune_platelets",
    "table_immune_power",
    "table_immune_predictors",
    "table_immune_response",
    "table_immune_tests",
    "table_immune_visits",
]
