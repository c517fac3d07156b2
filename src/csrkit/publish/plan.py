"""What a command would make, and why, without making it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from csrkit.publish.notebook_values import choose_values
from csrkit.publish.notebooks import Attempt
from csrkit.publish.pipeline import list_jobs, refuse_alone
from csrkit.publish.version import Program, Run, open_run
from csrkit.store import open_store

_DATASETS = "analysis datasets"
_FOLLOWS = "follows from the analysis datasets"


def say_plan(
    program: Program,
    parameters: Path,
    root: Path,
    targets: Sequence[str],
    say: Callable[[str], None],
    only: Sequence[str] = (),
) -> None:
    """Say each step that a command has to do with its reason; ``targets`` are the formats to render."""
    run = open_run(program, parameters, root)
    refuse_alone(run, only)
    steps = [*plan(run, say, only)]
    for step, reason in steps:
        say(f"{step}: {reason}")
    if targets:
        why = "notebooks run" if steps else "its pages, its look or what was made of them changed"
        say(f"report ({', '.join(targets)}): {why}; only what follows from that is made again")
    if not steps:
        say("No notebook has to run.")


def plan(run: Run, say: Callable[[str], None], only: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """Yield the datasets and each notebook that has to be made, with the reason.

    Which notebooks follow from datasets that aren't derived yet can't be known: a notebook whose datasets
    come out as they were doesn't run again. The notebooks of an external version depend on each other.
    """
    names = [name for name in run.report.notebooks if not only or name in only]
    if not run.is_derived:
        store = open_store(run.store)
        former = {} if store is None else dict(store.parts)
        changed = [name for name, digest in run.parts.items() if former.get(name) != digest]
        yield _DATASETS, "not derived yet" if store is None else f"changed: {', '.join(changed)}"
        yield from ((name, _FOLLOWS) for name in names)
        return
    values = {name: given for name, given in choose_values(run, say).items() if name in names}
    if run.report.external:
        yield "notebooks", "run as far as the suppression of small counts asks for"
        return
    waiting: set[str] = set()
    for job in list_jobs(run, values):
        if before := [name for name in job.after if name in waiting]:
            reasons = [f"reads what {before[0]} writes"]
        else:
            reasons = Attempt(job).reasons()
        if reasons:
            waiting.add(job.name)
            yield job.name, f"changed: {', '.join(reasons)}" if not before else reasons[0]
