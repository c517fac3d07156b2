"""What a notebook's results depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csrkit.many import Displays
from itpcsr.adam.making import PROGRAM
from itpcsr.adam.store import rules_hash

if TYPE_CHECKING:
    from itpcsr.publish.version import Run

# What executes a notebook, beside what the notebook imports.
_ENGINE = "csrkit.publish.engine"
# What of these a notebook of a build doesn't run: it is given datasets that were derived, and the process of
# its kernel imports beforehand what only other notebooks use.
_NOT_RUN = (PROGRAM, "csrkit.publish.kernels")
# Further files of the study, by the name that they have in the manifest, and the functions that read them.
_READ_BY = {"scenarios": "read_scenarios", "related": "read_related"}
# A notebook that reads the trial itself depends on all of its data.
_READS_DATA = ("load_trial", "read_trial", "review_trial")


def notebook_inputs(run: Run, name: str, small_counts: str = "") -> dict[str, str]:
    """Return what a notebook depends on before any runs, but for its values and datasets: name to SHA-256.

    ``small_counts`` is the rule of an external version, as text.
    """
    hashes, source = run.opened.manifest["hashes"], run.notebook(name).read_text(encoding="utf-8")
    chart_data = run.report.displays.chart_data_at_most
    usual = chart_data == Displays().chart_data_at_most
    reads_data = any(word in source for word in _READS_DATA)
    return {
        "notebook": run.opened.manifest["notebooks"][name],
        "program": run.imports.closure_hash(run.notebook(name), _ENGINE, without=_NOT_RUN),
        "environment": run.environment,
        "rules": rules_hash(run.study),
        **{f"font {font}": digest for font, digest in run.fonts.hashes.items()},
        **{file: hashes[file] for file, reader in _READ_BY.items() if reader in source and file in hashes},
        **({key: digest for key, digest in hashes.items() if key.startswith("data ")} if reads_data else {}),
        **({} if usual else {"chart_data": str(chart_data)}),
        **({"small_counts": small_counts} if small_counts else {}),
    }
