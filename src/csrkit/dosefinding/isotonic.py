"""Isotonic estimates of the DLT rate by level, and the level nearest to the target."""

from __future__ import annotations

import numpy as np

from csrkit.dosefinding.rule import NO_DOSE, Flags, Floats, Ints

# Pseudo-counts of BOIN's select.mtd: a rate of 0 of 3 is then still less than one of 0 of 6 is certain.
_DLTS, _SUBJECTS = 0.05, 0.1
_TIE = 1e-10


def isotonic_rates(n: Ints, x: Ints, used: Flags | None = None) -> Floats:
    """Return DLT rates that don't fall with the level, trials by levels; NaN at levels not used.

    Rates (x + 0.05) / (n + 0.1) are pooled with weights of their inverse variances, as BOIN's ``select.mtd``
    does (Liu and Yuan, Appl Stat 2015;64:507). The pooled-adjacent-violators solution is written as the
    largest of the smallest means around each level, which can be computed for all trials at once.
    """
    used = n > 0 if used is None else used & (n > 0)
    total = n + _SUBJECTS
    dlts = x + _DLTS
    rates = dlts / total
    variance = dlts * (total - dlts) / (total**2 * (total + 1))
    weights = np.where(used, 1 / variance, 0.0)
    return np.where(used, isotonic_means(rates, weights), np.nan)


def isotonic_means(values: Floats, weights: Floats) -> Floats:
    """Return the weighted isotonic (rising) regression of each row; levels of weight 0 pull nothing."""
    levels = values.shape[1]
    zero = np.zeros((values.shape[0], 1))
    mass = np.concatenate([zero, np.cumsum(weights, axis=1)], axis=1)
    sums = np.concatenate([zero, np.cumsum(weights * values, axis=1)], axis=1)
    result = np.full(values.shape, -np.inf)
    for first in range(levels):
        lowest = np.full(values.shape[0], np.inf)
        for last in range(levels - 1, first - 1, -1):
            weight = mass[:, last + 1] - mass[:, first]
            mean = np.divide(
                sums[:, last + 1] - sums[:, first], weight, out=np.full(len(weight), np.inf), where=weight > 0
            )
            lowest = np.minimum(lowest, mean)
            # means over first to last or longer: what level `last` can't exceed from here
            result[:, last] = np.where(
                np.isfinite(lowest), np.maximum(result[:, last], lowest), result[:, last]
            )
    return result


def nearest_to_target(n: Ints, x: Ints, target: float, excluded: Flags) -> Ints:
    """Return the level tried and not excluded whose isotonic DLT rate is nearest to the target; -1 for none.

    Of equal rates below the target the highest level is taken, above it the lowest (as ``select.mtd``).
    """
    rates = isotonic_rates(n, x, ~excluded) + _TIE * np.arange(1, n.shape[1] + 1)
    distance = np.where(np.isnan(rates), np.inf, np.abs(rates - target))
    return np.where(np.isfinite(distance).any(axis=1), np.argmin(distance, axis=1), NO_DOSE)
