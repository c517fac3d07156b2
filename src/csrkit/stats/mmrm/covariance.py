"""Covariances of a subject's visits, in the parameters of SAS PROC MIXED, with two orders of derivatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
LABELS = {
    "un": "unstructured",
    "toeph": "heterogeneous Toeplitz",
    "toep": "Toeplitz",
    "ar1h": "heterogeneous autoregressive",
    "ar1": "autoregressive",
    "csh": "heterogeneous compound symmetry",
    "cs": "compound symmetry",
}
ORDERED = ("toeph", "toep", "ar1h", "ar1")  # mean something else where the visits stand in another order
_STRONGEST = 0.9  # correlation that a start has at most


@dataclass(frozen=True)
class Linear:
    """A covariance that is linear in its parameters: matrices of 0 and 1, parameters × visits × visits."""

    names: tuple[str, ...]
    basis: Floats

    @property
    def unstructured(self) -> bool:
        """Whether each pair of visits has a parameter of its own."""
        visits = self.basis.shape[-1]
        return bool(len(self.basis) == visits * (visits + 1) // 2)

    @property
    def powers(self) -> Floats:
        """Which power of the response's variance each parameter is measured in: 1."""
        return np.ones(len(self.names))

    def matrix(self, theta: Floats) -> Floats:
        """Return the covariance: visits × visits."""
        return np.tensordot(theta, self.basis, 1)

    def slopes(self, theta: Floats) -> Floats:
        """Return the first derivatives: parameters × visits × visits."""
        return self.basis

    def curvature(self, theta: Floats) -> Floats | None:
        """Return the second derivatives: none."""
        return None

    def start(self, moments: Floats) -> Floats:
        """Return parameters near a matrix of moments, by least squares."""
        basis = self.basis.reshape(len(self.basis), -1)
        return np.linalg.solve(basis @ basis.T, basis @ moments.ravel())


@dataclass(frozen=True)
class Scaled:
    """Correlations times standard deviations; the parameters are variances, then parameters of correlation.

    ``shares`` (variances × visits × visits) tells how often a variance's root stands in a covariance, halved.
    ``correlations`` gives the correlations with their first and second derivatives.
    """

    names: tuple[str, ...]
    shares: Floats
    correlations: Callable[[Floats], tuple[Floats, Floats, Floats]]
    unstructured = False

    @property
    def powers(self) -> Floats:
        """Which power of the response's variance each parameter is measured in: 1, of correlations 0."""
        powers = np.zeros(len(self.names))
        powers[: len(self.shares)] = 1
        return powers

    def _spread(self, theta: Floats) -> tuple[Floats, Floats]:
        variances = theta[: len(self.shares)]
        if (variances <= 0).any():
            raise np.linalg.LinAlgError("a variance isn't positive")
        return variances, np.exp(np.tensordot(np.log(variances), self.shares, 1))

    def matrix(self, theta: Floats) -> Floats:
        """Return the covariance: visits × visits; LinAlgError where a variance isn't positive."""
        return np.asarray(self._spread(theta)[1] * self.correlations(theta[len(self.shares) :])[0])

    def slopes(self, theta: Floats) -> Floats:
        """Return the first derivatives: parameters × visits × visits."""
        variances, spread = self._spread(theta)
        correlation, first, _ = self.correlations(theta[len(self.shares) :])
        relative = self.shares / variances[:, None, None]
        return np.concatenate([relative * (spread * correlation), spread * first])

    def curvature(self, theta: Floats) -> Floats:
        """Return the second derivatives: parameters × parameters × visits × visits."""
        variances, spread = self._spread(theta)
        correlation, first, second = self.correlations(theta[len(self.shares) :])
        relative = self.shares / variances[:, None, None]
        of_variances = relative[:, None] * relative[None]
        diagonal = np.arange(len(variances))
        of_variances[diagonal, diagonal] -= relative / variances[:, None, None]
        mixed = relative[:, None] * (spread * first)[None]
        upper = np.concatenate([of_variances * (spread * correlation), mixed], axis=1)
        lower = np.concatenate([mixed.swapaxes(0, 1), spread * second], axis=1)
        return np.concatenate([upper, lower])

    def start(self, moments: Floats) -> Floats:
        """Return the mean variances, and the mean correlation of visits beside each other or at each lag."""
        spread = np.diag(moments)
        own = self.shares.diagonal(axis1=1, axis2=2)
        sd = np.sqrt(spread)
        observed = moments / sd[:, None] / sd
        first = self.correlations(np.zeros(len(self.names) - len(self.shares)))[1]
        means = (first * observed).sum(axis=(1, 2)) / np.maximum(first.sum(axis=(1, 2)), 1)
        return np.concatenate([own @ spread / own.sum(axis=1), np.clip(means, -_STRONGEST, _STRONGEST)])


Structure = Linear | Scaled


def _lags(visits: int) -> Floats:
    """Return which pairs of visits are how far apart: lags from 0 on × visits × visits."""
    distance = np.abs(np.subtract.outer(np.arange(visits), np.arange(visits)))
    return np.asarray([distance == lag for lag in range(visits)], dtype=float)


def _linear_correlations(basis: Floats) -> Callable[[Floats], tuple[Floats, Floats, Floats]]:
    count, visits = len(basis), basis.shape[-1]
    none = np.zeros((count, count, visits, visits))
    return lambda rho: (np.eye(visits) + np.tensordot(rho, basis, 1), basis, none)


def _powers_of_correlation(visits: int) -> Callable[[Floats], tuple[Floats, Floats, Floats]]:
    distance = np.abs(np.subtract.outer(np.arange(visits), np.arange(visits)))

    def correlations(rho: Floats) -> tuple[Floats, Floats, Floats]:
        value = float(rho[0])
        if abs(value) >= 1:
            raise np.linalg.LinAlgError("the correlation isn't below 1")
        first = distance * value ** np.maximum(distance - 1, 0)
        second = distance * (distance - 1) * value ** np.maximum(distance - 2, 0)
        return value**distance, first[None], second[None, None]

    return correlations


def structure(name: str, visits: tuple[str, ...]) -> Structure:
    """Return a covariance of the visits, in the parameters that SAS PROC MIXED prints for it.

    ``un`` covariances; ``cs`` the covariance and the variance beyond it; ``toep`` a covariance for each lag;
    ``ar1`` variance and correlation; ``csh``, ``toeph``, ``ar1h`` a variance for each visit and correlations.
    The second derivatives, and by them the Kenward-Roger errors, depend on this choice.
    """
    count = len(visits)
    lags = _lags(count)
    one_variance = np.ones((1, count, count))
    own = np.eye(count)
    each = (own[:, :, None] + own[:, None, :]) / 2
    variances = tuple(f"variance {visit}" for visit in visits)
    lag_names = tuple(f"lag {lag}" for lag in range(count))
    if name == "un":
        pairs = [(row, column) for row in range(count) for column in range(row + 1)]
        basis = np.zeros((len(pairs), count, count))
        for index, (row, column) in enumerate(pairs):
            basis[index, row, column] = basis[index, column, row] = 1
        return Linear(tuple(f"covariance {visits[row]}, {visits[column]}" for row, column in pairs), basis)
    if name == "toep":
        return Linear(tuple(f"covariance at {lag}" for lag in lag_names), lags)
    if name == "cs":
        return Linear(("covariance", "residual variance"), np.stack([np.ones((count, count)), own]))
    if name == "ar1":
        return Scaled(("variance", "correlation"), one_variance, _powers_of_correlation(count))
    if name == "ar1h":
        return Scaled((*variances, "correlation"), each, _powers_of_correlation(count))
    if name == "csh":
        return Scaled((*variances, "correlation"), each, _linear_correlations(1 - own[None]))
    correlations = tuple(f"correlation at {lag}" for lag in lag_names[1:])
    return Scaled((*variances, *correlations), each, _linear_correlations(lags[1:]))
