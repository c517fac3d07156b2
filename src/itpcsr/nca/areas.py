"""Areas under the concentration and its first moment by the trapezoidal rules, also over part of the time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from itpcsr.nca.inputs import Flags, Floats, Integers
from itpcsr.nca.profiles import Profiles

_SMALL = 1e-3  # change of the logarithm below which the exact formula loses digits and a series has them all


@dataclass(frozen=True)
class Areas:
    """Area and moment from the dose to each point (subjects by points), and which segments are log-linear."""

    area: Floats
    moment: Floats
    is_log: Flags


def make_areas(profiles: Profiles, method: str) -> Areas:
    """Add up the trapezoids from the dose on, by the method.

    A segment is log-linear where it falls (linear-up log-down), or where it begins at or after the maximum
    (linear-log); always only between two different concentrations above 0.
    """
    t1, t2 = profiles.time[:, :-1], profiles.time[:, 1:]
    c1, c2 = profiles.concentration[:, :-1], profiles.concentration[:, 1:]
    is_log = _log_segments(profiles, method)
    area, moment = trapezoids(t1, t2, c1, c2, is_log)
    return Areas(_from_zero(area), _from_zero(moment), is_log)


def trapezoids(t1: Floats, t2: Floats, c1: Floats, c2: Floats, is_log: Flags) -> tuple[Floats, Floats]:
    """Return area and first moment of segments between (t1, c1) and (t2, c2)."""
    dt = t2 - t1
    area = dt * (c1 + c2) / 2
    # time times concentration is taken as a straight line between the ends, as Phoenix WinNonlin does
    moment = dt * (t1 * c1 + t2 * c2) / 2
    if not is_log.any():
        return area, moment
    fall = np.log(np.where(is_log, c1, 1.0) / np.where(is_log, c2, 1.0))
    log_area = c1 * dt * _mean_share(fall)
    log_moment = t1 * log_area + c1 * dt**2 * _moment_share(fall)
    return np.where(is_log, log_area, area), np.where(is_log, log_moment, moment)


def area_to(profiles: Profiles, areas: Areas, end: float, rate: Floats) -> Floats:
    """Return the area from the dose to a time, interpolated by the rule of its segment.

    Beyond the last point the curve falls on with the terminal ``rate``; NaN where that is NaN, and where
    there is no point. A last point of 0 stays 0.
    """
    rows = np.arange(len(rate))
    known = ~np.isnan(profiles.time)
    last = np.maximum(known.sum(axis=1) - 1, 0)
    left = np.clip((known & (profiles.time <= end)).sum(axis=1) - 1, 0, None)
    beyond = left >= last
    area = areas.area[rows, left]
    inside = _part(profiles, areas, end, rows, np.minimum(left, np.maximum(last - 1, 0)))
    wait = end - profiles.time[rows, last]
    c_last = profiles.concentration[rows, last]
    tail = np.where((c_last == 0) | (wait == 0), 0.0, c_last * -np.expm1(-rate * wait) / rate)
    return np.asarray(area + np.where(beyond, tail, inside))


def _part(profiles: Profiles, areas: Areas, end: float, rows: Integers, left: Integers) -> Floats:
    """Return the area of the segment that begins at point ``left``, up to ``end``."""
    if profiles.time.shape[1] < 2:
        return np.zeros(len(rows))
    t1, t2 = profiles.time[rows, left], profiles.time[rows, left + 1]
    c1, c2 = profiles.concentration[rows, left], profiles.concentration[rows, left + 1]
    is_log = areas.is_log[rows, left]
    share = (end - t1) / (t2 - t1)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(is_log, c1 * (c2 / c1) ** share, c1 + (c2 - c1) * share)
    return trapezoids(t1, np.full_like(t1, end), c1, value, is_log)[0]


def _log_segments(profiles: Profiles, method: str) -> Flags:
    c1, c2 = profiles.concentration[:, :-1], profiles.concentration[:, 1:]
    positive = (c1 > 0) & (c2 > 0) & (c1 != c2)
    if method == "linear-up log-down":
        return np.asarray(positive & (c2 < c1))
    if method == "linear-log":
        filled = np.nan_to_num(profiles.concentration, nan=-np.inf)
        peak = np.argmax(filled, axis=1)[:, None]
        return np.asarray(positive & (np.arange(c1.shape[1]) >= peak))
    return np.zeros_like(positive)


def _from_zero(parts: Floats) -> Floats:
    """Return running sums with 0 at the first point."""
    return np.hstack([np.zeros((len(parts), 1)), np.cumsum(parts, axis=1)])


def _mean_share(fall: Floats) -> Floats:
    """Return (1 - exp(-x)) / x: the mean of a log-linear segment as a share of its first value."""
    series = 1 - fall / 2 + fall**2 / 6 - fall**3 / 24
    safe = np.where(np.abs(fall) < _SMALL, 1.0, fall)
    return np.where(np.abs(fall) < _SMALL, series, -np.expm1(-safe) / safe)


def _moment_share(fall: Floats) -> Floats:
    """Return (1 - (1 + x) exp(-x)) / x², the same of the moment about the segment's begin."""
    series = 1 / 2 - fall / 3 + fall**2 / 8 - fall**3 / 30
    safe = np.where(np.abs(fall) < _SMALL, 1.0, fall)
    exact = (-np.expm1(-safe) - safe * np.exp(-safe)) / safe**2
    return np.where(np.abs(fall) < _SMALL, series, exact)
