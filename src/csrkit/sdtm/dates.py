"""Dates as SDTMIG 3.4 allows them, and points in time that relative timing names."""

from __future__ import annotations

import re

import pandas as pd

# Dates as SDTMIG 3.4 (4.4.2) allows them, brought to the one form that everything else reads.

_DAY = r"(?:[0-9]{4}|-)(?:-(?:[0-9]{2}|-)(?:-(?:[0-9]{2}|-))?)?"
_TIME = r"(?:[01][0-9]|2[0-3]|-)(?::(?:[0-5][0-9]|-)(?::(?:[0-5][0-9](?:\.[0-9]+)?|-))?)?"
_OFFSET = r"(?:Z|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)"
# What nearly all values look like; digits are named, since engines differ in what else they take as one.
_USUAL = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?)?"
_MOMENT = re.compile(rf"(?P<day>{_DAY})(?:T(?P<time>{_TIME}){_OFFSET}?)?")


def to_date(text: pd.Series) -> pd.Series:
    """Return complete dates as datetime64 (time of day dropped); partial or missing ones are NaT."""
    return pd.to_datetime(text.str[:10].where(text.str.len() >= 10), format="%Y-%m-%d", errors="coerce")


def are_usual(text: pd.Series) -> pd.Series:
    """Tell of many texts at once which are a day, or day and time, that ``plain_date`` leaves as it is."""
    return text.str.fullmatch(_USUAL).astype(bool)


def plain_date(text: str) -> str | None:
    """Return a date in local time without interval; None for a text that is no date of SDTM.

    An interval (``2003-12-01/2003-12-10``) is taken by its start. ``Z`` and offsets go, the local time
    stays. A time without its day says no date (``-----T07:15`` is empty, ``2019-12--T14:00`` a month).
    """
    if not text:
        return ""
    found = [_MOMENT.fullmatch(part) for part in text.split("/")]
    if len(found) > 2 or not all(found) or found[0] is None:
        return None
    day, time = found[0]["day"], found[0]["time"]
    known = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", day) is not None
    if known:
        return f"{day}T{time}" if time else day
    day = day.rstrip("-")
    return day if re.search(r"[0-9]", day) else ""


def plain_dates(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return a domain with its dates (``--DTC``) in plain form, and a note for each variable that changed.

    Only intervals, offsets and times without a day are changed; a text that is no date stays for the checks.
    """
    notes = []
    frame = frame.copy(deep=False)
    for name in [str(column) for column in frame if str(column).endswith("DTC")]:
        if frame[name].dtype != "str":
            continue
        texts = pd.Series(frame[name].unique(), dtype="str")
        odd = [text for text in texts[~are_usual(texts)] if "/" in text or "T" in text]
        plain = {text: plain_date(text) for text in odd}
        changed = {text: date for text, date in plain.items() if date is not None and date != text}
        if changed:
            rows = frame[name].isin(list(changed))
            frame[name] = frame[name].map(lambda text, known=changed: known.get(text, text)).astype("str")
            text, date = next(iter(changed.items()))
            notes.append(
                f"{name}: {int(rows.sum())} intervals, offsets or times without a day are read by start "
                f"in local time (the first: {text!r} as {date!r})."
            )
    return frame, notes


# Points in time that relative timing names: is one the first dose, or earlier?

_FIRST = r"(?:FIRST|1ST|INITIAL|START OF|BEGIN\w* OF)"
_TREATMENT = (
    r"(?:INFUSION|DOS(?:E|ING)|TREATMENT|ADMINISTRATION|MEDICATION|THERAPY|DRUG|INJECTION|EXPOSURE|TRIAL)"
)
_POINTS = (
    rf"{_FIRST}\b.*\b(?:STUDY\b.*)?{_TREATMENT}|{_TREATMENT}\b.*\b(?:START|BEGIN)|{_FIRST} (?:THE )?STUDY"
    r"|\b(?:INFUSION|DOSE|CYCLE) ?1\b|\b(?:STUDY )?DAY ?-?[01]\b|\bC1D1\b|^STUDY START"
    r"|\bBASELINE\b|\bSCREEN|\bCONSENT\b|\bRANDOMI[SZ]|\bENROL|\bPRE-?(?:DOSE|TREATMENT|INFUSION)\b|\bRFX?STDTC\b"
)


def is_up_to_first_dose(points: pd.Series, first: pd.Series, timed: pd.Series) -> pd.Series:
    """Tell of each reference point (``--STTPT``) whether it is the first dose or lies before it.

    A point is a date, up to the day of the first dose (``first``) or, where both have a time of day, up to
    its time (``timed``), or words for the first dose or for what comes before it (screening, consent,
    baseline). Any other words say nothing of it.
    """
    text = points.str.strip().str.upper()
    dated = text.str.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T.*)?")
    day = pd.to_datetime(text.where(dated).str[:10], format="%Y-%m-%d", errors="coerce")
    moment = pd.to_datetime(text.where(dated).str[:16], format="%Y-%m-%dT%H:%M", errors="coerce")
    up_to = (day <= first) & ~(moment > timed)
    return up_to.where(dated, text.str.contains(_POINTS, regex=True)).astype("bool")


def is_known_point(points: pd.Series) -> pd.Series:
    """Tell of each reference point whether it is a date or words that are understood."""
    text = points.str.strip().str.upper()
    return text.str.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}") | text.str.contains(_POINTS, regex=True)
