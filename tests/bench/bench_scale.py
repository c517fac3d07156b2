"""Cost by the number of subjects: each stage and notebook at several sizes, and the exponent of its growth.

``SIZES=100,300,1000 python -m pytest -s tests/bench/bench_scale.py``; 10,000 takes minutes. ``NOTEBOOKS=30,60``
takes those notebooks only. Each stage runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
SIZES = [int(size) for size in os.environ.get("SIZES", "100,300,1000").split(",")]
NOTEBOOKS = os.environ.get("NOTEBOOKS", "").split(",")
MOST_MEMORY = 4.0  # GB
LARGEST_EXPONENT = 1.1  # of CPU seconds on subjects
_READS_ROWS = "80-tests"  # reads what the others wrote, and no trial
Costs = dict[str, tuple[float, float]]


def names() -> list[str]:
    """Return the notebooks that read the trial."""
    found = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    return [name for name in found if name != _READS_ROWS and name.startswith(tuple(NOTEBOOKS))]


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def prepare(folder: str) -> Costs:
    """Return CPU seconds and peak memory (GB) of reading with all checks, and of deriving."""
    from itpcsr.adam.datasets import derive_each
    from itpcsr.sdtm import load_trial
    from itpcsr.study import read_study

    study = read_study(ROOT / "params/study.yml")
    start = cpu()
    trial = load_trial([folder], study)
    loaded, memory = cpu(), peak()
    for _ in derive_each(trial, study):
        pass
    return {"load": (loaded - start, memory), "derive": (cpu() - loaded, peak())}


def run(name: str, folder: str, output: str) -> Costs:
    """Return CPU seconds of a notebook's cells but the one that opens the trial."""
    import pandas as pd
    from IPython.core.interactiveshell import InteractiveShell

    pd.set_option("mode.string_storage", "python")  # as kernels do
    shell = InteractiveShell.instance()
    cells = json.loads((ROOT / f"notebooks/{name}.ipynb").read_text())["cells"]
    seconds = 0.0
    for cell in (cell for cell in cells if cell["cell_type"] == "code"):
        source = "".join(cell["source"])
        start = cpu()
        _execute(source, shell)
        if "open_study(" not in source:
            seconds += cpu() - start
        if "parameters" in cell["metadata"].get("tags", []):
            shell.user_ns.update(data=[folder], output=output)
    return {name: (seconds, peak())}


def _execute(source: str, shell: Any) -> None:
    """Run a cell, and make what it shows as a front end would be sent it; the history tells it its label."""
    with contextlib.redirect_stdout(io.StringIO()):
        shell.run_cell(source, store_history=True).raise_error()


def simulate(folder: str, subjects: str) -> Costs:
    """Return CPU seconds and peak memory (GB) of simulating a trial and writing it."""
    from itpcsr.cli import app

    start = cpu()
    order = ["simulate", folder, "--subjects", subjects, "--seed", "1", "--format", "parquet"]
    app(order, standalone_mode=False)
    return {"simulate": (cpu() - start, peak())}


def apart(*arguments: str) -> Costs:
    """Return what a stage costs in a process of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    order = [sys.executable, __file__, *arguments]
    done = subprocess.run(order, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(arguments)}\n{done.stderr}"
    return {name: (found[0], found[1]) for name, found in json.loads(done.stdout.splitlines()[-1]).items()}


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Costs]:
    """Return by size each stage's CPU seconds and peak memory; print them with the exponents."""
    found: dict[int, Costs] = {}
    for size in SIZES:
        place = tmp_path_factory.mktemp(f"subjects-{size}")
        data = str(place / "data")
        found[size] = apart("simulate", data, str(size)) | apart("prepare", data)
        for name in names():
            found[size] |= apart("run", name, data, str(place / name))
    print(f"\n  {'CPU s, peak GB of subjects':<28}" + "".join(f"{size:>16}" for size in SIZES) + "  exponent")
    for stage in found[SIZES[0]]:
        cells = "".join(f"{found[size][stage][0]:>10.2f} {found[size][stage][1]:>5.2f}" for size in SIZES)
        print(f"  {stage:<28}{cells}{exponent(found, stage):>10.2f}")
    return found


def exponent(costs: dict[int, Costs], stage: str) -> float:
    """Return the slope of log CPU seconds on log subjects; NaN of one size."""
    if len(costs) < 2:
        return float("nan")
    seconds = [max(cost[stage][0], 0.01) for cost in costs.values()]
    return float(np.polyfit(np.log(list(costs)), np.log(seconds), 1)[0])


def test_cost_grows_no_faster_than_the_data(costs: dict[int, Costs]) -> None:
    steep = {stage: exponent(costs, stage) for stage in costs[SIZES[0]]}
    assert not {stage: slope for stage, slope in steep.items() if slope > LARGEST_EXPONENT}


def test_memory_stays_within_the_bound(costs: dict[int, Costs]) -> None:
    large = {(size, stage): memory for size in costs for stage, (_, memory) in costs[size].items()}
    assert not {place: memory for place, memory in large.items() if memory > MOST_MEMORY}


if __name__ == "__main__":
    stages = {"simulate": simulate, "prepare": prepare, "run": run}
    print(json.dumps(stages[sys.argv[1]](*sys.argv[2:])))
