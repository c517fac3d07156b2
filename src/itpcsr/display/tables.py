"""Arrange result rows into tables. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from csrkit.tables.formats import format_level
from csrkit.tables.layouts import (
    EXACT_NOTE,
    count_row,
    finish,
    interval_row,
    joined,
    sentence_if_absent,
)
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Row, Table
from itpcsr.display.labels import DECIMALS
from itpcsr.display.rescue import rescue_note
from itpcsr.study import Study

RESPONSES = {
    "CR": "Complete response (CR)",
    "R": "Response (R)",
    "NR": "No response (NR)",
    "NE": "Not evaluable",
}


@sentence_if_absent
def table_response(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange best confirmed response: responders with exact interval, then each category."""
    columns, lookup = study.design.columns, Lookup(rows)
    body = [
        count_row(lookup, "Responders (CR or R), n (%)", columns, "overall", "responder"),
        interval_row(lookup, columns, "overall", "responder", confidence),
        Row("Best confirmed response, n (%)"),
    ]
    for level in lookup.levels("category"):
        body.append(count_row(lookup, RESPONSES[level], columns, "category", level, 1))
        body.append(interval_row(lookup, columns, "category", level, confidence, indent=2))
    notes = [
        EXACT_NOTE.format(level=format_level(confidence)),
        "Subjects not evaluable count as non-responders.",
    ]
    return finish("Response", lookup, columns, body, notes)


@sentence_if_absent
def table_platelets(rows: pd.DataFrame, study: Study, weeks: Iterable[int]) -> Table:
    """Arrange the platelet course at baseline and the weeks asked for: summary, change, counts reached."""
    columns, lookup = study.design.columns, Lookup(rows)
    levels = lookup.levels("reached")
    body: list[Row] = []
    for visit in ["Baseline", *(f"Week {week}" for week in weeks)]:
        body.append(Row(visit))
        for label, analysis, names in _course_lines(visit):
            cells = [
                joined(lookup, analysis, column.key, names, visit, DECIMALS.get(analysis, 0))
                for column in columns
            ]
            body.append(Row(label, tuple(cells), 1))
        for level in levels:
            cells = [lookup.count_percent("reached", column.key, level, visit) for column in columns]
            body.append(Row(f"≥{level}, n (%)", tuple(cells), 1))
    notes = [
        f"Platelet counts in 10⁹/L; change from and ratio to baseline. {rescue_note(rows)}",
        "Percentages of the subjects with a count at the visit.",
        "SD: standard deviation.",
        "Q1, Q3: quartiles by averaging at discontinuities (SAS PCTLDEF=5).",
    ]
    return finish("Visit", lookup, columns, body, notes)


def _course_lines(visit: str) -> list[tuple[str, str, tuple[str, ...]]]:
    lines = [
        ("n", "AVAL", ("n",)),
        ("Mean (SD)", "AVAL", ("mean", "sd")),
        ("Median (Q1, Q3)", "AVAL", ("median", "q1", "q3")),
        ("Min, max", "AVAL", ("min", "max")),
    ]
    if visit != "Baseline":
        lines.append(("Median change", "CHG", ("median",)))
        lines.append(("Median ratio", "R2BASE", ("median",)))
    return lines
