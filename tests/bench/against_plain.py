"""This pipeline against the plain one: a loop of the ``papermill`` command over the same notebooks, then one render.

``make bench`` measures both in turns, and the parts of the pipeline one by one. What is measured stands in
``measured.json``, and for readers in ``index.md``: of all steps and five runs or more in ``docs/benchmarks``, of a try
(``make bench RUNS=1 ONLY="no-change nca"``) in ``work/benchmarks``.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from tests.bench.machine import describe_machine, load_average
from tests.bench.page import write_page
from tests.bench.trees import PLAIN_COMMIT, Tree, copy_project, has_history, take_plain_project

ROOT = Path(__file__).resolve().parents[2]
PART_PROGRAM = Path(__file__).with_name("parts.py")
PARTS = ("data-reading", "derivation", "ae-tables", "nca", "design-simulation")
CHANGED_PAGE, CHANGED_NOTEBOOK = "12-safety-evaluation.qmd", "30-efficacy"
ENOUGH_RUNS = 5
SUBJECTS = 1_000  # of the trial that is read and derived


@dataclass(frozen=True)
class Scenario:
    """What happens, then the command that is measured, named as in ``Tree.commands``."""

    command: str
    cold: bool = False
    change: Callable[[Tree, int], None] = lambda tree, run: None


SCENARIOS = {
    "notebooks-cold": Scenario("notebooks", cold=True),
    "build-cold": Scenario("whole", cold=True),
    "no-change": Scenario("whole"),
    "one-sentence": Scenario(
        "page", change=lambda tree, run: tree.add_sentence(CHANGED_PAGE, f"This is sentence {run}.")
    ),
    "one-notebook": Scenario(
        "notebook", change=lambda tree, run: tree.add_line(CHANGED_NOTEBOOK, f"changed = {run}")
    ),
}


def main() -> None:
    """Measure what the command line asks for, and write it down."""
    steps = (*SCENARIOS, *PARTS)
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--only", nargs="+", choices=steps, default=steps, metavar="STEP", help=", ".join(steps)
    )
    parser.add_argument("--runs", type=int, default=ENOUGH_RUNS)
    chosen = parser.parse_args()
    wanted = [step for step in steps if step in chosen.only]
    whole = len(wanted) == len(steps) and chosen.runs >= ENOUGH_RUNS
    target = ROOT / ("docs" if whole else "work") / "benchmarks"
    with tempfile.TemporaryDirectory(prefix="itpcsr-bench-") as place:
        measured = measure(take_trees(ROOT, Path(place)), wanted, chosen.runs, Path(place) / "trial")
    target.mkdir(parents=True, exist_ok=True)
    text = json.dumps(measured, indent=1, ensure_ascii=False)
    (target / "measured.json").write_text(f"{text}\n", encoding="utf-8")
    write_page(measured, target)
    print(f"Wrote {target.relative_to(ROOT)}/index.md", flush=True)


def take_trees(root: Path, place: Path) -> list[Tree]:
    """Return the plain project, where git has it, and a copy of this one."""
    trees = []
    if has_history(root):
        trees.append(take_plain_project(root, place / "plain", CHANGED_NOTEBOOK))
    else:
        print("No git history here, so that the plain pipeline can't be had: this one is measured alone.")
    return [*trees, copy_project(root, place / "itpcsr")]


def measure(trees: list[Tree], steps: list[str], runs: int, trial: Path) -> dict[str, Any]:
    """Return what is measured of the steps, run by run; the trees take turns in being first.

    ``trial`` is the folder that the trial for the parts is written to.
    """
    measured: dict[str, Any] = {
        "machine": describe_machine(),
        "plain": {"commit": PLAIN_COMMIT, "commands": _shown(trees[0])} if len(trees) > 1 else None,
        "commands": _shown(trees[-1]),
        "subjects": SUBJECTS,
        "load": [],
        "steps": {step: {tree.name: [] for tree in trees} for step in steps},
    }
    if set(steps) & set(PARTS):
        _simulate(trees[-1], trial)
    for run in range(1, runs + 1):
        measured["load"].append(load_average())
        for step in steps:
            for tree in trees if run % 2 else trees[::-1]:
                took = (
                    run_part(tree, step, trial) if step in PARTS else run_scenario(tree, SCENARIOS[step], run)
                )
                measured["steps"][step][tree.name].append(took)
                print(f"run {run} of {runs}, {step}, {tree.name}: {took['seconds']:.2f} s", flush=True)
            if step == "notebooks-cold" and len(trees) > 1:
                measured["rows"] = compare_rows(*trees)
    return measured


def run_scenario(tree: Tree, scenario: Scenario, run: int) -> dict[str, float]:
    """Return seconds and processor seconds of one command; what has to be there before is made, unmeasured."""
    if scenario.cold:
        tree.forget()
    elif "whole" not in tree.done:
        shell(tree, tree.commands["whole"])
        tree.done.add("whole")
    scenario.change(tree, run)
    took = shell(tree, tree.commands[scenario.command])
    tree.done.add(scenario.command)
    return took


def shell(tree: Tree, command: str) -> dict[str, float]:
    """Run a command of the shell in a tree; return its seconds, and its processes' seconds of processor.

    Raises
    ------
    SystemExit
        The command failed: with the end of what it said.
    """
    used, start = _processor_seconds(), time.perf_counter()
    done = subprocess.run(
        ["bash", "-e", "-c", command],
        cwd=tree.folder,
        env=tree.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    took = {"seconds": time.perf_counter() - start, "processor": _processor_seconds() - used}
    if done.returncode:
        sys.exit(f"{tree.name}: failed, so that nothing is measured:\n{command}\n{done.stdout[-3000:]}")
    return {name: round(value, 3) for name, value in took.items()}


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_part(tree: Tree, part: str, trial: Path) -> dict[str, float]:
    """Return the seconds of a part's second call, and of its first, in a process of its own."""
    command = [str(tree.programs / "python"), "-P", str(PART_PROGRAM), part, str(trial)]
    done = subprocess.run(
        command, cwd=tree.folder, env=tree.environment, stdout=subprocess.PIPE, text=True, check=True
    )
    took = json.loads(done.stdout.splitlines()[-1])
    return {"seconds": round(took["second"], 4), "first": round(took["first"], 4)}


def compare_rows(plain: Tree, ours: Tree) -> dict[str, int | bool]:
    """Return how many result rows both made, and whether all are the same: both did the same work."""
    one, other = (_read_rows(tree) for tree in (plain, ours))
    return {"plain": len(one), "itpcsr": len(other), "same": one.equals(other)}


def _read_rows(tree: Tree) -> pd.DataFrame:
    return pd.concat(
        [
            pd.read_parquet(path).assign(notebook=path.parent.name)
            for path in sorted((tree.folder / "work/demo/rows").glob("*/results.parquet"))
        ],
        ignore_index=True,
    )


def _simulate(tree: Tree, trial: Path) -> None:
    shell(tree, f"itpcsr simulate '{trial}' --subjects {SUBJECTS} --seed 1")


def _shown(tree: Tree) -> dict[str, list[str]]:
    return {name: command.splitlines() for name, command in tree.commands.items()}


if __name__ == "__main__":
    main()
