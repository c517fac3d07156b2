"""Arrange result rows into tables. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from csrkit.tables.formats import format_level, format_p
from csrkit.tables.layouts import (
    EXACT_NOTE,
    count_row,
    finish,
    interval_row,
    joined,
    sentence_if_absent,
    summary_rows,
    term_row,
)
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Row, Table
from itpcsr.display.labels import BASELINE, CATEGORY_LABELS, DECIMALS, STATES, sentence_case
from itpcsr.display.rescue import rescue_note
from itpcsr.study import Study

RESPONSES = {
    "CR": "Complete response (CR)",
    "R": "Response (R)",
    "NR": "No response (NR)",
    "NE": "Not evaluable",
}


@sentence_if_absent
def table_disposition(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange disposition: n (%) of enrolled subjects by state, with reasons."""
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    shown = lookup.levels("status")
    for state in (state for state in STATES if state in shown):
        label = STATES[state]
        body.append(count_row(lookup, label, columns, "status", state))
        body += [
            count_row(lookup, sentence_case(reason), columns, state, reason, indent=1)
            for reason in lookup.levels(state)
        ]
    return finish("Status, n (%)", lookup, columns, body, ["Percentages of the enrolled subjects."])


@sentence_if_absent
def table_deviations(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange protocol deviations by category and term: n (%) of enrolled subjects [deviations]."""
    columns, lookup = study.design.columns, Lookup(rows)
    body = [term_row(lookup, "Any protocol deviation", columns, (), "any", "any", 0)]
    terms = lookup.levels("term")
    for category in ["", *lookup.levels("category")]:
        if category:
            body.append(term_row(lookup, sentence_case(category), columns, (), "category", category, 0))
        body += [
            term_row(lookup, sentence_case(term.partition(" | ")[2]), columns, (), "term", term, 1)
            for term in terms
            if term.partition(" | ")[0] == category
        ]
    notes = ["n (%) of enrolled subjects [number of deviations]; a subject counts once in each row."]
    return finish("Deviation", lookup, columns, body, notes)


@sentence_if_absent
def table_baseline(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange demographic and baseline characteristics; with a control arm the p-values stand last."""
    columns, lookup = study.design.columns, Lookup(rows)
    flags = {therapy.flag: therapy.label for therapy in study.baseline.prior_therapies}
    body: list[Row] = []
    for variable, (label, _) in BASELINE.items():
        levels = lookup.levels(variable)
        if levels:
            body.append(Row(label))
            names = {level: CATEGORY_LABELS.get(level, sentence_case(level)) for level in levels}
            body += [count_row(lookup, names[level], columns, variable, level, 1) for level in levels]
        elif lookup.has(variable):
            body.append(Row(label))
            body += summary_rows(lookup, columns, variable, DECIMALS.get(variable, 0))
    had = [flag for flag in flags if lookup.has(flag)]
    if had:
        body.append(Row("Prior therapy, n (%)"))
        body += [count_row(lookup, flags[flag], columns, flag, "Y", 1) for flag in had]
    notes = ["SD: standard deviation. Percentages of the subjects treated."]
    if study.design.control is not None:
        notes.append(_comparison_note(lookup))
    return finish("Characteristic", lookup, columns, body, notes)


def _comparison_note(lookup: Lookup) -> str:
    shown = [
        f"{label.split(',')[0]} {format_p(lookup.value(variable, '', 'p_value'))}"
        for variable, (label, _) in BASELINE.items()
        if lookup.has(variable)
    ]
    return (
        "p-values of the comparison of arms (analysis of variance; Pearson's chi-square for categories), "
        f"exploratory: {', '.join(shown)}."
    )


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
