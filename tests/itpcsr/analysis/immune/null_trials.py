"""Trials in which no marker moves, with the covariance of the demo's markers, and how often tests find something.

The ANOVAs are written for many trials at once, since the report's own functions take one at a time; a test
holds these to those. Permutation tests are the report's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from csrkit.stats.permutation import Permutations, flip_signs, mirror_ranks, swap_groups
from itpcsr.analysis import immune

Floats = NDArray[np.floating[Any]]
NOMINAL = np.array([0.05, 0.01, 0.001])
LIMITS = np.array([0.06, 0.015, 0.002])  # of the true error
_LEAST_EIGENVALUE = 1e-3  # of the largest: covariances by pairs of visits need not be positive definite


def covariances(panel: immune.Panel) -> dict[str, Floats]:
    """Return each marker's covariance between visits, from all subjects with values at both visits."""
    found = {}
    for number, code in enumerate(panel.codes):
        matrix = pd.DataFrame(panel.values[:, :, number]).cov(min_periods=4).to_numpy()
        if np.isfinite(matrix).all():
            values, vectors = np.linalg.eigh(matrix)
            found[code] = (vectors * np.maximum(values, _LEAST_EIGENVALUE * values.max())) @ vectors.T
    return found


def epsilon(covariance: Floats) -> float:
    """Return Box's epsilon: 1 where all differences of visits vary alike."""
    visits = len(covariance)
    centre = np.eye(visits) - 1 / visits
    own = centre @ covariance @ centre
    return float(np.trace(own) ** 2 / ((visits - 1) * np.sum(own**2)))


def draw(covariance: Floats, trials: int, subjects: int, rng: np.random.Generator) -> Floats:
    """Return trials × subjects × visits of normal values without any effect of the visit."""
    root = np.linalg.cholesky(covariance)
    return np.asarray(rng.standard_normal((trials, subjects, len(covariance))) @ root.T)


def anova(values: Floats) -> Floats:
    """Return the corrected p-value (Greenhouse-Geisser) of each trial, visits within subjects."""
    _, subjects, visits = values.shape
    means = values.mean(axis=1)
    between = subjects * ((means - means.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    return _corrected(between, values - means[:, None, :], subjects - 1, visits)


def interaction(values: Floats, group: NDArray[np.bool_]) -> Floats:
    """Return the corrected p-value of group × visit of each trial."""
    _, subjects, visits = values.shape
    first, second = values[:, group].mean(axis=1), values[:, ~group].mean(axis=1)
    difference = first - second
    difference = difference - difference.mean(axis=1, keepdims=True)
    size = group.sum() * (~group).sum() / subjects
    means = np.where(group[None, :, None], first[:, None, :], second[:, None, :])
    return _corrected(size * (difference**2).sum(axis=1), values - means, subjects - 2, visits)


def _corrected(between: Floats, residual: Floats, degrees: int, visits: int) -> Floats:
    within = residual - residual.mean(axis=2, keepdims=True)
    covariance = np.einsum("tsi,tsj->tij", within, within) / degrees
    total = np.trace(covariance, axis1=1, axis2=2)
    correction = total**2 / ((visits - 1) * (covariance**2).sum(axis=(1, 2)))
    df1 = correction * (visits - 1)
    return np.asarray(stats.f.sf(between / total, df1, df1 * degrees))


def mean_changes(values: Floats) -> Floats:
    """Return each subject's mean change from the first visit: subjects × trials."""
    return np.asarray((values[:, :, 1:].mean(axis=2) - values[:, :, 0]).T)


def make_tests(
    values: Floats, group: NDArray[np.bool_], how: Permutations, permuted: int, mirrored: int
) -> Iterator[tuple[str, Floats]]:
    """Yield each test's name and its p-values.

    Permutation tests cost more, and are made of the first trials: ``permuted`` of them, and ``mirrored`` by
    the one that takes trials one by one.
    """
    yield "ANOVA", anova(values)
    yield "interaction", interaction(values, group)
    yield "Friedman mirrored", np.array([mirror_ranks(trial, how) for trial in values[:mirrored]])
    changes = mean_changes(values[:permuted])
    yield "signs flipped", flip_signs(changes, how)
    yield "groups swapped", swap_groups(changes, group, how)


def errors(p: Floats) -> Floats:
    """Return the share of trials that find something at each nominal level."""
    return np.asarray((p[:, None] <= NOMINAL).mean(axis=0))


def allowed(trials: int, margin: float) -> Floats:
    """Return the largest shares that errors at the limits explain, ``margin`` standard errors above them."""
    return np.asarray(LIMITS + margin * np.sqrt(LIMITS * (1 - LIMITS) / trials))
