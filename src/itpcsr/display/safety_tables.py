"""Adverse events by class and term, with comparisons in a controlled study, and the words for their kinds."""

from __future__ import annotations

import pandas as pd

from csrkit.tables.layouts import EVENTS_NOTE, finish, sentence_if_absent, term_row
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Header, Table
from itpcsr.display.labels import OVERVIEW, sentence_case
from itpcsr.study import Study


def kind_labels(study: Study) -> dict[str, str]:
    """Return the words for each kind of adverse event; severe ones by their grade."""
    return {**OVERVIEW, "severe": f"Severity grade {study.safety.severe_grade} or higher"}


def severity_note(study: Study) -> str:
    """Return what the severity grades of the study are."""
    if study.safety.severity_variable == "AESEV":
        return "Severity grade: mild, moderate and severe are read as grades 1, 2 and 3."
    return "Severity grade: CTCAE grade as recorded."


@sentence_if_absent
def table_by_term(rows: pd.DataFrame, study: Study, first: str = "Any adverse event") -> Table:
    """Arrange adverse events by system organ class and preferred term: n (%) [events].

    ``first`` is the label of the row of all events together. With a control arm each active column is
    followed by its p-value against control, which no layout of columns of one kind can have.
    """
    columns, lookup = study.design.columns, Lookup(rows)
    tested = set(rows.loc[rows["statistic"] == "p_value", "group"])
    compared = [column.key for column in columns if column.key in tested]
    body = [term_row(lookup, first, columns, compared, "any", "any", 0)]
    for soc in lookup.levels("soc"):
        body.append(term_row(lookup, sentence_case(soc), columns, compared, "soc", soc, 0))
        for term in lookup.levels("pt", soc):
            body.append(term_row(lookup, sentence_case(term[-1]), columns, compared, "pt", term, 1))
    notes = [EVENTS_NOTE]
    if compared:
        notes.append("p: Fisher's exact test against control, two-sided, not adjusted, exploratory.")
    table = finish("System organ class, preferred term", lookup, columns, body, notes)
    heads: list[Header] = []
    for header, column in zip(table.headers, columns, strict=True):
        heads += [header, Header("p")] if column.key in compared else [header]
    return Table(table.stub, tuple(heads), table.rows, table.notes)
