"""Run the notebooks by papermill: the right parameters, a clean kernel, and nothing half-made."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import papermill as pm
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from itpcsr.adam.store import OPENED
from itpcsr.build.hashes import text_hash
from itpcsr.build.kernels import CAN_FORK, PROVISIONER
from itpcsr.build.notebook_parameters import check_arrival, read_parameters
from itpcsr.build.notebook_record import differences, read_opened
from itpcsr.build.plain_notebook import plain_text
from itpcsr.errors import NotebookError, PublishError

# Times and run identifiers that papermill and nbclient stamp into a notebook: the wall clock leaves no trace.
_STAMPS = ("papermill", "execution")
# Without these a notebook would read other data than the version's, or write its rows elsewhere; one that
# opens no datasets needs neither data nor store.
REQUIRED = ("study_file", "data", "store", "output")


def is_literal(value: object) -> bool:
    """Tell whether a value is a literal or a list of literals, as a notebook's parameter cell can hold."""
    items = value if isinstance(value, list) else [value]
    return all(isinstance(item, str | int | float | bool | None) for item in items)


def choose_parameters(
    notebook: Path, provided: Mapping[str, Any], overrides: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the values that a notebook gets: those provided that it has, and the report's own for it.

    What the study file or the report fixes for all notebooks alike can't be changed for one of them.

    Raises
    ------
    NotebookError
        The notebook doesn't exist, is no notebook, has parameters that a value given would not reach or
        lacks one that every notebook needs; the report overrides a name that the notebook doesn't have
        (papermill would accept it silently) or one that holds for the whole version.
    """
    known = read_parameters(notebook)
    needed = [name for name in REQUIRED if name not in known]
    if "open_study" not in notebook.read_text(encoding="utf-8"):
        needed = [name for name in needed if name not in ("data", "store")]
    if needed:
        raise NotebookError(
            f"{notebook}: has no parameter {', '.join(needed)}. Its second cell must bear the tag "
            "`parameters` and list them."
        )
    unknown = sorted(set(overrides) - set(known))
    if unknown:
        raise NotebookError(
            f"{notebook}: has no parameter {', '.join(unknown)}; its parameters: {', '.join(known)}."
        )
    odd = sorted(name for name, value in overrides.items() if not is_literal(value))
    if odd:
        raise NotebookError(f"{notebook}: {', '.join(odd)} must be text, numbers or a list; quote a date.")
    common = sorted(set(overrides) & set(provided))
    if common:
        raise NotebookError(
            f"{notebook}: {', '.join(common)} holds for the whole version; give it under `rules` or in the "
            "report's parameters, not for one notebook."
        )
    return {name: value for name, value in {**provided, **overrides}.items() if name in known}


def run_notebook(
    notebook: Path,
    parameters: Mapping[str, Any],
    root: Path,
    executed: Path,
    failed: Path,
    rows: Path,
    inputs: Mapping[str, str],
    datasets: Mapping[str, str],
    environment: Mapping[str, str] | None = None,
    refuse_changes: Callable[[], None] = lambda: None,
) -> bool:
    """Run one notebook unless its inputs are those of the executed copy; return whether it ran.

    Parameters
    ----------
    notebook, parameters
        The notebook and its values, from ``choose_parameters``.
    root
        The project's folder, where the notebook's relative paths start.
    executed
        Where the executed copy goes; it appears whole or not at all.
    failed
        Where the executed copy of a notebook that raised is kept.
    rows
        The result rows that the notebook has to write.
    inputs
        Hashes of all else that the result depends on (see ``itpcsr.build.notebook_inputs``), and of the
        ``notebook`` itself as the build opened it.
    datasets
        The hashes of the analysis datasets; the notebook depends on those that it opened when it last ran.
    environment
        Variables that the kernel gets beside those of the process.
    refuse_changes
        Raises when the inputs aren't those of the hashes any more: the copy then isn't kept as theirs.

    Raises
    ------
    NotebookError
        The notebook raised: its name, cell, message and where the executed copy is; it wrote no rows; or a
        value didn't arrive in it.
    PublishError
        The notebook isn't the one that the build opened.
    """
    source = plain_text(notebook.read_text(encoding="utf-8"))
    depends: dict[str, Any] = {"notebook": text_hash(source), **inputs, "parameters": parameters}
    if depends["notebook"] != text_hash(source):
        raise PublishError(f"{notebook} changed while the build ran. Nothing was published; build again.")
    manifest_path = executed.with_suffix(".inputs.json")
    if not differences(manifest_path, depends, (executed, rows), datasets):
        return False
    executed.parent.mkdir(parents=True, exist_ok=True)
    manifest_path.unlink(missing_ok=True)
    rows.unlink(missing_ok=True)
    partial = executed.with_name(f".partial-{executed.name}")
    opened = executed.with_suffix(".opened").resolve()
    opened.unlink(missing_ok=True)
    variables = {**(environment or {}), OPENED: str(opened)}
    try:
        _execute(notebook.stem, source, dict(parameters), root, partial, variables)
    except PapermillExecutionError as error:
        failed.parent.mkdir(parents=True, exist_ok=True)
        partial.replace(failed)
        raise NotebookError(
            f"{notebook}: cell {error.exec_count} raised {error.ename}: {error.evalue}\n"
            f"The executed copy is kept in {failed}."
        ) from error
    except DeadKernelError as error:
        raise NotebookError(
            f"{notebook}: its kernel died without a message; most often the memory was exhausted."
        ) from error
    if not rows.exists():
        partial.unlink()
        raise NotebookError(f"{notebook}: wrote no result rows; its last cell must call write_rows.")
    try:
        check_arrival(partial, notebook, parameters)
    except NotebookError:
        partial.unlink()
        raise
    _strip_stamps(partial)
    partial.replace(executed)
    refuse_changes()
    depends["datasets"] = read_opened(opened)
    manifest_path.write_text(json.dumps(depends, sort_keys=True, indent=1), encoding="utf-8")
    opened.unlink(missing_ok=True)
    return True


def _execute(
    name: str,
    source: str,
    parameters: dict[str, Any],
    root: Path,
    output: Path,
    environment: Mapping[str, str],
) -> None:
    # TCP ports of parallel kernels clash and are readable by others on the machine; ipc has neither fault
    config = Config({"KernelManager": {"transport": "ipc"}})
    with _kernel_environment(environment):
        pm.execute_notebook(
            nbformat.reads(source, as_version=4),
            str(output),
            parameters=parameters,
            kernel_name="python3",
            cwd=str(root.resolve()),
            progress_bar={"desc": f"{name:<24}", "file": sys.stderr, "ncols": 90},
            record_timing=False,
            config=config,
        )


@contextmanager
def _kernel_environment(more: Mapping[str, str]) -> Iterator[None]:
    """Give kernels a runtime folder of their own with a short path, and no start-up files of the user."""
    with tempfile.TemporaryDirectory(prefix="itpcsr-") as folder:
        values = {"JUPYTER_RUNTIME_DIR": folder, "IPYTHONDIR": folder, "PYTHONHASHSEED": "0", **more}
        if CAN_FORK:
            values["JUPYTER_DEFAULT_PROVISIONER_NAME"] = PROVISIONER
        before = {name: os.environ.get(name) for name in values}
        os.environ.update(values)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def _strip_stamps(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    for part in [notebook, *notebook.cells]:
        for name in _STAMPS:
            part.metadata.pop(name, None)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"  # the injected cell's id is random
    nbformat.write(notebook, path)
