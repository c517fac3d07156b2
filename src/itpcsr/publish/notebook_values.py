"""The values that each notebook of a version gets, from its study file and its parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from csrkit.publish.notebook_parameters import read_parameters
from csrkit.publish.notebooks import choose_parameters
from itpcsr.publish.notebook_edits import refuse_edits, say_replaced

if TYPE_CHECKING:
    from itpcsr.publish.version import Run

# The parameter of a notebook that shows result rows of those before it: their folders
READS_ROWS = "rows_of"


def choose_values(run: Run, say: Callable[[str], None]) -> dict[str, dict[str, Any]]:
    """Return each notebook's values, before any runs: an edit that wouldn't count stops the work here."""
    chosen = {
        name: choose_parameters(run.notebook(name), _provided(run, name), overrides, run.study.values())
        for name, overrides in run.report.notebooks.items()
    }
    defaults = {name: read_parameters(run.notebook(name)) for name in chosen}
    given = declared_values(run)
    refuse_edits(defaults, given, run.parameters)
    for sentence in say_replaced(defaults, given, run.report, run.parameters):
        say(sentence)
    return chosen


def declared_values(run: Run) -> dict[str, Any]:
    """Return what the version fixes for every notebook, as its study file and its parameters have it."""
    report = run.report
    return {
        "study_file": run.study_file.as_posix(),
        "data": [path.as_posix() for path in report.data],
        "data_cutoff": report.data_cutoff.isoformat() if report.data_cutoff else "",
        "cohorts": report.cohorts or [],
        "confidence_level": report.confidence_level,
        **report.displays.model_dump(),
    }


def _provided(run: Run, name: str) -> dict[str, Any]:
    """Return what the runner offers every notebook; each takes the names it has."""
    return {
        **declared_values(run),
        "study_file": run.report.study.as_posix(),
        "data": run.data,
        "store": run.store.relative_to(run.root).as_posix(),
        # the disclosed trial has been cut by its true dates
        **({"data_cutoff": ""} if run.report.external else {}),
        "output": run.rows_folder(name).relative_to(run.root).as_posix(),
        READS_ROWS: [
            run.rows_folder(other).relative_to(run.root).as_posix() for other in names_before(run, name)
        ],
    }


def names_before(run: Run, name: str) -> tuple[str, ...]:
    """Return the notebooks that stand before this one in the report, in their order."""
    names = list(run.report.notebooks)
    return tuple(names[: names.index(name)])
