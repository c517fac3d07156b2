"""ISO 8601 dates of SDTM, partial ones included, as analysis dates with an imputation flag."""

from __future__ import annotations

import pandas as pd

# Year, month and day as far as they are known; a hyphen stands for an unknown part ("2021---05").
_PARTS = r"^(?P<year>\d{4})(?:-(?P<month>\d{2}|-))?(?:-(?P<day>\d{2}))?"


def to_date(text: pd.Series) -> pd.Series:
    """Return complete dates as datetime64 (time of day dropped); partial or missing ones are NaT."""
    return pd.to_datetime(text.str[:10].where(text.str.len() >= 10), format="%Y-%m-%d", errors="coerce")


def to_datetime(text: pd.Series) -> pd.Series:
    """Return date and time to the minute; a complete date without a known time is midnight, else NaT."""
    minutes = text.str.slice(11, 16)
    minutes = minutes.where(minutes.str.fullmatch(r"\d{2}:\d{2}"), "00:00")
    stamp = text.str[:10] + "T" + minutes
    return pd.to_datetime(stamp.where(text.str.len() >= 10), format="%Y-%m-%dT%H:%M", errors="coerce")


def _parts_and_flags(text: pd.Series) -> tuple[pd.Series, pd.Series, pd.Series, pd.Series]:
    """Return year, month and day as far as known ("" if not), and what has to be imputed."""
    parts = text.str.extract(_PARTS)
    year, month, day = (parts[name].fillna("").replace("-", "") for name in ("year", "month", "day"))
    flags = pd.Series("", index=text.index, dtype="str")
    flags = flags.mask((year != "") & (day == ""), "D").mask((year != "") & (month == ""), "M")
    return year, month, day, flags


def impute_start(
    text: pd.Series, treatment_start: pd.Series, end: pd.Series | None = None
) -> tuple[pd.Series, pd.Series]:
    """Impute partial start dates to the earliest day possible, but not needlessly before treatment.

    A missing day becomes the 1st, a missing month January; a day that is known stays. Where the treatment
    started within the unknown month or year, the treatment start is taken: an event that may have started
    on treatment counts as started on treatment (the conservative rule for safety).

    Parameters
    ----------
    text
        ISO 8601 dates, possibly partial (``2021-03``, ``2021``, ``2021---05``) or empty.
    treatment_start
        First dose date of each record's subject, datetime64, NaT if untreated.
    end
        Known end dates, datetime64: nothing is imputed to a day after its own end.

    Returns
    -------
    dates, flags
        datetime64 (NaT where even the year is missing) and the ADaM imputation flag: ``D`` day imputed,
        ``M`` month imputed (and the day, unless it is known), empty for a complete date.
    """
    year, month, day, flags = _parts_and_flags(text)
    earliest = pd.to_datetime(
        (year + "-" + month.replace("", "01") + "-" + day.replace("", "01")).where(year != ""),
        format="%Y-%m-%d",
        errors="coerce",
    )
    in_year = (flags == "M") & (treatment_start.dt.year == earliest.dt.year)
    same_month = (treatment_start.dt.year == earliest.dt.year) & (
        treatment_start.dt.month == earliest.dt.month
    )
    dates = earliest.mask(in_year | ((flags == "D") & same_month), treatment_start)
    if end is not None:
        dates = dates.mask((flags != "") & (dates > end), end)
    return dates, flags


def impute_end(text: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Impute partial end dates to the last day possible; return dates and imputation flags as for starts."""
    year, month, day, flags = _parts_and_flags(text)
    known = (year + "-" + month.replace("", "12") + "-" + day.replace("", "01")).where(year != "")
    dates = pd.to_datetime(known, format="%Y-%m-%d", errors="coerce")
    return dates.mask(day == "", dates + pd.offsets.MonthEnd(0)), flags


def study_day(dates: pd.Series, reference: pd.Series) -> pd.Series:
    """Return the study day: the reference date is Day 1, the day before it Day -1; there is no Day 0."""
    days = (dates - reference).dt.days.astype("float64")
    return days + (days >= 0)
