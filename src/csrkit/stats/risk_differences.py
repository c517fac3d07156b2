"""Differences of two proportions, in strata or not: Miettinen and Nurminen's, Newcombe's, Yan and Su's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq

from csrkit.stats.categories import Counts, Names, fourfold
from csrkit.stats.estimation import FEWEST_FOR_TEST, TOO_FEW, attempt_numbers
from csrkit.stats.proportions import wilson_interval

MIETTINEN_NURMINEN = "Miettinen-Nurminen score interval and test of a difference of proportions"
NEWCOMBE = "Newcombe hybrid score interval of a difference of proportions"
_STRATIFIED = {
    "mantel-haenszel": "stratified with Mantel-Haenszel weights",
    "inverse variance": "stratified, intervals of the strata pooled by their inverse squared widths",
}
_YAN_SU = "stratified with Mantel-Haenszel weights (Yan and Su)"
_SAME = "all subjects have the same response"
_INTERVAL = ("estimate", "ci_low", "ci_high")
_TEST = ("statistic", "p_value")
_END = 1e-12  # this near to -1 and 1 limits are looked for

Weights = Literal["mantel-haenszel", "inverse variance"]


def risk_differences(
    frame: pd.DataFrame,
    group: str,
    response: str,
    *,
    reference: str,
    strata: Names = (),
    weights: Weights = "mantel-haenszel",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return the difference of proportions of each group and a reference, with score interval and test.

    Parameters
    ----------
    frame
        One record per subject; one without a value in any of the columns is left out.
    group, reference
        Column of the groups, and the one that the others are compared with. Where the column is categorical
        each of its categories is a group, also one that nobody has.
    response
        Column of True and False, 1 and 0, or Y and N.
    strata
        Column or columns whose values tell the strata apart. A stratum with one of the two groups drops out.
    weights
        How strata are pooled. ``mantel-haenszel``: Miettinen and Nurminen's statistic with the weights
        n1 n0 / (n1 + n0). ``inverse variance``: middles of the strata's intervals with the inverse squares of
        their widths as weights, as SUMMARY SCORE of PROC FREQ (Agresti, Categorical Data Analysis, 2013).
    confidence
        Level of the interval.

    Returns
    -------
    DataFrame
        group, estimate, ci_low, ci_high (shares between -1 and 1, group less reference), statistic (normal),
        p_value (two-sided, of no difference), method, reason. No test with 3 subjects or fewer in a group or
        where all responses are the same; the interval stands even there.

    Notes
    -----
    Miettinen and Nurminen, Stat Med 1985;4:213. The variance has their factor N / (N - 1), as in SAS
    (RISKDIFF(CL=MN)) and R's ``ratesci::scoreci(skew = FALSE)``; without it the interval is Mee's.

    Examples
    --------
    >>> frame = pd.DataFrame({"arm": ["A"] * 70 + ["P"] * 80})
    >>> frame["cured"] = [True] * 56 + [False] * 14 + [True] * 48 + [False] * 32
    >>> found = risk_differences(frame, "arm", "cured", reference="P")
    >>> [round(float(found.loc[0, name]), 4) for name in ("estimate", "ci_low", "ci_high", "p_value")]
    [0.2, 0.0528, 0.3382, 0.0083]
    """
    if weights not in _STRATIFIED:
        raise ValueError(f"There are no {weights} weights; take {' or '.join(_STRATIFIED)}.")
    z = _quantile(confidence)
    pool = _pool_scores if weights == "mantel-haenszel" else _pool_intervals
    method = MIETTINEN_NURMINEN + (f", {_STRATIFIED[weights]}" if _any(strata) else "")
    found = []
    for name, counts, why in fourfold(frame, group, response, reference, strata):
        numbers, reason = attempt_numbers((*_INTERVAL, *_TEST), _of(pool, counts, z), why)
        if not reason and (refusal := _refuse_test(counts)):
            numbers, reason = numbers | dict.fromkeys(_TEST, np.nan), refusal
        found.append({"group": name, **numbers, "method": method, "reason": reason})
    return pd.DataFrame(found, columns=["group", *_INTERVAL, *_TEST, "method", "reason"])


def newcombe_differences(
    frame: pd.DataFrame,
    group: str,
    response: str,
    *,
    reference: str,
    strata: Names = (),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return the difference of proportions of each group and a reference, with Newcombe's interval.

    Parameters are those of ``risk_differences``. In strata the differences have Mantel-Haenszel weights, and
    the interval is Yan and Su's (J Biopharm Stat 2010;20:963), as SAS's COMMONRISKDIFF(CL=NEWCOMBE).

    Returns
    -------
    DataFrame
        group, estimate, ci_low, ci_high (shares between -1 and 1), method, reason. There is no test that goes
        with the interval: see ``risk_differences`` and ``cochran_mantel_haenszel``.

    Notes
    -----
    Newcombe, Stat Med 1998;17:873, method 10: Wilson's limits of both proportions, squared and added; no
    continuity correction, as R's ``DescTools::BinomDiffCI(method = "score")``. Yan and Su scale the quantile
    of Wilson's limits by the strata's variances. Where a group has all of the same response these are all 0,
    and the limit that they tend to is taken, so that one stratum gives Newcombe's interval there, too.

    Examples
    --------
    >>> frame = pd.DataFrame({"arm": ["A"] * 70 + ["P"] * 80})
    >>> frame["cured"] = [True] * 56 + [False] * 14 + [True] * 48 + [False] * 32
    >>> found = newcombe_differences(frame, "arm", "cured", reference="P")
    >>> [round(float(found.loc[0, name]), 4) for name in ("estimate", "ci_low", "ci_high")]
    [0.2, 0.0524, 0.3339]
    """
    z = _quantile(confidence)
    method = NEWCOMBE + (f", {_YAN_SU}" if _any(strata) else "")
    found = []
    for name, counts, why in fourfold(frame, group, response, reference, strata):
        numbers, reason = attempt_numbers(_INTERVAL, _of(_square_and_add, counts, z), why)
        found.append({"group": name, **numbers, "method": method, "reason": reason})
    return pd.DataFrame(found, columns=["group", *_INTERVAL, "method", "reason"])


def _of(
    pool: Callable[[Counts, float], dict[str, float]], counts: Counts, z: float
) -> Callable[[], dict[str, float]]:
    return lambda: pool(counts, z)


def _any(strata: Names) -> bool:
    return bool(strata if isinstance(strata, str) else list(strata))


def _quantile(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(
            f"The confidence level is a share between 0 and 1, for example 0.95, not {confidence}."
        )
    return float(stats.norm.ppf((1 + confidence) / 2))


def _refuse_test(counts: Counts) -> str:
    if counts.sum(axis=(0, 2)).min() < FEWEST_FOR_TEST:
        return TOO_FEW
    return _SAME if (counts.sum(axis=1) == 0).any(axis=1).all() else ""


def _mantel_haenszel(sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = sizes.prod(axis=1) / sizes.sum(axis=1)
    return np.asarray(weights / weights.sum())


def _pool_scores(counts: Counts, z: float) -> dict[str, float]:
    """Return difference, limits and test by Miettinen and Nurminen's statistic."""
    weights = _mantel_haenszel(counts.sum(axis=2))
    shares = counts[:, :, 0] / counts.sum(axis=2)
    estimate = float(weights @ (shares[:, 0] - shares[:, 1]))

    def score(delta: float) -> float:
        variance = float(weights**2 @ _variance(counts, delta))
        return (estimate - delta) / variance**0.5 if variance > 0 else 0.0

    low, high = (_limit(score, estimate, side, z) for side in (-1, 1))
    statistic = score(0.0)
    p_value = 2 * float(stats.norm.sf(abs(statistic)))
    return dict(zip((*_INTERVAL, *_TEST), (estimate, low, high, statistic, p_value), strict=True))


def _limit(score: Callable[[float], float], estimate: float, side: int, z: float) -> float:
    """Return where the score is as far from 0 as the quantile, on one side of the estimate."""
    end = side * (1 - _END)
    if estimate * side >= 1 - _END or abs(score(end)) < z:
        return float(side)
    return float(brentq(lambda delta: score(delta) + side * z, estimate, end, xtol=1e-12))


def _variance(counts: Counts, delta: float) -> NDArray[np.float64]:
    """Return the variance of each stratum's difference where the true one is ``delta``: 0 for no variation.

    The proportions are the most likely ones with that difference, the root of a cubic in closed form.
    """
    (n1, n0), (x1, x0) = counts.sum(axis=2).T, counts[:, :, 0].T
    total, positive = n1 + n0, x1 + x0
    second = (n1 + 2 * n0) * delta - total - positive
    first = (n0 * delta - total - 2 * x0) * delta + positive
    middle = second / (3 * total)
    q = middle**3 - first * second / (6 * total**2) + x0 * delta * (1 - delta) / (2 * total)
    p = np.where(q < 0, -1.0, 1.0) * np.sqrt(np.maximum(middle**2 - first / (3 * total), 0))
    ratio = np.divide(q, p**3, out=np.ones_like(q), where=p != 0)
    control = 2 * p * np.cos((np.pi + np.arccos(np.clip(ratio, -1, 1))) / 3) - middle
    control = np.clip(control, max(0.0, -delta), min(1.0, 1 - delta))
    treated = np.clip(control + delta, 0, 1)
    variance = treated * (1 - treated) / n1 + control * (1 - control) / n0
    return np.asarray(variance * total / (total - 1))


def _pool_intervals(counts: Counts, z: float) -> dict[str, float]:
    """Return difference, limits and test by the strata's own intervals, the narrow ones counting most."""
    each = [_pool_scores(stratum[None], z) for stratum in counts]
    low, high = (np.array([one[name] for one in each]) for name in ("ci_low", "ci_high"))
    precision = (2 * z / (high - low)) ** 2
    estimate = float(precision @ (low + high) / 2 / precision.sum())
    error = float(1 / np.sqrt(precision.sum()))
    statistic = estimate / error
    p_value = 2 * float(stats.norm.sf(abs(statistic)))
    numbers = (estimate, estimate - z * error, estimate + z * error, statistic, p_value)
    return dict(zip((*_INTERVAL, *_TEST), numbers, strict=True))


def _square_and_add(counts: Counts, z: float) -> dict[str, float]:
    """Return difference and limits by Wilson's limits of both groups (Newcombe; Yan and Su in strata)."""
    sizes, positive = counts.sum(axis=2), counts[:, :, 0]
    weights = _mantel_haenszel(sizes)
    shares = weights @ (positive / sizes)
    estimate = float(shares[0] - shares[1])
    limits = [_wilson(positive[:, arm], sizes[:, arm], weights, z) for arm in (0, 1)]
    spread = weights**2 @ (1 / sizes)

    def distance(low: float, high: float) -> float:
        return z * float(np.sqrt(spread[0] * low * (1 - low) + spread[1] * high * (1 - high)))

    (low1, high1), (low0, high0) = limits
    return {
        "estimate": estimate,
        "ci_low": estimate - distance(low1, high0),
        "ci_high": estimate + distance(high1, low0),
    }


def _wilson(
    positive: NDArray[np.float64], sizes: NDArray[np.float64], weights: NDArray[np.float64], z: float
) -> tuple[float, float]:
    """Return the stratified Wilson interval of one group."""
    shares = positive / sizes
    variance = shares * (1 - shares) / sizes
    if not variance.any():
        variance = 1 / sizes
    quantile = z * np.sqrt(weights**2 @ variance) / (weights @ np.sqrt(variance))
    low, high = wilson_interval(positive, sizes, float(2 * stats.norm.cdf(quantile) - 1))
    return float(weights @ low), float(weights @ high)
