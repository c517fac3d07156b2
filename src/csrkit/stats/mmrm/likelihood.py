"""The (restricted) likelihood of repeated measures, its derivatives, and its maximum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csrkit.stats.estimation import NotSettledError
from csrkit.stats.mmrm.covariance import Structure

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]
_STEPS, _HALVINGS = 100, 40
_SETTLED = 1e-8  # what the last step takes off -2 log-likelihood; the step after it would take its square
_ROUNDING = 1e-5  # the same where rounding lets no step take more off
_STARTS = (0.7, -0.4, 0.0)  # correlations of visits beside each other to start from, besides the moments
_SINGULAR = 1e-8  # smallest eigenvalue of correlations of which one follows from the others
_NEARLY = 1e-5  # the same where the search gave up on the way


@dataclass(frozen=True)
class Records:
    """Subjects × visits, 0 where a visit is missing, sorted by the pattern of visits that are there.

    The columns of ``design`` (subjects × visits × effects) are orthonormal over all observations.
    """

    design: Floats
    response: Floats
    seen: NDArray[np.bool_]  # patterns × visits
    pattern: Integers  # of each subject

    @cached_property
    def counts(self) -> Integers:
        """Subjects of each pattern."""
        return np.bincount(self.pattern)

    @cached_property
    def firsts(self) -> Integers:
        """The first subject of each pattern."""
        return np.concatenate([[0], np.cumsum(self.counts)[:-1]])

    @cached_property
    def observations(self) -> int:
        """How many observations there are."""
        return int(self.counts @ self.seen.sum(axis=1))

    @cached_property
    def together(self) -> Integers:
        """Subjects who have both visits: visits × visits."""
        seen = self.seen.astype(int)
        return np.asarray((seen * self.counts[:, None]).T @ seen)

    def moments(self) -> Floats:
        """Return variances and covariances of the residuals of ordinary least squares, 0 for unseen pairs."""
        columns = self.design.reshape(-1, self.design.shape[-1])
        residual = self.response - (columns @ (columns.T @ self.response.ravel())).reshape(
            self.response.shape
        )
        return residual.T @ residual / np.maximum(self.together, 1)


class Point:
    """The likelihood at one covariance, and what its derivatives are made of.

    Raises LinAlgError where the covariance isn't positive definite.
    """

    def __init__(self, records: Records, structure: Structure, theta: Floats, reml: bool) -> None:
        """Evaluate the likelihood of ``records`` at the parameters ``theta`` of a structure."""
        self.records, self.structure, self.theta, self.reml = records, structure, theta, reml
        sigma = structure.matrix(theta)
        np.linalg.cholesky(sigma)
        both = records.seen[:, :, None] & records.seen[:, None, :]
        own = np.eye(len(sigma))
        lower = np.linalg.cholesky(np.where(both, sigma, own))
        logarithms = 2 * np.log(lower.diagonal(axis1=1, axis2=2)).sum(axis=1)
        root = np.linalg.inv(lower)
        self.inverses: Floats = np.where(both, root.swapaxes(1, 2) @ root, 0.0)  # patterns × visits × visits
        by_subject = self.inverses[records.pattern]
        weighted = by_subject @ records.design
        effects = records.design.shape[-1]
        information = records.design.reshape(-1, effects).T @ weighted.reshape(-1, effects)
        factor = np.linalg.cholesky(information)
        half = np.linalg.inv(factor)
        self.variance: Floats = half.T @ half  # of the effects, for a known covariance
        self.effects: Floats = self.variance @ np.einsum("nae,na->e", weighted, records.response)
        residual = records.response - records.design @ self.effects
        of_residual = np.einsum("nab,nb->na", by_subject, residual)
        self._weighted, self._of_residual, self._half = weighted, of_residual, half
        value = float(records.counts @ logarithms) + float(np.sum(residual * of_residual))
        free = records.observations
        if reml:
            value += 2 * float(np.log(factor.diagonal()).sum())
            free -= effects
        self.minus2 = value + free * float(np.log(2 * np.pi))

    @cached_property
    def slopes(self) -> Floats:
        """First derivatives of the covariance: parameters × visits × visits."""
        return self.structure.slopes(self.theta)

    @cached_property
    def products(self) -> Floats:
        """Sums over subjects of products of weighted design and residual: visits² × (effects + 1)²."""
        columns = np.concatenate([self._weighted, self._of_residual[:, :, None]], axis=2)
        subjects, visits, width = columns.shape
        flat = columns.reshape(subjects, visits * width)
        products = (flat.T @ flat).reshape(visits, width, visits, width).transpose(0, 2, 1, 3)
        return np.ascontiguousarray(products).reshape(visits**2, width**2)

    @cached_property
    def _contracted(self) -> Floats:
        """The products weighted by each slope: parameters × (effects + 1) × (effects + 1)."""
        width = len(self.effects) + 1
        flat = self.slopes.reshape(len(self.theta), -1)
        return (flat @ self.products).reshape(-1, width, width)

    @cached_property
    def variance_slopes(self) -> Floats:
        """First derivatives of the effects' variance: parameters × effects × effects."""
        return self.variance @ self._contracted[:, :-1, :-1] @ self.variance

    def _by_pattern(self, of_design: bool, of_residual: bool) -> Floats:
        """Sums by pattern of weighted fits' variances and of weighted residuals' products."""
        total: Floats = np.zeros((len(self._weighted), self.slopes.shape[-1], self.slopes.shape[-1]))
        if of_design:
            spread = self._weighted @ self._half.T
            total = spread @ spread.swapaxes(1, 2)
        if of_residual:
            total = total + self._of_residual[:, :, None] * self._of_residual[:, None, :]
        return np.asarray(np.add.reduceat(total, self.records.firsts, axis=0))

    def _traces(self, weights: Floats) -> Floats:
        """Return Σ tr(slope W slope D) over patterns, D of ``weights``: parameters × parameters."""
        count = self.slopes.shape[-1] ** 2
        tensor = self.inverses.reshape(-1, count).T @ weights.reshape(-1, count)
        visits = self.slopes.shape[-1]
        tensor = tensor.reshape(visits, visits, visits, visits).transpose(3, 0, 1, 2).reshape(count, count)
        flat = self.slopes.reshape(len(self.theta), count)
        return flat @ tensor @ flat.T

    def _of_effects(self) -> Floats:
        """Return tr(Φ P Φ P): parameters × parameters."""
        left = self.variance @ self._contracted[:, :-1, :-1]
        flat = left.reshape(len(self.theta), -1)
        return flat @ left.swapaxes(1, 2).reshape(len(self.theta), -1).T

    @cached_property
    def _sums(self) -> tuple[Floats, Floats]:
        of_inverse = self.records.counts[:, None, None] * self.inverses
        return of_inverse, self._by_pattern(self.reml, True)

    @cached_property
    def pull(self) -> Floats:
        """Derivative of -2 log-likelihood by the covariance's elements: visits × visits."""
        of_inverse, spread = self._sums
        return np.asarray((of_inverse - spread).sum(axis=0))

    @property
    def gradient(self) -> Floats:
        """First derivatives of -2 log-likelihood by the parameters."""
        return self.slopes.reshape(len(self.theta), -1) @ self.pull.ravel()

    @cached_property
    def observed(self) -> Floats:
        """Second derivatives of -2 log-likelihood: parameters × parameters."""
        of_inverse, spread = self._sums
        found = self._traces(2 * spread - of_inverse)
        scores = self._contracted[:, :-1, -1]
        found -= 2 * scores @ self.variance @ scores.T
        if self.reml:
            found -= self._of_effects()
        curvature = self.structure.curvature(self.theta)
        if curvature is not None:
            found += np.tensordot(curvature, self.pull, 2)
        return (found + found.T) / 2

    @cached_property
    def expected(self) -> Floats:
        """Expectation of the second derivatives of -2 log-likelihood: parameters × parameters."""
        found = self._traces(self._sums[0])
        if self.reml:
            found += self._of_effects() - 2 * self._traces(self._by_pattern(True, False))
        return (found + found.T) / 2

    def sum_over_subjects(self, weights: Floats) -> Floats:
        """Return Σ V'CV of the weighted design V, C of each pattern: effects × effects."""
        flat = self._weighted.reshape(-1, len(self.effects))
        return flat.T @ (weights[self.records.pattern] @ self._weighted).reshape(-1, len(self.effects))


def maximise(records: Records, structure: Structure, reml: bool) -> Point:
    """Return the point of the largest (restricted) likelihood.

    Newton's steps with the second derivatives, or with their expectation (Fisher scoring) where those aren't
    positive definite, halved until the likelihood rises. Data far from a structure can have several maxima:
    of four starts the best counts, of the unstructured covariance the first that leads to a maximum.

    Raises
    ------
    NotSettledError
        There is no such point, or it isn't found; the text says why.
    """
    _check_parameters(records, structure)
    found: list[tuple[Point, str]] = []
    for start in _starts(records):
        found.append(_climb_from(_first(records, structure, reml, start)))
        if structure.unstructured and not found[-1][1]:
            break
    point, reason = min(found, key=lambda one: one[0].minus2)
    if reason:
        raise NotSettledError(reason)
    return point


def _climb_from(point: Point) -> tuple[Point, str]:
    """Return the maximum that the steps lead to and "", or where they end and why that's none."""
    for _ in range(_STEPS):
        step = _newton(point)
        if step is None:
            return point, _NEAR_SINGULAR if _singular(point, _NEARLY) else _FLAT
        gain = -float(point.gradient @ step)
        after = _climb(point, step, gain)
        if after is None:
            break
        stuck = after.minus2 >= point.minus2
        point = after
        if gain < _SETTLED or (stuck and gain < _ROUNDING):
            if _singular(point, _SINGULAR):
                return point, _NEAR_SINGULAR
            return point, "" if positive_definite(point.observed) else _FLAT
    return point, _NEAR_SINGULAR if _singular(point, _NEARLY) else "the likelihood's maximum was not found"


def _singular(point: Point, limit: float) -> bool:
    return _smallest_eigenvalue(point.structure.matrix(point.theta)) < limit


_NEAR_SINGULAR = (
    "the visits' covariance became singular: too few subjects for it, or visits that repeat each other"
)
_FLAT = "the likelihood is flat: the data don't tell all parameters of the covariance apart"


def _check_parameters(records: Records, structure: Structure) -> None:
    if len(structure.names) > records.observations:
        raise NotSettledError(
            f"{records.observations} observations don't tell of {len(structure.names)} parameters"
        )
    seen = records.together > 0
    slopes = structure.slopes(structure.start(np.eye(len(seen))))
    empty = [
        name for name, slope in zip(structure.names, slopes, strict=True) if not np.abs(slope[seen]).max() > 0
    ]
    if empty:
        raise NotSettledError(f"no subject has the visits that would tell of the {' and the '.join(empty)}")


def _starts(records: Records) -> list[Floats]:
    """Return covariances to start from: the moments, and their variances with correlations that fade."""
    moments = records.moments()
    sd = np.sqrt(np.diag(moments))
    if not sd.min() > 0:
        raise NotSettledError("the model fits all values of a visit exactly")
    distance = np.abs(np.subtract.outer(np.arange(len(sd)), np.arange(len(sd))))
    return [moments, *(sd[:, None] * rho**distance * sd for rho in _STARTS)]


def _first(records: Records, structure: Structure, reml: bool, start: Floats) -> Point:
    """Return the point at the start, its correlations made smaller until they are a structure's."""
    variances = np.diag(np.diag(start))
    for share in (0.9, 0.6, 0.3):
        theta = structure.start(share * start + (1 - share) * variances)
        try:
            if _smallest_eigenvalue(structure.matrix(theta)) > 0.01:
                return Point(records, structure, theta, reml)
        except np.linalg.LinAlgError:
            continue
    return Point(records, structure, structure.start(variances), reml)


def _smallest_eigenvalue(sigma: Floats) -> float:
    sd = np.sqrt(np.diag(sigma))
    return float(np.linalg.eigvalsh(sigma / sd[:, None] / sd)[0])


def _newton(point: Point) -> Floats | None:
    for curvature in (point.observed, point.expected):
        if np.isfinite(curvature).all() and positive_definite(curvature):
            return -np.linalg.solve(curvature, point.gradient)
    return None


def positive_definite(matrix: Floats) -> bool:
    """Say whether a symmetric matrix is positive definite, whatever the units of its rows."""
    diagonal = np.diag(matrix)
    if not diagonal.min() > 0:
        return False
    return _smallest_eigenvalue(matrix) > 1e-12


def _climb(point: Point, step: Floats, gain: float) -> Point | None:
    """Take the step, halved until -2 log-likelihood falls; None where it never does."""
    rounding = 1e-12 * max(1.0, abs(point.minus2))
    for _ in range(_HALVINGS):
        try:
            after = Point(point.records, point.structure, point.theta + step, point.reml)
            if after.minus2 <= point.minus2 - 1e-4 * gain + rounding:
                return after
        except np.linalg.LinAlgError:
            pass
        step, gain = step / 2, gain / 2
    return None
