"""Arrange bleeding scales and therapy of the disease into tables."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from csrkit.tables.formats import format_count, format_level
from csrkit.tables.layouts import EXACT_NOTE, count_row, finish, interval_row, joined, sentence_if_absent
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Row, Table
from itpcsr.study import Column, Study

_DOMAINS = {"ITPSKIN": "Skin", "ITPMUCOS": "Visible mucosae", "ITPORGAN": "Organs"}
_CHANGES = {"better": "Lower grade than at baseline", "same": "Same grade", "worse": "Higher grade"}


@sentence_if_absent
def table_bleeding(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange bleeding on the WHO scale by visit, with the change from baseline."""
    columns, lookup = study.design.columns, Lookup(rows)
    changed = lookup.visits("change")
    body: list[Row] = []
    for visit in lookup.visits("grade"):
        body.append(Row(visit))
        body.append(_seen_row(lookup, columns, "grade", visit, "Subjects with a grade, n", "any"))
        body += _grade_rows(lookup, columns, "grade", visit, confidence)
        if visit in changed:
            body += [
                _count_row(lookup, columns, f"{label}, n (%)", "change", level, visit)
                for level, label in _CHANGES.items()
            ]
    notes = [
        "WHO bleeding scale; percentages of the subjects with a grade at the visit, for the change of those "
        "with both grades.",
        EXACT_NOTE.format(level=format_level(confidence)),
    ]
    return finish("Bleeding", lookup, columns, body, notes)


def _grade_rows(
    lookup: Lookup, columns: Sequence[Column], analysis: str, visit: str, confidence: float | None = None
) -> list[Row]:
    rows = [_count_row(lookup, columns, "Grade 1 or more, n (%)", analysis, "any", visit)]
    if confidence is not None:
        limits = tuple(lookup.interval(analysis, column.key, "any", visit) for column in columns)
        rows.append(Row(f"{format_level(confidence)}% CI", limits, 2))
    return [*rows, _count_row(lookup, columns, "Grade 2 or more, n (%)", analysis, "second", visit)]


def _count_row(
    lookup: Lookup, columns: Sequence[Column], label: str, analysis: str, level: str, visit: str
) -> Row:
    return Row(label, tuple(lookup.count_percent(analysis, c.key, level, visit) for c in columns), 1)


def _seen_row(
    lookup: Lookup, columns: Sequence[Column], analysis: str, visit: str, label: str, level: str
) -> Row:
    cells = tuple(format_count(lookup.value(analysis, c.key, "N", level, visit)) for c in columns)
    return Row(label, cells, 1)


@sentence_if_absent
def table_bleeding_shift(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange WHO grades at baseline against those at each week."""
    columns, lookup = study.design.columns, Lookup(rows)
    levels = lookup.levels("shift")
    body: list[Row] = []
    for visit in lookup.visits("shift"):
        for base in sorted({level.partition(" > ")[0] for level in levels}):
            of_base = [level for level in sorted(levels) if level.partition(" > ")[0] == base]
            here = [level for level in of_base if _occurs(rows, level, visit)]
            if here:
                body.append(Row(f"{_grade(base)} at baseline, at {visit}"))
                body += [
                    _count_row(lookup, columns, _grade(level.partition(" > ")[2]), "shift", level, visit)
                    for level in here
                ]
    return finish("WHO grade, n (%)", lookup, columns, body, ["Percentages of all subjects of the column."])


def _occurs(rows: pd.DataFrame, level: str, visit: str) -> bool:
    chosen = (rows["level"] == level) & (rows["visit"] == visit) & (rows["statistic"] == "n")
    return bool((rows.loc[chosen, "value"] > 0).any())


def _grade(grade: str) -> str:
    return "No grade" if grade == "missing" else f"Grade {grade}"


@sentence_if_absent
def table_bleeding_domains(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange bleeding by the domains of ITP-BAT and visit."""
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    for code, label in _DOMAINS.items():
        for visit in lookup.visits(code):
            body.append(Row(f"{label}, {visit}"))
            body.append(_seen_row(lookup, columns, code, visit, "Subjects with a grade, n", "any"))
            body += _grade_rows(lookup, columns, code, visit)
    notes = [
        "ITP-BAT: the worst grade of each domain; percentages of the subjects with a grade at the visit."
    ]
    return finish("Domain and visit", lookup, columns, body, notes)


@sentence_if_absent
def table_itp_therapy(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange rescue therapy and the other therapy of the disease in the study."""
    columns, lookup = study.design.columns, Lookup(rows)
    body = [
        count_row(lookup, "Rescue therapy, n (%)", columns, "rescue", ""),
        interval_row(lookup, columns, "rescue", "", confidence),
    ]
    for label, names in (("First day, median", ("median",)), ("First day, min, max", ("min", "max"))):
        cells = tuple(joined(lookup, "first_rescue", column.key, names) for column in columns)
        body.append(Row(label, cells, 1))
    if lookup.has("other"):
        body.append(Row("Other therapy of the disease, n (%)"))
        labels = {
            "kept": "Under way on Day 1, kept",
            "stopped": "Under way on Day 1, stopped",
            "started": "Started later",
        }
        body += [count_row(lookup, label, columns, "other", level, 1) for level, label in labels.items()]
    notes = [
        EXACT_NOTE.format(level=format_level(confidence)),
        "Kept: without a recorded end. The records have start and end; a lower dose can't be seen.",
    ]
    return finish("Therapy", lookup, columns, body, notes)
