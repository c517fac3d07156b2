"""Linear models of one marker: ordinary least squares, and a random intercept of the subject by REML."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

Floats = NDArray[np.floating[Any]]
_NONE = 1e-24  # residual sum of squares, on a scale of 1, below which nothing is left to explain
_HIGHEST = 1 - 1e-6  # share of the variance that lies between subjects, at most


def regress(y: Floats, design: Floats, level: float) -> Floats:
    """Return estimate, limits and p of each effect by ordinary least squares: effects × 4.

    ``design`` is values × effects, the intercept included. All NaN where it isn't of full rank, where no
    degree of freedom is left, or where the fit is perfect.
    """
    free = len(y) - design.shape[1]
    missing = np.full((design.shape[1], 4), np.nan)
    if free < 1 or np.linalg.matrix_rank(design) < design.shape[1]:
        return missing
    inverse = np.linalg.inv(design.T @ design)
    estimate = inverse @ design.T @ y
    residual = float(np.sum((y - design @ estimate) ** 2))
    if residual <= _NONE * max(float(y @ y), 1e-300):
        return missing
    error = np.sqrt(residual / free * np.diag(inverse))
    half = stats.t.ppf((1 + level) / 2, free) * error
    p = 2 * stats.t.sf(np.abs(estimate / error), free)
    return np.column_stack([estimate, estimate - half, estimate + half, p])


def random_intercept(
    y: Floats, design: Floats, subject: NDArray[np.int64], contrast: Floats, within: int
) -> tuple[float, float, float, float]:
    """Fit a random intercept model by REML and test a contrast of the fixed effects by F.

    Parameters
    ----------
    y, design, subject
        Values, values × effects of full rank, and the subject of each value.
    contrast
        Rows of coefficients of the fixed effects, of full rank.
    within
        Number of effects that change within subjects: the denominator has values - subjects - ``within``
        degrees of freedom, by containment as in R's nlme. With complete data the F test is that of the
        repeated-measures ANOVA, unless the variance between subjects is estimated as 0.

    Returns
    -------
    tuple
        F, both degrees of freedom and p; NaN where there is nothing to fit. statsmodels' MixedLM agrees, but
        takes a second for a marker of two hundred subjects: with an intercept as the only random effect the
        likelihood is a function of one number.
    """
    _, place, size = np.unique(subject, return_inverse=True, return_counts=True)
    df1, df2 = len(contrast), len(y) - len(size) - within
    spread = float(np.std(y))
    if df2 < 1 or not spread > 0 or np.linalg.matrix_rank(design) < design.shape[1]:
        return np.nan, np.nan, np.nan, np.nan
    joint = np.column_stack([design, (y - y.mean()) / spread])
    sums = np.zeros((len(size), joint.shape[1]))
    np.add.at(sums, place, joint)
    products = joint.T @ joint

    def loss(share: float) -> float:
        return _deviance(products, sums, size, len(y), share)

    found = optimize.minimize_scalar(loss, bounds=(0, _HIGHEST), method="bounded", options={"xatol": 1e-12})
    share = 0.0 if loss(0.0) <= found.fun else float(found.x)
    estimate, covariance = _estimate(products, sums, size, len(y), share)
    difference = contrast @ estimate
    f = float(difference @ np.linalg.solve(contrast @ covariance @ contrast.T, difference)) / df1
    return f, float(df1), float(df2), float(stats.f.sf(f, df1, df2))


def _weighted(products: Floats, sums: Floats, size: NDArray[np.int64], share: float) -> Floats:
    """Return crossproducts weighted by the inverse covariance, in units of the variance within subjects."""
    ratio = share / (1 - share)
    return np.asarray(products - (sums * (ratio / (1 + ratio * size))[:, None]).T @ sums)


def _deviance(products: Floats, sums: Floats, size: NDArray[np.int64], count: int, share: float) -> float:
    """Return minus twice the restricted log-likelihood, less constants, at a share of variance between."""
    weighted = _weighted(products, sums, size, share)
    information, right = weighted[:-1, :-1], weighted[:-1, -1]
    residual = weighted[-1, -1] - right @ np.linalg.solve(information, right)
    between = np.sum(np.log1p(share / (1 - share) * size))
    free = count - len(right)
    return float(free * np.log(max(residual, 1e-300)) + between + np.linalg.slogdet(information)[1])


def _estimate(
    products: Floats, sums: Floats, size: NDArray[np.int64], count: int, share: float
) -> tuple[Floats, Floats]:
    """Return the fixed effects and their covariance."""
    weighted = _weighted(products, sums, size, share)
    information, right = weighted[:-1, :-1], weighted[:-1, -1]
    estimate = np.linalg.solve(information, right)
    variance = (weighted[-1, -1] - right @ estimate) / (count - len(right))
    return estimate, variance * np.linalg.inv(information)
