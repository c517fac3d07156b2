"""Markers beside other things: correlations, mediation, prediction of response."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from csrkit.stats.effects import MOST_REFITTED, fit_firth, fit_left_out, profile_effect, regress
from csrkit.stats.estimation import (
    CONSTANT,
    FEWEST_FOR_TEST,
    FEWEST_IN_SUBSET,
    NUMERICAL,
    QUIET,
    TOO_FEW_IN_SUBSET,
    NotSettledError,
    attempt,
)
from csrkit.vocabulary import limits_of
from itpcsr.analysis.immune.panel import Floats, Panel
from itpcsr.study import Study

# Markers and platelets within subjects, at the same time and with lags, and markers among each other.

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


# Dose, marker, platelets: a mediation analysis, exploratory.

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


# Baseline markers as predictors of response, and how far that holds for a subject left out.

FIRTH = "Firth's logistic regression of response, profile penalised likelihood (as R logistf)"
LEFT_OUT = (
    "share of the squared error of prediction that the marker takes away, each subject predicted from the "
    "others; without the marker, the others' share of responders is the prediction"
)
_ONE_STEP = f"; each model one Newton step from that of all, as of more than {MOST_REFITTED} subjects"


def left_out_method(subjects: int) -> str:
    """Return what stands in result rows of the gain in so many subjects, each left out."""
    return f"{LEFT_OUT}{_ONE_STEP if subjects > MOST_REFITTED else ''}"


def predict(baseline: Floats, response: Floats, level: float) -> dict[str, float | str]:
    """Predict response (1 or 0, NaN not known) by one marker's baseline value.

    Returns n1 and n2 (responders, non-responders with a baseline value), estimate (odds ratio per SD at
    baseline) with its limits, p_value, auc (in the subjects that made the model, 0.5 by chance),
    gain_left_out (the share of the squared error that the marker takes away when each subject is predicted
    from the others; below 0 the prediction is worse than without the marker) and reason, why one is NaN.
    """
    known = np.isfinite(baseline) & np.isfinite(response)
    x, y = baseline[known], response[known]
    n1, n2 = int(y.sum()), int((1 - y).sum())
    sizes = {"n1": n1, "n2": n2}
    names = ("estimate", *limits_of("estimate"), "p_value", "auc", "gain_left_out")
    few = min(n1, n2) < FEWEST_IN_SUBSET
    reason = TOO_FEW_IN_SUBSET if few else CONSTANT if np.ptp(x) < 1e-12 else ""
    if reason:
        return {**sizes, **dict.fromkeys(names, np.nan), "reason": reason}
    scaled, reason = attempt(lambda: (x - x.mean()) / x.std(ddof=1))
    if scaled is None or not np.isfinite(scaled).all():
        return {**sizes, **dict.fromkeys(names, np.nan), "reason": reason or NUMERICAL}
    design = np.column_stack([np.ones(len(x)), scaled])
    effect, no_effect = attempt(lambda: profile_effect(design, y, 1, level))
    apparent, no_area = attempt(lambda: roc_area(design @ fit_firth(design, y).coefficients, y))
    gain, no_gain = attempt(lambda: gain_left_out(design, y))
    found = dict.fromkeys(names, np.nan)
    if effect is not None:
        estimate, low, high, p = effect
        # a limit may lie beyond the largest number: then it is infinite, as one that isn't found
        with np.errstate(over="ignore"):
            found |= dict(zip(names, (*np.exp([estimate, low, high]), p), strict=False))
    found["auc"] = np.nan if apparent is None else apparent
    found["gain_left_out"] = np.nan if gain is None else gain
    return {**sizes, **found, "reason": no_effect or no_area or no_gain}


def gain_left_out(design: Floats, outcome: Floats) -> float:
    """Return by how much the marker lowers the squared error for subjects left out (1 all, 0 nothing)."""
    beta = fit_left_out(design, outcome, fit_firth(design, outcome).coefficients)
    with_marker = 1 / (1 + np.exp(-np.sum(design * beta, axis=1)))
    without = (outcome.sum() - outcome) / (len(outcome) - 1)
    return float(1 - np.sum((with_marker - outcome) ** 2) / np.sum((without - outcome) ** 2))


def roc_area(score: Floats, outcome: Floats) -> float:
    """Return the chance that a responder's score is above a non-responder's, ties counting one half."""
    ranks = stats.rankdata(score)
    n1 = outcome.sum()
    return float((ranks[outcome == 1].sum() - n1 * (n1 + 1) / 2) / (n1 * (len(outcome) - n1)))
