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


def choose(rng: Generator, weights: Floats, counts: npt.ArrayLike) -> tuple[Days, Days]:
    """Choose for each row of ``weights`` (n x k) so many different items; return rows and items chosen.

    One item is drawn after the other with chances in proportion to the weights of those left (which the
    order of exponential waiting times gives). Items of weight 0 are never chosen: a row with too few
    others gets those.
    """
    with np.errstate(divide="ignore"):
        waiting = rng.standard_exponential(weights.shape) / weights
    turn = np.argsort(np.argsort(waiting, axis=1), axis=1)
    rows, items = np.nonzero((turn < np.asarray(counts)[:, None]) & (weights > 0))
    return rows, items


def draw_kind(rng: Generator, shares: Floats) -> Days:
    """Draw for each row of ``shares`` (n x k, each row adds up to 1) one of the kinds 0 to k - 1."""
    bounds = np.cumsum(shares, axis=1)[:, :-1]
    kinds: Days = (rng.random(len(shares))[:, None] >= bounds).sum(axis=1)
    return kinds


def draw_one_of(rng: Generator, owner: Days, subject: Days) -> Days:
    """Draw for each subject one of the rows that ``owner`` (rising) says are the subject's; -1 for none."""
    first = np.searchsorted(owner, subject)
    count = np.searchsorted(owner, subject, side="right") - first
    drawn = first + np.floor(rng.random(subject.size) * count).astype("int64")
    return np.where(count > 0, drawn, -1)


def scaled(count: int, n: int) -> int:
    """Return a count among the 18 published subjects in proportion to ``n`` subjects."""
    return round(count * n / PUBLISHED_SUBJECTS)


def between(low: Floats, high: Floats, centre: Floats, noise: Floats) -> Floats:
    """Move ``centre`` by ``noise`` (logit scale) without ever leaving the open interval (low, high)."""
    width = high - low
    share = np.clip((centre - low) / width, 0.03, 0.97)
    return low + width / (1 + (1 - share) / share * np.exp(-noise))
