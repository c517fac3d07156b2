"""Arrange adverse events in time into tables: at infusions, per patient-year, until the first, duration."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from csrkit.tables.formats import format_count, format_level, format_number
from csrkit.tables.layouts import (
    EVENTS_NOTE,
    EXACT_NOTE,
    count_row,
    event_rows,
    finish,
    sentence_if_absent,
    summary_rows,
    term_row,
)
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Row, Table
from itpcsr.display.labels import sentence_case
from itpcsr.display.safety_tables import kind_label
from itpcsr.study import Column, Study

_TIMES = {
    "within": "During or within {hours} h of an infusion",
    "later": "Later",
    "before": "On Day 1 before the first infusion",
    "unknown": "Day of onset not known",
}


@sentence_if_absent
def table_ae_infusions(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange events by onset against the infusions, and by number of the infusion."""
    columns, lookup = study.design.columns, Lookup(rows)
    times = _time_labels(study)
    body: list[Row] = []
    for analysis, head in (("onset", "Onset of any event"), ("onset_related", "Onset of related events")):
        body.append(Row(head))
        for time in lookup.levels(analysis):
            body += event_rows(lookup, times[time], columns, analysis, time, confidence, indent=1)
    body.append(Row(f"{times['within']}, of the subjects given it"))
    for number in lookup.levels("within"):
        label = f"Infusion {number}"
        body += event_rows(lookup, label, columns, "within", number, confidence, indent=1)
    body.append(Row("From the infusion to the next one or the end, of the subjects given it"))
    body += [
        term_row(lookup, f"Infusion {number}", columns, (), "latest", number, 1)
        for number in lookup.levels("latest")
    ]
    notes = [EVENTS_NOTE, EXACT_NOTE.format(level=format_level(confidence)), _timing_note(study)]
    return finish("Treatment-emergent, n (%) [events]", lookup, columns, body, notes)


@sentence_if_absent
def table_ae_infusion_terms(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange preferred terms by onset against the infusions."""
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    for time, label in _time_labels(study).items():
        if lookup.has(time):
            body.append(term_row(lookup, label, columns, (), time, "any", 0))
            terms = [term for term in lookup.levels(time) if term != "any"]
            body += [term_row(lookup, sentence_case(term), columns, (), time, term, 1) for term in terms]
    return finish("Onset, preferred term", lookup, columns, body, [EVENTS_NOTE, _timing_note(study)])


def _time_labels(study: Study) -> dict[str, str]:
    return {time: text.format(hours=study.safety.infusion_hours) for time, text in _TIMES.items()}


def _timing_note(study: Study) -> str:
    return (
        f"The {study.safety.infusion_hours} h count from the end of the infusion. Of an onset without time "
        "of day, that on the day of an infusion or on a day that the hours can reach counts as within them."
    )


@sentence_if_absent
def table_ae_rates(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange rates per patient-year: all events, and first events, with exact Poisson intervals."""
    columns, lookup = study.design.columns, Lookup(rows)
    heads = {
        "rate": ("Events / patient-years", "Events per patient-year"),
        "first": ("Subjects with event / patient-years to the first", "First events per patient-year"),
    }
    body: list[Row] = []
    for kind in lookup.levels("rate"):
        body.append(Row(kind_label(kind, study)))
        for analysis, (counts, rates) in heads.items():
            pairs = _cells(lookup, columns, analysis, kind, ("events", "years"), " / ")
            limits = _cells(lookup, columns, analysis, kind, ("rate_low", "rate_high"), " to ")
            body.append(Row(counts, pairs, 1))
            body.append(Row(rates, _cells(lookup, columns, analysis, kind, ("rate",), ""), 1))
            body.append(Row(f"{format_level(confidence)}% CI", limits, 2))
    notes = [
        f"CI: exact Poisson interval (Garwood) at level {format_level(confidence)}%. It takes events as "
        "independent; repeated events of one subject often aren't, so that of all events tends to be too "
        "narrow.",
        "A patient-year is 365.25 days at risk, from the first administration on.",
    ]
    return finish("Treatment-emergent", lookup, columns, body, notes)


def _cells(
    lookup: Lookup,
    columns: Sequence[Column],
    analysis: str,
    level: str,
    names: Sequence[str],
    between: str,
) -> tuple[str, ...]:
    """Return statistics of each column joined; one NE stands for all of a cell."""
    cells = []
    for column in columns:
        texts = [lookup.text(analysis, column.key, name, level) for name in names]
        cells.append("NE" if "NE" in texts else between.join(texts))
    return tuple(cells)


@sentence_if_absent
def table_ae_times(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange the time to the first event of each kind: median and share with an event by day."""
    columns, lookup = study.design.columns, Lookup(rows)
    interval = f"{format_level(confidence)}% CI"
    body: list[Row] = []
    for kind in ("any", "related", "severe", "serious"):
        body.append(Row(kind_label(kind, study)))
        body.append(count_row(lookup, "Subjects with event, n (%)", columns, kind, "", 1))
        if not lookup.has_statistic(kind, "median"):
            continue
        medians = tuple(lookup.statistic(kind, column.key, "median", 0) for column in columns)
        limits = tuple(_limits(lookup, kind, column.key, "median", "") for column in columns)
        body += [Row("Median time, days", medians, 1), Row(interval, limits, 2)]
        for day in lookup.visits(kind):
            shares = tuple(_share(lookup, kind, column.key, day) for column in columns)
            limits = tuple(_limits(lookup, kind, column.key, "km", day) for column in columns)
            body += [Row(f"With event by {day}, % [at risk]", shares, 1), Row(interval, limits, 2)]
    notes = [
        "Kaplan-Meier estimates with log-log intervals (Brookmeyer and Crowley for the median), in study "
        "days; the first administration is on Day 1. Subjects without event are censored on their last day "
        "at risk.",
        "[At risk]: subjects without event and under observation at the start of the day.",
    ]
    return finish("Time to first event", lookup, columns, body, notes)


def _share(lookup: Lookup, kind: str, group: str, day: str) -> str:
    percent = lookup.statistic(kind, group, "km_percent", 0, day)
    return f"{percent} [{format_count(lookup.value(kind, group, 'at_risk', visit=day))}]"


def _limits(lookup: Lookup, kind: str, group: str, name: str, visit: str) -> str:
    """Return the limits of an interval of which one may not be estimable."""
    pair = [lookup.value(kind, group, f"{name}_{side}", visit=visit) for side in ("low", "high")]
    texts = [format_number(value, 1) for value in pair]
    return texts[0] if texts == ["NE", "NE"] else " to ".join(texts)


@sentence_if_absent
def table_ae_outcomes(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange duration and outcome of events: numbers of events, not of subjects."""
    columns, lookup = study.design.columns, Lookup(rows)
    labels = {"all": "Events", "related": "Related", "no_end": "Without end date"}
    body = [_share_row(lookup, columns, label, "event", level) for level, label in labels.items()]
    body.append(Row("Duration of any event, days"))
    body += summary_rows(lookup, columns, "ADURN")
    body.append(Row("Duration of related events, days"))
    body += summary_rows(lookup, columns, "ADURN_RELATED")
    body.append(Row("Outcome"))
    body += [
        _share_row(lookup, columns, sentence_case(level), "outcome", level, 1)
        for level in lookup.levels("outcome")
    ]
    notes = [
        "Number of events (% of the events of the column); a subject may have several.",
        "Duration: first and last day included, of events with both days known. SD: standard deviation.",
    ]
    return finish("Treatment-emergent events", lookup, columns, body, notes)


def _share_row(
    lookup: Lookup, columns: Sequence[Column], label: str, analysis: str, level: str, indent: int = 0
) -> Row:
    cells = []
    for column in columns:
        events = lookup.value(analysis, column.key, "events", level)
        percent = lookup.text(analysis, column.key, "percent", level) if events > 0 else ""
        cells.append(f"{format_count(events)} ({percent})" if percent else format_count(events))
    return Row(label, tuple(cells), indent)
