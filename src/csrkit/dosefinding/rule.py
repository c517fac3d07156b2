"""What a rule of dose escalation is: counts of many trials in, the level of the next cohort out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from csrkit.errors import ParameterError

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
