"""Permutation tests, of many markers at once: all arrangements where they are few, else a drawn sample.

Of many subjects the sum over an arrangement is normal, with the mean and the variance that it has over all
arrangements (the central limit theorem of Hoeffding, Ann Math Stat 1951;22:558). Their p-value is nearer to
that of all arrangements than that of a drawn sample is, and takes neither its time nor its memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from csrkit.stats.estimation import FEWEST_FOR_TEST, FEWEST_IN_SUBSET, QUIET

Floats = NDArray[np.floating[Any]]
_TOLERANCE = 1e-9  # arrangements this near to the observed one count as equal: sums carry binary noise
_CELLS = 100_000  # arrangements × markers computed at a time: as many as a core's own cache holds


@dataclass(frozen=True)
class Permutations:
    """How p-values by permutation are found.

    With fewer than ``limit`` arrangements all are taken and the p-value is exact; otherwise ``draws`` of
    them are drawn with ``seed``, and the observed one counts as one more. With more than ``most_subjects``
    none is taken: the p-value is that of their normal limit.
    """

    limit: int = 100_000
    draws: int = 9_999
    seed: int = 20240423
    most_subjects: int = 200

    def method(self, subjects: int) -> str:
        """Return what stands in result rows of a test of so many subjects."""
        return f"permutation test, two-sided: {self._arrangements(subjects)}"

    def mirrored(self, subjects: int) -> str:
        """Return what stands in result rows of Friedman's test of so many subjects."""
        return (
            "permutation test of Friedman's statistic, each subject's ranks mirrored: "
            f"{self._arrangements(subjects)}{f', {self.draws} drawn' if self.is_normal(subjects) else ''}"
        )

    def is_normal(self, subjects: int) -> bool:
        """Tell whether so many subjects' arrangements are replaced by their normal limit."""
        return subjects > self.most_subjects

    def _arrangements(self, subjects: int) -> str:
        if self.is_normal(subjects):
            return f"normal limit of all arrangements, as of more than {self.most_subjects} subjects"
        return f"all arrangements if fewer than {self.limit}, else {self.draws} drawn"


@np.errstate(**QUIET)
def flip_signs(change: Floats, how: Permutations) -> Floats:
    """Test for each marker whether subjects' changes lie about zero, by flipping their signs.

    Parameters
    ----------
    change
        Subjects × markers; NaN is missing and takes no part.
    how
        Numbers of arrangements and seed.

    Returns
    -------
    array
        One two-sided p-value per marker, of the absolute mean; NaN with 3 values or fewer, or where none
        differs from zero. Exact under the hypothesis that each subject's change is symmetric about zero
        (Fisher, The Design of Experiments, 1935).
    """
    p = np.full(change.shape[1], np.nan)
    for rows, columns in _patterns(change):
        values = change[np.ix_(rows, columns)]
        if how.is_normal(len(rows)):
            p[columns] = _normal_p(values.sum(axis=0), (values**2).sum(axis=0))
        elif len(rows) >= FEWEST_FOR_TEST:
            p[columns] = _share(values, np.abs(values.sum(axis=0)), *_signs(len(rows), how))
    return np.where(_all_zero(change), np.nan, p)


def mirror_ranks(values: Floats, how: Permutations) -> float:
    """Test whether one marker's values differ between visits, by mirroring subjects' ranks.

    Parameters
    ----------
    values
        Subjects × visits, complete.
    how
        Numbers of arrangements and seed.

    Returns
    -------
    float
        The share of arrangements whose Friedman statistic is at least the observed one. In each, some
        subjects' ranks over the visits run the other way round (rank r of k becomes k + 1 - r). Exact where a
        subject's deviations from the own mean are symmetric about zero if nothing moves, however the visits
        are correlated. Friedman's chi-square, in R's ``friedman.test`` and in PROC FREQ, takes all visits
        as equally correlated; where they aren't, its error is above nominal (``bench_immune_null``).
        The normal limit of many subjects keeps the correlation: the statistic is drawn from it.

    >>> mirror_ranks(np.array([[1.0, 2.0, 3.0]] * 5), Permutations())
    0.0625
    """
    ranks = stats.rankdata(values, axis=1) - (values.shape[1] + 1) / 2
    sums = ranks.sum(axis=0)
    least = float((sums**2).sum()) * (1 - _TOLERANCE)
    if how.is_normal(len(values)):
        return _drawn_quadratic(ranks.T @ ranks, least, how)
    signs, complete = _signs(len(values), how)
    count = int((((signs @ ranks) ** 2).sum(axis=1) >= least).sum())
    return count / len(signs) if complete else (count + 1) / (len(signs) + 1)


@np.errstate(**QUIET)
def swap_groups(values: Floats, group: NDArray[np.bool_], how: Permutations) -> Floats:
    """Test for each marker whether two groups have the same distribution, by the difference of their means.

    ``values`` are subjects × markers, NaN missing; ``group`` is True for the first group. Returns one
    two-sided p-value per marker; NaN with fewer than 3 values in a group, or where all are equal.
    """
    p = np.full(values.shape[1], np.nan)
    for rows, columns in _patterns(values):
        own, first = values[np.ix_(rows, columns)], group[rows]
        n, size = len(rows), int(first.sum())
        if min(size, n - size) < FEWEST_IN_SUBSET:
            continue
        centred = own - own.mean(axis=0)

        # with the total fixed at zero, the first group's sum says all of the difference of means
        if how.is_normal(n):
            share = size * (n - size) / (n * (n - 1))
            p[columns] = _normal_p(centred[first].sum(axis=0), share * (centred**2).sum(axis=0))
            continue
        p[columns] = _share(centred, np.abs(centred[first].sum(axis=0)), *_choose(n, size, how))
    return np.where(_all_equal(values), np.nan, p)


@lru_cache(maxsize=16)
def _signs(n: int, how: Permutations) -> tuple[Floats, bool]:
    """Return signs of the subjects, one arrangement per row, and whether they are all."""
    if 2**n < how.limit:
        bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
        return 1.0 - 2.0 * bits, True
    return np.random.default_rng([how.seed, n]).choice([-1.0, 1.0], size=(how.draws, n)), False


@lru_cache(maxsize=16)
def _choose(n: int, size: int, how: Permutations) -> tuple[Floats, bool]:
    """Return indicators of the first group, one arrangement per row, and whether they are all."""
    total = math.comb(n, size)
    if total < how.limit:
        chosen = np.array(list(combinations(range(n), size)), dtype="int64")
    else:
        rng = np.random.default_rng([how.seed, n, size])
        chosen = np.argsort(rng.random((how.draws, n)), axis=1)[:, :size]
    indicator = np.zeros((len(chosen), n))
    np.put_along_axis(indicator, chosen, 1.0, axis=1)
    return indicator, total < how.limit


def _share(values: Floats, observed: Floats, arrangements: Floats, complete: bool) -> Floats:
    """Return the share of arrangements whose sum is at least as large as the observed one."""
    least = observed - _TOLERANCE * np.maximum(np.abs(values).sum(axis=0), 1e-300)
    step = max(1, _CELLS // max(1, values.shape[1]))
    count = np.zeros(values.shape[1])
    for start in range(0, len(arrangements), step):
        sums = arrangements[start : start + step] @ values
        count += np.count_nonzero(np.abs(sums, out=sums) >= least, axis=0)
    return count / len(arrangements) if complete else (count + 1) / (len(arrangements) + 1)


@np.errstate(divide="ignore", invalid="ignore")
def _normal_p(total: Floats, variance: Floats) -> Floats:
    """Return two-sided p-values of sums with mean zero over the arrangements; NaN where nothing varies."""
    return np.asarray(2 * stats.norm.sf(np.abs(total) / np.sqrt(variance)))


def _drawn_quadratic(covariance: Floats, least: float, how: Permutations) -> float:
    """Return the share of drawn normal vectors with this covariance whose squared length is at least so."""
    weights = np.maximum(np.linalg.eigvalsh(covariance), 0.0)
    drawn = np.random.default_rng([how.seed, len(weights)]).chisquare(1, (how.draws, len(weights))) @ weights
    return (int((drawn >= least).sum()) + 1) / (how.draws + 1)


def _patterns(values: Floats) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the subjects with a value, and the markers for which these are the ones."""
    present = np.isfinite(values)
    markers: dict[bytes, list[int]] = {}
    for number, column in enumerate(present.T):
        markers.setdefault(column.tobytes(), []).append(number)
    for numbers in markers.values():
        yield np.flatnonzero(present[:, numbers[0]]), np.array(numbers)


def _all_zero(values: Floats) -> NDArray[np.bool_]:
    return np.asarray((np.abs(np.where(np.isfinite(values), values, 0.0)) < 1e-12).all(axis=0))


def _all_equal(values: Floats) -> NDArray[np.bool_]:
    known = np.where(np.isfinite(values), values, -np.inf).max(axis=0, initial=-np.inf)
    low = np.where(np.isfinite(values), values, np.inf).min(axis=0, initial=np.inf)
    return np.asarray(known - low < 1e-12)
