"""The continual reassessment method: one-parameter empiric model with a normal prior."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from csrkit.dosefinding.rule import NO_DOSE, Decision, Floats, Ints, highest, require_counts, require_share
from csrkit.errors import ParameterError

# The integrand falls off like the normal density or faster, and the trapezoidal rule then converges
# faster than any power of the step: 12 SDs to each side in steps of 1/20 SD reach the precision of floats.
_REACH, _POINTS = 12.0, 481
_LIMITS = 1.6448536269514722  # normal quantile of two-sided 90 % limits, as dfcrm gives them


@dataclass(frozen=True)
class Posterior:
    """Mean and variance of beta (trials); DLT probability at the mean, its 90 % limits (trials by levels);
    ``over``: the posterior probability that the lowest level's DLT probability exceeds the target."""

    mean: Floats
    variance: Floats
    dlt: Floats
    low: Floats
    high: Floats
    over: Floats


@dataclass(frozen=True)
class Crm:
    """CRM by O'Quigley, Pepe and Fisher, Biometrics 1990;46:33: P(DLT at level i) = skeleton_i ^ exp(beta).

    The level whose DLT probability at the posterior mean of beta is nearest to the target is next, but no
    level is skipped on the way up. The trial stops without a dose when the lowest level's probability exceeds
    the target with a posterior probability above ``certainty``. Numbers agree with ``dfcrm::crm``, which
    has neither of the two restraints.
    """

    skeleton: tuple[float, ...]
    target: float
    prior_sd: float = math.sqrt(1.34)
    certainty: float = 0.95

    def __post_init__(self) -> None:
        """Raise ParameterError for a target or skeleton that can't be."""
        require_share("target", self.target)
        rising = all(a < b for a, b in zip(self.skeleton, self.skeleton[1:], strict=False))
        if not (self.skeleton and rising and all(0 < p < 1 for p in self.skeleton)):
            raise ParameterError(f"A skeleton rises within 0 and 1; found {list(self.skeleton)}.")
        if not self.prior_sd > 0:
            raise ParameterError(f"The prior SD of beta must be positive; found {self.prior_sd!r}.")

    def posterior(self, n: Ints, x: Ints) -> Posterior:
        """Return the posterior of each trial (n and x: trials by levels); each state is integrated once."""
        require_counts(n, x)
        if n.shape[1] != len(self.skeleton):
            raise ParameterError(f"The skeleton has {len(self.skeleton)} levels, the data {n.shape[1]}.")
        states, where = np.unique(np.concatenate([n, x], axis=1), axis=0, return_inverse=True)
        levels = n.shape[1]
        mean, variance, over = self._integrate(states[:, :levels], states[:, levels:])
        skeleton, half = np.array(self.skeleton), _LIMITS * np.sqrt(variance)
        dlt, low, high = (skeleton ** np.exp(beta)[:, None] for beta in (mean, mean + half, mean - half))
        at = where.reshape(-1)
        return Posterior(mean[at], variance[at], dlt[at], low[at], high[at], over[at])

    def _integrate(self, n: Ints, x: Ints) -> tuple[Floats, Floats, Floats]:
        beta = np.linspace(-_REACH, _REACH, _POINTS) * self.prior_sd
        log_dlt = np.log(np.array(self.skeleton))[:, None] * np.exp(beta)
        log_none = np.log(-np.expm1(np.minimum(log_dlt, -1e-300)))
        log_density = x @ log_dlt + (n - x) @ log_none - beta**2 / (2 * self.prior_sd**2)
        density = np.exp(log_density - log_density.max(axis=1, keepdims=True))
        density /= density.sum(axis=1, keepdims=True)
        mean = density @ beta
        variance = density @ beta**2 - mean**2
        over = density @ (np.exp(log_dlt[0]) > self.target).astype("float64")
        return mean, variance, over

    def decide(self, n: Ints, x: Ints, current: Ints) -> Decision:
        """See ``Rule.decide``; before the first subject the answer is the lowest level."""
        posterior = self.posterior(n, x)
        best = np.argmin(np.abs(posterior.dlt - self.target), axis=1)
        stop = (posterior.over > self.certainty) & (n.sum(axis=1) > 0)
        return Decision(np.where(stop, NO_DOSE, np.minimum(best, highest(n > 0) + 1)), stop)

    def select(self, n: Ints, x: Ints, responders: Ints) -> Ints:
        """Return the level tried whose DLT probability is nearest to the target; -1 after a stop."""
        posterior = self.posterior(n, x)
        distance = np.where(n > 0, np.abs(posterior.dlt - self.target), np.inf)
        chosen = np.where((n > 0).any(axis=1), np.argmin(distance, axis=1), NO_DOSE)
        return np.where(posterior.over > self.certainty, NO_DOSE, chosen)


def make_skeleton(
    halfwidth: float,
    target: float,
    prior_level: int,
    levels: int,
    model: Literal["empiric", "logistic"] = "empiric",
    intercept: float = 3.0,
) -> tuple[float, ...]:
    """Return the skeleton of Lee and Cheung, Clin Trials 2009;6:227, as ``dfcrm::getprior``.

    ``prior_level`` (from 1) is the level thought to be nearest to the target beforehand; DLT probabilities
    within ``target`` ± ``halfwidth`` are indifferent. On the model's scale the levels form a geometric row.
    """
    require_share("target", target)
    require_share("target - halfwidth", target - halfwidth)
    require_share("target + halfwidth", target + halfwidth)
    if not 1 <= prior_level <= levels:
        raise ParameterError(f"The prior level must be one of the {levels} levels; found {prior_level}.")

    def scale(p: float) -> float:
        return math.log(p) if model == "empiric" else math.log(p / (1 - p)) - intercept

    ratio = scale(target - halfwidth) / scale(target + halfwidth)
    scaled = [scale(target) * ratio ** (prior_level - level) for level in range(1, levels + 1)]
    if model == "empiric":
        return tuple(math.exp(value) for value in scaled)
    return tuple(1 / (1 + math.exp(-intercept - value)) for value in scaled)
