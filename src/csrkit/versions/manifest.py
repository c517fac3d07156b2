"""What a published version was made from: inputs, parameters, code and environment, each with its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import csrkit
from csrkit.charts.vega import BUNDLE
from csrkit.design import Described
from csrkit.inputs.distributions import environment, hash_environment, version_changes
from csrkit.inputs.hashes import hash_files
from csrkit.inputs.imports import PACKAGES, SOURCE
from csrkit.parameters.report import Report
from csrkit.publish.hashes import source_hash
from csrkit.publish.opened import Opened, Seen
from csrkit.sdtm.read import list_files
from csrkit.store import Adam
from csrkit.versions.published import MANIFEST, SUMS

# How a file's hash is had: as it is now, or as it was when it was opened
HashOf = Callable[[Path], str]


def _code_files() -> list[Path]:
    """Return all files of the packages."""
    folders = [SOURCE / package for package in PACKAGES]
    return [path for folder in folders for path in _files(folder) if "__pycache__" not in path.parts]


def _files(folder: Path) -> list[Path]:
    """Return all files below a folder but hidden ones, such as editors keep beside an open file."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]


def hash_code(hash_of: HashOf = source_hash) -> str:
    """Return one SHA-256 over all files of the packages, by relative path and content."""
    digest = hashlib.sha256()
    for name, content in hash_files(SOURCE, _code_files(), hash_of).items():
        digest.update(f"{name} {content}\n".encode())
    return digest.hexdigest()


def hash_inputs(
    adam: Adam, report: Report, study: Described, root: Path, hash_of: HashOf = source_hash
) -> dict[str, str]:
    """Return the hashes of all that the notebooks' results depend on beside themselves."""
    data = {f"data {name}": file["sha256"] for name, file in sorted(adam.files.items())}
    files = {"lock": root / "uv.lock", "study": root / report.study}
    files |= {name: root / file for name, file in study.files.items()}
    others = {name: hash_of(path) for name, path in files.items() if path.exists()}
    installed = hash_environment(environment(files["lock"]), files["lock"])
    return {**data, "code": hash_code(hash_of), **others, "environment": installed}


def make_manifest(
    root: Path,
    parameters: Path,
    report: Report,
    study: Described,
    adam: Adam,
    renderer: str,
    fonts: Mapping[str, str],
    hash_of: HashOf = source_hash,
) -> dict[str, Any]:
    """Return the manifest of a version; it holds no time, no path outside the data's own names.

    ``fonts`` are the files that PDF and charts are set in, name to SHA-256. ``hash_of`` gives a file's hash;
    a build takes those of the files as it opened them. ``docs/manifest.schema.json`` describes the manifest
    for machines.
    """
    disclosed = {"disclosure": {"level": "external", "minimum_count": report.minimum_count}}
    return {
        **(disclosed if report.external else {}),
        "manifest": 1,
        "report": report.report,
        "version": report.version,
        "status": report.status,
        "date": report.date.isoformat(),
        "data_cutoff": report.cutoff,
        "simulated": adam.simulated,
        "renderer": renderer,
        "confidence_level": report.confidence_level,
        "columns": [
            column.model_dump(include={"key", "label", "spanner", "arms"}) for column in study.design.columns
        ],
        "package": f"itpcsr {csrkit.__version__}",
        "parameters": {"file": parameters.name, "sha256": hash_of(parameters)},
        "inputs": {name: dict(file) for name, file in sorted(adam.files.items())},
        "notebooks": {
            name: hash_of(root / "notebooks" / f"{name}.ipynb") for name in sorted(report.notebooks)
        },
        "pages": hash_files(root, _pages(root, report), hash_of),
        "fonts": dict(sorted(fonts.items())),
        "environment": environment(root / "uv.lock"),
        "hashes": hash_inputs(adam, report, study, root, hash_of),
    }


def _pages(root: Path, report: Report) -> list[Path]:
    """Return the sources of the report's words and look."""
    folders = [root / "report", root / "_extensions"]
    if report.pages is not None:
        folders.append(root / report.pages)
    files = {path for folder in folders for path in _files(folder)}
    files.discard(root / BUNDLE)  # made by each assembly; in the root it is a link to the last one
    return [root / "_quarto.yml", root / "index.qmd", *files]


def open_inputs(
    root: Path,
    parameters: Path,
    report: Report,
    study: Described,
    adam: Adam,
    fonts: Mapping[str, str],
    seen: Seen,
) -> Opened:
    """Take down all inputs of a version as they are; ``seen`` knows those that have been read."""
    manifest = make_manifest(root, parameters, report, study, adam, "", fonts, seen.hash)

    def listed() -> list[Path]:
        return [*_code_files(), *_pages(root, report), *list_files(root / path for path in report.data)]

    for path in listed():
        seen.hash(path)

    return Opened(root, seen, manifest, listed)


def input_differences(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """Yield a sentence for each input in which two manifests differ: data, parameters, code, environment."""
    for name in ("report", "version", "data_cutoff", "renderer"):
        if old.get(name) != new.get(name):
            yield f"{name} was {old.get(name)!r} and is {new.get(name)!r} now"
    if old["parameters"]["sha256"] != new["parameters"]["sha256"]:
        yield f"the parameters ({new['parameters']['file']}) aren't those of the published version"
    for kind in ("hashes", "notebooks", "pages", "fonts"):
        before, after = old.get(kind, {}), new.get(kind, {})
        for name in sorted(set(before) | set(after)):
            if before.get(name) != after.get(name):
                state = "is new" if name not in before else "is gone" if name not in after else "differs"
                yield f"input {name} {state}"
    if old["hashes"].get("environment") != new["hashes"].get("environment"):
        yield from version_changes(old["environment"], new["environment"])


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write ``manifest.json``."""
    text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def write_sums(folder: Path) -> None:
    """Write ``SHA256SUMS`` over every other file of the version."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != SUMS]
    lines = [f"{digest}  {name}\n" for name, digest in hash_files(folder, files).items()]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")
