"""Listings of adverse events by subject: every field in words, partial dates as such."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable

import pandas as pd

from csrkit.rows import absence
from csrkit.tables import words
from csrkit.tables.formats import format_count
from csrkit.tables.table import Header, Row, Table
from csrkit.tables.words import Record
from itpcsr.study import Study

_EMPTY = {
    "tbl-deaths": "No death was recorded.",
    "tbl-serious-events": "No serious adverse event other than a death was recorded.",
    "tbl-significant-events": "No other significant adverse event was recorded.",
}
_LISTED = {"tbl-deaths": "death", "tbl-serious-events": "serious", "tbl-significant-events": "significant"}
_INTERVENTIONS = ("DRUG WITHDRAWN", "DRUG INTERRUPTED", "DOSE REDUCED")
_UNTOLD_DEATH = "Death, of which no adverse event tells"
_NOTE = (
    "Days count from the first administration (Day 1; there is no Day 0); the event's last day is its end, "
    "and both days count in its duration. The term as reported stands in brackets where it differs."
)


def list_events(
    rows: pd.DataFrame, events: pd.DataFrame, adsl: pd.DataFrame, study: Study, display: str
) -> Table:
    """List the deaths, the other serious or the other significant events, by subject and day of onset.

    ``rows`` are the result rows of all listings, ``events`` come from ``select_events``; ``display`` is the
    listing's label. Without such an event the table is a sentence that says so.
    """
    if sentence := absence(rows[rows["display"] == display]):
        return Table("", absent=sentence)
    chosen = events[events["LISTED"] == _LISTED[display]]
    if chosen.empty:
        return Table("", absent=_EMPTY[display])
    return event_table(chosen, adsl, study, reasons=display == "tbl-significant-events")


def event_table(
    events: pd.DataFrame, adsl: pd.DataFrame, study: Study, *, reasons: bool, notes: tuple[str, ...] = ()
) -> Table:
    """Arrange events (ADAE, in their order) under their subjects; ``reasons`` says why each is listed.

    Further ``notes`` follow that on days and terms.
    """
    body = rows_by_subject(events, adsl, lambda event: event_row(event, study, reasons))
    stub = "Subject; preferred term [reported term]"
    return Table(stub, event_headers(study, reasons), tuple(body), (_NOTE, *notes))


def rows_by_subject(records: pd.DataFrame, adsl: pd.DataFrame, arrange: Callable[[Record], Row]) -> list[Row]:
    """Return one row per record, in their order, under a heading for each subject."""
    subjects = {str(record["USUBJID"]): record for record in adsl.to_dict("records")}
    body: list[Row] = []
    before = None
    for record in records.sort_values("USUBJID", kind="stable").to_dict("records"):
        subject = str(record["USUBJID"])
        if subject != before:
            body.append(Row(describe_subject(subject, subjects[subject])))
            before = subject
        body.append(arrange(record))
    return body


def describe_subject(subject: str, record: Record) -> str:
    """Return ``SIM-007: 46-year-old woman, 2.0 × 10⁶/kg escalation``; what isn't known is left out."""
    parts = [words.person(float(record["AGE"]), str(record["SEX"])), words.clean(str(record["TRT01A"]))]
    return f"{subject}: {', '.join(part for part in parts if part)}"


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
    severity = words.severity(_number(event["ASEVN"]), study.safety.severity_variable).removeprefix("grade ")
    middle = why_listed(event, study) if reasons else seriousness(event)
    cells = (
        words.listed_day(_number(event["ASTDY"]), str(event["AESTDTC"])),
        _end(event),
        duration(event),
        severity,
        words.relation(str(event["AEREL"])),
        middle,
        words.action(str(event["AEACN"])),
        words.outcome(str(event["AEOUT"])),
    )
    return Row(name_event(event), cells, 1)


def _number(value: object) -> float:
    return float(str(value))


def _end(event: Record) -> str:
    """The end, or "ongoing" where an event without end isn't over."""
    if not event["AEENDTC"] and words.outcome(str(event["AEOUT"])) in ("not recovered", "recovering"):
        return "ongoing"
    return words.listed_day(_number(event["AENDY"]), str(event["AEENDTC"]))


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
    grade = _number(event["ASEVN"])
    if not math.isnan(grade) and event["SEVFL"] == "Y":
        reasons.append(words.severity(grade, study.safety.severity_variable))
    return "; ".join(reasons)
