"""Equations and limits between unknown whole numbers, and which sums of them have one value only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

Factors = Mapping[Any, float]  # unknown to how often it counts
Line = tuple[Factors, float]  # a sum and the value that it truly has
_HALF = 0.5


class System:
    """Lines ``low ≤ Σ factor × unknown ≤ high`` between whole numbers of 0 and more."""

    def __init__(self) -> None:
        """Begin without unknowns."""
        self._most: dict[Hashable, float] = {}
        self._lines: dict[tuple[object, ...], tuple[Factors, float, float]] = {}

    def __len__(self) -> int:
        """Return the number of lines and of limits."""
        return len(self._lines) + len(self._most)

    def limit(self, unknown: Hashable, most: float) -> None:
        """Say that an unknown is at most so much; of several limits the smallest holds."""
        self._most[unknown] = min(most, self._most.get(unknown, np.inf))

    def add(self, factors: Factors, low: float, high: float) -> None:
        """Add a line between unknowns that have a limit, each line once."""
        factors = {unknown: factor for unknown, factor in factors.items() if factor}
        if factors:
            self._lines[*sorted(factors.items(), key=repr), low, high] = (factors, low, high)

    def known(self, sums: Iterable[Line]) -> Iterator[bool]:
        """Tell of each sum, in order, whether its true value is the only one that fits all lines.

        >>> system = System()
        >>> for name in "abc":
        ...     system.limit(name, 5)
        >>> system.add({"a": 1, "b": 1, "c": 1}, 5, 5)
        >>> system.add({"c": 1}, 3, 3)
        >>> list(system.known([({"a": 1}, 1), ({"a": 1, "b": 1}, 2)]))
        [False, True]
        """
        part_of = self._parts()
        members: dict[int, list[Hashable]] = defaultdict(list)
        for unknown, part in part_of.items():
            members[part].append(unknown)
        lines: dict[int, list[tuple[Factors, float, float]]] = defaultdict(list)
        for line in self._lines.values():
            lines[part_of[next(iter(line[0]))]].append(line)
        solved: dict[tuple[object, ...], bool] = {}
        for factors, value in sums:
            parts = sorted({part_of[unknown] for unknown in factors})
            unknowns = [unknown for part in parts for unknown in members[part]]
            problem = _Problem(
                unknowns,
                [self._most[one] for one in unknowns],
                [line for part in parts for line in lines[part]],
            )
            key = problem.key(factors, value)
            if key not in solved:
                solved[key] = problem.is_known(factors, value)
            yield solved[key]

    def _parts(self) -> dict[Hashable, int]:
        """Return the part of the system that each unknown belongs to; no line joins two parts."""
        parent = {unknown: unknown for unknown in self._most}

        def root(one: Hashable) -> Hashable:
            while parent[one] != one:
                parent[one] = parent[parent[one]]
                one = parent[one]
            return one

        for factors, _, _ in self._lines.values():
            first, *others = map(root, factors)
            for other in others:
                parent[root(other)] = first
        place = {one: number for number, one in enumerate(dict.fromkeys(map(root, parent)))}
        return {unknown: place[root(unknown)] for unknown in parent}


class _Problem:
    """One part of a system, as a solver takes it."""

    def __init__(
        self, unknowns: list[Hashable], most: list[float], lines: list[tuple[Factors, float, float]]
    ) -> None:
        self._place = {unknown: place for place, unknown in enumerate(unknowns)}
        self._most = most
        self._lines = [
            (tuple(sorted((self._place[one], factor) for one, factor in factors.items())), low, high)
            for factors, low, high in lines
        ]

    def _row(self, factors: Factors) -> tuple[tuple[int, float], ...]:
        return tuple(sorted((self._place[one], factor) for one, factor in factors.items()))

    def key(self, factors: Factors, value: float) -> tuple[object, ...]:
        """Return what decides the answer, so that equal problems are solved once."""
        return (tuple(self._most), tuple(self._lines), self._row(factors), value)

    def is_known(self, factors: Factors, value: float) -> bool:
        """Tell whether no other value than the true one fits."""
        goal = np.zeros(len(self._most))
        for place, factor in self._row(factors):
            goal[place] = factor
        return self._least(goal) > value - _HALF and -self._least(-goal) < value + _HALF

    def _least(self, goal: np.ndarray) -> float:
        # external versions alone get here: the others' commands start without SciPy
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csr_array

        constraints = []
        if self._lines:
            entries = [(row, *entry) for row, (line, _, _) in enumerate(self._lines) for entry in line]
            rows, places, factors = zip(*entries, strict=True)
            matrix = csr_array((factors, (rows, places)), shape=(len(self._lines), len(goal)))
            low, high = zip(*((low, high) for _, low, high in self._lines), strict=True)
            constraints = [LinearConstraint(matrix, low, high)]
        found = milp(
            goal, integrality=np.ones(len(goal)), bounds=Bounds(0, self._most), constraints=constraints
        )
        if found.fun is None:
            raise ValueError(f"The counts of a version contradict each other: {found.message}")
        return float(found.fun)
