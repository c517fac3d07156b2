"""Arrange counts of adverse events into tables: what happened, how severe, how related."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from csrkit.tables.formats import format_level, format_plain
from csrkit.tables.layouts import (
    EVENTS_NOTE,
    EXACT_NOTE,
    count_row,
    event_rows,
    finish,
    sentence_if_absent,
    term_row,
)
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Header, Row, Table
from itpcsr.display.labels import OVERVIEW, sentence_case
from itpcsr.study import Column, Study


@sentence_if_absent
def table_ae_overview(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange the overview of treatment-emergent adverse events: n (%) [events] and exact interval."""
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    for level in lookup.levels("overview"):
        body += event_rows(lookup, kind_label(level, study), columns, "overview", level, confidence)
    notes = [EVENTS_NOTE, EXACT_NOTE.format(level=format_level(confidence)), severity_note(study)]
    return finish("Treatment-emergent, n (%) [events]", lookup, columns, body, notes)


def kind_label(kind: str, study: Study) -> str:
    """Return the words for a kind of adverse event; severe ones by their grade."""
    return f"Severity grade {study.safety.severe_grade} or higher" if kind == "severe" else OVERVIEW[kind]


def severity_note(study: Study) -> str:
    """Return what the severity grades of the study are."""
    if study.safety.severity_variable == "AESEV":
        return "Severity grade: mild, moderate and severe are read as grades 1, 2 and 3."
    return "Severity grade: CTCAE grade as recorded."


@sentence_if_absent
def table_ae_by_term(rows: pd.DataFrame, study: Study, first: str = "Any adverse event") -> Table:
    """Arrange adverse events by system organ class and preferred term: n (%) [events].

    ``first`` is the label of the row of all events together.
    With a control arm each active column is followed by its p-value against control.
    """
    columns, lookup = study.design.columns, Lookup(rows)
    compared = [column.key for column in columns if any(_p_levels(rows, column.key))]
    body = [term_row(lookup, first, columns, compared, "any", "any", 0)]
    body += _terms_by_class(lookup, columns, compared)
    notes = [EVENTS_NOTE]
    if compared:
        notes.append("p: Fisher's exact test against control, two-sided, not adjusted, exploratory.")
    table = finish("System organ class, preferred term", lookup, columns, body, notes)
    return _with_p_columns(table, columns, compared) if compared else table


def _terms_by_class(lookup: Lookup, columns: Sequence[Column], compared: Sequence[str]) -> list[Row]:
    """Return a row for each class, each followed by those of its terms."""
    body: list[Row] = []
    terms = lookup.levels("pt")
    for soc in lookup.levels("soc"):
        body.append(term_row(lookup, sentence_case(soc), columns, compared, "soc", soc, 0))
        body += [
            term_row(lookup, sentence_case(term.removeprefix(f"{soc} | ")), columns, compared, "pt", term, 1)
            for term in terms
            if term.startswith(f"{soc} | ")
        ]
    return body


def _p_levels(rows: pd.DataFrame, group: str) -> pd.Series:
    return (rows["group"] == group) & (rows["statistic"] == "p_value")


def _with_p_columns(table: Table, columns: Sequence[Column], compared: Sequence[str]) -> Table:
    headers: list[Header] = []
    for header, column in zip(table.headers, columns, strict=True):
        headers += [header, Header("p")] if column.key in compared else [header]
    return Table(table.stub, tuple(headers), table.rows, table.notes, table.absent)


@sentence_if_absent
def table_ae_frequent(rows: pd.DataFrame, study: Study, percent: float, confidence: float) -> Table:
    """Arrange the most frequent preferred terms with exact intervals."""
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    for term in lookup.levels("term"):
        body += event_rows(lookup, sentence_case(term), columns, "term", term, confidence)
    notes = [
        f"Preferred terms of at least {format_plain(percent)}% of all subjects, by decreasing frequency.",
        EVENTS_NOTE,
        EXACT_NOTE.format(level=format_level(confidence)),
    ]
    return finish("Preferred term, n (%) [events]", lookup, columns, body, notes)


@sentence_if_absent
def table_ae_grades(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange subjects by the highest grade they had of any event, and of each class and term."""
    columns, lookup = study.design.columns, Lookup(rows)
    grades = {name: lookup.levels(f"{name}_grade") for name in ("any", "soc", "pt")}
    body = _graded(lookup, columns, "any", "any", grades["any"], "Any adverse event", 0)
    terms = lookup.levels("pt")
    for soc in lookup.levels("soc"):
        body.append(count_row(lookup, sentence_case(soc), columns, "soc", soc))
        for term in terms:
            if term.startswith(f"{soc} | "):
                label = sentence_case(term.removeprefix(f"{soc} | "))
                body += _graded(lookup, columns, "pt", term, grades["pt"], label, 1)
    notes = [
        "n (%) of subjects; each subject counts once in each term, at the highest grade recorded for it.",
        severity_note(study),
    ]
    return finish("System organ class, preferred term, highest grade", lookup, columns, body, notes)


def _graded(
    lookup: Lookup,
    columns: Sequence[Column],
    analysis: str,
    term: str,
    levels: Sequence[str],
    label: str,
    indent: int,
) -> list[Row]:
    """Return the row of a term and those of its grades."""
    body = [count_row(lookup, label, columns, analysis, term, indent)]
    for level in levels:
        head, _, grade = level.rpartition(" | ")
        if head == term:
            words = "Grade " + grade
            body.append(count_row(lookup, words, columns, f"{analysis}_grade", level, indent + 1))
    return body


@sentence_if_absent
def table_ae_relation(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange events by recorded relation, then the related ones by class and term."""
    columns, lookup = study.design.columns, Lookup(rows)
    body = [Row("Relation as recorded")]
    body += [
        term_row(lookup, sentence_case(level), columns, (), "relation", level, 1)
        for level in lookup.levels("relation")
    ]
    body.append(term_row(lookup, "Any related adverse event", columns, (), "any", "any", 0))
    body += _terms_by_class(lookup, columns, ())
    related = ", ".join(value.lower() for value in study.safety.related_values)
    notes = [EVENTS_NOTE, f"Counted as related: {related}."]
    return finish("Relation; related events by class and term", lookup, columns, body, notes)


@sentence_if_absent
def table_ae_disease(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange events of the disease studied and, apart from them, all others."""
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    labels = {"any": "Any", "worse": "Worse than before treatment", "not_worse": "Not worse"}
    shown = {
        "disease": ("Events of the disease studied", ("any", "worse", "not_worse")),
        "other": ("All other events", ("any",)),
    }
    for analysis, (head, levels) in shown.items():
        body.append(Row(head))
        for level in (*levels, "related", "severe", "serious"):
            label = labels.get(level) or kind_label(level, study)
            body += event_rows(lookup, label, columns, analysis, level, confidence, indent=1)
    terms = lookup.levels("disease_term")
    if terms:
        body.append(Row("Events of the disease studied, by preferred term"))
    body += [term_row(lookup, sentence_case(term), columns, (), "disease_term", term, 1) for term in terms]
    notes = [_disease_note(study), EVENTS_NOTE, EXACT_NOTE.format(level=format_level(confidence))]
    return finish("Treatment-emergent, n (%) [events]", lookup, columns, body, notes)


def _disease_note(study: Study) -> str:
    """Return the rule by which events are of the disease, and worse than before treatment."""
    of_platelets = study.safety.platelet_terms
    text = (
        f"Events of the disease studied: {', '.join(study.safety.disease_terms)}. Worse than before "
        "treatment: of a higher grade than the subject's events of the same term that were not "
        "treatment-emergent, or without such an event"
    )
    if of_platelets:
        text += f"; for {', '.join(of_platelets)} of a higher CTCAE grade than the platelet count at baseline"
    return text + ". An event without grade counts as worse."
