"""What all parts share: random draws, and dates, study days, epoch, sequence and visit of SDTM tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.random import Generator
from pandas.api.extensions import ExtensionArray

from itpsim.catalogue import STUDY_ID, VARIABLE_LABELS

# Random draws that can be held to a published count or median.

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.int64]
Texts = npt.NDArray[Any]

PUBLISHED_SUBJECTS = 18


def allot(rng: Generator, n: int, share: float, *, exact: bool) -> Flags:
    """Flag ``share`` of ``n`` subjects: exactly the rounded count in random places, or each by chance."""
    if exact:
        return rng.permutation(np.arange(n) < round(share * n))
    return rng.random(n) < share


def spread(rng: Generator, n: int, low: float, median: float, high: float) -> Floats:
    """Draw ``n`` values with exactly these extremes and, but for two values, exactly this median.

    Each half is uniform between its extreme and the median; the order is random.
    """
    half = n // 2
    place = np.sort(np.concatenate([rng.uniform(0, 0.5, half), rng.uniform(0.5, 1, n - half)]))
    if n > 1:
        place[[0, -1]] = 0, 1
    if n > 2 or n == 1:
        place[(n - 1) // 2 : half + 1] = 0.5
    return rng.permutation(np.interp(place, [0, 0.5, 1], [low, median, high]))


def pick(rng: Generator, eligible: Flags, count: int) -> Flags:
    """Flag ``count`` of the eligible subjects at random, or all of them where there are fewer."""
    places = np.flatnonzero(eligible)
    chosen = np.zeros(eligible.size, dtype=bool)
    chosen[rng.choice(places, min(count, places.size), replace=False)] = True
    return chosen


def choose(rng: Generator, weights: Floats, counts: npt.ArrayLike) -> tuple[Days, Days]:
    """Choose for each row of ``weights`` (n x k) so many different items; return rows and items chosen.

    One item is drawn after the other with chances in proportion to the weights of those left (which the
    order of exponential waiting times gives). Items of weight 0 are never chosen: a row with too few
    others gets those.
    """
    with np.errstate(divide="ignore"):
        waiting = rng.standard_exponential(weights.shape) / weights
    turn = np.argsort(np.argsort(waiting, axis=1), axis=1)
    rows, items = np.nonzero((turn < np.asarray(counts)[:, None]) & (weights > 0))
    return rows, items


def draw_kind(rng: Generator, shares: Floats) -> Days:
    """Draw for each row of ``shares`` (n x k, each row adds up to 1) one of the kinds 0 to k - 1."""
    bounds = np.cumsum(shares, axis=1)[:, :-1]
    kinds: Days = (rng.random(len(shares))[:, None] >= bounds).sum(axis=1)
    return kinds


def draw_one_of(rng: Generator, owner: Days, subject: Days) -> Days:
    """Draw for each subject one of the rows that ``owner`` (rising) says are the subject's; -1 for none."""
    first = np.searchsorted(owner, subject)
    count = np.searchsorted(owner, subject, side="right") - first
    drawn = first + np.floor(rng.random(subject.size) * count).astype("int64")
    return np.where(count > 0, drawn, -1)


def scaled(count: int, n: int) -> int:
    """Return a count among the 18 published subjects in proportion to ``n`` subjects."""
    return round(count * n / PUBLISHED_SUBJECTS)


def between(low: Floats, high: Floats, centre: Floats, noise: Floats) -> Floats:
    """Move ``centre`` by ``noise`` (logit scale) without ever leaving the open interval (low, high)."""
    width = high - low
    share = np.clip((centre - low) / width, 0.03, 0.97)
    return low + width / (1 + (1 - share) / share * np.exp(-noise))


# Dates as ISO 8601 text, and what every SDTM table needs: study days, epoch, sequence and order.

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


# What findings of one sample share: whose it is, at which visit, and when it was taken.

VISIT = ["VISITNUM", "VISIT", "VISITDY"]
NEGATIVE, POSITIVE = "NEGATIVE", "POSITIVE"


def collected(prefix: str, people: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """Return one row per sample: USUBJID, the visit, ``<prefix>DTC``, and ``day`` from infusion 1.

    Parameters
    ----------
    prefix
        Domain whose date variable is wanted.
    samples
        ``subject`` (row of ``people``), ``day`` (from infusion 1, day 0), ``minute`` (of the day; may run
        beyond midnight), VISITNUM, VISIT and VISITDY.
    """
    subject = samples["subject"].to_numpy()
    columns = {
        "USUBJID": people["USUBJID"].array.take(subject),
        **{name: samples[name].to_numpy() for name in ("VISITNUM", "VISITDY")},
        "VISIT": samples["VISIT"].array,
        f"{prefix}DTC": minute_text(people["start"].to_numpy()[subject], samples["day"], samples["minute"]),
        "day": samples["day"].to_numpy(),
    }
    return pd.DataFrame(columns)


def by_test(rows: pd.DataFrame, tests: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Cross rows with tests: all tests of the first row in their order, then those of the second.

    ``tests`` has for each column to add the texts of the tests.
    """
    count = len(next(iter(tests.values())))
    crossed = rows.take(np.repeat(np.arange(len(rows)), count)).reset_index(drop=True)
    place = np.tile(np.arange(count), len(rows))
    return crossed.assign(**{name: texts(values).take(place) for name, values in tests.items()})


def no_time_point(prefix: str) -> dict[str, Any]:
    """Return the time point variables of what is taken at a visit without a planned time."""
    texts = ("TPT", "ELTM", "TPTREF", "RFTDTC")
    return {f"{prefix}TPTNUM": np.nan} | dict.fromkeys((f"{prefix}{name}" for name in texts), "")


def first_infusions(given: pd.DataFrame) -> pd.DataFrame:
    """Return each subject's first infusion, one row each."""
    return given[given["number"] == 1].reset_index(drop=True)


def last_infusions(given: pd.DataFrame) -> pd.DataFrame:
    """Return each subject's last infusion, one row each."""
    return given.sort_values(["subject", "number"]).drop_duplicates("subject", keep="last", ignore_index=True)


def in_response(people: pd.DataFrame, subject: Days, day: Floats) -> np.ndarray:
    """Tell for each subject (row of ``people``) and day whether the latent platelet response holds."""
    rise = people["rise"].astype("float64").fillna(np.inf).to_numpy()[subject]
    loss = people["loss"].astype("float64").fillna(np.inf).to_numpy()[subject]
    return np.asarray((day >= rise) & (day < loss))
