"""The parameters of each subject: a value, or why there is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csrkit.nca.areas import LEAST_POINTS, Areas, Terminal, area_between
from csrkit.nca.samples import Flags, Floats, Profiles

Texts = NDArray[np.object_]

NO_SAMPLE = "no sample at or after the dose"
NONE_QUANTIFIED = "no concentration above the limit of quantification"
FEW_POINTS = f"fewer than {LEAST_POINTS} quantified concentrations for the terminal slope"
NO_FALL = "concentrations do not fall at the end"
NO_DOSE = "no dose above 0"
NO_DURATION = "the duration of the infusion is not known"
ENDS_EARLY = "the last sample lies before the end of the interval, and there is no terminal slope"
UNDEFINED = "not defined: the area is 0 or the number is too large"
# Mean residence time: what CDISC's names of it begin with.
_MEAN_TIME = {"bolus": "MRTIB", "infusion": "MRTIC", "extravascular": "MRTEV"}


@dataclass(frozen=True)
class Exposure:
    """What was given: dose and duration by subject (NaN where unknown), and how."""

    dose: Floats
    duration: Floats
    route: str

    @property
    def shift(self) -> Floats:
        """Return the mean time at which the dose entered: half the duration of an infusion, else 0."""
        return self.duration / 2 if self.route == "infusion" else np.zeros_like(self.duration)


@dataclass(frozen=True)
class Parameter:
    """One parameter of all subjects; ``kind`` names its unit, ``reason`` is "" where there is a value."""

    name: str
    kind: str
    value: Floats
    reason: Texts


@dataclass(frozen=True)
class _Basis:
    """What the parameters are made of: the first and last quantified concentrations, areas, and reasons."""

    c_max: Floats
    t_max: Floats
    c_last: Floats
    t_last: Floats
    area: Floats
    moment: Floats
    observed: Texts
    terminal: Texts
    dose: Texts


def parameters_of(
    profiles: Profiles,
    areas: Areas,
    line: Terminal,
    exposure: Exposure,
    partial: Sequence[tuple[float, float]],
) -> list[Parameter]:
    """Return all parameters of a route, in a fixed order."""
    basis = _basis(profiles, areas, line, exposure)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        parts = [
            *_observed(profiles, areas, basis, exposure),
            *_slope(line, basis),
            *_extrapolated(profiles, areas, line, basis, exposure),
            *_partial(profiles, areas, line, basis, partial),
        ]
    return [_settled(part) for part in parts]


def _basis(profiles: Profiles, areas: Areas, line: Terminal, exposure: Exposure) -> _Basis:
    value = np.where(profiles.measured, profiles.concentration, -np.inf)
    rows, width = np.arange(len(value)), value.shape[1]
    top = np.argmax(value, axis=1)
    last = width - 1 - np.argmax(profiles.measured[:, ::-1], axis=1)
    observed = _first_true(
        (~profiles.sampled, NO_SAMPLE), (~profiles.quantified, NONE_QUANTIFIED), size=len(value)
    )
    slope = _first_true(
        (line.available < LEAST_POINTS, FEW_POINTS), (line.points == 0, NO_FALL), size=len(value)
    )
    dose = _first_true((~(exposure.dose > 0), NO_DOSE), size=len(value))
    return _Basis(
        c_max=profiles.concentration[rows, top],
        t_max=profiles.time[rows, top],
        c_last=profiles.concentration[rows, last],
        t_last=profiles.time[rows, last],
        area=areas.area[rows, last],
        moment=areas.moment[rows, last],
        observed=observed,
        terminal=_joined(observed, slope),
        dose=dose,
    )


def _observed(profiles: Profiles, areas: Areas, basis: _Basis, exposure: Exposure) -> Iterator[Parameter]:
    """What is seen: maximum, last, and the area up to it."""
    seen, dosed = basis.observed, _joined(basis.observed, basis.dose)
    if exposure.route == "bolus":
        yield Parameter("C0", "concentration", profiles.start, seen)
    yield Parameter("CMAX", "concentration", basis.c_max, seen)
    yield Parameter("CMAXD", "concentration by dose", basis.c_max / exposure.dose, dosed)
    yield Parameter("TMAX", "time", basis.t_max, seen)
    if exposure.route == "extravascular":
        yield Parameter("TLAG", "time", _lag(profiles), seen)
    yield Parameter("CLST", "concentration", basis.c_last, seen)
    yield Parameter("TLST", "time", basis.t_last, seen)
    yield Parameter("AUCLST", "area", basis.area, seen)
    yield Parameter("AUCALL", "area", _area_all(profiles, areas, basis), seen)
    yield Parameter("AUMCLST", "moment", basis.moment, seen)
    mean_time = basis.moment / basis.area - exposure.shift
    yield Parameter(f"{_MEAN_TIME[exposure.route]}LST", "time", mean_time, _timed(seen, exposure))


def _slope(line: Terminal, basis: _Basis) -> Iterator[Parameter]:
    """The terminal line and how well it fits."""
    reason = basis.terminal
    yield Parameter("LAMZ", "rate", line.rate, reason)
    yield Parameter("LAMZHL", "time", np.log(2) / line.rate, reason)
    yield Parameter("LAMZNPT", "count", line.points.astype("float64"), reason)
    yield Parameter("LAMZLL", "time", line.lower, reason)
    yield Parameter("LAMZUL", "time", line.upper, reason)
    yield Parameter("R2", "none", line.r2, reason)
    yield Parameter("R2ADJ", "none", line.adjusted, reason)
    yield Parameter("CORRXY", "none", -np.sqrt(line.r2), reason)


def _extrapolated(
    profiles: Profiles, areas: Areas, line: Terminal, basis: _Basis, exposure: Exposure
) -> Iterator[Parameter]:
    """What is beyond the last concentration: from the observed one (O) and from the line's (P)."""
    reason, dosed = basis.terminal, _joined(basis.terminal, basis.dose)
    fraction = "F" if exposure.route == "extravascular" else ""
    code = _MEAN_TIME[exposure.route]
    rate, dose = line.rate, exposure.dose
    for kind, end in (("O", basis.c_last), ("P", line.last)):
        area = basis.area + end / rate
        moment = basis.moment + end * basis.t_last / rate + end / rate**2
        mean_time = moment / area - exposure.shift
        yield Parameter(f"AUCIF{kind}", "area", area, reason)
        yield Parameter(f"AUCIF{kind}D", "area by dose", area / dose, dosed)
        yield Parameter(f"AUCPE{kind}", "percent", 100 * (1 - basis.area / area), reason)
        if exposure.route == "bolus":
            back = _area_before_first(profiles, areas)
            yield Parameter(f"AUCPBE{kind}", "percent", 100 * back / area, reason)
        yield Parameter(f"AUMCIF{kind}", "moment", moment, reason)
        yield Parameter(f"AUMCPE{kind}", "percent", 100 * (1 - basis.moment / moment), reason)
        yield Parameter(f"{code}IF{kind}", "time", mean_time, _timed(reason, exposure))
        yield Parameter(f"CL{fraction}{kind}", "clearance", dose / area, dosed)
        yield Parameter(f"VZ{fraction}{kind}", "volume", dose / (area * rate), dosed)
        if exposure.route != "extravascular":
            yield Parameter(f"VSS{kind}", "volume", mean_time * dose / area, _timed(dosed, exposure))


def _partial(
    profiles: Profiles,
    areas: Areas,
    line: Terminal,
    basis: _Basis,
    partial: Sequence[tuple[float, float]],
) -> Iterator[Parameter]:
    for begin, end in partial:
        value = area_between(profiles, areas, begin, end, line, basis.t_last)
        short = _first_true((np.isnan(value), ENDS_EARLY), size=len(value))
        yield Parameter(f"AUCINT {begin:g}-{end:g}", "area", value, _joined(basis.observed, short))


def _lag(profiles: Profiles) -> Floats:
    """Return the time of the last point before the first quantified one; 0 where that is at the dose."""
    first = np.argmax(profiles.measured, axis=1)
    return np.asarray(profiles.time[np.arange(len(first)), np.maximum(first - 1, 0)])


def _area_all(profiles: Profiles, areas: Areas, basis: _Basis) -> Floats:
    """Return the area up to the last quantified point and on to the first one after it, if there is one."""
    width = profiles.time.shape[1]
    rows = np.arange(len(basis.area))
    last = width - 1 - np.argmax(profiles.measured[:, ::-1], axis=1)
    following = np.minimum(last + 1, width - 1)
    area = areas.area[rows, following]
    return np.where(np.isnan(area), basis.area, area)


def _area_before_first(profiles: Profiles, areas: Areas) -> Floats:
    """Return the area from a bolus to the first sample, 0 where one was taken at its time."""
    put_in = ~profiles.measured[:, 0]
    if areas.area.shape[1] < 2:
        return np.zeros(len(put_in))
    return np.where(put_in, areas.area[:, 1], 0.0)


def _timed(reason: Texts, exposure: Exposure) -> Texts:
    """Add the reason of an infusion whose duration isn't known."""
    if exposure.route != "infusion":
        return reason
    unknown = _first_true((np.isnan(exposure.duration), NO_DURATION), size=len(reason))
    return _joined(reason, unknown)


def _first_true(*cases: tuple[Flags, str], size: int) -> Texts:
    """Return for each subject the text of the first condition that holds, else ""."""
    texts = np.full(size, "", dtype="object")
    for condition, text in reversed(cases):
        texts[condition] = text
    return texts


def _joined(first: Texts, second: Texts) -> Texts:
    return np.where(first != "", first, second)


def _settled(parameter: Parameter) -> Parameter:
    """Return NaN exactly where there is a reason."""
    lost = (parameter.reason == "") & ~np.isfinite(parameter.value)
    reason = np.where(lost, UNDEFINED, parameter.reason)
    return Parameter(parameter.name, parameter.kind, np.where(reason == "", parameter.value, np.nan), reason)
