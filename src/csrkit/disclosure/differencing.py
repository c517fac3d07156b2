"""Take the part of someone who sets all displays of an external version beside each other and subtracts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from csrkit.disclosure.counted import (
    COUNTS,
    NOT_SUBJECTS,
    SIZE,
    TOTAL,
    Cell,
    Rule,
    blocks_of,
    with_whole_levels,
)

# Equations and limits between unknown whole numbers, and which sums of them have one value only.

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


# Take the part of someone who sets all displays of an external version beside each other and subtracts.
#
# Every count of a version is a sum of unknown whole numbers: how many subjects of an arm are in a set. What
# the version shows are equations between them: a cell, a column that pools arms, levels that add up to a
# size, the same set in several displays. A suppressed number is found out when only one value fits all of
# them.
#
# The attacker is given more than the tables say: which levels add up, and which sets are the same, is read
# from the true counts. A number that only such luck tells is counted as found, too.

_NAME = ["display", "analysis", "visit", "level", "statistic"]
_SAME = ["population", "dataset", "analysis", "visit", "level", "statistic"]
_FEW_COLUMNS = 2  # agreement in so few is no sign that two sets are one
_PAIRED = ("both", "gained", "lost", "neither")
Name = tuple[str, ...]  # of a set of subjects: display, analysis, visit, level, statistic
Unknown = tuple[Name, str]  # a set within an arm


@dataclass(frozen=True)
class Found:
    """What an attack found out.

    Parameters
    ----------
    cells
        How many counts of subjects the version has.
    hidden
        Those of them that are suppressed because they are small, or leave few.
    equations
        How many equations and limits the attacker used.
    recovered
        The hidden counts (cell and statistic) of which one value alone fits all equations.
    beside
        The cells that have to be suppressed, too: of the same sets, and of what adds up with them.
    """

    cells: int
    hidden: int
    equations: int
    recovered: tuple[Cell, ...]
    beside: frozenset[Cell]


def attack(whole: pd.DataFrame, shown: pd.DataFrame, rule: Rule) -> Found:
    """Try to work out what an external version suppresses.

    Parameters
    ----------
    whole, shown
        The result rows of the version, true and as published, with one index.
    rule
        The rule by which the counts were suppressed. The attacker knows the arms and their sizes.
    """
    counted = (
        whole["statistic"].isin([*COUNTS, SIZE])
        & whole["value"].notna()
        & ~whole["unit"].isin(NOT_SUBJECTS)
        & ~whole["display"].isin(rule.without_subjects)
    )
    table = with_whole_levels(whole[counted]).assign(seen=shown.loc[counted, "value"])
    return _Attack(table, rule).run()


class _Attack:
    """The counts of a version as sums of unknowns; sets that are the same share theirs."""

    def __init__(self, table: pd.DataFrame, rule: Rule) -> None:
        self.rule, self.columns = rule, rule.columns
        self.single = {arms[0]: key for key, arms in rule.columns.items() if len(arms) == 1}
        self.truth: dict[Name, dict[str, float]] = defaultdict(dict)
        self.seen: dict[Name, dict[str, float]] = defaultdict(dict)
        for *key, group, true, seen in table[[*_NAME, "group", "value", "seen"]].itertuples(index=False):
            self.truth[tuple(key)][group], self.seen[tuple(key)][group] = true, seen
        self.arms = {group: float(max(sizes)) for group, sizes in rule.arms.items()}
        self.same = self._find_same(table)
        self.system = System()

    def run(self) -> Found:
        for name in self.truth:
            self._add_cells(name)
        self._add_levels()
        targets = list(self._targets())
        known = list(self.system.known(line for _, line in targets))
        recovered = dict.fromkeys(cell for (cell, _), found in zip(targets, known, strict=True) if found)
        sets = {
            name
            for (_, (factors, _)), found in zip(targets, known, strict=True)
            if found
            for name, _ in factors
        }
        cells = sum(map(len, self.truth.values()))
        hidden = len({cell for cell, _ in targets})
        return Found(cells, hidden, len(self.system), tuple(recovered), frozenset(self._beside(sets)))

    def _beside(self, sets: set[Name]) -> Iterator[Cell]:
        """Yield the cells of these sets in all displays, and of the levels that stand with them."""
        blocks = {name[:3] for name, one in self.same.items() if one in sets}
        for name, truth in self.truth.items():
            if name[:3] in blocks:
                yield from ((*name[:4], group) for group in truth)

    def _find_same(self, table: pd.DataFrame) -> dict[Name, Name]:
        """Return each set's representative: of one name in several displays, or a size and whom it counts.

        Sets of one name are the same where their counts agree in the columns that both have; a size and the
        characteristic that decides who is in it, where they agree in all.
        """
        found: dict[Name, Name] = {}
        alike: dict[object, list[Name]] = defaultdict(list)
        known: dict[Name, dict[str, float]] = defaultdict(dict)
        names = table.drop_duplicates(_NAME)
        likes = names[_SAME].itertuples(index=False, name=None)
        for name, like in zip(names[_NAME].itertuples(index=False, name=None), likes, strict=True):
            truth = self.truth[name]
            keys: list[object] = [like]
            everywhere = len(truth) > _FEW_COLUMNS or set(truth) == set(self.columns)
            if name[-1] == SIZE and not self._is_arm(name):
                keys += [like[0], frozenset(truth.items())] if everywhere else [like[0]]
            elif name[-1] == "n" and everywhere and name[0] in self.rule.characteristics:
                keys.append(frozenset(truth.items()))
            others = (one for key in keys for one in alike[key] if _agree(truth, known[one]))
            found[name] = next(others, name)
            known[found[name]] |= truth
            for key in keys:
                alike[key].append(found[name])
        return found

    def _is_arm(self, name: Name) -> bool:
        return all(value in self.rule.sizes(group) for group, value in self.truth[name].items())

    def _parts(self, name: Name, group: str) -> tuple[Unknown, ...]:
        """Return the unknowns that a cell is the sum of: one for each arm of a report column."""
        return tuple((self.same[name], arm) for arm in self.columns.get(group, (f"group {group}",)))

    def _size(self, name: Name) -> Name | None:
        """Return the set that a count is of, if its size isn't that of the arm."""
        size = (*name[:-1], SIZE)
        return size if size != name and size in self.truth and not self._is_arm(size) else None

    def _add_cells(self, name: Name) -> None:
        """Add what the version shows of a set, and that it is part of its arm and of the set counted in."""
        size, of_arm = self._size(name), name[-1] == SIZE and self._is_arm(name)
        for group, seen in self.seen[name].items():
            parts = self._parts(name, group)
            for part in parts:
                column = self.single.get(part[1], group)
                most = self.arms.get(column, self.arms.get(TOTAL, np.inf))
                most = max(most, self.truth[name].get(column, 0.0))
                self.system.limit(part, most)
                if size is not None and part[1] in {one for _, one in self._parts(size, group)}:
                    self.system.limit((self.same[size], part[1]), most)
                    self.system.add({part: 1.0, (self.same[size], part[1]): -1.0}, -np.inf, 0.0)
            value = self.truth[name][group] if of_arm else seen
            if not np.isnan(value):
                self.system.add(dict.fromkeys(parts, 1.0), value, value)

    def _add_levels(self) -> None:
        """Add that levels make up their size, an arm, or a count of the display, where they truly do."""
        groups: dict[Name, list[Name]] = defaultdict(list)
        heads: dict[str, list[Name]] = defaultdict(list)
        for name in self.truth:
            display, analysis, visit, level, statistic = name
            if statistic == "n" and level:
                groups[display, analysis, visit].append(name)
                for block in blocks_of(level):
                    groups[display, analysis, visit, *block].append(name)
            elif statistic == "n":
                heads[display].append(name)
            if statistic in _PAIRED:
                groups[display, analysis, visit, level].append(name)
        for key, levels in groups.items():
            wholes = [*self._wholes(levels), *heads[key[0]]]
            if len(levels) > 1:
                self._add_partition(levels, wholes)
            # those with a value (an analysis named after the parameter), and why others lack it
            rest = (key[0], key[-1].lower(), key[2], "", "n")
            if rest in self.truth:
                self._add_partition([*levels, rest], [*wholes, (*rest[:4], SIZE)])

    def _wholes(self, levels: list[Name]) -> Iterator[Name | None]:
        yield None
        yield from ((*levels[0][:-1], statistic) for statistic in (SIZE, "pairs"))

    def _add_partition(self, levels: list[Name], wholes: list[Name | None]) -> None:
        columns = set.intersection(*(set(self.truth[name]) for name in levels))
        sums = {group: sum(self.truth[name][group] for name in levels) for group in columns}
        for whole in wholes:
            of = self.arms if whole is None else self.truth.get(whole, {})
            shared = {group for group in columns if group in of}
            if not shared or any(sums[group] != of[group] for group in shared):
                continue
            for group in sorted(shared):
                parts = [part for name in levels for part in self._parts(name, group)]
                if whole is None:
                    self.system.add(_count(parts), of[group], of[group])
                elif whole in self.same:
                    self.system.add(_count(parts, self._parts(whole, group)), 0.0, 0.0)

    def _targets(self) -> Iterator[tuple[Cell, Line]]:
        """Yield the hidden cells of few subjects, or that leave few, each with what would tell so."""
        for name, seen in self.seen.items():
            for group in (group for group, value in seen.items() if np.isnan(value)):
                value, parts = self.truth[name][group], self._parts(name, group)
                left = self.rule.left([value], [group])[0]
                cell = (*name[:4], group, name[4])
                if self.rule.small(np.array([value, left])).any():
                    yield cell, (dict.fromkeys(parts, 1.0), value)
                size = self._size(name)
                if size is not None and group in self.truth[size]:
                    left = self.truth[size][group] - value
                    if self.rule.small(np.array([left]))[0]:
                        yield cell, (_count(self._parts(size, group), parts), left)


def _agree(counts: Mapping[str, float], others: Mapping[str, float]) -> bool:
    shared = counts.keys() & others.keys()
    return bool(shared) and all(counts[group] == others[group] for group in shared)


def _count(plus: Iterable[Unknown], minus: Iterable[Unknown] = ()) -> dict[Unknown, float]:
    """Return the factors of a sum; a set may be counted more than once."""
    factors: dict[Unknown, float] = defaultdict(float)
    for one in plus:
        factors[one] += 1
    for one in minus:
        factors[one] -= 1
    return dict(factors)
