"""Outcome strings of dose finding: ``1NNN 2NNT`` is a cohort without DLT at level 1, one with a DLT at 2."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from csrkit.dosefinding.rule import Ints
from csrkit.errors import ParameterError

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
