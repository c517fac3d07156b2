"""One notebook's run: the right parameters, whether it is needed, and nothing half-made."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from csrkit.errors import NotebookError, PublishError
from csrkit.inputs.hashes import file_hash, text_hash
from csrkit.inputs.plain_notebook import plain_text
from csrkit.parameters.report import Limits
from csrkit.publish.notebook_parameters import check_arrival, read_parameters
from csrkit.store import OPENED

if TYPE_CHECKING:
    import pandas as pd

    from csrkit.disclosure.counted import Rule
    from csrkit.publish.engine import Course

# What a notebook's results were made from, and whether that is as it is today.


def differences(
    record: Path, inputs: Mapping[str, Any], made: tuple[Path, ...], datasets: Mapping[str, str]
) -> list[str]:
    """Return in what today's inputs differ from those of which a notebook's results were made.

    ``record`` is the file of the latter, ``made`` what has to be there, ``datasets`` the hashes of those of
    today, of which only those count that the notebook opened. Empty: it needn't run.
    """
    if missing := [path.name for path in (*made, record) if not path.exists()]:
        return [f"{missing[0]} isn't there"]
    try:
        before = json.loads(record.read_text(encoding="utf-8"))
        opened = dict(before.pop("datasets"))
    except (ValueError, KeyError, TypeError):
        return [f"{record.name} can't be read"]
    names = [*dict.fromkeys([*before, *inputs])]
    now = json.loads(json.dumps(dict(inputs)))
    found = [name for name in names if before.get(name) != now.get(name)]
    return found + [f"dataset {name}" for name, digest in opened.items() if datasets.get(name) != digest]


def read_opened(log: Path) -> dict[str, str]:
    """Return the datasets that a notebook opened, name to SHA-256, from what its store wrote down."""
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return dict(sorted(line.split(" ", 1) for line in lines))


# Times and run identifiers that papermill and nbclient stamp into a notebook: the wall clock leaves no trace.
_STAMPS = ("papermill", "execution")
# Without these a notebook would read other data than the version's; one that opens no datasets needs neither
# data nor store.
REQUIRED = ("study_file", "data", "store")


def is_literal(value: object) -> bool:
    """Tell whether a value is a literal or a list of literals, as a notebook's parameter cell can hold."""
    items = value if isinstance(value, list) else [value]
    return all(isinstance(item, str | int | float | bool | None) for item in items)


def choose_parameters(
    notebook: Path,
    provided: Mapping[str, Any],
    overrides: Mapping[str, Any],
    rules: Collection[str] = (),
) -> dict[str, Any]:
    """Return the values that a notebook gets: those provided that it has, and the report's own for it.

    What the study file (``rules`` are its names) or the report fixes for all notebooks alike can't be changed
    for one of them.

    Raises
    ------
    NotebookError
        The notebook doesn't exist, is no notebook, has parameters that a value given would not reach or
        lacks one that every notebook needs; the report overrides a name that the notebook doesn't have
        (papermill would accept it silently) or one that holds for the whole version.
    """
    known = read_parameters(notebook)
    needed = [name for name in REQUIRED if name not in known]
    if not _opens_datasets(notebook.read_text(encoding="utf-8")):
        needed = [name for name in needed if name not in ("data", "store")]
    if needed:
        raise NotebookError(
            f"{notebook}: has no parameter {', '.join(needed)}. Its second cell must bear the tag "
            "`parameters` and list them."
        )
    common = sorted(set(overrides) & {*provided, *rules})
    if common:
        raise NotebookError(
            f"{notebook}: {', '.join(common)} holds for the whole version; give it under `rules` or in the "
            "report's parameters, not for one notebook."
        )
    unknown = sorted(set(overrides) - set(known))
    if unknown:
        raise NotebookError(
            f"{notebook}: has no parameter {', '.join(unknown)}; its parameters: {', '.join(known)}."
        )
    odd = sorted(name for name, value in overrides.items() if not is_literal(value))
    if odd:
        raise NotebookError(f"{notebook}: {', '.join(odd)} must be text, numbers or a list; quote a date.")
    return {name: value for name, value in {**provided, **overrides}.items() if name in known}


def _opens_datasets(source: str) -> bool:
    return "open_study" in source


@dataclass(frozen=True)
class Job:
    """One notebook to run; all paths start at the project's folder, ``root``.

    Parameters
    ----------
    root
        The project's folder, where the notebook's relative paths start.
    notebook, parameters
        The notebook and its values, from ``choose_parameters``.
    executed
        Where the executed copy goes; it appears whole or not at all.
    failed
        Where the executed copy of a notebook that raised is kept.
    rows
        Where the result rows go that the notebook's displays carry.
    inputs
        Hashes of all else that the result depends on, and of the
        ``notebook`` itself as the build opened it.
    datasets
        The hashes of the analysis datasets; the notebook depends on those that it opened when it last ran.
    environment
        Variables that the kernel gets beside those of the process.
    rule
        By which an external version suppresses small counts of its displays; the kernel has it from the
        store of datasets that it opens.
    limits
        How long its kernel and its cells may take; they are no input of its numbers.
    after
        Names of the notebooks that have to run before it.
    reads
        Files that those write, which are inputs of this one, by the names of their hashes.
    preloaded
        Modules that the process of its kernel imports beforehand, for the sake of time alone.
    """

    root: Path
    notebook: Path
    parameters: Mapping[str, Any]
    executed: Path
    failed: Path
    rows: Path
    inputs: Mapping[str, str]
    datasets: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    rule: Rule | None = None
    limits: Limits = field(default_factory=Limits)
    after: tuple[str, ...] = ()
    reads: Mapping[str, Path] = field(default_factory=dict)
    preloaded: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The notebook's name, for example ``30-efficacy``."""
        return self.notebook.stem


class Attempt:
    """A job at the moment when it could run: the notebook's text, and all that the result depends on."""

    def __init__(self, job: Job) -> None:
        """Read the notebook. Raises PublishError where it isn't the one that the build opened."""
        self.job = job
        path = job.root / job.notebook
        self.source = plain_text(path.read_text(encoding="utf-8"))
        read = {name: file_hash(job.root / file) for name, file in job.reads.items()}
        self._depends: dict[str, Any] = {"notebook": text_hash(self.source), **job.inputs, **read}
        if self._depends["notebook"] != text_hash(self.source):
            raise PublishError(
                f"{job.notebook} changed while the build ran. Nothing was published; build again."
            )
        self._depends["parameters"] = job.parameters

    @cached_property
    def _record(self) -> Path:
        return (self.job.root / self.job.executed).with_suffix(".inputs.json")

    def reasons(self) -> list[str]:
        """Return why it has to run: what isn't there, or which inputs aren't those of the executed copy."""
        made = (self.job.root / self.job.executed, self.job.root / self.job.rows)
        return differences(self._record, self._depends, made, self.job.datasets)

    def begin(self) -> None:
        """Take away the mark that the copy is of its inputs, before anything of it changes."""
        self._record.unlink(missing_ok=True)

    def keep(self) -> None:
        """Mark the copy as that of the inputs; they must have been looked at since it was made."""
        opened = _opened(self.job)
        text = json.dumps({**self._depends, "datasets": read_opened(opened)}, sort_keys=True, indent=1)
        partial = self._record.with_name(f".partial-{self._record.name}")
        partial.write_text(text, encoding="utf-8")
        partial.replace(self._record)
        opened.unlink(missing_ok=True)


def run_job(job: Job, source: str, course: Course) -> None:
    """Run a notebook, whose text is ``source``; its executed copy appears whole or not at all.

    Raises
    ------
    NotebookError
        The notebook raised, died or was too slow: its name, cell, message and where the executed copy is; a
        display carries rows of another; a value didn't arrive in it; or, in an external version, it shows
        small counts without having opened the datasets, which say what to suppress.
    """
    # the imports of papermill and pandas take seconds: they wait until a notebook runs
    from csrkit.publish.engine import execute
    from csrkit.publish.fragments import collect_rows
    from csrkit.rows import write_rows

    rows, opened = job.root / job.rows, _opened(job)
    for path in (rows, opened):
        path.unlink(missing_ok=True)
    opened.parent.mkdir(parents=True, exist_ok=True)
    course.environment = {**course.environment, OPENED: str(opened.resolve())}
    try:
        executed = execute(source, job.parameters, course)
    except NotebookError as error:
        raise NotebookError(f"{job.notebook}: {error}{_keep_failed(job, course)}") from error
    check_arrival(executed, job.notebook, job.parameters)
    _strip_stamps(executed)
    found = collect_rows(executed, job.name)
    if job.rule is not None and not _opens_datasets(source):
        _refuse_small_counts(job, found, job.rule)
    write_rows(found, rows.parent, job.rule)
    _write(executed, job.root / job.executed)


def _refuse_small_counts(job: Job, rows: pd.DataFrame, rule: Rule) -> None:
    """Stop where a notebook that knows of no rule shows what the rule suppresses."""
    from csrkit.disclosure.small_counts import suppress

    gone = rows["value"].notna() & suppress(rows, rule)["value"].isna()
    if gone.any():
        shown = ", ".join(dict.fromkeys(rows.loc[gone, "display"]))
        raise NotebookError(
            f"{job.notebook}: shows small counts in {shown}. It opens no datasets, with which it would learn "
            "that this external version suppresses them. Open them by `open_study`; or, where the counts are "
            "no subjects of the trial, begin the cell with `#| discloses: nothing`."
        )


def _opened(job: Job) -> Path:
    """Return the file in which the notebook's store writes down the datasets that it opens."""
    return (job.root / job.executed).with_suffix(".opened")


def _keep_failed(job: Job, course: Course) -> str:
    if course.copy is None or course.stop.asked:
        return ""
    _write(course.copy, job.root / job.failed)
    return f"\nThe executed copy is kept in {job.failed}."


def _write(notebook: Any, path: Path) -> None:
    import nbformat

    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".partial-{path.name}")
    nbformat.write(notebook, partial)
    partial.replace(path)


def _strip_stamps(notebook: Any) -> None:
    for part in [notebook, *notebook.cells]:
        for name in _STAMPS:
            part.metadata.pop(name, None)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"  # the injected cell's id is random
