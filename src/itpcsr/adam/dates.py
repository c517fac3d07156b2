"""ISO 8601 dates of SDTM as analysis dates, and when a record began and ended against treatment."""

from __future__ import annotations

import pandas as pd

from csrkit.sdtm.dates import is_up_to_first_dose
from csrkit.sdtm.labels import fold
from itpcsr.adam.domains import look_up

# ISO 8601 dates of SDTM, partial ones included, as analysis dates with an imputation flag.

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


# When a record began and ended against treatment: one rule for events, medication and infusions.
#
# What is known of a record's start is its date, as far as it is given, its time of day, that it can't begin
# after its own end, and where SDTM's relative timing sets it (SDTMIG 3.4, 4.4.7): against a point that the
# record names (`--STRTPT` to `--STTPT`, `--ENRTPT` to `--ENTPT`) or against the subject's reference
# period (`--STRF`, `--ENRF`), which begins with the first dose or before it.

_DAY, _HOUR, _MINUTE = 10, 13, 16


def place_in_time(records: pd.DataFrame, domain: str, adsl: pd.DataFrame) -> pd.DataFrame:
    """Return start and end of each record: ASTDT, ASTDTF, AENDT, AENDTF, BEFORE and ENDED.

    BEFORE is True where the record is known to have begun before the first dose: by its date, on the day of
    the first dose by its time of day, by its end, or by relative timing where the date leaves it open. ENDED
    is True where it is known to have ended before the first dose, too. A complete date says more than
    relative timing. Partial dates are imputed within what is known (see ``impute_start``). An untreated
    subject has no first dose to be before.

    Parameters
    ----------
    records
        USUBJID and those variables of the domain's timing that there are.
    domain
        The prefix of the variables: AE, CM, PR, MH.
    adsl
        TRTSDT and TRTSDTM (first dose) by USUBJID.
    """
    subject = adsl.set_index("USUBJID")
    first, timed = (look_up(subject[name], records["USUBJID"]) for name in ("TRTSDT", "TRTSDTM"))
    start, stop = (_text(records, f"{domain}{name}") for name in ("STDTC", "ENDTC"))
    end, end_flag = impute_end(stop)
    started, over = (_by_relative_timing(records, domain, name, first, timed) for name in ("ST", "EN"))
    ended = _was_before(stop, end, first, timed) | (over & _leaves_open(stop, first, timed))
    before = started & _leaves_open(start, first, timed)
    day, flag = impute_start(start, first, end, before)
    before = before | ended | _was_before(start, day, first, timed)
    treated = first.notna()
    known = {"BEFORE": before & treated, "ENDED": ended & treated}
    return pd.DataFrame({"ASTDT": day, "ASTDTF": flag, "AENDT": end, "AENDTF": end_flag, **known})


def _text(records: pd.DataFrame, name: str) -> pd.Series:
    return records[name] if name in records else pd.Series("", index=records.index, dtype="str")


def _was_before(text: pd.Series, day: pd.Series, first: pd.Series, timed: pd.Series) -> pd.Series:
    """True where a moment lies before the first dose: on another day, or by the times of both."""
    return (day < first) | ((day == first) & (_last_minute(text) < timed))


def _last_minute(text: pd.Series) -> pd.Series:
    """Return the latest minute that a complete date with an hour allows, NaT without one."""
    hour = text.str.slice(_DAY, _HOUR).str.fullmatch(r"T[0-9]{2}")
    minute = text.str.slice(_HOUR, _MINUTE)
    exact = minute.str.fullmatch(r":[0-9]{2}")
    filled = text.str[:_HOUR] + minute.where(exact, ":59")
    return to_datetime(filled.where(hour, ""))


def _leaves_open(text: pd.Series, first: pd.Series, timed: pd.Series) -> pd.Series:
    """True where a start may lie before the first dose or after it, as far as its date goes."""
    known = text.str[:_DAY]
    whole = known.str.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
    day = pd.to_datetime(known.where(whole), format="%Y-%m-%d", errors="coerce")
    told = (day == first) & _last_minute(text).notna() & timed.notna()
    return ~whole | ((day == first) & ~told)


def _by_relative_timing(
    records: pd.DataFrame, domain: str, which: str, first: pd.Series, timed: pd.Series
) -> pd.Series:
    """True where relative timing puts the start (``which`` ST) or the end (EN) before the first dose."""
    point, relation, period = (_text(records, f"{domain}{which}{name}") for name in ("TPT", "RTPT", "RF"))
    at_point = _says_before(relation) & is_up_to_first_dose(point, first, timed)
    return at_point | _says_before(period)


def _says_before(relation: pd.Series) -> pd.Series:
    return fold(relation) == "BEFORE"
