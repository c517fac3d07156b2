"""The values that each notebook of a version gets, and what its results depend on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from csrkit.many import Displays
from csrkit.publish.notebook_parameters import read_parameters, refuse_edits, say_replaced
from csrkit.publish.notebooks import choose_parameters

if TYPE_CHECKING:
    from csrkit.publish.version import Run

# The values that each notebook of a version gets, from its study file and its parameters.

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


# What a notebook's results depend on.

# What executes a notebook, beside what the notebook imports.
_ENGINE = "csrkit.publish.engine"
# What of these a notebook of a build doesn't run, beside what derives the datasets that it is given: the
# process of its kernel imports beforehand what only other notebooks use.
_KERNELS = "csrkit.publish.kernels"


def notebook_inputs(run: Run, name: str, small_counts: str = "") -> dict[str, str]:
    """Return what a notebook depends on before any runs, but for its values and datasets: name to SHA-256.

    ``small_counts`` is the rule of an external version, as text.
    """
    hashes, source = run.opened.manifest["hashes"], run.notebook(name).read_text(encoding="utf-8")
    chart_data = run.report.displays.chart_data_at_most
    usual = chart_data == Displays().chart_data_at_most
    reads_data = any(word in source for word in run.program.reads_data)
    not_run = (run.program.datasets, _KERNELS)
    return {
        "notebook": run.opened.manifest["notebooks"][name],
        "program": run.imports.closure_hash(run.notebook(name), _ENGINE, without=not_run),
        "environment": run.environment,
        "rules": run.program.rules_hash(run.study),
        **{f"font {font}": digest for font, digest in run.fonts.hashes.items()},
        **{
            file: hashes[file]
            for file, reader in run.program.readers.items()
            if reader in source and file in hashes
        },
        **({key: digest for key, digest in hashes.items() if key.startswith("data ")} if reads_data else {}),
        **({} if usual else {"chart_data": str(chart_data)}),
        **({"small_counts": small_counts} if small_counts else {}),
    }
