"""What a notebook's results depend on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from itpcsr.adam.store import rules_hash
from itpcsr.build.notebook_values import READS_ROWS, rows_before
from itpcsr.inputs import environment_hash, program_hash

if TYPE_CHECKING:
    from itpcsr.build.pipeline import Run

# Parts of the program that make an executed notebook, beside what the notebook imports.
_RUNNER = ("itpcsr.build.notebooks", "itpcsr.build.kernels")
# Further files of the study, by the name that they have in the manifest, and the functions that read them.
_READ_BY = {"scenarios": "read_scenarios", "related": "read_related"}
# A notebook that reads the trial itself depends on all of its data.
_READS_DATA = ("load_trial", "read_trial", "review_trial")


def notebook_inputs(run: Run, name: str, values: Mapping[str, Any], small_counts: str = "") -> dict[str, str]:
    """Return all that a notebook depends on but its values and the datasets that it opens: name to SHA-256.

    ``small_counts`` is the rule of an external version, as text.
    """
    hashes, source = run.opened.manifest["hashes"], run.notebook(name).read_text(encoding="utf-8")
    reads_data = any(word in source for word in _READS_DATA)
    return {
        "notebook": run.opened.manifest["notebooks"][name],
        "program": program_hash(run.notebook(name).as_posix(), *_RUNNER),
        "environment": environment_hash(),
        "rules": rules_hash(run.study),
        **{f"font {font}": digest for font, digest in run.fonts.hashes.items()},
        **{file: hashes[file] for file, reader in _READ_BY.items() if reader in source and file in hashes},
        **({key: digest for key, digest in hashes.items() if key.startswith("data ")} if reads_data else {}),
        **({"small_counts": small_counts} if small_counts else {}),
        **(rows_before(run, name) if READS_ROWS in values else {}),
    }
