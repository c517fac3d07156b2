"""Simulated trials of each design, and how often it errs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import Generator, SeedSequence
from numpy.typing import NDArray

from csrkit.dosefinding.rule import NO_DOSE, Ints, at_level
from csrkit.errors import ParameterError
from csrkit.rows import absent_rows, make_rows
from itpcsr.analysis.dose.designs import NOT_DEFINED, Plan, make_plans
from itpcsr.study import Scenario, Study

# Simulated trials of a design: many at once, in blocks that each have a seed of their own.
#
# A block's numbers depend on its seed alone, and blocks are added as whole numbers in their order: results
# are the same however many processes or machines share the work.

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


# Operating characteristics: how often a design chooses each dose, whom it treats, and how long it takes.

_MEANS = ("total", "overdosed", "dlts", "responders", "months")
_DAYS_PER_MONTH = 365.25 / 12


def analyse_characteristics(
    study: Study,
    scenarios: Iterable[Scenario],
    trials: int,
    seed: int,
    designs: list[str] | None = None,
    run: Run = map,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Simulate every design under every scenario; return the rows of shares of trials, and those of means.

    ``level`` is the scenario, ``group`` the design, ``analysis`` the quantity (see ``simulate.quantities``):
    chosen_1 and on, none and futile in percent of trials, the others as means per trial, the duration in
    months; statistics are percent or mean, and mc_error, its Monte-Carlo standard error. Beside the shares,
    analyses true_dlt and true_response hold the scenario's probabilities in percent, size the number of
    trials. ``run``: see ``simulate``.

    Raises ParameterError for a design that there isn't, and as ``simulate`` does.
    """
    rules = study.dose_finding
    if rules is None:
        return absent_rows("", NOT_DEFINED), absent_rows("", NOT_DEFINED)
    plans = _chosen(make_plans(study), designs)
    parts = [pd.DataFrame([{"analysis": "size", "statistic": "n", "value": float(trials), "unit": "trials"}])]
    for scenario in scenarios:
        truth = Truth(
            tuple(scenario.dlt),
            tuple(scenario.response),
            rules.dlt_target,
            rules.accrual_days,
            rules.dlt_window_days,
        )
        parts.append(_truth_rows(scenario))
        for name, plan in plans.items():
            totals = simulate(plan, truth, trials, seed, run)
            parts.append(summarise(totals, plan.levels, trials).assign(level=scenario.name, group=name))
    rows = pd.concat(parts, ignore_index=True)
    means = rows["analysis"].isin(_MEANS) | rows["analysis"].str.startswith("subjects")
    return make_rows(rows[~means], method="simulation"), make_rows(rows[means], method="simulation")


def _chosen(plans: dict[str, Plan], designs: list[str] | None) -> dict[str, Plan]:
    unknown = sorted(set(designs or []) - set(plans))
    if unknown:
        raise ParameterError(f"There is no design {', '.join(unknown)}; designs: {', '.join(plans)}.")
    return {name: plan for name, plan in plans.items() if not designs or name in designs}


def _truth_rows(scenario: Scenario) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "analysis": f"true_{kind}",
                "level": scenario.name,
                "group": f"level_{level}",
                "statistic": "percent",
                "value": 100 * value,
                "unit": "%",
            }
            for kind in ("dlt", "response")
            for level, value in enumerate(getattr(scenario, kind), start=1)
        ]
    )


def summarise(totals: Ints, levels: int, trials: int) -> pd.DataFrame:
    """Return means and Monte-Carlo standard errors from sums and sums of squares over trials.

    A duration in days becomes months. The error is the root of (mean square - squared mean) / (trials - 1);
    with one trial it is NaN.
    """
    records = []
    for name, total, square in zip(quantities(levels), totals[0], totals[1], strict=True):
        mean = total / trials
        # whole numbers up to here: no cancellation before the one division
        spread = float(trials * int(square) - int(total) ** 2) / trials**2
        error = float(np.sqrt(spread / (trials - 1))) if trials > 1 else float("nan")
        share = name.startswith("chosen") or name in ("none", "futile")
        analysis, unit, factor = (name, "%", 100.0) if share else (name, "subjects", 1.0)
        if name == "days":
            analysis, unit, factor = "months", "months", 1 / _DAYS_PER_MONTH
        kind = "percent" if share else "mean"
        cell = {"analysis": analysis, "unit": unit, "reason": ""}
        records.append({**cell, "statistic": kind, "value": factor * mean})
        reason = "" if trials > 1 else "a single trial has no Monte-Carlo error"
        error_of = {"statistic": f"mc_error of {kind}", "value": factor * error, "reason": reason}
        records.append({**cell, **error_of})
    return pd.DataFrame(records)
