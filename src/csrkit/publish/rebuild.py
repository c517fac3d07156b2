"""Make a published version again, elsewhere and from nothing; run it with one cause exchanged at a time."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from csrkit.errors import DataError, ItpcsrError
from csrkit.inputs.hashes import file_hash, hash_files, source_hash
from csrkit.inputs.packages import environment, hash_environment
from csrkit.parameters.report import Report, read_report
from csrkit.publish.notebook_parameters import read_parameters
from csrkit.publish.notebook_values import READS_ROWS
from csrkit.publish.pipeline import build_report, read_results, run_notebooks
from csrkit.publish.version import Program, Run, open_run
from csrkit.render.render import Engine
from csrkit.store import open_store
from csrkit.versions.compare import BECAUSE, PROGRAM, Comparison, attribute, read_both
from csrkit.versions.manifest import hash_code, hash_inputs, input_differences
from csrkit.versions.published import SIGNATURE, Fault, read_manifest
from csrkit.versions.staging import lock

# Make a published version again from its inputs, elsewhere and from nothing, and compare the bytes.

_LEFT_OUT = {"work", "output"}  # what a build makes; hidden folders hold no input


def rebuild(
    program: Program, folder: Path, parameters: Path, root: Path, say: Callable[[str], None]
) -> list[Fault]:
    """Return what a fresh build of the same version differs in; inputs that differ are named first.

    Nothing that an earlier build left behind is used: the project is read through links from an empty
    folder, so that every notebook runs. When the inputs aren't those of the manifest, no build is made.
    """
    manifest = read_manifest(folder)
    run = open_run(program, parameters, root)
    with lock(run.work):
        now = run.manifest(manifest["renderer"])
    if faults := [Fault("manifest.json", text) for text in input_differences(manifest, now)]:
        return faults
    with tempfile.TemporaryDirectory(prefix="itpcsr-rebuild-") as temporary:
        project = link_project(root.resolve(), Path(temporary) / "project")
        engine: Engine = "quarto" if manifest["renderer"].startswith("Quarto") else "embedded"
        inside = parameters.resolve().relative_to(root.resolve())
        again = build_report(program, project / inside, project, Path(temporary) / "output", engine, say)
        return list(_byte_differences(folder, again))


def link_project(root: Path, project: Path) -> Path:
    """Make a folder that reads as the project, without what builds have made; return it."""
    project.mkdir()
    for path in sorted(root.iterdir()):
        if path.name not in _LEFT_OUT and not path.name.startswith("."):
            (project / path.name).symlink_to(path)
    return project


def _byte_differences(folder: Path, again: Path) -> Iterator[Fault]:
    old, new = (
        hash_files(place, (path for path in place.rglob("*") if path.is_file() and path.name != SIGNATURE))
        for place in (folder, again)
    )
    for name in sorted(set(old) | set(new)):
        if name not in new:
            yield Fault(name, "a fresh build doesn't make this file")
        elif name not in old:
            yield Fault(name, "is missing: a fresh build makes it")
        elif old[name] != new[name]:
            yield Fault(name, "isn't what a fresh build from the same inputs makes")


# Why numbers changed: run the notebooks again with one cause exchanged at a time.

DATA, PARAMETERS = "data", "parameters"
# What of a version's parameters belongs to its data
_OF_DATA = {"data", "data_cutoff"}
# What of them makes no number
_OF_LOOKS = {"report", "version", "status", "title", "date", "pages", "fonts", "running"}
_PROGRAM = ("code", "lock", "environment")


@dataclass(frozen=True)
class _Side:
    """One of the two versions: its folder, its parameters, and its manifest."""

    folder: Path
    report: Report
    manifest: dict[str, Any]


def explain(
    program: Program, found: Comparison, old: Path, new: Path, root: Path, say: Callable[[str], None]
) -> Comparison:
    """Return the comparison with the cause of each changed number (column ``because``).

    The notebooks whose numbers changed run in a temporary folder, from the inputs that the manifests name:
    as the old version with the new data (and cut-off), and with the new parameters (study file, rules,
    settings of notebooks). Code and environment are those installed; where others made the old version, its
    own inputs run once by those of today. Where something isn't at hand, or such a run fails, the
    ``remark`` says so, and the differences of the manifests are all that is known.
    """
    try:
        because, done = _because(program, found, old, new, root, say)
    except ItpcsrError as error:
        reason = str(error).splitlines()[0]
        return replace(found, remark=f"No number was traced to one cause by running again: {reason}")
    return replace(found, numbers=found.numbers.assign(**{BECAUSE: because}), remark=done)


def _because(
    program: Program, found: Comparison, old: Path, new: Path, root: Path, say: Callable[[str], None]
) -> tuple[pd.Series, str]:
    """Return the causes in the numbers' order, and in a sentence how they were found."""
    with tempfile.TemporaryDirectory(prefix="itpcsr-compare-") as temporary:
        project = link_project(root.resolve(), Path(temporary) / "project")
        before, after = (_open(program, folder, root, project) for folder in (old, new))
        _need_program(after, project)
        names = list(found.numbers["notebook"].unique())
        rows = dict(zip((old, new), read_both(old, new), strict=True))
        base, runs = rows[old], []
        if not _same_program(before.manifest, after.manifest):
            runs.append(f"old data and parameters with the {PROGRAM} of {new.name}")
            say(f"Running {runs[-1]}")
            base = _run(program, project, root, before, before, names, say)
        causes = list(_exchangeable(before, after))
        exchanged = dict.fromkeys(causes, rows[new])
        for cause, of, on in ((DATA, before, after), (PARAMETERS, after, before)) if len(causes) > 1 else ():
            runs.append(f"old version with new {cause}")
            say(f"Running {runs[-1]}")
            exchanged[cause] = _run(program, project, root, of, on, names, say)
    because = attribute(found.numbers, rows[old], rows[new], base, exchanged)
    return because, _sentence(runs, causes)


def _sentence(runs: list[str], causes: list[str]) -> str:
    if runs:
        return f"Traced by running the notebooks again: {'; '.join(runs)}."
    return f"Nothing but the {causes[0]} differs, so that nothing had to run again." if causes else ""


def _open(program: Program, folder: Path, root: Path, project: Path) -> _Side:
    """Open a version's inputs and see that they are those of its manifest."""
    manifest = read_manifest(folder)
    wanted = manifest["parameters"]
    paths = sorted((project / "params").rglob("*.yml"))
    path = next((path for path in paths if file_hash(path) == wanted["sha256"]), None)
    if path is None:
        raise DataError(f"{folder}: its parameters ({wanted['file']}) aren't in params/ as they were.")
    report = read_report(path)
    # links lead to the project, but not to what lies beside it
    given = {name: (root / source).resolve() for name, source in report.given.items()}
    data = [(root / source).resolve() for source in report.data]
    report = report.model_copy(update={"data": data, "given": given})
    run = _open_report(program, project, root, report)
    now, then = (
        _without_program(hash_inputs(run.adam, run.report, run.study, project)),
        _without_program(manifest["hashes"]),
    )
    if other := [name for name in sorted(now.keys() | then.keys()) if now.get(name) != then.get(name)]:
        raise DataError(f"{folder}: not at hand as they were: {', '.join(other)}.")
    return _Side(folder, report, manifest)


def _without_program(hashes: dict[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in hashes.items() if name not in _PROGRAM}


def _open_report(program: Program, project: Path, root: Path, report: Report) -> Run:
    """Open a version in the temporary project, with the datasets that a build has derived of its inputs."""
    path = project / f"{report.report}.yml"
    text = yaml.safe_dump(report.model_dump(mode="json"), allow_unicode=True, sort_keys=False)
    path.write_text(text, encoding="utf-8")
    run = open_run(program, path, project)
    for store in sorted((root / "work").glob("*/adam")):
        found = open_store(store)
        if found is not None and found.parts == run.parts and not run.store.exists():
            shutil.copytree(store, run.store)
    return run


def _need_program(side: _Side, project: Path) -> None:
    """See that today's code, lock file and notebooks are those that made a version."""
    lock = project / "uv.lock"
    today = {
        "code": hash_code(),
        "lock": file_hash(lock),
        "environment": hash_environment(environment(lock), lock),
    }
    made_by = {name: today[name] for name in _PROGRAM} | side.manifest["hashes"]
    other = [name for name in _PROGRAM if today[name] != made_by[name]]
    for name, digest in side.manifest["notebooks"].items():
        notebook = project / "notebooks" / f"{name}.ipynb"
        if not notebook.exists() or source_hash(notebook) != digest:
            other.append(f"notebook {name}")
    if other:
        raise DataError(f"{side.folder}: was made by another program than today's: {', '.join(other)}.")


def _same_program(old: dict[str, Any], new: dict[str, Any]) -> bool:
    same = all(old["hashes"].get(name) == new["hashes"].get(name) for name in _PROGRAM)
    notebooks = set(old["notebooks"]) & set(new["notebooks"])
    return (
        same
        and old.get("environment") == new.get("environment")
        and all(old["notebooks"][name] == new["notebooks"][name] for name in notebooks)
    )


def _exchangeable(before: _Side, after: _Side) -> Iterator[str]:
    """Yield which of data and parameters differ."""
    hashes = [_without_program(side.manifest["hashes"]).items() for side in (before, after)]
    files = {name for name, _ in hashes[0] ^ hashes[1]}
    if (
        any(name.startswith("data ") for name in files)
        or before.report.data_cutoff != after.report.data_cutoff
    ):
        yield DATA
    rules = [side.report.model_dump(exclude={*_OF_DATA, *_OF_LOOKS, "study"}) for side in (before, after)]
    if any(not name.startswith("data ") for name in files) or rules[0] != rules[1]:
        yield PARAMETERS


def _with_read(project: Path, all_names: list[str], names: set[str]) -> set[str]:
    """Return the notebooks to run: with one that reads the rows of others, all that stand before it."""
    readers = [
        place
        for place, name in enumerate(all_names)
        if name in names and READS_ROWS in read_parameters(project / "notebooks" / f"{name}.ipynb")
    ]
    return names | set(all_names[: max(readers, default=0)])


def _run(
    program: Program,
    project: Path,
    root: Path,
    parameters: _Side,
    data: _Side,
    names: Iterable[str],
    say: Callable[[str], None],
) -> pd.DataFrame:
    """Return the result rows of one version's parameters on the other's data."""
    chosen = parameters.report.notebooks
    needed = _with_read(project, list(chosen), set(names))
    report = parameters.report.model_copy(
        update={
            "report": f"parameters-{parameters.report.report}-data-{data.report.report}",
            **{name: getattr(data.report, name) for name in _OF_DATA},
            "notebooks": {name: chosen[name] for name in chosen if name in needed},
        }
    )
    run = _open_report(program, project, root, report)
    run_notebooks(run, say)
    return read_results(run)
