"""What a rule of dose escalation is, its outcomes, 3 + 3 and the registry's rule, and futility."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from csrkit.errors import ParameterError

# What a rule of dose escalation is: counts of many trials in, the level of the next cohort out.

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
NO_DOSE = -1


@dataclass(frozen=True)
class Decision:
    """The level of the next cohort, or, where ``stop``, the level chosen (-1: none); one for each trial."""

    dose: Ints
    stop: Flags


class Rule(Protocol):
    """A rule of escalation.

    ``n`` and ``x`` are subjects and subjects with DLT, arrays of trials by levels; ``current`` is the level
    of the last cohort; ``responders`` are counted as ``n``.
    """

    def decide(self, n: Ints, x: Ints, current: Ints) -> Decision:
        """Return what the rule says after the last cohort."""
        ...

    def select(self, n: Ints, x: Ints, responders: Ints) -> Ints:
        """Return the level chosen when the escalation has ended, -1 for none."""
        ...


def at_level(counts: Ints, level: Ints) -> Ints:
    """Return each trial's count at its own level."""
    return np.asarray(np.take_along_axis(counts, level[:, None], axis=1)[:, 0])


def highest(levels: Flags) -> Ints:
    """Return each trial's highest level that is true, -1 where none is."""
    width = levels.shape[1]
    last = width - 1 - np.argmax(levels[:, ::-1], axis=1)
    return np.where(levels.any(axis=1), last, NO_DOSE)


def require_share(name: str, value: float) -> float:
    """Return a value strictly between 0 and 1; raises ParameterError naming it otherwise."""
    if not 0 < value < 1:
        raise ParameterError(f"{name} must lie between 0 and 1, both excluded; found {value!r}.")
    return value


def require_counts(n: Ints, x: Ints) -> None:
    """Raise ParameterError for counts that no trial can have."""
    if n.shape != x.shape or n.ndim != 2:
        raise ParameterError(
            f"Subjects and DLTs must both be trials by levels; found {n.shape} and {x.shape}."
        )
    if (x < 0).any() or (x > n).any():
        raise ParameterError(
            "At some level there are fewer subjects than subjects with DLT, or a negative count."
        )


# Outcome strings of dose finding: `1NNN 2NNT` is a cohort without DLT at level 1, one with a DLT at 2.

_COHORT = re.compile(r"([1-9]\d*)([NT]+)")


@dataclass(frozen=True)
class State:
    """Subjects and DLTs by level of one trial (1 by levels), and the level of its last cohort (0 first)."""

    n: Ints
    x: Ints
    current: Ints


def read_outcomes(text: str, levels: int, most: int | None = None) -> State:
    """Return the state of a trial after the outcomes written as a string.

    Each cohort is its level (from 1) and N (no DLT) or T (DLT) for each subject, cohorts parted by blanks; an
    empty string is a trial before its first subject, at level 1. ``most`` is the number of subjects planned.
    Raises ParameterError for a string that isn't of this form, an empty cohort, a level that the design
    doesn't have, and more subjects than planned.
    """
    if levels < 1:
        raise ParameterError(f"A design has at least one dose level; found {levels}.")
    n, x = np.zeros((1, levels), dtype=np.int64), np.zeros((1, levels), dtype=np.int64)
    current = 0
    for cohort in text.split():
        match = _COHORT.fullmatch(cohort)
        if match is None:
            raise ParameterError(
                f"{cohort!r} is no cohort: write its level and N or T for each subject, as 2NNT."
            )
        current = int(match[1]) - 1
        if current >= levels:
            raise ParameterError(f"{cohort!r} is at level {current + 1}, but the design has {levels}.")
        n[0, current] += len(match[2])
        x[0, current] += match[2].count("T")
    if most is not None and n.sum() > most:
        raise ParameterError(f"{text!r} holds {n.sum()} subjects, more than the {most} planned.")
    return State(n, x, np.array([current], dtype=np.int64))


# The traditional 3 + 3, and the escalation of the registry, which is three subjects at each level.

_THREE_PLUS_THREE_COHORT, _FULL = 3, 6


@dataclass(frozen=True)
class ThreePlusThree:
    """3 + 3 by Storer, Biometrics 1989;45:925 (design A); with de-escalation by Korn et al., Stat Med
    1994;13:1799.

    None of 3 with DLT: one level up; 1 of 3: 3 more at this level; at most 1 of 6: one level up; else the
    level is too toxic. Without de-escalation the level below is then chosen and the trial ends, and the
    highest level is chosen as soon as it would be left upwards. With it a level is chosen only after 6
    subjects: the level below, or the highest, gets 3 more where it has but 3.
    """

    deescalate: bool = False

    def decide(self, n: Ints, x: Ints, current: Ints) -> Decision:
        """See ``Rule.decide``; between 3 and 6 subjects the cohort is filled.

        Raises ParameterError for more than 6 subjects at the level: the rule has no answer then.
        """
        require_counts(n, x)
        treated, dlts = at_level(n, current), at_level(x, current)
        if (treated > _FULL).any():
            raise ParameterError(
                f"3 + 3 has no rule for {treated.max()} subjects at one level; the most is 6."
            )
        tolerated = ((treated == _THREE_PLUS_THREE_COHORT) & (dlts == 0)) | ((treated == _FULL) & (dlts <= 1))
        toxic = (
            (treated >= _THREE_PLUS_THREE_COHORT)
            & (dlts >= 2)
            & ((treated == _THREE_PLUS_THREE_COHORT) | (treated == _FULL))
        )
        if self.deescalate:
            return self._with_deescalation(n, x, current, tolerated, toxic)
        top = current == n.shape[1] - 1
        step = np.where(toxic, -1, np.where(tolerated & ~top, 1, 0))
        return Decision(current + step, toxic | (tolerated & top))

    def _with_deescalation(self, n: Ints, x: Ints, current: Ints, tolerated: Flags, toxic: Flags) -> Decision:
        top = n.shape[1] - 1
        above = np.minimum(current + 1, top)
        # a level that was left downwards is not tried again
        closed = (current == top) | (at_level(x, above) >= 2)
        full = at_level(n, current) == _FULL
        below = current - 1
        full_below = (below >= 0) & (at_level(n, np.maximum(below, 0)) == _FULL)
        step = np.where(toxic, -1, np.where(tolerated & ~closed, 1, 0))
        stop = (toxic & (full_below | (below < 0))) | (tolerated & closed & full)
        return Decision(current + step, stop)

    def select(self, n: Ints, x: Ints, responders: Ints) -> Ints:
        """Return the highest level with none of 3 or at most 1 of 6 with DLT, below any too toxic one."""
        tolerated = (n > 0) & (_FULL * x <= n)
        toxic = np.cumsum((x >= 2) & ~tolerated, axis=1) > 0
        return highest(tolerated & ~toxic)


@dataclass(frozen=True)
class FixedCohorts:
    """The registry's escalation: one cohort at each level from low to high.

    The registry gives no rule of stopping: that the escalation ends at a level where ``stop_at`` or more of
    the cohort have a DLT, and that such a level isn't chosen, is an assumption of the study file. The choice
    falls on the level with the largest utility, the lower of two equal ones: ``weight_response`` times the
    rate of response less ``weight_dlt`` times the rate of DLT.
    """

    stop_at: int = 2
    cohort: int = _THREE_PLUS_THREE_COHORT
    weight_response: float = 1.0
    weight_dlt: float = 1.0

    def decide(self, n: Ints, x: Ints, current: Ints) -> Decision:
        """See ``Rule.decide``; the level of a stop is the highest that could be chosen by DLTs alone."""
        require_counts(n, x)
        full = at_level(n, current) >= self.cohort
        toxic = at_level(x, current) >= self.stop_at
        top = current == n.shape[1] - 1
        step = np.where(toxic, -1, np.where(full & ~top, 1, 0))
        return Decision(current + step, toxic | (full & top))

    def select(self, n: Ints, x: Ints, responders: Ints) -> Ints:
        """Return the level of the largest utility among those tried and not too toxic."""
        open_ = (n > 0) & (x < self.stop_at)
        gain = self.weight_response * responders - self.weight_dlt * x
        utility = np.where(open_, gain / np.maximum(n, 1), -np.inf)
        return np.where(open_.any(axis=1), np.argmax(utility, axis=1), NO_DOSE)


# When an expansion stops because too few subjects respond.


def futility_bounds(method: Literal["bayesian", "exact"], rate: float, certainty: float, most: int) -> Ints:
    """Return the largest number of responders at which the expansion stops, by subjects (0 to most).

    -1 where even none is enough to go on. ``bayesian``: under a uniform prior the response rate exceeds
    ``rate`` with a probability below ``certainty``. ``exact``: if the rate were ``rate``, so few responders
    or fewer would have a probability of at most ``certainty`` (binomial).
    """
    require_share("rate", rate)
    require_share("certainty", certainty)
    bounds = np.full(most + 1, -1, dtype=np.int64)
    for n in range(1, most + 1):
        r = np.arange(n + 1)
        if method == "bayesian":
            stops = stats.beta.sf(rate, 1 + r, 1 + n - r) < certainty
        else:
            stops = stats.binom.cdf(r, n, rate) <= certainty
        bounds[n] = stops.sum() - 1
    return bounds
