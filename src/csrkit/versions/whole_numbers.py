"""Equations and limits between unknown whole numbers, and which sums of them have one value only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np

Factors = Mapping[Any, float]  # unknown to how often it counts
Row = tuple[tuple[int, float], ...]  # places of unknowns with their factors
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
        problems: dict[tuple[int, ...], _Problem] = {}
        alike: dict[tuple[object, ...], _Solver] = {}
        for factors, value in sums:
            parts = tuple(sorted({part_of[unknown] for unknown in factors}))
            if parts not in problems:
                problems[parts] = _Problem(
                    {unknown: self._most[unknown] for part in parts for unknown in members[part]},
                    [line for part in parts for line in lines[part]],
                    alike,
                )
            yield problems[parts].is_known(factors, value)

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
    """One part of a system by the names of its unknowns; parts that are alike share their solver."""

    def __init__(
        self,
        most: Mapping[Hashable, float],
        lines: Iterable[tuple[Factors, float, float]],
        alike: dict[tuple[object, ...], _Solver],
    ) -> None:
        self._place = {unknown: place for place, unknown in enumerate(most)}
        rows = tuple((self._row(factors), low, high) for factors, low, high in lines)
        key = (tuple(most.values()), rows)
        self._solver = alike.setdefault(key, _Solver(*key))

    def _row(self, factors: Factors) -> Row:
        return tuple(sorted((self._place[one], factor) for one, factor in factors.items()))

    def is_known(self, factors: Factors, value: float) -> bool:
        """Tell whether no other value than the true one fits."""
        return self._solver.is_known(self._row(factors), value)


class _Solver:
    """Limits and lines between numbered unknowns, with the answers and the solutions found so far."""

    def __init__(self, most: tuple[float, ...], lines: tuple[tuple[Row, float, float], ...]) -> None:
        self._most = most
        self._lines = lines
        self._answers: dict[tuple[Row, float], bool] = {}
        self._solutions: list[np.ndarray] = []

    def is_known(self, row: Row, value: float) -> bool:
        """Tell whether no other value of a sum than the true one fits."""
        if (row, value) not in self._answers:
            goal = np.zeros(len(self._most))
            for place, factor in row:
                goal[place] = factor
            self._answers[row, value] = not (
                any(abs(goal @ one - value) > _HALF for one in self._solutions)
                or abs(self._least(goal) - value) > _HALF
                or abs(self._least(-goal) + value) > _HALF
            )
        return self._answers[row, value]

    @cached_property
    def _constraints(self) -> list[Any]:
        from scipy.optimize import LinearConstraint
        from scipy.sparse import csr_array

        if not self._lines:
            return []
        entries = [(row, *entry) for row, (line, _, _) in enumerate(self._lines) for entry in line]
        rows, places, factors = zip(*entries, strict=True)
        matrix = csr_array((factors, (rows, places)), shape=(len(self._lines), len(self._most)))
        low, high = zip(*((low, high) for _, low, high in self._lines), strict=True)
        return [LinearConstraint(matrix, low, high)]

    def _least(self, goal: np.ndarray) -> float:
        """Return the least value of a sum, and keep the solution that has it."""
        # external versions alone get here: the others' commands start without SciPy
        from scipy.optimize import Bounds, milp

        found = milp(
            goal,
            integrality=np.ones(len(goal)),
            bounds=Bounds(0, self._most),
            constraints=self._constraints,
        )
        if found.fun is None:
            raise ValueError(f"The counts of a version contradict each other: {found.message}")
        self._solutions.append(np.rint(found.x))
        return float(found.fun)
