"""The terminal slope (λz): every number of last points at once, the best adjusted R² wins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csrkit.nca.inputs import Flags, Floats, Integers
from csrkit.nca.profiles import Profiles

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
