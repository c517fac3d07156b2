"""Linear models of one marker by ordinary least squares."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from csrkit.stats.estimation import QUIET

Floats = NDArray[np.floating[Any]]
_NONE = 1e-24  # residual sum of squares, on a scale of 1, below which nothing is left to explain


@np.errstate(**QUIET)
def regress(y: Floats, design: Floats, level: float) -> Floats:
    """Return estimate, limits and p of each effect by ordinary least squares: effects × 4.

    ``design`` is values × effects, the intercept included. All NaN where it isn't of full rank, where no
    degree of freedom is left, where the fit is perfect, or where an effect is missing or infinite.
    """
    free = len(y) - design.shape[1]
    missing = np.full((design.shape[1], 4), np.nan)
    if free < 1 or not np.isfinite(design).all() or np.linalg.matrix_rank(design) < design.shape[1]:
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
