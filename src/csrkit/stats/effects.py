"""Effects and models of one marker, for many at once: means, least squares, Firth's logistic regression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from csrkit.stats.estimation import QUIET, NotSettledError

# Means and standardised effects with their intervals, for many markers at once.

Floats = NDArray[np.floating[Any]]
T_INTERVAL = "t interval of the mean change on the scale of analysis"
WELCH = "Welch t interval of the difference of mean changes on the scale of analysis"
DZ = "mean change by the SD of changes (Cohen's dz), interval from its standard error (Hedges and Olkin 1985)"
G = "difference by the pooled SD with Hedges' correction (g), interval from its standard error"
_TINY = 1e-12  # SD below which values count as all equal


@np.errstate(**QUIET)
def describe(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Return n, mean and SD over the first axis without missing values; SD is NaN with fewer than 3."""
    known = np.isfinite(values)
    n = known.sum(axis=0).astype("float64")
    mean = np.where(n > 0, np.where(known, values, 0).sum(axis=0) / np.maximum(n, 1), np.nan)
    squares = (np.where(known, values - mean, 0) ** 2).sum(axis=0)
    return n, mean, np.where(n > 2, np.sqrt(squares / np.maximum(n - 1, 1)), np.nan)


@np.errstate(**QUIET)
def mean_interval(values: Floats, level: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Return n, mean and the limits of its t interval over the first axis; limits need 3 values."""
    n, mean, sd = describe(values)
    half = stats.t.ppf((1 + level) / 2, np.maximum(n - 1, 1)) * sd / np.sqrt(np.maximum(n, 1))
    return n, mean, mean - half, mean + half


@np.errstate(**QUIET)
def paired_effect(values: Floats, level: float) -> tuple[Floats, Floats, Floats]:
    """Return dz, the mean by the SD of changes, with limits; NaN with fewer than 3 or with equal values."""
    n, mean, sd = describe(values)
    ok = (n > 2) & (sd > _TINY)
    effect = np.where(ok, mean / np.where(ok, sd, 1.0), np.nan)
    error = np.sqrt(1 / np.maximum(n, 1) + effect**2 / (2 * np.maximum(n, 1)))
    half = stats.t.ppf((1 + level) / 2, np.maximum(n - 1, 1)) * error
    return effect, effect - half, effect + half


@np.errstate(**QUIET)
def difference_interval(first: Floats, second: Floats, level: float) -> tuple[Floats, Floats, Floats]:
    """Return the difference of means and its Welch limits over the first axis; each group needs 3 values."""
    n1, mean1, sd1 = describe(first)
    n2, mean2, sd2 = describe(second)
    part1, part2 = sd1**2 / np.maximum(n1, 1), sd2**2 / np.maximum(n2, 1)
    total = part1 + part2
    safe = np.where(total > 0, total, np.nan)
    degrees = safe**2 / (part1**2 / np.maximum(n1 - 1, 1) + part2**2 / np.maximum(n2 - 1, 1))
    half = stats.t.ppf((1 + level) / 2, degrees) * np.sqrt(safe)
    difference = np.where((n1 > 0) & (n2 > 0), mean1 - mean2, np.nan)
    return difference, difference - half, difference + half


@np.errstate(**QUIET)
def group_effect(first: Floats, second: Floats, level: float) -> tuple[Floats, Floats, Floats]:
    """Return Hedges' g of two groups with limits; NaN with fewer than 3 values in one or equal values."""
    n1, mean1, sd1 = describe(first)
    n2, mean2, sd2 = describe(second)
    degrees = n1 + n2 - 2
    pooled = np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / np.maximum(degrees, 1))
    ok = pooled > _TINY
    correction = 1 - 3 / (4 * np.maximum(degrees, 1) - 1)
    effect = np.where(ok, correction * (mean1 - mean2) / np.where(ok, pooled, 1.0), np.nan)
    both = np.maximum(n1, 1) * np.maximum(n2, 1)
    error = np.sqrt((n1 + n2) / both + effect**2 / (2 * np.maximum(n1 + n2, 1)))
    half = stats.t.ppf((1 + level) / 2, np.maximum(degrees, 1)) * error
    return effect, effect - half, effect + half


# Linear models of one marker by ordinary least squares.

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


# Logistic regression with Firth's penalty: estimates that exist even where a marker parts the outcomes.

_STEPS, _TOLERANCE, _LARGEST = 2000, 1e-9, 5.0
MOST_REFITTED = 200  # subjects up to which each model that leaves one out is fitted to the end


@dataclass(frozen=True)
class Firth:
    """Coefficients and the penalised log-likelihood at them."""

    coefficients: Floats
    likelihood: float


def fit_firth(
    design: Floats, outcome: Floats, fixed: dict[int, float] | None = None, start: Floats | None = None
) -> Firth:
    """Maximise the likelihood penalised by Jeffreys' prior (Firth, Biometrika 1993;80:27).

    Parameters
    ----------
    design
        Values × effects, the intercept included, of full rank.
    outcome
        0 or 1.
    fixed
        Effects held at a value, by their column. The penalty is still that of the whole design, as in R's
        logistf, so that likelihoods can be compared.
    start
        Coefficients near the ones sought, to save steps.

    Raises
    ------
    NotSettledError
        The iteration doesn't settle.
    """
    fixed = fixed or {}
    free = [column for column in range(design.shape[1]) if column not in fixed]
    beta: Floats = np.zeros(design.shape[1]) if start is None else start.copy()
    for column, value in fixed.items():
        beta[column] = value
    likelihood, score, information = _evaluate(design, outcome, beta)
    for _ in range(_STEPS):
        if not free:
            break
        step = np.linalg.solve(information[np.ix_(free, free)], score[free])
        step *= min(1.0, _LARGEST / max(np.abs(step).max(), 1e-300))
        beta, likelihood, score, information, moved = _climb(design, outcome, beta, free, step, likelihood)
        if moved < _TOLERANCE:
            break
    else:
        raise NotSettledError("Firth's logistic regression did not settle")
    return Firth(beta, likelihood)


def _climb(
    design: Floats, outcome: Floats, beta: Floats, free: list[int], step: Floats, likelihood: float
) -> tuple[Floats, float, Floats, Floats, float]:
    """Take the step, halved until the likelihood doesn't fall."""
    for _ in range(30):
        tried = beta.copy()
        tried[free] += step
        value, score, information = _evaluate(design, outcome, tried)
        if value >= likelihood - 1e-12:
            break
        step = step / 2
    return tried, value, score, information, float(np.abs(step).max())


def fit_left_out(design: Floats, outcome: Floats, start: Floats) -> Floats:
    """Return the coefficients of the models that leave out one subject each: subjects × effects.

    All models are fitted together, the one left out with weight 0; ``start`` are the coefficients of the
    model of all. Of more than ``MOST_REFITTED`` subjects each model is one Newton step from those (Pregibon,
    Ann Stat 1981;9:705), since refitting takes time and memory by the square of the subjects; what that
    leaves out falls with their square. Raises NotSettledError where a model doesn't settle.
    """
    if len(outcome) > MOST_REFITTED:
        return start + _steps_left_out(design, outcome, start)
    kept = 1.0 - np.eye(len(outcome))
    beta = np.tile(start, (len(outcome), 1))
    likelihood, step = _evaluate_left_out(design, outcome, kept, beta)
    for _ in range(_STEPS):
        value, next_step = _evaluate_left_out(design, outcome, kept, beta + step)
        better = (value >= likelihood - 1e-12)[:, None]
        beta = np.where(better, beta + step, beta)
        likelihood = np.where(better[:, 0], value, likelihood)
        step = np.where(better, next_step, step / 2)
        if np.abs(step).max() < _TOLERANCE:
            return beta
    raise NotSettledError("Firth's logistic regression did not settle for a subject left out")


def _steps_left_out(design: Floats, outcome: Floats, beta: Floats) -> Floats:
    """Return the first step of each model that leaves out one subject, from coefficients common to all."""
    p = 1 / (1 + np.exp(-np.clip(design @ beta, -35, 35)))
    weight = p * (1 - p)
    own = np.einsum("n,np,nq->npq", weight, design, design)
    inverse = np.linalg.inv(own.sum(axis=0) - own)
    pull = np.einsum("npq,nr->npqr", own * (0.5 - p)[:, None, None], design)
    score = (outcome - p)[:, None] * design
    penalty = np.einsum("npqr,npq->nr", pull.sum(axis=0) - pull, inverse)
    step = np.einsum("npq,nq->np", inverse, score.sum(axis=0) - score + penalty)
    return np.asarray(np.clip(step, -_LARGEST, _LARGEST))


def _evaluate_left_out(design: Floats, outcome: Floats, kept: Floats, beta: Floats) -> tuple[Floats, Floats]:
    """Return the penalised log-likelihood and the next step of each model; ``kept`` is models × subjects."""
    linear = np.clip(beta @ design.T, -35, 35)
    p = 1 / (1 + np.exp(-linear))
    weight = kept * p * (1 - p)
    information = np.einsum("bn,np,nq->bpq", weight, design, design)
    inverse = np.linalg.inv(information)
    hat = weight * np.einsum("np,bpq,nq->bn", design, inverse, design)
    score = (kept * (outcome - p) + hat * (0.5 - p)) @ design
    likelihood = (kept * (outcome * linear - np.logaddexp(0, linear))).sum(axis=1)
    likelihood += np.linalg.slogdet(information)[1] / 2
    step = np.einsum("bpq,bq->bp", inverse, score)
    return likelihood, np.clip(step, -_LARGEST, _LARGEST)


def _evaluate(design: Floats, outcome: Floats, beta: Floats) -> tuple[float, Floats, Floats]:
    """Return the penalised log-likelihood, its modified score and the information."""
    linear = np.clip(design @ beta, -35, 35)
    p = 1 / (1 + np.exp(-linear))
    weight = p * (1 - p)
    information = design.T @ (design * weight[:, None])
    sign, logarithm = np.linalg.slogdet(information)
    if sign <= 0:
        return -np.inf, np.zeros(len(beta)), np.eye(len(beta))
    hat = weight * np.einsum("ij,jk,ik->i", design, np.linalg.inv(information), design)
    score = design.T @ (outcome - p + hat * (0.5 - p))
    likelihood = float(np.sum(outcome * linear - np.logaddexp(0, linear)) + logarithm / 2)
    return likelihood, score, information


def profile_effect(
    design: Floats, outcome: Floats, column: int, level: float
) -> tuple[float, float, float, float]:
    """Return a coefficient, its profile penalised likelihood limits, and the p-value of its ratio test.

    As R's logistf (Heinze and Schemper, Stat Med 2002;21:2409). A limit that isn't found within 50 units of
    the estimate is infinite.
    """
    full = fit_firth(design, outcome)
    estimate = float(full.coefficients[column])
    null = fit_firth(design, outcome, {column: 0.0})
    p = float(stats.chi2.sf(max(0.0, 2 * (full.likelihood - null.likelihood)), 1))
    target = full.likelihood - float(stats.chi2.ppf(level, 1)) / 2

    def below(value: float) -> float:
        return fit_firth(design, outcome, {column: value}, full.coefficients).likelihood - target

    return estimate, _limit(below, estimate, -1.0), _limit(below, estimate, 1.0), p


def _limit(below: Callable[[float], float], estimate: float, direction: float) -> float:
    distance = 0.5
    while below(estimate + direction * distance) > 0:
        distance *= 2
        if distance > 50:
            return direction * np.inf
    ends = sorted((estimate, estimate + direction * distance))
    try:
        return float(optimize.brentq(below, *ends, xtol=1e-8))
    except (ValueError, RuntimeError) as failure:  # no crossing between the ends, or not found in time
        raise NotSettledError("the limit of the profile likelihood was not found") from failure
