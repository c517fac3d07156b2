"""ISO 8601 dates of SDTM, partial ones included, as analysis dates with an imputation flag."""

from __future__ import annotations

import pandas as pd

from csrkit.sdtm.iso_dates import to_date

__all__ = ["impute_end", "impute_start", "study_day", "to_date", "to_datetime"]

# Year, month and day as far as they are known; a hyphen stands for an unknown part ("2021---05").
_PARTS = r"^(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2}|-))?(?:-(?P<day>[0-9]{2}))?"
# Month and day of an unknown year ("--03-20").
_NO_YEAR = r"^--(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"


def to_datetime(text: pd.Series) -> pd.Series:
    """Return date and time to the minute; a complete date without a known time is midnight, else NaT."""
    minutes = text.str.slice(11, 16)
    minutes = minutes.where(minutes.str.fullmatch(r"[0-9]{2}:[0-9]{2}"), "00:00")
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
    text: pd.Series,
    treatment_start: pd.Series,
    end: pd.Series | None = None,
    before: pd.Series | None = None,
) -> tuple[pd.Series, pd.Series]:
    """Impute partial start dates to the earliest day possible, but not needlessly before treatment.

    A missing day becomes the 1st, a missing month January; a day that is known stays. Where the text allows
    a day from the treatment start on, the first of these days is taken: an event that may have started on
    treatment counts as started on treatment (the conservative rule for safety). ``2022---20`` is the 20th of
    the first month in which it lies on treatment. A day without its year (``--03-20``) is the first one on
    treatment, or the last one before it where it is known to have been before.

    Parameters
    ----------
    text
        ISO 8601 dates, possibly partial (``2021-03``, ``2021``, ``2021---05``, ``--03-20``) or empty.
    treatment_start
        First dose date of each record's subject, datetime64, NaT if untreated.
    end
        Known end dates, datetime64: nothing is imputed to a day after its own end.
    before
        True where the start is known to lie before the treatment start, which then isn't imputed.

    Returns
    -------
    dates, flags
        datetime64 (NaT where even the year is missing) and the ADaM imputation flag: ``D`` day imputed,
        ``M`` month imputed (and the day, unless it is known), ``Y`` year imputed, empty for a complete date.
    """
    year, month, day, flags = _parts_and_flags(text)
    earliest = _day_of(year, month.replace("", "01"), day.replace("", "01"))
    on_treatment = earliest.where(earliest >= treatment_start)
    same_year = treatment_start.dt.year == earliest.dt.year
    same_month = same_year & (treatment_start.dt.month == earliest.dt.month)
    open_day = ((flags == "M") & (day == "") & same_year) | ((flags == "D") & same_month)
    on_treatment = on_treatment.mask(open_day, treatment_start)
    of_unknown_month = (flags == "M") & (day != "")
    if of_unknown_month.any():
        found = _first_with_day(year[of_unknown_month], day[of_unknown_month], treatment_start)
        on_treatment = on_treatment.mask(of_unknown_month, found.reindex(text.index))
    allowed = on_treatment.notna()
    if end is not None:
        # an open day is moved back to the end itself, a known one to another month
        allowed &= ~((on_treatment > end) & of_unknown_month)
    if before is not None:
        allowed &= ~before
    dates = on_treatment.where(allowed, earliest)
    dates, flags = _without_year(text, treatment_start, end, before, dates, flags)
    if end is not None:
        dates = dates.mask((flags != "") & (dates > end), end)
    return dates, flags


def _day_of(year: pd.Series, month: pd.Series, day: pd.Series) -> pd.Series:
    return pd.to_datetime(
        (year + "-" + month + "-" + day).where(year != ""), format="%Y-%m-%d", errors="coerce"
    )


def _first_with_day(year: pd.Series, day: pd.Series, treatment_start: pd.Series) -> pd.Series:
    """Return the first such day of the year that isn't before the treatment start, NaT for none."""
    start = treatment_start.reindex(year.index)
    found = pd.Series(pd.NaT, index=year.index, dtype="datetime64[us]")
    for number in range(12, 0, -1):
        date = _day_of(year, pd.Series(f"{number:02d}", index=year.index), day)
        found = found.mask(date >= start, date)
    return found


def _without_year(
    text: pd.Series,
    treatment_start: pd.Series,
    end: pd.Series | None,
    before: pd.Series | None,
    dates: pd.Series,
    flags: pd.Series,
) -> tuple[pd.Series, pd.Series]:
    """Fill in days whose year is unknown: the first on treatment, else the last before it."""
    parts = text.str.extract(_NO_YEAR)
    rows = parts["month"].notna() & treatment_start.notna()
    if not rows.any():
        return dates, flags
    month, day, start = parts.loc[rows, "month"], parts.loc[rows, "day"], treatment_start[rows]
    first, last = (_of_year(start.dt.year + step, month, day) for step in (0, -1))
    following = _of_year(start.dt.year + 1, month, day)
    after = first.where(first >= start, following)
    earlier = first.where(first < start, last)
    known = pd.Series(False, index=start.index) if before is None else before[rows]
    if end is not None:
        known = known | (after > end[rows])
    chosen = earlier.where(known, after)
    return dates.mask(rows, chosen.reindex(text.index)), flags.mask(rows, "Y")


def _of_year(year: pd.Series, month: pd.Series, day: pd.Series) -> pd.Series:
    return _day_of(year.astype("str"), month, day)


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
