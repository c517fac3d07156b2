"""What a published version was made from: inputs, parameters, code and environment, each with its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import itpcsr
from itpcsr.build.notebooks import file_hash
from itpcsr.sdtm import Trial
from itpcsr.study import Report, read_study


def hash_files(root: Path, paths: Iterable[Path]) -> dict[str, str]:
    """Return path (relative to the root) to SHA-256, in order of the paths."""
    return {path.relative_to(root).as_posix(): file_hash(path) for path in sorted(paths)}


def hash_code() -> str:
    """Return one SHA-256 over the package's source files, by relative path and content."""
    package = Path(itpcsr.__file__).parent
    digest = hashlib.sha256()
    for name, content in hash_files(package, package.rglob("*.py")).items():
        digest.update(f"{name} {content}\n".encode())
    return digest.hexdigest()


def hash_inputs(trial: Trial, report: Report, root: Path) -> dict[str, str]:
    """Return the hashes of all that the notebooks' results depend on beside themselves."""
    data = {f"data {name}": file_hash(path) for name, path in sorted(trial.sources.items())}
    study = read_study(root / report.study)
    files = {"lock": root / "uv.lock", "study": root / report.study}
    if study.dose_finding is not None:
        files["scenarios"] = root / study.dose_finding.scenarios_file
    if study.immune.marker_table:
        files["markers"] = root / study.immune.marker_table
    others = {name: file_hash(path) for name, path in files.items() if path.exists()}
    return {**data, "code": hash_code(), **others}


def make_manifest(
    root: Path, parameters: Path, report: Report, trial: Trial, renderer: str
) -> dict[str, Any]:
    """Return the manifest of a version; it holds no time, no path outside the data's own names."""
    return {
        "report": report.report,
        "version": report.version,
        "status": report.status,
        "date": report.date.isoformat(),
        "data_cutoff": report.data_cutoff.isoformat() if report.data_cutoff else None,
        "simulated": trial.simulated,
        "renderer": renderer,
        "package": f"itpcsr {itpcsr.__version__}",
        "parameters": {"file": parameters.name, "sha256": file_hash(parameters)},
        "inputs": {
            name: {"file": path.name, "sha256": file_hash(path)}
            for name, path in sorted(trial.sources.items())
        },
        "notebooks": {
            name: file_hash(root / "notebooks" / f"{name}.ipynb") for name in sorted(report.notebooks)
        },
        "hashes": hash_inputs(trial, report, root),
    }


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write ``manifest.json``, then ``SHA256SUMS`` over every other file of the version."""
    text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
    files = [path for path in folder.rglob("*") if path.is_file()]
    lines = [f"{digest}  {name}\n" for name, digest in hash_files(folder, files).items()]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")
