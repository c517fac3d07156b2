"""When a record began and ended against treatment: one rule for events, medication and infusions.

What is known of a record's start is its date, as far as it is given, its time of day, that it can't begin
after its own end, and where SDTM's relative timing sets it (SDTMIG 3.4, 4.4.7): against a point that the
record names (``--STRTPT`` to ``--STTPT``, ``--ENRTPT`` to ``--ENTPT``) or against the subject's reference
period (``--STRF``, ``--ENRF``), which begins with the first dose or before it.
"""

from __future__ import annotations

import pandas as pd

from csrkit.sdtm.labels import fold
from csrkit.sdtm.relative_timing import is_up_to_first_dose
from itpcsr.adam.dates import impute_end, impute_start, to_datetime
from itpcsr.adam.domains import look_up

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
