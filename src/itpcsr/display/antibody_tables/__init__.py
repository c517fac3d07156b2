"""Arrange antibodies into tables and a listing. Nothing is computed here."""

from __future__ import annotations

from itpcsr.display.antibody_tables.autoantibodies import table_autoantibodies
from itpcsr.display.antibody_tables.listing import conclude, list_antibodies
from itpcsr.display.antibody_tables.names import antibody_labels
from itpcsr.display.antibody_tables.relations import table_antibody_relation
from itpcsr.display.antibody_tables.status import table_antibody_status
from itpcsr.display.antibody_tables.titres import table_antibody_paired, table_antibody_titres

__all__ = [
    "antibody_labels",
    "conclude",
    "list_antibodies",
    "table_antibody_paired",
    "table_antibody_relation",
    "table_antibody_status",
    "table_antibody_titres",
    "table_autoantibodies",
]
