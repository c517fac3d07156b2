"""Random draws that can be held to a published count or median."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.int64]
Texts = npt.NDArray[Any]

PUBLISHED_SUBJECTS = 18


def allot(rng: Generator, n: int, share: float, *, exact: bool) -> Flags:
    """Flag ``share`` of ``n`` subjects: exactly the rounded count in random places, or each by chance."""
    if exact:
        return rng.permutation(np.arange(n) < round(share * n))
    return rng.random(n) < share


def spread(rng: Generator, n: int, low: float, median: float, high: float) -> Floats:
    """Draw ``n`` values with exactly these extremes and, but for two values, exactly this median.

    Each half is uniform between its extreme and the median; the order is random.
    """
    half = n // 2
    place = np.sort(np.concatenate([rng.uniform(0, 0.5, half), rng.uniform(0.5, 1, n - half)]))
    if n > 1:
        place[[0, -1]] = 0, 1
    if n > 2 or n == 1:
        place[(n - 1) // 2 : half + 1] = 0.5
    return rng.permutation(np.interp(place, [0, 0.5, 1], [low, median, high]))


def pick(rng: Generator, eligible: Flags, count: int) -> Flags:
    """Flag ``count`` of the eligible subjects at random, or all of them where there are fewer."""
    places = np.flatnonzero(eligible)
    chosen = np.zeros(eligible.size, dtype=bool)
    chosen[rng.choice(places, min(count, places.size), replace=False)] = True
    return chosen


def scaled(count: int, n: int) -> int:
    """Return a count among the 18 published subjects in proportion to ``n`` subjects."""
    return round(count * n / PUBLISHED_SUBJECTS)


def between(low: Floats, high: Floats, centre: Floats, noise: Floats) -> Floats:
    """Move ``centre`` by ``noise`` (logit scale) without ever leaving the open interval (low, high)."""
    width = high - low
    share = np.clip((centre - low) / width, 0.03, 0.97)
    return low + width / (1 + (1 - share) / share * np.exp(-noise))
