"""Pair the records of two versions by what they are: transfers renumber them."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pandas as pd

Places = npt.NDArray[np.int64]

_NUMBER = re.compile(r"(?:SRC|[A-Z]{0,2})SEQ")
# What a record is about, and when it was; the names as they stand, or behind a domain's two letters.
_THING = ("SRCDOM", "ACAT1", "ATERM", "CAT", "TERM", "DECOD", "TRT", "TESTCD", "BASETYPE", "PARAMCD")
_TIME = ("AVISITN", "ADT", "ADTM", "ATPTN", "ASTDT", "ASTDTM", "ASTDTC", "STDTC", "DTC", "EXNUM")
# Beyond this many possible pairs of a subject the likeness of each isn't counted: the order decides.
_MOST_PAIRS = 250_000


def is_number(name: object) -> bool:
    """Tell whether a variable is a sequence number, which says nothing of what a record is."""
    return _NUMBER.fullmatch(str(name)) is not None


def pair_records(old: pd.DataFrame, new: pd.DataFrame) -> tuple[Places, Places]:
    """Return the places of the records that are the same ones, in the new version's order.

    Parameters
    ----------
    old, new
        The versions' records, all text.

    Notes
    -----
    Records of one subject are paired in steps: first those that are wholly the same, then those of the same
    thing at the same time, each time those of most equal values; then events and treatments of one name, and
    results of a parameter that a subject has once. Any other is another record: removed, or added.
    """
    shared = [str(name) for name in new.columns if name in old.columns and not is_number(name)]
    left, right = np.arange(len(old)), np.arange(len(new))
    pairs: list[tuple[Places, Places]] = []
    for step in _steps(shared):
        free = left, right
        if len(step) < len(shared) and _ends(step[-1], _TIME):  # an unknown time is no time in common
            free = left[_known(old, left, step[-1])], right[_known(new, right, step[-1])]
        elif step[-1:] == ["PARAMCD"]:
            free = left[_once(old, left, step)], right[_once(new, right, step)]
        found = _pair_by(old, new, *free, step, shared)
        pairs.append(found)
        left, right = np.setdiff1d(left, found[0]), np.setdiff1d(right, found[1])
        if not len(left) or not len(right):
            break
    before, after = (np.concatenate([pair[side] for pair in pairs]).astype("int64") for side in (0, 1))
    order = np.argsort(after, kind="stable")
    return before[order], after[order]


def _steps(shared: list[str]) -> list[list[str]]:
    subject = [name for name in shared if name == "USUBJID"]
    thing = sorted((name for name in shared if _ends(name, _THING)), key="PARAMCD".__eq__)
    time = [name for name in shared if _ends(name, _TIME)]
    if not thing and not time:  # one record a subject (ADSL), or nothing that tells more
        return [shared, subject]
    return [
        shared,
        [*subject, *thing, *time],
        *([*subject, *thing, name] for name in time),
        [*subject, *thing],
    ]


def _ends(name: str, parts: tuple[str, ...]) -> bool:
    """Tell whether a variable is one of these, as it stands or behind a domain's two letters."""
    return name in parts or (len(name) > 4 and name[2:] in parts)


def _pair_by(
    old: pd.DataFrame, new: pd.DataFrame, left: Places, right: Places, step: list[str], shared: list[str]
) -> tuple[Places, Places]:
    """Pair the records left over that agree in the variables of a step, the most alike first."""
    marks = pd.concat([_marks(old.iloc[left], step), _marks(new.iloc[right], step)], ignore_index=True)
    codes, _ = pd.factorize(marks)
    before = _by_code(codes[: len(left)], left)
    after = _by_code(codes[len(left) :], right)
    first: list[int] = []
    second: list[int] = []
    for code in (code for code in before if code in after):
        for one, other in _most_alike(old, new, before[code], after[code], step, shared):
            first.append(one)
            second.append(other)
    return np.array(first, dtype="int64"), np.array(second, dtype="int64")


def _known(frame: pd.DataFrame, places: Places, name: str) -> npt.NDArray[np.bool_]:
    return (frame[name].iloc[places] != "").to_numpy(dtype=bool)


def _once(frame: pd.DataFrame, places: Places, names: list[str]) -> npt.NDArray[np.bool_]:
    return ~frame.duplicated(names, keep=False).to_numpy(dtype=bool)[places]


def _marks(frame: pd.DataFrame, names: list[str]) -> pd.Series:
    marks = pd.Series("", index=range(len(frame)), dtype="str")
    for name in names:
        marks = marks + "\x1f" + frame[name].reset_index(drop=True)
    return marks


def _by_code(codes: npt.NDArray[np.int64], places: Places) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for code, place in zip(codes.tolist(), places.tolist(), strict=True):
        found.setdefault(code, []).append(place)
    return found


def _most_alike(
    old: pd.DataFrame,
    new: pd.DataFrame,
    left: list[int],
    right: list[int],
    step: list[str],
    shared: list[str],
) -> list[tuple[int, int]]:
    """Return pairs of two groups of records, those with the most equal values first, else in their order."""
    if (len(left) == 1 and len(right) == 1) or step == shared or len(left) * len(right) > _MOST_PAIRS:
        return list(zip(left, right, strict=False))
    a, b = old.iloc[left][shared].to_numpy(dtype=object), new.iloc[right][shared].to_numpy(dtype=object)
    alike = (a[:, None, :] == b[None, :, :]).sum(axis=2)
    rank = np.argsort(-alike.ravel(), kind="stable")
    free_left, free_right = set(range(len(left))), set(range(len(right)))
    pairs = []
    for place in rank.tolist():
        one, other = divmod(place, len(right))
        if one in free_left and other in free_right:
            pairs.append((left[one], right[other]))
            free_left.discard(one)
            free_right.discard(other)
    return pairs
