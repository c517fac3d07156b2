"""The terminal slope (λz), and areas under the concentration and its first moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csrkit.nca.samples import Flags, Floats, Integers, Profiles

# The terminal slope (λz): every number of last points at once, the best adjusted R² wins.

LEAST_POINTS = 3
_TIE = 1e-4  # adjusted R² so near to the best counts as equal: the line with more points is taken


@dataclass(frozen=True)
class Terminal:
    """The line through the last points of each subject's log concentrations; NaN where there is none.

    ``available`` counts the points that could be used; ``rate`` is λz (1/time); ``last`` the concentration
    that the line has at the time of the last quantified one.
    """

    available: Integers
    points: Integers
    rate: Floats
    r2: Floats
    adjusted: Floats
    lower: Floats
    upper: Floats
    last: Floats


def fit_terminal(profiles: Profiles, usable: Flags, whole: Flags, t_last: Floats) -> Terminal:
    """Fit λz by least squares on the logarithm of the usable points.

    Of the lines through the last 3, 4, … usable points that fall, the one with the largest adjusted R² is
    taken, and among those within 0.0001 of it the one with most points (Phoenix WinNonlin's rule). Where
    ``whole`` is set all usable points are taken.
    """
    time, log, available = _last_first(profiles, usable)
    # Each set of points holds the origin, the last one. So a centred sum of squares is at least 1/n of the
    # plain one, and the running sums lose no digits that matter.
    x, y = np.nan_to_num(time - time[:, :1]), np.nan_to_num(log - log[:, :1])
    n = np.arange(1.0, x.shape[1] + 1)
    sum_x, sum_y = np.cumsum(x, axis=1), np.cumsum(y, axis=1)
    xx = np.cumsum(x * x, axis=1) - sum_x**2 / n
    xy = np.cumsum(x * y, axis=1) - sum_x * sum_y / n
    yy = np.cumsum(y * y, axis=1) - sum_y**2 / n
    falls = (n >= LEAST_POINTS) & (n <= available[:, None]) & (xy < 0) & (xx > 0) & (yy > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(falls, xy / xx, np.nan)
        r2 = np.where(falls, np.minimum(xy**2 / (xx * yy), 1.0), np.nan)
        adjusted = 1 - (1 - r2) * (n - 1) / (n - 2)
    candidates = falls & (~whole[:, None] | (n == available[:, None]))
    best, found = _best(adjusted, candidates)
    rows = np.arange(len(best))
    slope, r2, adjusted = (np.where(found, a[rows, best], np.nan) for a in (slope, r2, adjusted))
    mean_x, mean_y = sum_x[rows, best] / n[best], sum_y[rows, best] / n[best]
    end = np.exp(log[:, 0] + mean_y + slope * (t_last - time[:, 0] - mean_x))
    points = np.where(found, best + 1, 0)
    lower, upper = (np.where(found, a, np.nan) for a in (time[rows, best], time[:, 0]))
    return Terminal(available, points, -slope, r2, adjusted, lower, upper, end)


def _last_first(profiles: Profiles, usable: Flags) -> tuple[Floats, Floats, Integers]:
    """Return times and log concentrations of the usable points, the last first, and how many there are."""
    mask = usable[:, ::-1]
    order = np.argsort(~mask, axis=1, kind="stable")
    kept = np.take_along_axis(mask, order, axis=1)
    time = np.take_along_axis(profiles.time[:, ::-1], order, axis=1)
    value = np.take_along_axis(profiles.concentration[:, ::-1], order, axis=1)
    log = np.log(np.where(kept, value, 1.0))
    return np.where(kept, time, np.nan), np.where(kept, log, np.nan), usable.sum(axis=1)


def _best(adjusted: Floats, candidates: Flags) -> tuple[Integers, Flags]:
    """Return the place of each subject's best line, and whether there is one."""
    filled = np.where(candidates, adjusted, -np.inf)
    near = candidates & (filled >= filled.max(axis=1, keepdims=True) - _TIE)
    last = near.shape[1] - 1 - np.argmax(near[:, ::-1], axis=1)
    return np.where(near.any(axis=1), last, 0), near.any(axis=1)


# Areas under the concentration and its first moment by the trapezoidal rules, also over part of the time.

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


def area_between(
    profiles: Profiles, areas: Areas, begin: float, end: float, line: Terminal, t_last: Floats
) -> Floats:
    """Return the area between two times, interpolated by the rule of the segment that each lies in.

    Beyond the last point the concentration at a time is that of the terminal line, and the way to it is
    log-linear, as in Phoenix WinNonlin; NaN without such a line. A last point of 0 stays 0.
    """
    rows = np.arange(len(t_last))
    last = np.maximum((~np.isnan(profiles.time)).sum(axis=1) - 1, 0)
    final, c_final = profiles.time[rows, last], profiles.concentration[rows, last]
    inside = _area_to(profiles, areas, np.minimum(end, final))
    inside = inside - _area_to(profiles, areas, np.minimum(begin, final))
    from_time = np.maximum(begin, final)
    at_begin, at_end = (line.last * np.exp(-line.rate * (time - t_last)) for time in (from_time, end))
    at_begin = np.where(begin > final, at_begin, c_final)
    falls = (at_begin > 0) & (at_end > 0)
    tail = trapezoids(from_time, np.full_like(final, end), at_begin, at_end, falls)[0]
    tail = np.where(c_final == 0, 0.0, tail)
    return np.asarray(np.where(end > final, inside + tail, inside))


def _area_to(profiles: Profiles, areas: Areas, time: Floats) -> Floats:
    """Return the area from the dose to a time of each subject that isn't beyond its last point."""
    rows, width = np.arange(len(time)), profiles.time.shape[1]
    reached = (profiles.time <= time[:, None]).sum(axis=1)
    left = np.clip(reached - 1, 0, max(width - 2, 0))
    area = areas.area[rows, left]
    at_end = profiles.time[rows, left] == time
    if width < 2:
        return np.asarray(area)
    return np.asarray(np.where(at_end, area, area + _part(profiles, areas, time, rows, left)))


def _part(profiles: Profiles, areas: Areas, end: Floats, rows: Integers, left: Integers) -> Floats:
    """Return the area of the segment that begins at point ``left``, up to ``end``."""
    t1, t2 = profiles.time[rows, left], profiles.time[rows, left + 1]
    c1, c2 = profiles.concentration[rows, left], profiles.concentration[rows, left + 1]
    is_log = areas.is_log[rows, left]
    share = (end - t1) / (t2 - t1)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(is_log, c1 * (c2 / c1) ** share, c1 + (c2 - c1) * share)
    return trapezoids(t1, end, c1, value, is_log)[0]


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
