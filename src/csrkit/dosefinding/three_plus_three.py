"""The traditional 3 + 3, and the escalation of the registry, which is three subjects at each level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csrkit.dosefinding.rule import NO_DOSE, Decision, Flags, Ints, at_level, highest, require_counts
from csrkit.errors import ParameterError

_COHORT, _FULL = 3, 6


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
        tolerated = ((treated == _COHORT) & (dlts == 0)) | ((treated == _FULL) & (dlts <= 1))
        toxic = (treated >= _COHORT) & (dlts >= 2) & ((treated == _COHORT) | (treated == _FULL))
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
    cohort: int = _COHORT
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
