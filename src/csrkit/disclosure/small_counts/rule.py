"""What decides in a version which counts are suppressed, and how the kernels learn it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pandas as pd

# Set for the kernels of an external version; without it, nothing is suppressed.
VARIABLE = "ITPCSR_SMALL_COUNTS"
TOTAL = "total"  # key of the column of all subjects
Cell = tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """What decides in a version which counts are suppressed.

    Parameters
    ----------
    minimum
        The smallest count that is shown.
    arms
        Column to its sizes in the sets that stand for the arms (enrolled, treated). What is of another group
        is measured by the column of all subjects.
    columns
        Column to the codes of its arms.
    also
        Cells (display, analysis, visit, level, group) that several displays together would tell.
    """

    minimum: int
    arms: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    also: frozenset[Cell] = frozenset()

    def to_text(self) -> str:
        """Return the rule as the kernels get it."""
        values = {"minimum": self.minimum, "arms": dict(self.arms), "columns": dict(self.columns)}
        return json.dumps({**values, "also": sorted(self.also)}, sort_keys=True)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the rule from its text."""
        read = json.loads(text)
        arms, columns = ({key: tuple(own) for key, own in read[name].items()} for name in ("arms", "columns"))
        return cls(read["minimum"], arms, columns, frozenset(map(tuple, read["also"])))

    def sizes(self, group: str) -> tuple[int, ...]:
        """Return the sizes of the arm that a group is of."""
        return self.arms.get(group, self.arms.get(TOTAL, ()))

    def left(self, counts: Iterable[float], groups: Iterable[str]) -> np.ndarray:
        """Return how many of the arm each count leaves: of its smallest set that holds so many, or NaN.

        >>> Rule(3, {"a": (5, 6)}).left([5, 4, 6, 7], ["a", "a", "a", "a"])
        array([ 0.,  1.,  0., nan])
        """
        pairs = zip(counts, map(self.sizes, groups), strict=True)
        return np.array([min((b - n for b in known if b >= n), default=np.nan) for n, known in pairs], float)

    def small(self, numbers: pd.Series | np.ndarray) -> np.ndarray:
        """Tell which numbers are of few; one that is no whole number stands for the nearest.

        >>> Rule(3).small(np.array([0, 1, 2, 2.4, 3]))
        array([False,  True,  True,  True, False])
        """
        numbers = np.asarray(numbers, float)
        return (numbers > 0) & (numbers < self.minimum - 0.5)


def rule_in_force() -> Rule | None:
    """Return the rule by which counts are suppressed here; None where every count is shown."""
    text = os.environ.get(VARIABLE)
    return Rule.from_text(text) if text else None
