"""Markers and platelets within subjects, at the same time and with lags, and markers among each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from csrkit.stats.estimation import QUIET
from csrkit.stats.fewest import FEWEST_FOR_TEST
from csrkit.vocabulary import limits_of
from itpcsr.analysis.immune.panel import Floats, Panel
from itpcsr.study import Study

RM_CORRELATION = "repeated-measures correlation with log platelet count (Bakdash and Marusich 2017)"
SPEARMAN = "Spearman correlation of subjects' mean changes, Fisher z interval (variance of Bonett and Wright)"
NO_PLATELETS = "The study's data hold no platelet counts, so markers cannot be set against them."
FEW_WITHIN = "fewer than 3 subjects with 2 pairs, or one of the two does not vary within subjects"
FEW_PAIRS = "fewer than 4 subjects with both changes, or one does not vary"


def platelet_weeks(adlb: pd.DataFrame, panel: Panel, study: Study, lag: int) -> Floats:
    """Return the logarithm of the platelet count ``lag`` weeks after each visit: subjects × visits.

    Week 0 is baseline. NaN where there is no count in that week; a count of 0 stands as 0.5 × 10^9/L, since
    counts are whole numbers.
    """
    weeks = [week + lag for week in (0, *panel.weeks)]
    values = np.full((len(panel.subjects), len(weeks)), np.nan)
    if study.efficacy is None:
        return values
    counts = adlb[(adlb["PARAMCD"] == study.efficacy.platelet_test) & (adlb["ANL01FL"] == "Y")]
    table = counts.pivot(index="USUBJID", columns="AVISITN", values="AVAL")
    found = table.reindex(index=list(panel.subjects), columns=[float(week) for week in weeks])
    return np.asarray(np.log(np.maximum(found.to_numpy("float64"), 0.5)))


@np.errstate(**QUIET)
def rm_correlation(x: Floats, y: Floats, level: float) -> dict[str, Floats]:
    """Correlate markers with one variable within subjects.

    Parameters
    ----------
    x, y
        Subjects × visits × markers, and subjects × visits; NaN is missing. Subjects with fewer than two
        pairs say nothing about the correlation within subjects and take no part.
    level
        Of the interval: Fisher's z with the degrees of freedom plus 1 as R's rmcorr.

    Returns
    -------
    dict
        n (subjects), pairs, r, its limits, p_value by marker; NaN with fewer than 3 subjects (p-value: with
        3 or fewer), or where nothing varies. The common slope of an analysis of covariance with a level per
        subject (Bakdash and Marusich, Front Psychol 2017;8:456).
    """
    pair = np.isfinite(x) & np.isfinite(y)[:, :, None]
    pair &= pair.sum(axis=1, keepdims=True) >= 2
    count = pair.sum(axis=1)
    n, pairs = (count > 0).sum(axis=0), count.sum(axis=0)
    own_x, own_y = (
        _centre(np.broadcast_to(values, pair.shape), pair, count) for values in (x, y[:, :, None])
    )
    xx, yy, xy = ((a * b).sum(axis=(0, 1)) for a, b in ((own_x, own_x), (own_y, own_y), (own_x, own_y)))
    degrees = pairs - n - 1
    ok = (n > 2) & (degrees > 1) & (xx > 1e-18) & (yy > 1e-18)
    r = np.where(ok, np.clip(xy / np.sqrt(np.where(ok, xx * yy, 1.0)), -1, 1), np.nan)
    with np.errstate(divide="ignore"):
        t = r * np.sqrt(degrees / (1 - r**2))
        z = np.arctanh(r)
    half = stats.norm.ppf((1 + level) / 2) / np.sqrt(np.where(ok, degrees - 1, 1))
    p = np.where(n < FEWEST_FOR_TEST, np.nan, 2 * stats.t.sf(np.abs(t), np.maximum(degrees, 1)))
    return {"n": n, "pairs": pairs, "r": r, **_limits(z, half), "p_value": p}


def _limits(z: Floats, half: Floats) -> dict[str, Floats]:
    """Return the limits of r from Fisher's z and half its interval."""
    return dict(zip(limits_of("r"), (np.tanh(z - half), np.tanh(z + half)), strict=True))


def _centre(values: Floats, known: np.ndarray, count: np.ndarray) -> Floats:
    """Return values less their subject's mean; 0 where missing."""
    filled = np.where(known, values, 0.0)
    mean = filled.sum(axis=1, keepdims=True) / np.maximum(count, 1)[:, None, :]
    return np.asarray(np.where(known, filled - mean, 0.0))


@np.errstate(**QUIET)
def spearman(change: Floats, level: float) -> tuple[list[tuple[int, int]], dict[str, Floats]]:
    """Correlate each two columns by ranks, over the subjects that have both.

    Returns the pairs of columns, and n, r, its limits and p_value of each: Fisher's z with the variance of
    Bonett and Wright (Psychometrika 2000;65:23), and the t test of r. NaN with fewer than 4 subjects.
    """
    first, second = np.triu_indices(change.shape[1], 1)
    known = np.isfinite(change).astype("int64")
    n = (known.T @ known).astype("float64")[first, second]
    r = pd.DataFrame(change).corr(method="spearman", min_periods=4).to_numpy()[first, second]
    z, error = np.arctanh(np.clip(r, -0.999999, 0.999999)), np.sqrt((1 + r**2 / 2) / np.maximum(n - 3, 1))
    half = stats.norm.ppf((1 + level) / 2) * error
    with np.errstate(divide="ignore"):
        t = np.abs(r) * np.sqrt((n - 2) / np.maximum(1 - r**2, 0))
    p = 2 * stats.t.sf(t, np.maximum(n - 2, 1))
    found = {"n": n, "r": r, **_limits(z, half), "p_value": p}
    return list(zip(first.tolist(), second.tolist(), strict=True)), found
