"""When an event happened, against the calendar and the infusions, and what was measured around it."""

from __future__ import annotations

import math

import pandas as pd

from csrkit.limits import constant, exceeds, span_of, stand_in
from csrkit.tables import words
from csrkit.tables.formats import format_count, format_limit, format_plain
from csrkit.tables.words import Record
from itpcsr.study import Study

_NEAR = 7  # days before the start and after the end of an event that count as around it


def date_phrase(day: float, date: str) -> str:
    """Return ``on Day 24 (2021-01-16)``, ``in May 2021 (day not recorded)`` or "" for no date."""
    if words.is_complete(date):
        return f"on {date[:10]}" if math.isnan(day) else f"on {words.study_day(day)} ({date[:10]})"
    known = words.partial_date(date)
    missing = "day" if " " in known else "day and month"
    return f"in {known} ({missing} not recorded)" if known else ""


def place(event: Record, doses: pd.DataFrame, infusions: bool) -> str:
    """Return the opening of a sentence: ``On Day 18 (2021-01-10), 3 days after infusion 3,``.

    A partial date isn't set against the infusions.
    """
    date = str(event["AESTDTC"])
    phrase = date_phrase(float(event["ASTDY"]), date)
    if not phrase:
        return "On a day that was not recorded,"
    against = _against(date, doses, infusions) if words.is_complete(date) else ""
    return f"{words.capitalize(phrase)},{f' {against},' if against else ''}"


def _against(date: str, doses: pd.DataFrame, infusions: bool) -> str:
    start = pd.Timestamp(date[:10])
    doses = doses[doses["ASTDT"].notna()].sort_values(["ASTDT", "EXNUM"])
    if doses.empty:
        return ""
    before = doses[doses["ASTDT"] <= start]
    if before.empty:
        days = (doses["ASTDT"].iloc[0] - start).days
        return f"{words.plural(days, 'day')} before the first {'infusion' if infusions else 'dose'}"
    if not infusions:
        last = doses["AENDT"].fillna(doses["ASTDT"]).max()
        days = (start - last).days
        return f"{words.plural(days, 'day')} after the last dose" if days > 0 else "under treatment"
    last_dose = before.iloc[-1]
    name = f"infusion {format_count(last_dose['EXNUM'])}"
    days = (start - last_dose["ASTDT"]).days
    if days:
        return f"{words.plural(days, 'day')} after {name}"
    return f"on the day of {name}{_timed(date, last_dose)}"


def _timed(date: str, dose: pd.Series) -> str:
    """Return how long before, into or after the infusion an event began, where the times are known."""
    texts = (date, str(dose.get("EXSTDTC", "")), str(dose.get("EXENDTC", "")))
    times = [pd.to_datetime(text[:16], format="%Y-%m-%dT%H:%M", errors="coerce") for text in texts]
    onset, start, end = times
    if pd.isna(onset) or pd.isna(start):
        return ""
    if onset < start:
        return f", {_span(start - onset)} before its start"
    if pd.isna(end) or end < start:
        return f", {_span(onset - start)} after its start" if onset > start else ", at its start"
    if onset > end:
        return f", {_span(onset - end)} after its end"
    if onset == start:
        return ", at its start"
    return f", {_span(end - onset)} before its end" if onset < end else ", at its end"


def _span(length: pd.Timedelta) -> str:
    hours, minutes = divmod(int(length.total_seconds()) // 60, 60)
    parts = [words.plural(hours, "hour")] * (hours > 0) + [words.plural(minutes, "minute")] * (minutes > 0)
    return words.join(parts)


def window(event: Record, before: int, after: int) -> tuple[float, float]:
    """Return the study days around an event; an event without end has its start's, and none has NaN."""
    start, end = float(event["ASTDY"]), float(event["AENDY"])
    if not words.is_complete(str(event["AESTDTC"])):
        return math.nan, math.nan
    return start - before, (start if math.isnan(end) or end < start else end) + after


def around(event: Record, adlb: pd.DataFrame, bleeding: pd.DataFrame, study: Study) -> str:
    """Return what is known of the event's course: platelet counts, bleeding grade, abnormal values."""
    low, high = window(event, _NEAR, _NEAR)
    if math.isnan(low):
        return ""
    texts = [
        _platelets(event, adlb, study),
        _bleeding(bleeding, low, high),
        _abnormal(adlb, low, high, study),
    ]
    return " ".join(text for text in texts if text)


def _platelets(event: Record, adlb: pd.DataFrame, study: Study) -> str:
    """The last count up to the event's first day and the next one, neither more than four weeks away."""
    if study.efficacy is None:
        return ""
    day = float(event["ASTDY"])
    counts = adlb[(adlb["PARAMCD"] == study.efficacy.platelet_test) & adlb["ADY"].between(day - 28, day + 28)]
    counts = counts.sort_values(["ADY", "LBSEQ"], kind="stable")
    before, after = counts[counts["ADY"] <= day].tail(1), counts[counts["ADY"] > day].head(1)
    values = [
        f"{_result(count)} × {words.unit(count['AVALU'])} on {words.study_day(count['ADY'])}"
        for count in pd.concat([before, after]).to_dict("records")
    ]
    return f"The platelet count was {words.join(values)}." if values else ""


def _bleeding(bleeding: pd.DataFrame, low: float, high: float) -> str:
    near = bleeding[bleeding["ADY"].between(low, high)]
    if near.empty:
        return ""
    worst = near.sort_values(["AVAL", "ADY"], ascending=[False, True]).iloc[0]
    if worst["AVAL"] == 0:
        return "No bleeding was recorded on the WHO scale within a week of the event."
    grade, day = format_count(worst["AVAL"]), words.study_day(worst["ADY"])
    return f"The worst WHO bleeding grade within a week of the event was {grade} ({day})."


def _abnormal(adlb: pd.DataFrame, low: float, high: float, study: Study) -> str:
    """Values outside the reference range around the event; of each test the one farthest outside."""
    platelets = "" if study.efficacy is None else study.efficacy.platelet_test
    near = adlb[adlb["ADY"].between(low, high) & (adlb["PARAMCD"] != platelets)]
    value = stand_in(near)
    below, above = near["ANRLO"] / value, value / near["ANRHI"]
    excess = pd.concat([below, above], axis=1).max(axis=1)
    size, known = len(near), span_of(near)
    low_sure, _ = exceeds(constant(near["ANRLO"], size), known, equal=False)
    high_sure, _ = exceeds(known, constant(near["ANRHI"], size), equal=False)
    outside = near.assign(excess=excess, LOWFL=low_sure)[low_sure | high_sure]
    worst = outside.sort_values(["PARAMCD", "excess", "ADY"], ascending=[True, False, True], kind="stable")
    texts = [_value(record) for record in worst.drop_duplicates("PARAMCD").to_dict("records")]
    return f"Outside the reference range within a week of the event: {words.join(texts)}." if texts else ""


def _result(record: Record) -> str:
    return format_limit(str(record.get("AVALC", ""))) or format_plain(record["AVAL"])


def _value(record: Record) -> str:
    name = words.lab_name(record["PARAMCD"], str(record["PARAM"]).partition(" (")[0])
    value = words.amount(_result(record), str(record["AVALU"]))
    low, high = record["ANRLO"], record["ANRHI"]
    limits = [f"lower limit {format_plain(low)}"] if record["LOWFL"] else []
    if not limits and not math.isnan(high):
        limits = [f"upper limit {format_plain(high)}"]
    return f"{name} {value} ({', '.join([*limits, words.study_day(record['ADY'])])})"
