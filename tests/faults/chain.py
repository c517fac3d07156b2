"""From data to tables as the notebooks do it, in one process: their own cells run on a trial at hand."""

from __future__ import annotations

import ast
import json
from collections import ChainMap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple
from unittest import mock

import pandas as pd

import csrkit.carried
import csrkit.publish.fragments
import csrkit.rows
import itpcsr.adam
import itpcsr.study
from itpcsr.adam.datasets import Datasets
from itpcsr.adam.making import count_domains
from itpcsr.sdtm import Trial
from itpcsr.sdtm.checks import check_trial, raise_errors
from itpcsr.study import Study, read_report

_FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
# Those of the trial's own report: others are of other studies.
NAMES = sorted(read_report(_FOLDER.parent / "params/demo.yml").notebooks)
# Parameters that name visits, which must be among the few of the short study, and sizes that take time.
VALUES: dict[str, Any] = {
    "weeks_shown": [1, 2, 4, 28],
    "weeks_compared": [1, 2, 4, 28],
    "trials": 50,
    "simulations": 50,
    "bootstraps": 50,
}


def run_chain(trial: Trial, study: Study, names: list[str] | None = None) -> pd.DataFrame:
    """Return all result rows; raises DataError where the checks find errors."""
    raise_errors(check_trial(trial, study))
    return analyse(trial, study, names)


def analyse(trial: Trial, study: Study, names: list[str] | None = None) -> pd.DataFrame:
    """Return the result rows of a trial that passed the checks, after making every table and chart.

    The code cells of the notebooks (all, or those named) run as they are, but for what they read and write:
    they get this trial and this study, and their rows are returned instead of written. A notebook that reads
    the rows of others gets those of the notebooks that ran before it.
    """
    with notebooks_on(trial, study, Datasets(trial, study)) as run:
        return pd.concat([run(name) for name in names or NAMES], ignore_index=True)


def show(
    trial: Trial,
    study: Study,
    *names: str,
    datasets: Mapping[str, pd.DataFrame] | None = None,
    values: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what the notebooks named show of a trial: label to table, chart or prose.

    ``datasets`` stand in place of those derived from the trial, ``values`` in place of parameters.
    """
    with notebooks_on(trial, study, datasets or Datasets(trial, study), values) as run:
        for name in names:
            run(name)
        return run.displays


def rows_shown(displays: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Return the result rows that each display carries, by its label; none for one without."""
    carried = {label: csrkit.carried.rows_behind(display) for label, display in displays.items()}
    return {
        label: csrkit.carried.name_display(rows, label) for label, rows in carried.items() if rows is not None
    }


class _Opened(ChainMap[str, pd.DataFrame]):
    """The datasets as a notebook is given them, from memory."""

    def __init__(self, trial: Trial, datasets: Mapping[str, pd.DataFrame]) -> None:
        super().__init__({}, datasets)
        self.findings, self.domains = trial.findings, count_domains(trial)
        self.labels = {name: trial.labels.get(name, "") for name in trial.domains}

    def __getitem__(self, name: str) -> pd.DataFrame:
        return super().__getitem__(name).copy()


@contextmanager
def notebooks_on(
    trial: Trial, study: Study, datasets: Mapping[str, pd.DataFrame], values: Mapping[str, Any] | None = None
) -> Iterator[_Notebooks]:
    """Give what runs a notebook by its name on this trial and returns its rows."""
    run, opened = _Notebooks(values or {}), _Opened(trial, datasets)
    with (
        mock.patch.object(itpcsr.study, "read_study", return_value=study),
        mock.patch.object(itpcsr.adam, "open_study", side_effect=lambda *_, **__: (study, opened)),
        mock.patch.object(csrkit.publish.fragments, "gather_rows", run.gather),
    ):
        yield run


class _Notebooks:
    """Runs notebooks and keeps what they show, by label, with the rows that it carries."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = VALUES | dict(values)
        self.displays: dict[str, Any] = {}
        self._rows = [csrkit.rows.make_rows(pd.DataFrame())]

    def __call__(self, name: str) -> pd.DataFrame:
        shown = dict(_run(_FOLDER / f"{name}.ipynb", self._values))
        self.displays |= shown
        self._rows.append(csrkit.rows.combine(self._rows[0], *rows_shown(shown).values()))
        return self._rows[-1].assign(notebook=name)

    def gather(self, _: list[str]) -> pd.DataFrame:
        """Return the rows of the notebooks that ran, for one that reads them."""
        return pd.concat(self._rows, ignore_index=True)


def _run(path: Path, given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Run the cells with the parameters given, and yield each label with what its cell shows."""
    parameters, *rest = _cells(path)
    values: dict[str, Any] = {}
    exec(parameters.code, values)
    values |= {name: value for name, value in given.items() if name in values}
    for cell in rest:
        with mock.patch.object(csrkit.carried, "cell_label", lambda label=cell.label: label):
            exec(cell.code, values)
            shown = None if cell.last is None else eval(cell.last, values)
        if cell.label:
            yield cell.label, shown


class _Cell(NamedTuple):
    """A cell's code, its last expression, which it shows, apart, and its label."""

    code: CodeType
    last: CodeType | None
    label: str


@cache
def _cells(path: Path) -> list[_Cell]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return [_compile(source, f"{path.name}[{number}]") for number, source in enumerate(sources)]


def _compile(source: str, name: str) -> _Cell:
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    shown = compile(ast.Expression(last.value), name, "eval") if isinstance(last, ast.Expr) else None
    return _Cell(compile(tree, name, "exec"), shown, csrkit.carried.label_of(source))
