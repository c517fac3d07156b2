"""What a notebook's results depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csrkit.many import Displays

if TYPE_CHECKING:
    from itpcsr.publish.version import Run

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
