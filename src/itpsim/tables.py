"""Dates as ISO 8601 text, and what every SDTM table needs: study days, epoch, sequence and order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.extensions import ExtensionArray

from itpsim.catalogue import STUDY_ID, VARIABLE_LABELS
from itpsim.draws import Days, Floats

_NUMERIC = ("SEQ", "DY", "DOSE", "STRESN", "STNRLO", "STNRHI", "AGE", "NUM", "LLOQ", "ETORD")
_DAY_MINUTES = 24 * 60


class Moments(NamedTuple):
    """What texts such as 2020-06-01T09:30 say, one item each.

    Attributes
    ----------
    day
        Days since 1970, NaN for a partial date.
    minute
        Minutes since midnight, NaN where only the day is known.
    rank
        Whole numbers in the order of the texts; equal texts have equal ranks.
    """

    day: Floats
    minute: Floats
    rank: Days


def texts(values: Sequence[str]) -> ExtensionArray:
    """Return the values as an array of pandas' ``str``, which ``take`` spreads over many rows cheaply."""
    return pd.array(values, dtype="str")


def day_text(start: npt.ArrayLike, day: npt.ArrayLike) -> ExtensionArray:
    """Return YYYY-MM-DD of ``day`` days after ``start`` (datetime64[D]); a missing day gives empty text."""
    days = np.asarray(day, dtype="float64")
    known = ~np.isnan(days)
    dates = np.asarray(start, dtype="datetime64[D]") + np.where(known, days, 0).astype("int64")
    # Many rows share few dates: each is written once.
    each, place = np.unique(dates, return_inverse=True)
    written = texts([*np.datetime_as_string(each, unit="D"), ""])
    return written.take(np.where(known, place, len(each)))


def minute_text(start: npt.ArrayLike, day: npt.ArrayLike, minute: npt.ArrayLike) -> ExtensionArray:
    """Return YYYY-MM-DDThh:mm of ``minute`` minutes into the day ``day`` days after ``start``."""
    minutes = np.asarray(day, dtype="int64") * _DAY_MINUTES + np.asarray(minute, dtype="int64")
    days, rest = np.divmod(minutes, _DAY_MINUTES)
    clock = texts([f"T{k // 60:02d}:{k % 60:02d}" for k in range(_DAY_MINUTES)])
    written: ExtensionArray = day_text(start, days) + clock.take(rest)  # type: ignore[operator]
    return written


def known_part(text: npt.ArrayLike | ExtensionArray, length: npt.ArrayLike) -> ExtensionArray:
    """Cut each date to the characters known of it: 4 for the year, 7 the month, 10 the day, 16 the minute."""
    whole, lengths = pd.Series(text, dtype="str"), np.asarray(length)
    cut = whole.copy()
    for known in np.unique(lengths):
        cut[lengths == known] = whole[lengths == known].str[: int(known)]
    return cut.array


def arrange(name: str, rows: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    """Add identifiers, epoch, study days, order and sequence numbers.

    Rows come in order of subject and of the domain's first date; within those they keep the order given.

    Parameters
    ----------
    name
        Domain; its variables and their order are the catalogue's.
    rows
        The domain's own variables with USUBJID; variables that are absent stay empty. Columns that the
        domain doesn't have are kept.
    reference
        One row per subject, in order of USUBJID: USUBJID, RFSTDTC, RFICDTC and ``treatment_end`` (the day
        treatment ended).
    """
    names = VARIABLE_LABELS[name]
    dates = [column for column in names if column.startswith(name) and column.endswith("DTC")]
    table = rows.assign(STUDYID=STUDY_ID, DOMAIN=name).reset_index(drop=True)
    table = table.astype(dict.fromkeys(["USUBJID", *dates], "str"))
    subject = _row_of(table["USUBJID"], reference["USUBJID"])
    if name != "DM":
        table, subject = _sorted(table, subject, read_moments(table[dates[0]]).rank)
        table[f"{name}SEQ"] = np.arange(1.0, len(table) + 1) - np.searchsorted(subject, subject)
    moments = {column: read_moments(table[column]) for column in dates}
    first = read_moments(reference["RFSTDTC"])
    for column, moment in moments.items():
        table[column.removesuffix("DTC") + "DY"] = study_day(moment.day, first.day[subject])
    if "EPOCH" in names:
        table["EPOCH"] = _epoch(moments[dates[0]], subject, first, reference)
    return table


def typed(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the catalogue's columns in their order: text as ``str``, numbers as ``float64``."""
    names = list(VARIABLE_LABELS[name])
    whole = table.assign(**dict.fromkeys([column for column in names if column not in table], ""))[names]
    return whole.astype({column: "float64" if column.endswith(_NUMERIC) else "str" for column in names})


def study_day(day: Floats, first: Floats) -> Floats:
    """Return the SDTM study day (no day 0) of days counted from any date; NaN where either is missing."""
    apart = day - first
    return apart + (apart >= 0)


def read_moments(text: pd.Series) -> Moments:
    """Read dates and times; few different days and times stand on many rows, so each is read once."""
    day, day_rank = _read_each(text.str[:10], _days)
    minute, minute_rank = _read_each(text.str[10:], _minutes)
    return Moments(day, minute, day_rank * (1 + minute_rank.max(initial=0)) + minute_rank)


def _read_each(text: pd.Series, read: Callable[[pd.Series], pd.Series]) -> tuple[Floats, Days]:
    place, each = pd.factorize(text, sort=True)
    numbers = read(pd.Series(each, dtype="str")).to_numpy(dtype="float64")
    return numbers[place], np.asarray(place, dtype="int64")


def _days(text: pd.Series) -> pd.Series:
    dates = pd.to_datetime(text.mask(text.str.len() < 10), format="%Y-%m-%d", errors="coerce")
    return (dates - pd.Timestamp(0)).dt.days


def _minutes(text: pd.Series) -> pd.Series:
    """Read ``Thh:mm``; empty text is NaN."""
    hours, minutes = (pd.to_numeric(text.str[at : at + 2]) for at in (1, 4))
    return 60 * hours + minutes


def _row_of(usubjid: pd.Series, reference: pd.Series) -> Days:
    place, each = pd.factorize(usubjid)
    return np.asarray(pd.Index(reference).get_indexer(each)[place], dtype="int64")


def _sorted(table: pd.DataFrame, subject: Days, rank: Days) -> tuple[pd.DataFrame, Days]:
    """Sort by subject and rank; rows that are in order already, as millions of results are, aren't moved."""
    order = np.lexsort((rank, subject))
    if (order == np.arange(order.size)).all():
        return table, subject
    return table.take(order).reset_index(drop=True), subject[order]


def _epoch(moment: Moments, subject: Days, first: Moments, reference: pd.DataFrame) -> ExtensionArray:
    """Screening until infusion 1 starts, treatment to the day on which it ended, then follow-up.

    Empty for a partial date and for what was before consent.
    """
    consent, end = (read_moments(reference[name]).day[subject] for name in ("RFICDTC", "treatment_end"))
    start, start_minute = first.day[subject], first.minute[subject]
    # A comparison with NaN is false: a day without a time is never before infusion 1 on its day.
    screening = np.isnan(start) | (moment.day < start)
    screening |= (moment.day == start) & (moment.minute < start_minute)
    unknown = np.isnan(moment.day) | (moment.day < consent)
    code = np.select([unknown, screening, moment.day <= end], [0, 1, 2], default=3)
    return texts(["", "SCREENING", "TREATMENT", "FOLLOW-UP"]).take(code)
