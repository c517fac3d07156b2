"""Share simulated trials between processes of this machine, or the workers of a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import pandas as pd

from csrkit.dosefinding.rule import Ints
from csrkit.publish.cluster import connect
from itpcsr.analysis.dose.designs import dose_levels, require_dose_finding
from itpcsr.analysis.dose.simulate import Block, Run, analyse_characteristics
from itpcsr.study import Scenario, Study, read_scenarios


def simulate_designs(
    study: Study,
    scenarios: Path | None,
    trials: int,
    seed: int,
    designs: list[str] | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, list[Scenario]]:
    """Return both parts of the result rows of ``analyse_characteristics`` and the scenarios they are of.

    ``workers`` processes share the work, one for each core without it; with ``scheduler``, the address of a
    Dask scheduler, its workers do. Raises ParameterError for a study without dose finding, scenarios that
    don't fit it, an unknown design, and a scheduler that doesn't answer.
    """
    rules = require_dose_finding(study)
    truths = read_scenarios(scenarios or rules.scenarios_file, len(dose_levels(study)))
    with _runner(workers, scheduler) as run:
        return *analyse_characteristics(study, truths, trials, seed, designs, run), truths


@contextmanager
def _runner(workers: int | None, scheduler: str | None) -> Iterator[Run]:
    workers = workers or os.cpu_count() or 1
    if scheduler is not None:
        with _cluster(scheduler) as run:
            yield run
    elif workers == 1:
        yield map
    else:
        # fresh processes: a forked one could inherit a lock that some library's thread holds
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as executor:
            yield executor.map


@contextmanager
def _cluster(address: str) -> Iterator[Run]:
    """Yield a map over the workers of the cluster, whose packages must be those of this machine."""
    with connect(address) as client:

        def run(function: Callable[[Block], Ints], blocks: Iterable[Block]) -> Iterable[Ints]:
            # a block is simulated once for each task: nothing may be taken from an earlier one by its name
            results: list[Ints] = client.gather(client.map(function, list(blocks), pure=False))
            return results

        yield run
