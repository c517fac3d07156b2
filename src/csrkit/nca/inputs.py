"""Check what an analysis is given, and hold it as arrays over subjects and samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from csrkit.errors import DataError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

ROUTES = ("bolus", "infusion", "extravascular")
METHODS = ("linear", "linear-up log-down", "linear-log")
BELOW_LIMIT = ("zero", "half", "limit", "missing")
CUSTOMARY = {"before": "zero", "between": "missing", "after": "zero"}


@dataclass(frozen=True)
class Samples:
    """Samples with a concentration, by subject and time, and what was given to each subject.

    ``code`` places each sample's subject in ``subjects``. ``time`` counts from the subject's dose. ``below``
    marks values below ``limit`` (NaN for none). ``dose`` and ``duration`` have one value per subject, NaN
    where unknown.
    """

    subjects: pd.Index
    code: Integers
    time: Floats
    concentration: Floats
    below: Flags
    limit: Floats
    dose: Floats
    duration: Floats


@dataclass(frozen=True)
class Units:
    """The units of time, concentration and dose as the data give them, "" for none."""

    time: str
    concentration: str
    dose: str


def read_samples(concentrations: pd.DataFrame, doses: pd.DataFrame, lloq: float | None) -> Samples:
    """Return the samples as arrays; DataError names subject and row of what can't be."""
    _need(concentrations, "concentrations", ("subject", "time", "concentration"))
    _need(doses, "doses", ("subject", "time", "dose"))
    if lloq is not None and not 0 < lloq < np.inf:
        raise ValueError(f"lloq is the limit of quantification, a number above 0, not {lloq}.")
    subjects = pd.Index(pd.concat([concentrations["subject"], doses["subject"]])).unique()
    if subjects.hasnans:
        raise DataError("concentrations or doses: a row has no subject. Name it or leave the row out.")
    given, dose, duration = _doses(doses, subjects)
    code = subjects.get_indexer(pd.Index(concentrations["subject"])).astype("int64")
    order = np.argsort(code, kind="stable")
    rows, code = concentrations.iloc[order], code[order]
    time, value = _numbers(rows, "time"), _numbers(rows, "concentration")
    _refuse(rows, np.isnan(time), "has no time")
    _refuse(rows, value < 0, "has a negative concentration")
    same, step = np.diff(code) == 0, np.diff(time)
    _refuse(rows, np.append(False, same & (step == 0)), "has the same time as the row before it")
    _refuse(rows, np.append(False, same & (step < 0)), "lies before the row before it; times must increase")
    limit = _limits(rows, lloq)
    known = ~np.isnan(value)
    below = (value == 0) | (value < limit)
    since = time - np.where(np.isnan(given), 0.0, given)[code]
    return Samples(
        subjects, code[known], since[known], value[known], below[known], limit[known], dose, duration
    )


def read_units(concentrations: pd.DataFrame, doses: pd.DataFrame) -> Units:
    """Return the units of the optional columns ``time_unit`` and ``unit``; DataError where they are mixed."""
    both = [frame[["subject", "time_unit"]] for frame in (concentrations, doses) if "time_unit" in frame]
    times = pd.concat(both) if both else pd.DataFrame(columns=["subject", "time_unit"])
    return Units(_unit(times, "time_unit"), _unit(concentrations, "unit"), _unit(doses, "unit"))


def read_rules(blq: str | Mapping[str, str]) -> dict[str, str]:
    """Return what becomes of values below the limit before, between and after the quantifiable ones.

    Raises ValueError for a place or a rule that isn't known.
    """
    rules = dict.fromkeys(CUSTOMARY, blq) if isinstance(blq, str) else CUSTOMARY | dict(blq)
    if set(rules) != set(CUSTOMARY) or not set(rules.values()) <= set(BELOW_LIMIT):
        raise ValueError(f"blq gives one of {BELOW_LIMIT} for each of {tuple(CUSTOMARY)}, not {blq!r}.")
    return rules


def _need(frame: pd.DataFrame, name: str, columns: tuple[str, ...]) -> None:
    missing = [column for column in columns if column not in frame]
    if missing:
        raise DataError(f"{name}: no column {', '.join(missing)}; columns: {', '.join(map(str, frame))}.")


def _numbers(frame: pd.DataFrame, name: str) -> Floats:
    """Return a column as numbers; text and infinity are refused, missing is NaN."""
    values = pd.to_numeric(frame[name], errors="coerce").to_numpy("float64", na_value=np.nan)
    lost = np.isnan(values) & frame[name].notna().to_numpy()
    _refuse(frame, lost | np.isinf(values), f"has no finite number as {name}")
    return values


def _refuse(frame: pd.DataFrame, wrong: Flags, what: str) -> None:
    if wrong.any():
        first = int(np.argmax(wrong))
        subject, row = frame["subject"].iloc[first], frame.index[first]
        others = f" (and {int(wrong.sum()) - 1} rows more)" if wrong.sum() > 1 else ""
        raise DataError(f"subject {subject}, row {row}: {what}{others}. Correct the data.")


def _limits(rows: pd.DataFrame, lloq: float | None) -> Floats:
    default = np.nan if lloq is None else lloq
    if "lloq" not in rows:
        return np.full(len(rows), default)
    limit = _numbers(rows, "lloq")
    _refuse(rows, limit <= 0, "has a limit of quantification that isn't above 0")
    return np.where(np.isnan(limit), default, limit)


def _doses(doses: pd.DataFrame, subjects: pd.Index) -> tuple[Floats, Floats, Floats]:
    """Return time, amount and duration of each subject's dose, NaN where there is none."""
    twice = doses["subject"].duplicated().to_numpy(dtype="bool")
    _refuse(doses, twice, "is a second dose; give each dose with its samples a subject of its own")
    columns = [_numbers(doses, name) for name in ("time", "dose")]
    _refuse(doses, np.isnan(columns[0]), "has no time of its dose")
    _refuse(doses, columns[1] < 0, "has a negative dose")
    length = _numbers(doses, "duration") if "duration" in doses else np.full(len(doses), np.nan)
    _refuse(doses, length < 0, "has a negative duration")
    place = subjects.get_indexer(pd.Index(doses["subject"]))
    found = np.full((3, len(subjects)), np.nan)
    found[:, place] = [*columns, length]
    return found[0], found[1], found[2]


def _unit(frame: pd.DataFrame, name: str) -> str:
    if name not in frame or frame.empty:
        return ""
    texts = frame[name].fillna("").astype("str")
    other = (texts != texts.iloc[0]).to_numpy()
    if other.any():
        found = texts[other].iloc[0]
        _refuse(
            frame, other, f"has the {name.replace('_', ' ')} {found!r} where others have {texts.iloc[0]!r}"
        )
    return str(texts.iloc[0])
