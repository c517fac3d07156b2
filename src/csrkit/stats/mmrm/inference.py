"""Standard errors and degrees of freedom of linear combinations: Kenward-Roger and Satterthwaite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from csrkit.stats.estimation import QUIET
from csrkit.stats.mmrm.likelihood import Point

Floats = NDArray[np.floating[Any]]
Df = Literal["kenward-roger", "kenward-roger-linear", "satterthwaite"]
Information = Literal["observed", "expected"]
ESTIMATES = ["estimate", "se", "df", "statistic", "p_value", "ci_low", "ci_high"]
_EQUAL = 1e-8  # relative difference of degrees of freedom that are one


@dataclass(frozen=True)
class Inference:
    """What combinations of effects are judged by, in the coordinates of the likelihood.

    ``variance`` is the effects' variance for a known covariance, ``slopes`` its derivatives by the
    covariance's parameters, ``of_parameters`` those parameters' variance, ``adjusted`` the variance that
    standard errors are taken from.
    """

    effects: Floats
    variance: Floats
    slopes: Floats
    of_parameters: Floats
    adjusted: Floats
    df: Df

    def estimate(self, combinations: Floats, level: float) -> Floats:
        """Return what ``ESTIMATES`` names of each combination: combinations × 7.

        Two-sided t-test against 0 with the degrees of freedom of Satterthwaite (Biometrics Bulletin
        1946;2:110): twice the squared variance by the variance of that variance. For one combination Kenward
        and Roger's are the same.
        """
        values = combinations @ self.effects
        spread = np.einsum("ce,ef,cf->c", combinations, self.variance, combinations)
        errors = np.sqrt(np.einsum("ce,ef,cf->c", combinations, self.adjusted, combinations))
        with np.errstate(**QUIET):
            df = 2 * spread**2 / self._variances_of_spread(combinations)
            t = values / errors
        half = stats.t.ppf((1 + level) / 2, df) * errors
        p = 2 * stats.t.sf(np.abs(t), df)
        return np.asarray(np.column_stack([values, errors, df, t, p, values - half, values + half]))

    def _variances_of_spread(self, combinations: Floats) -> Floats:
        slopes = np.einsum("ce,hef,cf->ch", combinations, self.slopes, combinations, optimize=True)
        return np.asarray(np.einsum("ch,hj,cj->c", slopes, self.of_parameters, slopes))

    def test(self, combinations: Floats) -> tuple[float, float, float, float]:
        """Return F, its two degrees of freedom and p of the hypothesis that all combinations are 0.

        The combinations have to be linearly independent.
        """
        judge = self._satterthwaite if self.df == "satterthwaite" else self._kenward_roger
        with np.errstate(**QUIET):
            statistic, df = judge(combinations)
        return statistic, float(len(combinations)), df, float(stats.f.sf(statistic, len(combinations), df))

    def _satterthwaite(self, combinations: Floats) -> tuple[float, float]:
        """F and its degrees of freedom after Fai and Cornelius (J Stat Comput Simul 1996;54:363).

        The combinations are turned until they are independent; F's degrees of freedom give it the mean that
        the single t's give it. As in SAS and R's mmrm; where a single one has 2 or less, that mean doesn't
        exist and F has 2, as in R's mmrm and lmerTest (SAS leaves that one out of the mean).
        """
        count = len(combinations)
        values, vectors = np.linalg.eigh(combinations @ self.variance @ combinations.T)
        turned = vectors.T @ combinations
        statistic = float(np.mean((turned @ self.effects) ** 2 / values))
        single = 2 * values**2 / self._variances_of_spread(turned)
        if np.ptp(single) <= _EQUAL * single.max():
            return statistic, float(single.mean())
        if single.min() <= 2:
            return statistic, 2.0
        mean = float(np.sum(single / (single - 2)))
        return statistic, 2 * mean / (mean - count)

    def _kenward_roger(self, combinations: Floats) -> tuple[float, float]:
        """F scaled, and its degrees of freedom (Kenward and Roger, Biometrics 1997;53:983).

        Both are chosen so that F's mean and variance are right, and exact in balanced designs.
        """
        count = len(combinations)
        inside = combinations @ self.adjusted @ combinations.T
        value = combinations @ self.effects
        statistic = float(value @ np.linalg.solve(inside, value)) / count
        root = np.linalg.inv(np.linalg.cholesky(combinations @ self.variance @ combinations.T)) @ combinations
        slopes = root @ self.slopes @ root.T
        traces = np.trace(slopes, axis1=1, axis2=2)
        first = float(traces @ self.of_parameters @ traces)
        second = float(np.einsum("hab,hj,jba->", slopes, self.of_parameters, slopes, optimize=True))
        spread = (first + 6 * second) / (2 * count)
        share = ((count + 1) * first - (count + 4) * second) / ((count + 2) * second)
        below = 3 * count + 2 * (1 - share)
        c1, c2, c3 = share / below, (count - share) / below, (count + 2 - share) / below
        mean = 1 / (1 - second / count)
        variance = 2 / count * (1 + c1 * spread) / ((1 - c2 * spread) ** 2 * (1 - c3 * spread))
        ratio = variance / (2 * mean**2)
        df = 4 + (count + 2) / (count * ratio - 1)
        return statistic * df / (mean * (df - 2)), df


def infer(point: Point, df: Df, information: Information) -> Inference:
    """Return what combinations of effects are judged by at the largest likelihood."""
    curvature = point.observed if information == "observed" else point.expected
    of_parameters = 2 * np.linalg.inv(curvature)
    adjusted = point.variance
    if df != "satterthwaite":
        adjusted = _adjust(point, of_parameters, with_curvature=df == "kenward-roger")
    return Inference(point.effects, point.variance, point.variance_slopes, of_parameters, adjusted, df)


def _adjust(point: Point, of_parameters: Floats, with_curvature: bool) -> Floats:
    """Return Kenward and Roger's variance of the effects, Φ + 2Φ{Σ w (Q - PΦP - R/4)}Φ.

    R holds the covariance's second derivatives by its parameters; ``with_curvature`` keeps it.
    """
    slopes, visits = point.slopes, point.slopes.shape[-1]
    flat = slopes.reshape(len(slopes), -1)
    pairs = (flat.T @ of_parameters @ flat).reshape((visits,) * 4)  # Σ w slope[a,b] slope[c,d]
    of_pattern = np.einsum("abcd,pbc->pad", pairs, point.inverses, optimize=True)
    inner = point.sum_over_subjects(of_pattern)
    curvature = point.structure.curvature(point.theta) if with_curvature else None
    if curvature is not None:
        weights = np.tensordot(of_parameters, curvature, 2) / 4
        inner = inner - point.sum_over_subjects(np.broadcast_to(weights, of_pattern.shape))
    outer = np.einsum(
        "hef,hj,fg,jgi->ei", point.variance_slopes, of_parameters, np.linalg.inv(point.variance),
        point.variance_slopes, optimize=True,
    )  # fmt: skip
    adjusted = point.variance + 2 * (point.variance @ inner @ point.variance - outer)
    return np.asarray((adjusted + adjusted.T) / 2)
