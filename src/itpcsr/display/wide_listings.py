"""Listings with a column for each test: one row per subject and visit."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from csrkit.tables import words
from csrkit.tables.formats import format_count, format_limit, format_number
from csrkit.tables.layouts import sentence_if_absent
from csrkit.tables.table import Header, Row, Table
from csrkit.tables.words import Record
from itpcsr.display.labels import sentence_case
from itpcsr.display.listings import describe_subject
from itpcsr.display.parameters import VIRUS_TESTS, parameter_decimals
from itpcsr.display.subject_listings import instead_of_listing
from itpcsr.study import Study

_NOTHING = "–"
_SIDES = {"LOW": "L", "HIGH": "H"}
_RESULTS = {"POSITIVE": "positive", "NEGATIVE": "negative", "MISSING": "missing"}


@sentence_if_absent
def list_virus_tests(rows: pd.DataFrame, admb: pd.DataFrame, adsl: pd.DataFrame, study: Study) -> Table:
    """List the results of virus and syphilis tests: a column for each test that the study names.

    A result that is neither positive nor negative stands as recorded.
    """
    places = _virus_places(admb)
    none = "No result of a virus or syphilis test was recorded."
    if sentence := instead_of_listing(rows, len(admb), none):
        return Table("", absent=sentence)
    texts = [
        _RESULTS.get(str(record["AVALC"]), str(record["MBSTRESC"])) for record in admb.to_dict("records")
    ]
    tests = [test for test in study.sampling.virus_tests if (admb["PARAMCD"] == test).any()]
    names = admb.drop_duplicates("PARAMCD").set_index("PARAMCD")["PARAM"]
    heads = tuple(Header(VIRUS_TESTS.get(test, str(names[test]))) for test in tests)
    body = _wide_rows(admb.assign(PLACE=places, COLUMN=admb["PARAMCD"], TEXT=texts), tests, adsl)
    notes = (
        f"Missing: due at this visit, without a result. {_NOTHING}: not tested on this day. "
        "Days count from the first administration (Day 1; there is no Day 0).",
    )
    return Table("Subject; visit, study day", heads, tuple(body), notes)


def _virus_places(admb: pd.DataFrame) -> list[str]:
    """Name visit and day of each result; a missing test stands with those of its visit that have a day."""
    days = admb["ADY"].fillna(admb.groupby(["USUBJID", "AVISITN"])["ADY"].transform("first"))
    visits = admb["AVISITN"].map(_planned_visit)
    return [_place(visit, day) for visit, day in zip(visits, days, strict=True)]


def _planned_visit(week: float) -> str:
    if math.isnan(week):
        return "Unplanned"
    return f"Week {format_count(week)}" if week else "Baseline"


def _place(visit: str, day: float) -> str:
    return ", ".join(part for part in dict.fromkeys((visit, words.study_day(day))) if part)


@sentence_if_absent
def list_laboratory(rows: pd.DataFrame, adlb: pd.DataFrame, adsl: pd.DataFrame, study: Study) -> Table:
    """List laboratory values of one category: a column for each test and unit, marks beside the value.

    ``adlb`` comes from ``select_tests``. Values of one test, visit and day share a cell.
    """
    visits = zip(adlb["VISIT"], adlb["ADY"], strict=True)
    places = [_place(sentence_case(words.clean(str(visit))), float(day)) for visit, day in visits]
    none = "The data hold no laboratory value of this category that is shown as a safety variable."
    if sentence := instead_of_listing(rows, len(adlb), none):
        return Table("", absent=sentence)
    tests = adlb.drop_duplicates(["PARAMCD", "AVALU"]).sort_values(["PARAMCD", "AVALU"]).to_dict("records")
    texts = [_value(record) for record in adlb.to_dict("records")]
    named = adlb.assign(PLACE=places, COLUMN=adlb["PARAMCD"] + "|" + adlb["AVALU"], TEXT=texts)
    columns = [f"{test['PARAMCD']}|{test['AVALU']}" for test in tests]
    body = _wide_rows(named, columns, adsl)
    return Table("Subject; visit, study day", tuple(map(_test_head, tests)), tuple(body), _notes(adlb, study))


def _notes(adlb: pd.DataFrame, study: Study) -> tuple[str, ...]:
    marks = "L, H: below, above the normal range of the sample"
    if (adlb["ATOXGR"].isin(["1", "2", "3", "4"])).any():
        marks += (
            f"; G1 to G4: grade by {study.laboratory.toxicity_criteria}, as far as the value alone decides it"
        )
    if (adlb["CLSIGFL"] == "Y").any():
        marks += "; *: called clinically significant in the data"
    return (
        f"{marks}. {_NOTHING}: not measured at this visit. ADLB holds normal ranges, grades at baseline and "
        "changes, too.",
        "Numeric results with a complete date, and those beyond measurement (<5). Days count from the "
        "first administration (Day 1; there is no Day 0).",
    )


def _test_head(test: Record) -> Header:
    label = str(test["PARAM"]).rpartition(" (")[0]
    name = words.capitalize(words.lab_name(str(test["PARAMCD"]), label))
    unit = words.unit(str(test["AVALU"]))
    return Header(f"{name}, {unit}" if unit else name)


def _value(record: Record) -> str:
    decimals = parameter_decimals(str(record["PARAMCD"]), str(record["AVALU"]))
    grade = f"G{record['ATOXGR']}" if record["ATOXGR"] in ("1", "2", "3", "4") else ""
    significant = "*" if record["CLSIGFL"] == "Y" else ""
    limit = format_limit(str(record.get("AVALC", "")))
    parts = (
        limit or format_number(float(record["AVAL"]), decimals),
        _SIDES.get(str(record["ANRIND"]), ""),
        grade,
    )
    return " ".join(part for part in (*parts, significant) if part)


def _wide_rows(records: pd.DataFrame, columns: Sequence[str], adsl: pd.DataFrame) -> list[Row]:
    """Return a row for each subject and PLACE, in their order, with the TEXT of each COLUMN."""
    subjects = {str(record["USUBJID"]): record for record in adsl.to_dict("records")}
    cells: dict[tuple[str, str], dict[str, str]] = {}
    fields = zip(*(records[name] for name in ("USUBJID", "PLACE", "COLUMN", "TEXT")), strict=True)
    for subject, place, column, text in fields:
        line = cells.setdefault((subject, place), {})
        line[column] = f"{line[column]}; {text}" if column in line else text
    body: list[Row] = []
    shown = ""
    for (subject, place), line in cells.items():
        if subject != shown:
            shown = subject
            body.append(Row(describe_subject(subject, subjects[subject])))
        body.append(Row(place, tuple(line.get(column, _NOTHING) for column in columns), 1))
    return body
