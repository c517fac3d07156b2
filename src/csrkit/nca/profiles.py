"""One line of points per subject: what the rules make of the samples, beginning at the dose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from csrkit.nca.inputs import Flags, Floats, Integers, Samples


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
