"""Adverse events by class and term, abnormal laboratory values, and the words for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from csrkit.tables.formats import NOT_ESTIMABLE, format_limit, format_number, format_statistic
from csrkit.tables.layouts import EVENTS_NOTE, finish, sentence_if_absent, term_row
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Header, Row, Table
from itpcsr.display.labels import OVERVIEW, parameter_decimals, platelet_note, sentence_case
from itpcsr.study import Study

# Adverse events by class and term, with comparisons in a controlled study, and the words for their kinds.


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


# The listing of abnormal laboratory values.


def joined(
    lookup: Lookup,
    analysis: str,
    group: str,
    statistics: Sequence[str],
    level: str,
    visit: str,
    decimals: int,
) -> str:
    """Return statistics of one cell: ``mean (sd)``, ``median (min, max)``, or one alone."""
    values = [lookup.value(analysis, group, name, level, visit) for name in statistics]
    texts = [format_statistic(name, value, decimals) for name, value in zip(statistics, values, strict=True)]
    if len(texts) == 1 or texts[0] == NOT_ESTIMABLE:
        return texts[0]
    return f"{texts[0]} ({', '.join(texts[1:])})"


@sentence_if_absent
def table_lab_abnormal(rows: pd.DataFrame, study: Study, names: Mapping[str, str]) -> Table:
    """Arrange the listing of abnormal values: one row per value, under its subject."""
    body: list[Row] = []
    subject = ""
    keys = ["group", "category", "level", "visit"]
    for (group, parameter, _, visit), cell in rows.groupby(keys, sort=False):
        if group != subject:
            subject = str(group)
            body.append(Row(subject))
        found = dict(zip(cell["statistic"], cell["value"], strict=True))
        signs = dict(zip(cell["statistic"], cell["method"].map(format_limit), strict=True))
        unit = str(cell.loc[cell["statistic"] == "value", "unit"].iloc[0])
        place = sentence_case(str(visit))
        label = f"{names.get(str(parameter), str(parameter))}, {place}" if place else str(parameter)
        body.append(Row(label, _listed(found, signs, parameter_decimals(str(parameter), unit)), 1))
    headers = ("Day", "Value", "Normal range", "Grade", "Baseline", "Grade at baseline")
    notes = (
        f"Listed: values after treatment began of {study.laboratory.toxicity_criteria or 'toxicity'} grade "
        f"{study.laboratory.abnormal_grade} or higher that is above the grade at baseline, and values that "
        "the data call clinically significant. –: not recorded.",
        *platelet_note(study, set(rows["category"])),
    )
    return Table("Subject, parameter and visit", tuple(map(Header, headers)), tuple(body), notes)


def _listed(found: dict[str, float], signs: dict[str, str], decimals: int) -> tuple[str, ...]:
    def text(name: str, digits: int) -> str:
        return signs[name] + format_number(found[name], digits) if name in found else "–"

    limits = f"{text('range_low', decimals)} to {text('range_high', decimals)}"
    return (
        text("day", 0),
        text("value", decimals),
        limits,
        text("grade", 0),
        text("baseline", decimals),
        text("baseline_grade", 0),
    )
