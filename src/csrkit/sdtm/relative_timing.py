"""Points in time that relative timing names: is one the first dose, or earlier?"""

from __future__ import annotations

import pandas as pd

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
