"""What a published version was made from: inputs, parameters, code and environment, each with its hash."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import itpcsr
from itpcsr.build.hashes import file_hash, hash_files
from itpcsr.build.published import MANIFEST, SUMS
from itpcsr.sdtm import Trial
from itpcsr.study import Report, Study, read_study

# What the results depend on beside data, notebooks and parameters, in words
INPUTS = {
    "study": "Study file: what the protocol fixes",
    "markers": "Markers of immune function",
    "scenarios": "True rates for simulated designs",
    "related": "Related studies of the registry record",
    "code": "Program: all files of the package",
    "lock": "Lock file: versions of all packages",
}


def hash_code() -> str:
    """Return one SHA-256 over all files of the package, by relative path and content."""
    package = Path(itpcsr.__file__).parent
    digest = hashlib.sha256()
    for name, content in hash_files(
        package, (path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    ).items():
        digest.update(f"{name} {content}\n".encode())
    return digest.hexdigest()


def hash_inputs(trial: Trial, report: Report, root: Path) -> dict[str, str]:
    """Return the hashes of all that the notebooks' results depend on beside themselves."""
    data = {f"data {name}": file_hash(path) for name, path in sorted(trial.files.items())}
    study = read_study(root / report.study)
    files = {"lock": root / "uv.lock", "study": root / report.study}
    if study.dose_finding is not None:
        files["scenarios"] = root / study.dose_finding.scenarios_file
    if study.immune.marker_table:
        files["markers"] = root / study.immune.marker_table
    if study.identity.related_studies:
        files["related"] = root / study.identity.related_studies
    others = {name: file_hash(path) for name, path in files.items() if path.exists()}
    return {**data, "code": hash_code(), **others}


def make_manifest(
    root: Path,
    parameters: Path,
    report: Report,
    study: Study,
    trial: Trial,
    renderer: str,
    fonts: Mapping[str, str],
) -> dict[str, Any]:
    """Return the manifest of a version; it holds no time, no path outside the data's own names.

    ``fonts`` are the files that PDF and charts are set in, name to SHA-256.
    ``docs/manifest.schema.json`` describes it for machines.
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
        "simulated": trial.simulated,
        "renderer": renderer,
        "confidence_level": report.confidence_level,
        "columns": [
            column.model_dump(include={"key", "label", "spanner", "arms"}) for column in study.design.columns
        ],
        "package": f"itpcsr {itpcsr.__version__}",
        "parameters": {"file": parameters.name, "sha256": file_hash(parameters)},
        "inputs": {
            name: {"file": path.name, "sha256": file_hash(path)} for name, path in sorted(trial.files.items())
        },
        "notebooks": {
            name: file_hash(root / "notebooks" / f"{name}.ipynb") for name in sorted(report.notebooks)
        },
        "pages": hash_files(root, _pages(root, report)),
        "fonts": dict(sorted(fonts.items())),
        "environment": _environment(),
        "hashes": hash_inputs(trial, report, root),
    }


def _pages(root: Path, report: Report) -> list[Path]:
    """Return the sources of the report's words and look."""
    folders = [root / "report", root / "_extensions"]
    if report.pages is not None:
        folders.append(root / report.pages)
    files = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
    return [root / "_quarto.yml", root / "index.qmd", *files]


def _environment() -> dict[str, Any]:
    """Return the interpreter and the version of every installed package."""
    packages = {dist.name.lower(): dist.version for dist in distributions() if dist.name}
    return {"python": platform.python_version(), "packages": dict(sorted(packages.items()))}


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


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write ``manifest.json``."""
    text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def write_sums(folder: Path) -> None:
    """Write ``SHA256SUMS`` over every other file of the version."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != SUMS]
    lines = [f"{digest}  {name}\n" for name, digest in hash_files(folder, files).items()]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")
