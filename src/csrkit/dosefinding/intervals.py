"""Rules that compare the DLT rate at the current level with an interval: BOIN, mTPI-2 and Keyboard."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from csrkit.dosefinding.rule import (
    NO_DOSE,
    Decision,
    Flags,
    Floats,
    Ints,
    at_level,
    require_counts,
    require_share,
)
from csrkit.errors import ParameterError

# Isotonic estimates of the DLT rate by level, and the level nearest to the target.

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


# Rules that compare the DLT rate at the current level with an interval: BOIN, mTPI-2 and Keyboard.
#
# All three come down to a table made before the trial: with n subjects at the level, so many DLTs or fewer
# escalate, so many or more de-escalate, and so many or more close the level and those above.


@dataclass(frozen=True)
class Boundaries:
    """Numbers of DLTs by number of subjects (index 0 to most): see the module; n + 1 is "never"."""

    escalate: Ints
    deescalate: Ints
    eliminate: Ints


@dataclass(frozen=True)
class IntervalRule:
    """A rule of escalation by boundaries; the level chosen is isotonic, nearest to the target."""

    target: float
    boundaries: Boundaries

    def decide(self, n: Ints, x: Ints, current: Ints) -> Decision:
        """See ``Rule.decide``. A closed level isn't used again; with the lowest closed the trial stops.

        Raises ParameterError for more subjects at a level than the boundaries reach.
        """
        require_counts(n, x)
        if n.max(initial=0) >= len(self.boundaries.escalate):
            most = len(self.boundaries.escalate) - 1
            raise ParameterError(f"A level has {n.max()} subjects; the boundaries reach to {most}.")
        treated, dlts = at_level(n, current), at_level(x, current)
        closed = self.closed(n, x)
        above = np.minimum(current + 1, n.shape[1] - 1)
        up = (dlts <= self.boundaries.escalate[treated]) & ~np.take_along_axis(closed, above[:, None], 1)[
            :, 0
        ]
        down = (dlts >= self.boundaries.deescalate[treated]) | at_level(closed.astype(np.int64), current) > 0
        wanted = np.where(up, above, np.where(down, np.maximum(current - 1, 0), current))
        # the highest level still open, where even the level below has been closed meanwhile
        open_ = (~closed).sum(axis=1) - 1
        stop = open_ < 0
        return Decision(np.where(stop, NO_DOSE, np.minimum(wanted, open_)), stop)

    def closed(self, n: Ints, x: Ints) -> Flags:
        """Return which levels are closed as too toxic: one that is, and all above it."""
        return np.cumsum(x >= self.boundaries.eliminate[n], axis=1) > 0

    def select(self, n: Ints, x: Ints, responders: Ints) -> Ints:
        """Return the level of ``isotonic.nearest_to_target`` among those not closed."""
        return nearest_to_target(n, x, self.target, self.closed(n, x))


def boin(
    target: float, most: int, certainty: float = 0.95, low: float = 0.6, high: float = 1.4
) -> IntervalRule:
    """Return the Bayesian optimal interval design for cohorts up to ``most`` subjects at a level.

    ``low`` and ``high`` are the rates that are too low and too high, as multiples of the target. Liu and
    Yuan, Appl Stat 2015;64:507; boundaries are those of ``BOIN::get.boundary``.
    """
    lambda_e, lambda_d = boin_lambdas(target, low, high)
    sizes = np.arange(most + 1)
    boundaries = Boundaries(
        escalate=np.where(sizes > 0, np.floor(sizes * lambda_e + 1e-12), -1).astype(np.int64),
        deescalate=np.where(sizes > 0, np.ceil(sizes * lambda_d - 1e-12), 1).astype(np.int64),
        eliminate=elimination(target, most, certainty, least=3),
    )
    return IntervalRule(target, boundaries)


def boin_lambdas(target: float, low: float = 0.6, high: float = 1.4) -> tuple[float, float]:
    """Return lambda_e and lambda_d, the rates at which BOIN escalates and de-escalates."""
    require_share("target", target)
    safe, toxic = low * target, high * target
    if not 0 < safe < target < toxic < 1:
        raise ParameterError(f"BOIN needs 0 < {safe:g} < target {target:g} < {toxic:g} < 1.")
    escalate = math.log((1 - safe) / (1 - target)) / math.log(target * (1 - safe) / (safe * (1 - target)))
    deescalate = math.log((1 - target) / (1 - toxic)) / math.log(
        toxic * (1 - target) / (target * (1 - toxic))
    )
    return escalate, deescalate


def mtpi2(target: float, most: int, margin: float = 0.05, certainty: float = 0.95) -> IntervalRule:
    """Return mTPI-2: the interval with the largest unit probability mass decides.

    Intervals of width 2 x ``margin`` around the target and on to 0 and 1, the outermost cut off there; each
    one's mass under Beta(1 + x, 1 + n - x) is divided by its own width. Guo et al., Contemp Clin Trials
    2017;58:23.
    """
    edges = _edges(target, margin)
    edges = np.unique(np.concatenate([[0.0], edges, [1.0]]))
    return _by_mass(target, most, edges, certainty, least=1)


def keyboard(target: float, most: int, margin: float = 0.05, certainty: float = 0.95) -> IntervalRule:
    """Return the Keyboard design: the strongest of the keys of equal width decides.

    Keys of width 2 x ``margin``; what is left beside 0 and 1 and is narrower is no key. Yan, Mandrekar and
    Yuan, Clin Cancer Res 2017;23:3994. Its decisions are those of mTPI-2 with the same interval.
    """
    return _by_mass(target, most, _edges(target, margin), certainty, least=3)


def _edges(target: float, margin: float) -> Floats:
    """Return the edges of the whole intervals of width 2 x margin, one of them around the target."""
    require_share("target", target)
    low, width = target - margin, 2 * margin
    if margin <= 0 or low < 0 or low + width > 1:
        raise ParameterError(
            f"The interval {target:g} ± {margin:g} must lie within 0 and 1 and have a width."
        )
    below, above = math.floor(low / width + 1e-9), math.floor((1 - low) / width + 1e-9)
    return np.clip(low + width * np.arange(-below, above + 1), 0.0, 1.0)


def _by_mass(target: float, most: int, edges: Floats, certainty: float, least: int) -> IntervalRule:
    middle = int(np.searchsorted(edges, target)) - 1

    def side(n: Ints, x: Ints) -> Ints:
        """Tell on which side of the target's interval the strongest one lies: -1, 0 or 1."""
        n, x = n[:, None], x[:, None]
        mass = np.diff(stats.beta.cdf(edges, 1 + x, 1 + n - x), axis=1) / np.diff(edges)
        found: Ints = np.sign(np.argmax(mass, axis=1) - middle)
        return found

    # without subjects there is nothing to decide from
    some = np.arange(most + 1) > 0
    below = _count_first(lambda n, x: side(n, x) < 0, most)
    not_above = _count_first(lambda n, x: side(n, x) <= 0, most)
    boundaries = Boundaries(
        escalate=np.where(some, below - 1, -1),
        deescalate=np.where(some, np.maximum(not_above, 1), 1),
        eliminate=elimination(target, most, certainty, least),
    )
    return IntervalRule(target, boundaries)


def elimination(target: float, most: int, certainty: float, least: int) -> Ints:
    """Return the smallest number of DLTs that closes a level, by number of subjects; n + 1 for never.

    A level closes when, under a uniform prior, the DLT rate exceeds the target with a probability above
    ``certainty``, and at least ``least`` subjects were treated there.
    """
    require_share("target", target)
    require_share("certainty", certainty)
    sizes = np.arange(most + 1, dtype=np.int64)
    open_ = _count_first(lambda n, x: stats.beta.sf(target, 1 + x, 1 + n - x) <= certainty, most)
    return np.where(sizes >= least, open_, sizes + 1)


def _count_first(holds: Callable[[Ints, Ints], Flags], most: int) -> Ints:
    """Return by number of subjects n (0 to most) for how many numbers of DLTs, from 0 on, something holds.

    ``holds`` is asked for pairs (n, x). With each DLT more the rate seems higher, so what fails for x fails
    for all that are larger: the border is found by halves, since trying all x takes the square of ``most``.
    """
    sizes = np.arange(most + 1, dtype=np.int64)
    low, high = np.zeros_like(sizes), sizes + 1
    while (searched := low < high).any():
        middle = np.minimum((low + high) // 2, sizes)
        found = holds(sizes, middle)
        low = np.where(searched & found, middle + 1, low)
        high = np.where(searched & ~found, middle, high)
    return low
