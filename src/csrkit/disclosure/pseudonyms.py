"""Names in place of subject identifiers, and moved dates: both drawn by a secret key."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import math
import os
import stat
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from csrkit.bounds import Bounds, read_bytes
from csrkit.errors import ParameterError
from csrkit.sdtm.dates import is_known_point
from csrkit.sdtm.read import Trial

# Study-internal names in place of subject identifiers, and random numbers, both drawn by a secret key.

# The simulated trial describes nobody: its external version can be made again by everyone.
DEMONSTRATION_KEY = b"published key of the simulated trial, which hides nobody"
_LEAST = 32  # characters: 16 bytes written in hexadecimal digits
_LARGEST = 100_000  # bytes: a key is no book
_LEAST_BITS = 80  # what 32 random hexadecimal digits have at the very least, by the signs that occur
_MAKE = "`openssl rand -hex 32 > FILE && chmod 600 FILE`"
# Without vowels and without what is easily misread: a name is neither a word nor a number.
_SIGNS = "23456789BCDFGHJKMNPQRSTVWXZ"
_LENGTH = 6


def read_key(path: Path | None, simulated: bool, root: Path) -> bytes:
    """Return the key of a version of the project at ``root``.

    Raises
    ------
    ParameterError
        There is no key for real data; the file is missing, lies within the project or is open to others; or
        what it holds is too short, or can be guessed. The content is never told.
    """
    if path is None:
        if simulated:
            return DEMONSTRATION_KEY
        raise ParameterError(
            "disclosure: external needs `disclosure_key`, a file with your own secret: without one, anyone "
            "with the original identifiers could work out the names. Make it outside the project with "
            f"{_MAKE}."
        )
    if not path.exists():
        raise ParameterError(
            f"{path}: there is no such file. `disclosure_key` names the file with the secret; make it with "
            f"{_MAKE}, and keep it: another key gives other names."
        )
    _refuse_place(path, root)
    key = read_bytes(path, Bounds(parameter_size=_LARGEST), ParameterError, "parameter_size").strip()
    if len(key) < _LEAST:
        raise ParameterError(
            f"{path}: holds {len(key)} characters; a key has {_LEAST} or more. Make it with {_MAKE}."
        )
    if key == DEMONSTRATION_KEY or _can_be_guessed(key):
        raise ParameterError(
            f"{path}: holds a key that can be guessed: few signs, a sequence, a repetition or the published "
            f"one. Make it with {_MAKE}."
        )
    return key


def _refuse_place(path: Path, root: Path) -> None:
    """Refuse a key that goes wherever the project goes, or that others on the machine can read or change."""
    if path.resolve().is_relative_to(root.resolve()):
        raise ParameterError(
            f"{path}: lies within the project, where it may be committed or passed on with it. Keep it "
            "outside, and name its new place as `disclosure_key`."
        )
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ParameterError(
            f"{path}: others on this machine may read or change it. Take these rights away by "
            f"`chmod 600 {path}`; if others may have read it, make a new one."
        )


def _can_be_guessed(key: bytes) -> bool:
    """Tell whether a key has few signs, few distances from one sign to the next, or repeats itself.

    By the frequencies of its signs (Shannon's entropy) a key of random hexadecimal digits has 3.5 bits a
    sign; a sequence (abcdef) has as many, but no different distances.
    """
    steps = bytes((after - before) % 256 for before, after in pairwise(key))
    repeats = any(key.startswith(key[shift:]) for shift in range(1, len(key) // 2 + 1))
    return repeats or min(_bits(key), _bits(steps)) < _LEAST_BITS


def _bits(signs: bytes) -> float:
    shares = (count / len(signs) for count in Counter(signs).values())
    return -len(signs) * sum(share * math.log2(share) for share in shares)


def draw(key: bytes, *parts: str) -> int:
    """Return a number of 256 bits that only who has the key can tell from its parts (HMAC-SHA-256)."""
    return int.from_bytes(hmac.new(key, "\x1f".join(parts).encode(), hashlib.sha256).digest())


def name_subjects(subjects: Iterable[str], key: bytes) -> dict[str, str]:
    """Return identifier to name, for example ``S-7KQ3XD``; it doesn't depend on the other subjects.

    Two subjects whose names would be the same get longer ones.
    """
    ordered = sorted(set(subjects))
    length = _LENGTH
    while True:
        names = {subject: f"S-{_spell(draw(key, 'subject', subject), length)}" for subject in ordered}
        if len(set(names.values())) == len(ordered):
            return names
        length += 1


def _spell(number: int, length: int) -> str:
    signs = []
    for _ in range(length):
        number, place = divmod(number, len(_SIGNS))
        signs.append(_SIGNS[place])
    return "".join(signs)


# Dates moved by a whole number of days per subject, so that the days between them stay.

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
