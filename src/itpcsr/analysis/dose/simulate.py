"""Simulated trials of a design: many at once, in blocks that each have a seed of their own.

A block's numbers depend on its seed alone, and blocks are added as whole numbers in their order: results are
the same however many processes or machines share the work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator, SeedSequence
from numpy.typing import NDArray

from csrkit.dosefinding.rule import NO_DOSE, Ints, at_level
from csrkit.errors import ParameterError
from itpcsr.analysis.dose.designs import Plan

BLOCK = 10_000


@dataclass(frozen=True)
class Truth:
    """What holds in the simulated trials.

    Probabilities of DLT and of response by level; ``target``, above which a level is an overdose; mean days
    between subjects; days for which a cohort is observed before the next begins.
    """

    dlt: tuple[float, ...]
    response: tuple[float, ...]
    target: float
    accrual_days: float
    window_days: int


@dataclass(frozen=True)
class Block:
    """A part of the simulation that one process does."""

    plan: Plan
    truth: Truth
    trials: int
    seed: SeedSequence


@dataclass
class _Trials:
    """Counts of each trial by level, and its length in days."""

    n: Ints
    x: Ints
    responders: Ints
    days: Ints


Run = Callable[[Callable[[Block], Ints], Iterable[Block]], Iterable[Ints]]


def quantities(levels: int) -> list[str]:
    """Return what is counted in each trial, in the order of the totals."""
    by_level = [f"{name}_{level + 1}" for name in ("chosen", "subjects") for level in range(levels)]
    return [*by_level, "none", "futile", "total", "overdosed", "dlts", "responders", "days"]


def simulate(plan: Plan, truth: Truth, trials: int, seed: int, run: Run = map) -> Ints:
    """Return sums and sums of squares over all trials: 2 by ``quantities(plan.levels)``.

    ``run`` maps a function over the blocks in their order, as ``map`` or an executor's ``map`` do. Raises
    ParameterError for a truth with another number of levels, impossible probabilities, or no trial.
    """
    _require(plan, truth, trials)
    totals = np.zeros((2, len(quantities(plan.levels))), dtype=np.int64)
    for part in run(simulate_block, make_blocks(plan, truth, trials, seed)):
        totals += part
    return totals


def make_blocks(plan: Plan, truth: Truth, trials: int, seed: int) -> Iterator[Block]:
    """Part the trials into blocks of ``BLOCK``, each with a seed sequence spawned for it."""
    sizes = [BLOCK] * (trials // BLOCK) + ([trials % BLOCK] if trials % BLOCK else [])
    for size, child in zip(sizes, SeedSequence(seed).spawn(len(sizes)), strict=True):
        yield Block(plan, truth, size, child)


def _require(plan: Plan, truth: Truth, trials: int) -> None:
    if not len(truth.dlt) == len(truth.response) == plan.levels:
        raise ParameterError(
            f"The design has {plan.levels} dose levels, but the scenario gives {len(truth.dlt)} "
            f"probabilities of DLT and {len(truth.response)} of response."
        )
    wrong = [value for value in (*truth.dlt, *truth.response) if not 0 <= value <= 1]
    if wrong:
        raise ParameterError(f"Probabilities lie between 0 and 1; the scenario has {wrong}.")
    if trials < 1:
        raise ParameterError(f"At least one trial must be simulated; found {trials}.")


def simulate_block(block: Block) -> Ints:
    """Simulate the trials of one block; return sums and sums of squares as ``simulate``."""
    plan, rng = block.plan, np.random.default_rng(block.seed)
    n, x, responders = np.zeros((3, block.trials, plan.levels), dtype=np.int64)
    trials = _Trials(n, x, responders, days=np.zeros(block.trials, dtype=np.int64))
    _escalate(trials, plan, block.truth, rng)
    chosen = plan.rule.select(trials.n, trials.x, trials.responders)
    futile = _expand(trials, chosen, plan, block.truth, rng)
    table = _tabulate(trials, chosen, futile, plan, block.truth)
    return np.stack([table.sum(axis=0), (table**2).sum(axis=0)])


def _escalate(trials: _Trials, plan: Plan, truth: Truth, rng: Generator) -> None:
    """Treat cohort after cohort in all trials that go on."""
    going = np.arange(len(trials.n))
    level = np.zeros(len(trials.n), dtype=np.int64)
    while going.size:
        _treat(trials, going, level, plan.cohort, truth, rng)
        trials.days[going] += truth.window_days
        n = trials.n[going]
        decision = plan.rule.decide(n, trials.x[going], level)
        go_on = ~decision.stop & (n.sum(axis=1) + plan.cohort <= plan.most)
        going, level = going[go_on], decision.dose[go_on]


def _expand(trials: _Trials, chosen: Ints, plan: Plan, truth: Truth, rng: Generator) -> NDArray[np.bool_]:
    """Treat the expansion at the level chosen; return which trials stopped for futility.

    The response of those treated is taken to be known at the look.
    """
    futile = np.zeros(len(chosen), dtype=bool)
    going = np.flatnonzero(chosen != NO_DOSE)
    look = min(plan.look, plan.expansion)
    if look:
        level = chosen[going]
        _treat(trials, going, level, look, truth, rng)
        trials.days[going] += truth.window_days
        bound = plan.futility[at_level(trials.n[going], level)]
        futile[going] = at_level(trials.responders[going], level) <= bound
        going = going[~futile[going]]
    if plan.expansion > look:
        _treat(trials, going, chosen[going], plan.expansion - look, truth, rng)
        trials.days[going] += truth.window_days
    return futile


def _treat(trials: _Trials, which: Ints, level: Ints, size: int, truth: Truth, rng: Generator) -> None:
    """Add a cohort at each trial's level, and the days until all have come (exponential waiting times)."""
    trials.n[which, level] += size
    trials.x[which, level] += rng.binomial(size, np.array(truth.dlt)[level])
    trials.responders[which, level] += rng.binomial(size, np.array(truth.response)[level])
    waiting = rng.standard_gamma(size, len(which)) * truth.accrual_days
    trials.days[which] += np.ceil(waiting).astype(np.int64)


def _tabulate(trials: _Trials, chosen: Ints, futile: NDArray[np.bool_], plan: Plan, truth: Truth) -> Ints:
    """Return trials by quantities."""
    levels = np.arange(plan.levels)
    over = np.array(truth.dlt) > truth.target
    parts = [
        chosen[:, None] == levels,
        trials.n,
        (chosen == NO_DOSE)[:, None],
        futile[:, None],
        trials.n.sum(axis=1, keepdims=True),
        trials.n[:, over].sum(axis=1, keepdims=True),
        trials.x.sum(axis=1, keepdims=True),
        trials.responders.sum(axis=1, keepdims=True),
        trials.days[:, None],
    ]
    return np.concatenate(parts, axis=1, dtype=np.int64)
