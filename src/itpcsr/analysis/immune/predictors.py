"""Baseline markers as predictors of response, and how far that holds for a subject left out."""

from __future__ import annotations

import numpy as np
from scipy import stats

from csrkit.stats.estimation import NUMERICAL, attempt
from csrkit.stats.families import CONSTANT
from csrkit.stats.fewest import FEWEST_IN_SUBSET, TOO_FEW_IN_SUBSET
from csrkit.stats.firth import MOST_REFITTED, fit_firth, fit_left_out, profile_effect
from csrkit.vocabulary import limits_of
from itpcsr.analysis.immune.panel import Floats

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
