"""Markers and platelets within subjects, at the same time and with lags, and markers among each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from csrkit.rows import absent_rows, make_rows
from csrkit.stats.estimation import QUIET
from csrkit.stats.families import ADJUSTED, adjust, to_rows
from csrkit.stats.fewest import FEWEST_FOR_TEST, TOO_FEW
from itpcsr.analysis.immune.panel import Floats, Panel, missing_sentence
from itpcsr.analysis.immune.summaries import POPULATION
from itpcsr.study import Study

RM_CORRELATION = "repeated-measures correlation with log platelet count (Bakdash and Marusich 2017)"
SPEARMAN = "Spearman correlation of subjects' mean changes, Fisher z interval (variance of Bonett and Wright)"
NO_PLATELETS = "The study's data hold no platelet counts, so markers can't be set against them."
_FEW = "fewer than 3 subjects with 2 pairs, or one of the two doesn't vary within subjects"
_FEW_PAIRS = "fewer than 4 subjects with both changes, or one doesn't vary"


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
        n (subjects), pairs, r, low, high, p_value by marker; NaN with fewer than 3 subjects (p-value: with
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
    return {"n": n, "pairs": pairs, "r": r, "low": np.tanh(z - half), "high": np.tanh(z + half), "p_value": p}


def _centre(values: Floats, known: np.ndarray, count: np.ndarray) -> Floats:
    """Return values less their subject's mean; 0 where missing."""
    filled = np.where(known, values, 0.0)
    mean = filled.sum(axis=1, keepdims=True) / np.maximum(count, 1)[:, None, :]
    return np.asarray(np.where(known, filled - mean, 0.0))


def analyse_platelets(
    adcp: pd.DataFrame, adlb: pd.DataFrame, panel: Panel, study: Study, level: float, lags: Sequence[int]
) -> pd.DataFrame:
    """Correlate each marker with the platelet count within subjects, at each lag.

    ``visit`` is ``lag w``: platelets w weeks after the marker, negative for platelets first. ``analysis`` is
    same for lag 0 and lagged for the others; each of the two is a family.
    """
    display = "tbl-immune-platelets"
    if sentence := missing_sentence(adcp, study):
        return absent_rows(display, sentence)
    if not np.isfinite(platelet_weeks(adlb, panel, study, 0)).any():
        return absent_rows(display, NO_PLATELETS)
    found = {
        lag: rm_correlation(panel.values, platelet_weeks(adlb, panel, study, lag), level) for lag in lags
    }
    parts = []
    for analysis, own in (("same", [0]), ("lagged", [lag for lag in lags if lag])):
        own = [lag for lag in own if lag in found]
        if not own:
            continue
        adjusted = adjust(np.stack([found[lag]["p_value"] for lag in own]))
        for number, lag in enumerate(own):
            statistics = {**found[lag], "p_adjusted": adjusted[number]}
            methods = {"r": RM_CORRELATION, "p_adjusted": ADJUSTED}
            n = found[lag]["n"]
            reasons = np.where((n > 2) & (n < FEWEST_FOR_TEST), TOO_FEW, _FEW)
            rows = to_rows(panel.codes, statistics, reasons, methods)
            parts.append(rows.assign(analysis=analysis, visit=f"lag {lag}"))
    return make_rows(
        pd.concat(parts, ignore_index=True),
        display=display,
        group="total",
        population=POPULATION,
        dataset="ADCP, ADLB",
    )


def analyse_network(adcp: pd.DataFrame, panel: Panel, study: Study, level: float) -> pd.DataFrame:
    """Correlate the mean changes of each two measured markers; ``level`` is ``A | B``.

    Ratios are left out: they move with their parts by construction. The family is all pairs.
    """
    display = "fig-immune-network"
    if sentence := missing_sentence(adcp, study):
        return absent_rows(display, sentence)
    measured = [number for number, marker in enumerate(panel.markers) if not marker.parts]
    change = panel.mean_change[:, measured]
    first, second = np.triu_indices(len(measured), 1)
    if not first.size:
        return absent_rows(display, "There are fewer than two measured markers, so no pair to correlate.")
    n, r = _spearman(change)
    n, r = n[first, second], r[first, second]
    z, error = np.arctanh(np.clip(r, -0.999999, 0.999999)), np.sqrt((1 + r**2 / 2) / np.maximum(n - 3, 1))
    half = stats.norm.ppf((1 + level) / 2) * error
    with np.errstate(divide="ignore"):
        t = np.abs(r) * np.sqrt((n - 2) / np.maximum(1 - r**2, 0))
    p = 2 * stats.t.sf(t, np.maximum(n - 2, 1))
    codes = [panel.codes[number] for number in measured]
    names = [f"{codes[a]} | {codes[b]}" for a, b in zip(first, second, strict=True)]
    statistics = {"n": n, "r": r, "low": np.tanh(z - half), "high": np.tanh(z + half), "p_value": p}
    rows = to_rows(names, {**statistics, "p_adjusted": adjust(p)}, _FEW_PAIRS, {"r": SPEARMAN})
    return make_rows(
        rows, display=display, analysis="pair", group="total", population=POPULATION, dataset="ADCP"
    )


@np.errstate(**QUIET)
def _spearman(change: Floats) -> tuple[Floats, Floats]:
    """Return n and Spearman's rank correlation of each two columns, over the subjects that have both."""
    known = np.isfinite(change)
    count = (known.T.astype("int64") @ known.astype("int64")).astype("float64")
    r = pd.DataFrame(change).corr(method="spearman", min_periods=4).to_numpy()
    return count, np.where(count > 3, r, np.nan)
