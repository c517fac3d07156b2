"""Dates moved by a whole number of days per subject, so that the days between them stay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from csrkit.disclosure.trial.pseudonyms import draw
from csrkit.sdtm.read import Trial
from csrkit.sdtm.relative_timing import is_known_point

# Invented: the first block starts within the year from this day on, the next one two years later.
_FIRST = dt.date(2001, 1, 1)
_SPREAD = 365
_APART = 730
# Points of relative timing: a date, or words of which only those that are understood stay.
_POINTS = ("STTPT", "ENTPT")
_WHOLE, _MONTH, _YEAR = 10, 7, 4  # characters of an ISO 8601 day, month and year


def choose_shifts(trial: Trial, key: bytes, block: int) -> dict[str, int]:
    """Return subject to the days by which its dates are moved.

    The first day of a subject (RFSTDTC, else consent, else collection) falls on a random day of an invented
    year. The subjects of an arm keep their order by blocks of ``block`` or more, as a dose-escalation tells
    its cohorts; within a block the order is random. No date, season or distance between two subjects is left.
    """
    dm = trial["DM"]
    starts = _first_days(dm)
    slots = _blocks(dm, starts, block)
    shifts = {}
    for subject, slot, start in zip(dm["USUBJID"], slots, starts, strict=True):
        inside = draw(key, "date", subject) % _SPREAD
        invented = _FIRST + dt.timedelta(days=_APART * int(slot) + inside)
        known = start.date() if pd.notna(start) else _FIRST
        shifts[str(subject)] = (invented - known).days
    return shifts


def _blocks(dm: pd.DataFrame, starts: pd.Series, size: int) -> pd.Series:
    """Number the blocks by the first start in each; what is left over of an arm belongs to its last block."""
    arm = dm.get("ACTARMCD", dm["ARMCD"])
    rank = starts.groupby(arm).rank(method="first", na_option="bottom") - 1
    most = (arm.map(arm.value_counts()) // size - 1).clip(lower=0)
    part = np.minimum(rank // size, most)
    first = starts.groupby([arm, part]).transform("min")
    order = pd.DataFrame({"first": first, "arm": arm, "part": part}).drop_duplicates()
    order = order.sort_values(["first", "arm", "part"], ignore_index=True)
    place = {(row.arm, row.part): number for number, row in enumerate(order.itertuples())}
    return pd.Series([place[pair] for pair in zip(arm, part, strict=True)], index=dm.index)


def keeps_first(trial: Trial, disclosed: Trial, names: Mapping[str, str], count: int) -> bool:
    """Tell whether the first subjects treated are the same ones by the true and by the moved dates."""
    before, after = (_treated(data["DM"]).head(count) for data in (trial, disclosed))
    return {names[subject] for subject in before} == set(after)


def _treated(dm: pd.DataFrame) -> pd.Series:
    start = dm.get("RFXSTDTC", dm.get("RFSTDTC", pd.Series("", index=dm.index, dtype="str")))
    treated = dm.assign(START=start)[start != ""]
    return treated.sort_values(["START", "USUBJID"])["USUBJID"]


def _first_days(dm: pd.DataFrame) -> pd.Series:
    first = pd.Series("", index=dm.index, dtype="str")
    for name in ("RFSTDTC", "RFICDTC", "DMDTC"):
        if name in dm:
            whole = dm[name].where(dm[name].str.len() >= _WHOLE, "")
            first = first.where(first != "", whole)
    return pd.to_datetime(first.str[:_WHOLE], format="%Y-%m-%d", errors="coerce")


def move_dates(frame: pd.DataFrame, shifts: Mapping[str, int], treated: Mapping[str, str]) -> pd.DataFrame:
    """Return a domain's records with every date (``--DTC``) moved; times of day stay.

    ``treated`` is the subject's first day of treatment. A partial date keeps its precision: it holds, as
    before, the first day of treatment, or the record's own start, or lies on the same side of treatment.
    """
    names = [name for name in frame.columns.astype(str) if name.endswith("DTC")]
    moved = frame.copy(deep=False)
    starts = frame.get(next((name for name in names if name.endswith("STDTC")), ""))
    own = starts if starts is not None else pd.Series("", index=frame.index)
    for name in names:
        rows = zip(frame["USUBJID"], frame[name], own, strict=True)
        texts = [
            _move(text, shifts.get(subject, 0), treated.get(subject, ""), start)
            for subject, text, start in rows
        ]
        moved[name] = pd.Series(texts, index=frame.index, dtype="str")
    for name in [name for name in frame.columns.astype(str) if name[2:] in _POINTS]:
        pairs = zip(frame["USUBJID"], frame[name], strict=True)
        texts = [
            _move(text, shifts.get(subject, 0), treated.get(subject, ""), "") if text[:1].isdigit() else text
            for subject, text in pairs
        ]
        points = pd.Series(texts, index=frame.index, dtype="str")
        moved[name] = points.where(is_known_point(points), "")
    return moved


def _move(text: str, days: int, treated: str, start: str) -> str:
    if not text:
        return ""
    if len(text.partition("T")[0]) >= _WHOLE and "--" not in text:
        return _shift(text[:_WHOLE], days) + text[_WHOLE:]
    known = text[: _MONTH if len(text) >= _MONTH and "--" not in text[:_MONTH] else _YEAR]
    if not known[:_YEAR].isdigit():
        return ""  # without its year a date says nothing that could be moved
    return _move_partial(known, days, treated[:_WHOLE], start[:_WHOLE])


def _move_partial(text: str, days: int, treated: str, start: str) -> str:
    """Move a year or a month: with a day that it holds, else with its middle."""
    anchors = [day for day in (treated, start) if len(day) == _WHOLE]
    held = next((day for day in anchors if day.startswith(text)), "")
    middle = text + ("-15" if len(text) == _MONTH else "-07-01")
    moved = _shift(held or middle, days)[: len(text)]
    if held or not treated:
        return moved
    first = _shift(treated, days)
    if not first.startswith(moved):
        return moved
    # the middle came to lie in the month or year of treatment, in which it didn't lie before
    return _neighbour(moved, -1 if text < treated[: len(text)] else 1)


def _neighbour(text: str, step: int) -> str:
    if len(text) == _YEAR:
        return f"{int(text) + step:04d}"
    return str(pd.Period(text, freq="M") + step)


def _shift(day: str, days: int) -> str:
    return (dt.date.fromisoformat(day) + dt.timedelta(days=days)).isoformat()
