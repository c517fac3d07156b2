"""What an analysis is given: checked, held as arrays, and as one line of points per subject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from csrkit.errors import DataError

# Check what an analysis is given, and hold it as arrays over subjects and samples.

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


# One line of points per subject: what the rules make of the samples, beginning at the dose.


@dataclass(frozen=True)
class Profiles:
    """Concentrations as matrices of subjects by points, filled from the left; NaN beyond the last point.

    ``time`` counts from the dose and begins at 0. ``measured`` marks quantified concentrations; the other
    points were put in by a rule. ``start`` is the concentration back-extrapolated to a bolus (NaN else).
    """

    time: Floats
    concentration: Floats
    measured: Flags
    start: Floats

    @property
    def sampled(self) -> Flags:
        """Tell which subjects have at least one point."""
        return ~np.isnan(self.time[:, 0])

    @property
    def quantified(self) -> Flags:
        """Tell which subjects have at least one quantified concentration."""
        return np.asarray(self.measured.any(axis=1))


def make_profiles(samples: Samples, rules: Mapping[str, str], route: str) -> Profiles:
    """Apply the rules for values below the limit, and begin each profile at the time of the dose.

    Not for a bolus: the last sample before the dose stands for the time of the dose, if no sample was taken
    then; without one the concentration there is 0. For a bolus samples before it are left out, as is one at
    its time that is below the limit, and the profile begins with the back-extrapolated concentration.
    """
    samples = _from_the_dose(samples, bolus=route == "bolus")
    samples, measured = _below_limit(samples, rules)
    size = len(samples.subjects)
    start = np.full(size, np.nan)
    begun = np.zeros(size, dtype=bool)
    begun[samples.code[samples.time == 0]] = True
    missing = np.unique(samples.code[~begun[samples.code]])
    value = np.zeros(len(missing))
    if route == "bolus":
        start = _back_extrapolated(samples, measured)
        value = start[missing]
    code = np.concatenate([samples.code, missing])
    time = np.concatenate([samples.time, np.zeros(len(missing))])
    concentration = np.concatenate([samples.concentration, value])
    measured = np.concatenate([measured, np.zeros(len(missing), dtype=bool)])
    order = np.lexsort((time, code))
    return _pad(code[order], time[order], concentration[order], measured[order], start)


def first_of(code: Integers, size: int) -> Integers:
    """Return where each subject's rows begin in rows sorted by subject."""
    return np.searchsorted(code, np.arange(size)).astype("int64")


def _keep(samples: Samples, kept: Flags) -> Samples:
    names = ("code", "time", "concentration", "below", "limit")
    return replace(samples, **{name: getattr(samples, name)[kept] for name in names})


def _from_the_dose(samples: Samples, *, bolus: bool) -> Samples:
    if bolus:
        return _keep(samples, (samples.time > 0) | ((samples.time == 0) & ~samples.below))
    before = samples.time < 0
    # the last one before the dose: the next row belongs to another subject or lies at or after the dose
    following = np.append(samples.code[1:] == samples.code[:-1], False)
    next_time = np.append(samples.time[1:], np.inf)
    last = before & (~following | (next_time > 0))
    time = np.where(last, 0.0, samples.time)
    return _keep(replace(samples, time=time), ~before | last)


def _below_limit(samples: Samples, rules: Mapping[str, str]) -> tuple[Samples, Flags]:
    """Return the samples with values below the limit replaced or left out, and which values are measured."""
    size = len(samples.subjects)
    first, last = np.full(size, np.inf), np.full(size, -np.inf)
    sure = ~samples.below
    np.minimum.at(first, samples.code[sure], samples.time[sure])
    np.maximum.at(last, samples.code[sure], samples.time[sure])
    early, late = samples.time < first[samples.code], samples.time > last[samples.code]
    substitutes: dict[str, float | Floats]
    substitutes = {"zero": 0.0, "half": samples.limit / 2, "limit": samples.limit, "missing": np.nan}
    places = {"before": early, "after": late & ~early, "between": ~early & ~late}
    value = samples.concentration.copy()
    for place, inside in places.items():
        value = np.where(samples.below & inside, substitutes[rules[place]], value)
    kept = ~np.isnan(value)
    return _keep(replace(samples, concentration=value), kept), sure[kept]


def _back_extrapolated(samples: Samples, measured: Flags) -> Floats:
    """Return each subject's concentration at a bolus.

    The measured one at its time, else by the log-linear line through the first two points; where they don't
    fall, or aren't both measured, the first one, as Phoenix WinNonlin does. NaN without any point.
    """
    size = len(samples.subjects)
    first = first_of(samples.code, size)
    number = np.bincount(samples.code, minlength=size)
    padded = [np.append(array, [np.nan, np.nan]) for array in (samples.time, samples.concentration)]
    sure = np.append(measured, [False, False])
    (t1, t2), (c1, c2) = ((array[first], array[first + 1]) for array in padded)
    falls = (number > 1) & sure[first] & sure[np.minimum(first + 1, len(sure) - 1)] & (c2 < c1) & (t1 > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        line = np.exp(np.log(c1) + t1 * np.log(c1 / c2) / (t2 - t1))
    return np.where(number > 0, np.where(falls, line, c1), np.nan)


def _pad(code: Integers, time: Floats, concentration: Floats, measured: Flags, start: Floats) -> Profiles:
    size = len(start)
    first = first_of(code, size)
    width = max(1, int(np.bincount(code, minlength=1).max()) if len(code) else 1)
    place = np.arange(len(code)) - first[code]
    times, values = np.full((2, size, width), np.nan)
    known = np.zeros((size, width), dtype=bool)
    times[code, place], values[code, place], known[code, place] = time, concentration, measured
    return Profiles(times, values, known, start)


# Units of parameters, put together from those of time, concentration and dose; nothing is converted.


def parameter_units(units: Units) -> dict[str, str]:
    """Return kind of parameter to its unit, "" where a unit isn't known.

    Where the concentration is an amount in the dose's unit by volume, clearance and volume are in that
    volume (mg and mg/L give L/h); otherwise they are the quotient as it is, e.g. ``mg/(h*ng/mL)``.
    """
    time, concentration, dose = units.time, units.concentration, units.dose
    amount, _, volume = concentration.partition("/")
    same = bool(dose) and bool(volume) and amount == dose
    area = f"{time}*{concentration}"
    kinds = {
        "concentration": (concentration, [concentration]),
        "time": (time, [time]),
        "rate": (f"1/{time}", [time]),
        "area": (area, [time, concentration]),
        "moment": (f"{time}^2*{concentration}", [time, concentration]),
        "concentration by dose": (
            f"1/{volume}" if same else f"{concentration}/{dose}",
            [concentration, dose],
        ),
        "area by dose": (f"{time}/{volume}" if same else f"{area}/{dose}", [time, concentration, dose]),
        "clearance": (f"{volume}/{time}" if same else f"{dose}/({area})", [time, concentration, dose]),
        "volume": (volume if same else f"{dose}/({concentration})", [concentration, dose]),
    }
    texts = {kind: text if all(needed) else "" for kind, (text, needed) in kinds.items()}
    return texts | {"percent": "%", "none": "", "count": "points"}
