"""Dose, marker, platelets: a mediation analysis, exploratory."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.stats.estimation import NotSettledError, attempt
from csrkit.stats.linear import regress
from itpcsr.analysis.immune.panel import Floats

MEDIATION = "mediation by linear regressions, percentile bootstrap of the indirect effect"
NO_MECHANISM = "The marker table marks no marker as one of the mechanism, so no mediation is analysed."
_FEW = "fewer than 8 subjects with dose, marker and platelets, or one of them does not vary"
_FEWEST = 8  # a bootstrap of regressions with three variables in fewer subjects is noise
_CELLS = 1_000_000  # drawn subjects held at a time
PATHS = ("dose_marker", "marker_platelets", "total", "direct", "indirect")


def mediate(
    dose: Floats, marker: Floats, outcome: Floats, level: float, bootstraps: int, seed: int
) -> tuple[int, Floats, str]:
    """Return the number of subjects, estimate, limits and p of the five paths, and why they are missing."""
    frame = pd.DataFrame({"dose": dose, "marker": marker, "platelets": outcome}).dropna()
    found, reason = attempt(lambda: _paths(frame, level, bootstraps, seed))
    return len(frame), np.full((len(PATHS), 4), np.nan) if found is None else found, reason or _FEW


def _paths(frame: pd.DataFrame, level: float, bootstraps: int, seed: int) -> Floats | None:
    """Return estimate, limits and p of the five paths, or None where too few subjects vary."""
    spread = frame.std()
    if len(frame) < _FEWEST or not (spread > 1e-12).all():
        return None
    if not np.isfinite(spread).all():
        raise OverflowError("the spread of a variable")
    x, m, y = ((frame - frame.mean()) / spread).to_numpy().T
    if abs(np.corrcoef(x, m)[0, 1]) > 1 - 1e-9:
        return None
    both = _regress(y, [m, x], level)
    paths = [_regress(m, [x], level)[0], both[0], _regress(y, [x], level)[0], both[1]]
    return np.array([*paths, indirect(x, m, y, level, bootstraps, seed)])


def _regress(y: Floats, effects: list[Floats], level: float) -> Floats:
    """Return estimate, limits and p of each effect of a linear regression with intercept."""
    return regress(y, np.column_stack([np.ones(len(y)), *effects]), level)[1:]


def indirect(x: Floats, m: Floats, y: Floats, level: float, bootstraps: int, seed: int) -> list[float]:
    """Return the product of the paths x to m and m to y given x, with percentile limits and p.

    As pingouin's mediation_analysis, which stops at a resample in which x doesn't vary; with few dose levels
    there are such, and here they take no part. p is twice the smaller share of resamples on one side of 0.
    Raises NotSettledError where no resample has an estimate.
    """
    generator, size = np.random.default_rng(seed), max(1, _CELLS // len(x))
    parts = []
    for start in range(0, bootstraps, size):
        rows = generator.integers(0, len(x), (min(size, bootstraps - start), len(x)))
        parts.append(_product(x[rows], m[rows], y[rows]))
    drawn = np.concatenate(parts)
    drawn = drawn[np.isfinite(drawn)]
    if not drawn.size:
        raise NotSettledError("no resample has an estimate")
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    p = 2 * min((drawn <= 0).mean(), (drawn >= 0).mean())
    return [float(_product(x[None], m[None], y[None])[0]), float(low), float(high), float(min(p, 1.0))]


def _product(x: Floats, m: Floats, y: Floats) -> Floats:
    """Return a × b for each row: slope of m on x, by that of y on m with x in the model; NaN where none."""
    x, m, y = (values - values.mean(axis=1, keepdims=True) for values in (x, m, y))
    xx, mm, xm, xy, my = ((a * b).sum(axis=1) for a, b in ((x, x), (m, m), (x, m), (x, y), (m, y)))
    determinant = xx * mm - xm**2
    ok = (xx > 1e-9) & (determinant > 1e-9)
    return np.where(ok, xm * (my * xx - xm * xy) / np.where(ok, xx * determinant, 1.0), np.nan)
