"""Arrange result rows into tables. Nothing is computed here."""

from __future__ import annotations

import pandas as pd

from csrkit.tables.formats import format_p
from csrkit.tables.layouts import (
    count_row,
    finish,
    sentence_if_absent,
    summary_rows,
    term_row,
)
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Row, Table
from itpcsr.display.labels import BASELINE, CATEGORY_LABELS, DECIMALS, STATES, sentence_case
from itpcsr.study import Study


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
