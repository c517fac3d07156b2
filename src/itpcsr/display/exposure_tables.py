"""Arrange exposure to study treatment into tables."""

from __future__ import annotations

import pandas as pd

from csrkit.tables.layouts import count_row, finish, joined, sentence_if_absent, summary_rows, term_row
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Row, Table
from itpcsr.display.labels import DECIMALS, EXPOSURE, sentence_case
from itpcsr.study import Study


@sentence_if_absent
def table_exposure(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange exposure: administrations received, doses, time on treatment and on study."""
    columns, lookup = study.design.columns, Lookup(rows)
    planned = len(study.design.infusion_days)
    body: list[Row] = []
    if lookup.has("administrations"):
        body.append(Row(f"Infusions received of {planned} planned, n (%)"))
        levels = lookup.levels("administrations")
        body += [count_row(lookup, level, columns, "administrations", level, 1) for level in levels]
    for variable, (label, _) in EXPOSURE.items():
        if lookup.has(variable):
            unit = f", {dose_unit(study)}" if variable == "CUMDOSE" else ""
            body += [Row(label + unit), *summary_rows(lookup, columns, variable, DECIMALS.get(variable, 0))]
    years = tuple(lookup.statistic("years", column.key, "years", 0) for column in columns)
    body.append(Row("Patient-years on study", years))
    notes = [
        "SD: standard deviation. Days include the first and the last one. Time on study: from the first "
        "administration to the end of participation, else to the last record."
    ]
    if lookup.has("RDI"):
        notes.append(f"Relative dose intensity: dose given of {planned} infusions at the dose level.")
    return finish("Exposure", lookup, columns, body, notes)


@sentence_if_absent
def table_infusions(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange each infusion: received, dose, interrupted or otherwise adjusted, with the reasons."""
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    for number in lookup.levels("given"):
        visit = f"Infusion {number}"
        body += [Row(visit), count_row(lookup, "Received, n (%)", columns, "given", number, 1)]
        for label, names in (("Median dose", ("median",)), ("Min, max", ("min", "max"))):
            cells = tuple(
                joined(lookup, "EXDOSE", column.key, names, visit, DECIMALS["EXDOSE"]) for column in columns
            )
            body.append(Row(f"{label}, {dose_unit(study)}", cells, 1))
        body.append(count_row(lookup, "Adjusted, n (% of received)", columns, "adjusted", number, 1))
    label = "Any infusion adjusted, n (%) [infusions]"
    body.append(term_row(lookup, label, columns, (), "any_adjusted", "any", 0))
    body += [
        term_row(lookup, sentence_case(reason), columns, (), "reason", reason, 1)
        for reason in lookup.levels("reason")
    ]
    notes = ["Adjusted: interrupted or given otherwise than planned, where the data record a reason."]
    return finish("Infusion", lookup, columns, body, notes)


def dose_unit(study: Study) -> str:
    """Return the dose unit of the study as text for readers."""
    return study.design.dose_unit.replace("10^6 CELLS/KG", "10⁶ cells/kg")
