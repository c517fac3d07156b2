"""Listings: records under headings, with every field in words and partial dates as such."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence

import pandas as pd

from csrkit.tables import words
from csrkit.tables.formats import format_count, format_limit, format_number, format_plain
from csrkit.tables.layouts import sentence_if_absent
from csrkit.tables.table import Header, Row, Table
from csrkit.tables.words import NOT_RECORDED, Record
from itpcsr.display.labels import CATEGORY_LABELS, DECIMALS, VIRUS_TESTS, parameter_decimals, sentence_case
from itpcsr.study import Study

DAYS = "Days count from the first administration (Day 1; there is no Day 0)."
_EMPTY = {
    "death": "No death was recorded.",
    "serious": "No serious adverse event other than a death was recorded.",
    "significant": "No other significant adverse event was recorded.",
}
_INTERVENTIONS = ("DRUG WITHDRAWN", "DRUG INTERRUPTED", "DOSE REDUCED")
_UNTOLD_DEATH = "Death, of which no adverse event tells"
_NOTE = (
    "Days count from the first administration (Day 1; there is no Day 0); the event's last day is its end, "
    "and both days count in its duration. The term as reported is in brackets where it differs."
)
_MOST_NAMED = 40  # subjects named in a note; more are counted
_NOTHING = "–"
_SIDES = {"LOW": "L", "HIGH": "H"}
_RESULTS = {"POSITIVE": "positive", "NEGATIVE": "negative", "MISSING": "missing"}


@sentence_if_absent
def list_records(
    rows: pd.DataFrame,
    records: pd.DataFrame,
    headings: pd.Series,
    arrange: Callable[[Record], Row],
    *,
    heads: Sequence[str | Header],
    stub: str,
    none: str,
    notes: Sequence[str] = (),
) -> Table:
    """List records, in their order, each as a row under its heading.

    Parameters
    ----------
    rows
        Result rows of the listing; where they are absent, so is the listing.
    records, headings
        What is listed, and the heading of each record; one that stays the same stands once.
    arrange
        Makes the row of a record.
    heads, stub, notes
        Heads of the columns, that of the labels, and notes below.
    none
        The sentence that stands for a listing without records.
    """
    if records.empty:
        return Table("", absent=none)
    body = _under(headings, [arrange(record) for record in records.to_dict("records")])
    headers = tuple(head if isinstance(head, Header) else Header(head) for head in heads)
    return Table(stub, headers, tuple(body), tuple(notes))


def _under(headings: Sequence[str] | pd.Series, rows: Sequence[Row]) -> list[Row]:
    body: list[Row] = []
    before = None
    for heading, row in zip(headings, rows, strict=True):
        if heading != before:
            body.append(Row(heading))
            before = heading
        body.append(row)
    return body


def under_subjects(records: pd.DataFrame, adsl: pd.DataFrame) -> pd.Series:
    """Return the heading of each record: its subject, by sex, age and arm."""
    people = {str(person["USUBJID"]): person for person in adsl.to_dict("records")}
    named = {str(name): describe_subject(str(name), people[str(name)]) for name in set(records["USUBJID"])}
    return records["USUBJID"].map(named)


def describe_subject(subject: str, record: Record) -> str:
    """Return ``SIM-007: 46-year-old woman, 2.0 × 10⁶/kg escalation``; what isn't known is left out."""
    parts = [words.person(float(record["AGE"]), str(record["SEX"])), words.clean(str(record["TRT01A"]))]
    return f"{subject}: {', '.join(part for part in parts if part)}"


def name_subject(record: Record) -> str:
    """Return the subject, with the arm given where it isn't the one assigned."""
    given = "" if record["TRT01A"] == record["TRT01P"] else f" (given: {record['TRT01A']})"
    return f"{record['USUBJID']}{given}"


@sentence_if_absent
def list_events(
    rows: pd.DataFrame, events: pd.DataFrame, adsl: pd.DataFrame, study: Study, kind: str
) -> Table:
    """List the deaths, the other serious or the other significant events, by subject and day of onset.

    ``rows`` are the result rows of the listing, ``events`` come from ``select_events``; ``kind`` is their
    LISTED. Without such an event the table is a sentence that says so.
    """
    chosen = events[events["LISTED"] == kind]
    if chosen.empty:
        return Table("", absent=_EMPTY[kind])
    return event_table(chosen, adsl, study, reasons=kind == "significant")


def event_table(
    events: pd.DataFrame, adsl: pd.DataFrame, study: Study, *, reasons: bool, notes: tuple[str, ...] = ()
) -> Table:
    """Arrange events (ADAE, in their order) under their subjects; ``reasons`` says why each is listed.

    Further ``notes`` follow that on days and terms.
    """
    events = events.sort_values("USUBJID", kind="stable")
    rows = [event_row(event, study, reasons) for event in events.to_dict("records")]
    body = _under(under_subjects(events, adsl), rows)
    stub = "Subject; preferred term [reported term]"
    return Table(stub, event_headers(study, reasons), tuple(body), (_NOTE, *notes))


def event_headers(study: Study, reasons: bool) -> tuple[Header, ...]:
    """Return the heads over the cells of ``event_row``."""
    severity = "Severity" if study.safety.severity_variable == "AESEV" else "CTCAE grade"
    heads = ["Start, day", "End, day", "Duration, days", severity, "Relation to treatment"]
    heads += ["Why listed"] if reasons else ["Serious"]
    return tuple(Header(text) for text in [*heads, "Action with treatment", "Outcome"])


def event_row(event: Record, study: Study, reasons: bool) -> Row:
    """Return an adverse event as a row; ``reasons`` says why it is listed, else how serious it was."""
    if not event["AEDECOD"]:
        unknown = words.NOT_RECORDED
        cells = (unknown, _end(event), *(unknown,) * 5, words.outcome(str(event["AEOUT"])))
        return Row(_UNTOLD_DEATH, cells, 1)
    severity = words.severity(float(event["ASEVN"]), study.safety.severity_variable).removeprefix("grade ")
    middle = why_listed(event, study) if reasons else seriousness(event)
    cells = (
        words.listed_day(float(event["ASTDY"]), str(event["AESTDTC"])),
        _end(event),
        duration(event),
        severity,
        words.relation(str(event["AEREL"])),
        middle,
        words.action(str(event["AEACN"])),
        words.outcome(str(event["AEOUT"])),
    )
    return Row(name_event(event), cells, 1)


def _end(event: Record) -> str:
    """The end, or "ongoing" where an event without end isn't over."""
    if not event["AEENDTC"] and words.outcome(str(event["AEOUT"])) in ("not recovered", "recovering"):
        return "ongoing"
    return words.listed_day(float(event["AENDY"]), str(event["AEENDTC"]))


def name_event(event: Record) -> str:
    """Return the preferred term, and the reported one where it says something else."""
    coded = words.capitalize(words.event_term(event))
    reported = words.term(str(event["AETERM"]))
    return coded if reported.lower() in ("", coded.lower()) else f"{coded} [{reported}]"


def duration(event: Record) -> str:
    """Return the days from start to end, both included; only where both dates are complete."""
    start, end = str(event["AESTDTC"]), str(event["AEENDTC"])
    if not (words.is_complete(start) and words.is_complete(end)):
        return words.NOT_RECORDED if end or not start else "not known"
    days = (dt.date.fromisoformat(end[:10]) - dt.date.fromisoformat(start[:10])).days + 1
    return format_count(days) if days > 0 else "not known"


def seriousness(event: Record) -> str:
    """Return ``yes``, with the reasons where they are recorded, ``no`` or ``not recorded``."""
    said = {"Y": "yes", "N": "no"}.get(str(event["AESER"]), words.NOT_RECORDED)
    reasons = str(event.get("AESCRIT", ""))
    return f"{said}: {reasons}" if said == "yes" and reasons else said


def why_listed(event: Record, study: Study) -> str:
    """Return the reasons that make an event significant, parted by a semicolon."""
    reasons = ["dose-limiting toxicity"] if event["DLTFL"] == "Y" else []
    if str(event["AEACN"]).upper() in _INTERVENTIONS:
        head = "infusion reaction, " if event["INFRFL"] == "Y" else ""
        reasons.append(head + words.action(str(event["AEACN"])))
    grade = float(event["ASEVN"])
    if not math.isnan(grade) and event["SEVFL"] == "Y":
        reasons.append(words.severity(grade, study.safety.severity_variable))
    return "; ".join(reasons)


@sentence_if_absent
def list_all_events(rows: pd.DataFrame, adae: pd.DataFrame, adsl: pd.DataFrame, study: Study) -> Table:
    """List every adverse event of the treated subjects, those before treatment too."""
    if adae.empty:
        return Table("", absent="No adverse event was recorded.")
    note = without_record(adsl, adae, "Treated subjects without an adverse event")
    return event_table(adae, adsl, study, reasons=False, notes=(note,))


def without_record(adsl: pd.DataFrame, records: pd.DataFrame, text: str) -> str:
    """Name the treated subjects whom a listing doesn't hold, or say how many they are."""
    treated = adsl.loc[adsl["SAFFL"] == "Y", "USUBJID"]
    others = sorted(treated[~treated.isin(records["USUBJID"])])
    if len(others) > _MOST_NAMED:
        return f"{text}: {format_count(len(others))}."
    return f"{text}: {', '.join(others) or 'none'}."


def study_end(status: str, reason: str) -> str:
    """Return how treatment or study ended: ``completed``, or ``early`` with the reason."""
    if status != "DISCONTINUED":
        return words.clean(status).lower() or NOT_RECORDED
    return f"early: {words.term(reason)}" if reason else "early: reason not recorded"


def is_known(values: pd.Series) -> bool:
    """Tell whether the data hold a value of anybody."""
    return bool((values.notna() & (values.astype("str") != "")).any())


def characteristic(record: Record, name: str, study: Study) -> str:
    """Return one of the variables of BASELINE of a subject in words."""
    value = record[name]
    if name == "BPLAT" and record.get("BPLATC"):
        return format_limit(str(record["BPLATC"]))
    if isinstance(value, str):
        return CATEGORY_LABELS.get(value, sentence_case(value)) if value else NOT_RECORDED
    text = number_of(record, name, DECIMALS.get(name, 0))
    if name != "NPRIOR" or text == NOT_RECORDED:
        return text
    had = [words.term(therapy.label.upper()) for therapy in study.baseline.prior_therapies
           if record.get(therapy.flag) == "Y"]  # fmt: skip
    return f"{text}, with {words.join(had)}" if had else text


def number_of(record: Record, name: str, decimals: int, missing: str = NOT_RECORDED) -> str:
    """Return a number of a record, or the words for one that is missing."""
    value = float(record[name])
    return missing if math.isnan(value) else format_number(value, decimals)


def deviation_row(record: Record) -> Row:
    """Return a deviation as a row: as reported, kind, category, day."""
    texts = [words.term(str(record[name])) or NOT_RECORDED for name in ("DVDECOD", "DVCAT")]
    day = words.listed_day(float(record["ASTDY"]), str(record["DVSTDTC"]))
    return Row(words.clean(str(record["DVTERM"])) or words.capitalize(texts[0]), (*texts, day), 1)


def exposure_row(record: Record, noun: str, timed: bool) -> Row:
    """Return an administration as a row; ``timed`` shows the minutes in place of the last day."""
    last = words.listed_day(float(record["AENDY"]), str(record.get("EXENDTC", "")))
    adjusted = {"N": "no", "Y": f"yes: {words.term(str(record['EXADJ']))}"}
    cells = (
        words.listed_day(float(record["ASTDY"]), str(record["EXSTDTC"])),
        number_of(record, "ADURM", 0) if timed else last,
        *(_dose(float(record[name])) for name in ("PLANDOSE", "EXDOSE")),
        adjusted.get(str(record["ADJFL"]), NOT_RECORDED),
    )
    return Row(f"{noun} {format_count(float(record['EXNUM']))}", cells, 1)


def _dose(value: float) -> str:
    """Return a dose as it was recorded, with at least one decimal."""
    if math.isnan(value):
        return NOT_RECORDED
    plain = format_plain(value)
    return plain if "." in plain else format_number(value, 1)


def medication_row(record: Record) -> Row:
    """Return a medicine or procedure as a row: class, use, indication, days."""
    beside = "prior and concomitant" if record["PREFL"] == "Y" else "concomitant"
    coded, reported = (words.term(str(record[name])) for name in ("CMDECOD", "CMTRT"))
    differs = reported.lower() not in ("", coded.lower())
    cells = (
        words.term(str(record["CMCLAS"])),
        "rescue" if record["RESCFL"] == "Y" else beside,
        words.term(str(record["CMINDC"])) or NOT_RECORDED,
        words.listed_day(float(record["ASTDY"]), str(record["CMSTDTC"])),
        words.listed_day(float(record["AENDY"]), str(record["CMENDTC"])),
    )
    return Row(words.capitalize(coded) + (f" [{reported}]" if differs else ""), cells, 1)


@sentence_if_absent
def list_virus_tests(rows: pd.DataFrame, admb: pd.DataFrame, adsl: pd.DataFrame, study: Study) -> Table:
    """List the results of virus and syphilis tests: a column for each test that the study names.

    A result that is neither positive nor negative stands as recorded.
    """
    places = _virus_places(admb)
    none = "No result of a virus or syphilis test was recorded."
    if admb.empty:
        return Table("", absent=none)
    texts = [
        _RESULTS.get(str(record["AVALC"]), str(record["MBSTRESC"])) for record in admb.to_dict("records")
    ]
    tests = [test for test in study.sampling.virus_tests if (admb["PARAMCD"] == test).any()]
    names = admb.drop_duplicates("PARAMCD").set_index("PARAMCD")["PARAM"]
    heads = tuple(Header(VIRUS_TESTS.get(test, str(names[test]))) for test in tests)
    body = _wide_rows(admb.assign(PLACE=places, COLUMN=admb["PARAMCD"], TEXT=texts), tests, adsl)
    notes = (f"Missing: due at this visit, without a result. {_NOTHING}: not tested on this day. {DAYS}",)
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
    if adlb.empty:
        return Table("", absent=none)
    tests = adlb.drop_duplicates(["PARAMCD", "AVALU"]).sort_values(["PARAMCD", "AVALU"]).to_dict("records")
    texts = [_value(record) for record in adlb.to_dict("records")]
    named = adlb.assign(PLACE=places, COLUMN=adlb["PARAMCD"] + "|" + adlb["AVALU"], TEXT=texts)
    columns = [f"{test['PARAMCD']}|{test['AVALU']}" for test in tests]
    body = _wide_rows(named, columns, adsl)
    return Table(
        "Subject; visit, study day",
        tuple(map(_test_head, tests)),
        tuple(body),
        _laboratory_notes(adlb, study),
    )


def _laboratory_notes(adlb: pd.DataFrame, study: Study) -> tuple[str, ...]:
    marks = "L, H: below, above the normal range of the sample"
    if (adlb["ATOXGR"].isin(["1", "2", "3", "4"])).any():
        marks += (
            f"; G1 to G4: grade by {study.laboratory.toxicity_criteria}, as far as the value alone decides it"
        )
    if (adlb["CLSIGFL"] == "Y").any():
        marks += "; *: called clinically significant in the data"
    return (
        f"{marks}. {_NOTHING}: not measured at this visit. ADLB also holds normal ranges, grades at baseline "
        "and changes.",
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
    headings = [describe_subject(subject, subjects[subject]) for subject, _ in cells]
    lines = [
        Row(place, tuple(line.get(column, _NOTHING) for column in columns), 1)
        for (_, place), line in cells.items()
    ]
    return _under(headings, lines)
