"""A published version as a research object: RO-Crate metadata that say what each file is and what made it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from csrkit.design import Described
from csrkit.inputs.hashes import file_hash
from csrkit.parameters.report import Report
from csrkit.publish.fragments import Display
from csrkit.versions.published import BILL, CRATE, INPUTS, MANIFEST, REAL_STATEMENT, SIMULATED_NOTICE, SUMS

if TYPE_CHECKING:
    from rocrate.model import Entity
    from rocrate.rocrate import ROCrate

_VERSION = "1.2"
_LICENCE = {"@id": "https://spdx.org/licenses/MIT", "name": "MIT License"}
_ASSETS = "site_libs"  # style sheets, scripts and fonts of the pages: one entity for all
_FORMATS = {
    ".csv": "text/csv",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".html": "text/html",
    ".ipynb": "application/x-ipynb+json",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".rtf": "application/rtf",
    "": "text/plain",
}
_NAMES = {
    "index.html": "The report: title page",
    "csr.pdf": "The report as PDF",
    "csr.docx": "The report as a Word document",
    "results.parquet": "Result rows: every number of the report",
    "results.csv": "Result rows: every number of the report",
    "findings.csv": "Findings of the review of the data",
    MANIFEST: "What this version was made from",
    BILL: "Software bill of materials (CycloneDX)",
    SUMS: "SHA-256 of every file of this version",
}


def write_crate(
    folder: Path, report: Report, study: Described, displays: Sequence[Display], manifest: Mapping[str, Any]
) -> None:
    """Write ``ro-crate-metadata.json`` (RO-Crate 1.2) over the files there.

    The inputs aren't part of a version; they are named with their SHA-256. The only date is the report's.
    A licence is stated for the program, and for a version whose data are the repository's simulated ones.
    """
    # the library is imported where it is used: the command line and the notebooks start without it
    from rocrate.rocrate import ROCrate

    crate = ROCrate(version=_VERSION)
    _describe_version(crate, report, study, manifest)
    captions = {display.label: display.caption for display in displays}
    outputs = _add_files(crate, folder, captions)
    crate.root_dataset["hasPart"] = outputs  # the library lists what lies in folders here, too
    program = _add_software(crate, manifest)
    action = _entity(
        crate,
        "#build",
        "CreateAction",
        name=f"Build of {report.report}, version {report.version}",
        instrument=program,
        object=[*_add_inputs(crate, manifest)],
        result=outputs,
    )
    crate.root_dataset["mentions"] = action
    text = json.dumps(crate.metadata.generate(), indent=2, sort_keys=True, ensure_ascii=False)
    (folder / CRATE).write_text(text + "\n", encoding="utf-8")


def _entity(crate: ROCrate, ident: str, kind: str | list[str], **properties: Any) -> Entity:
    from rocrate.model import ContextEntity

    return crate.add(ContextEntity(crate, ident, properties={"@type": kind, **properties}))


def _describe_version(crate: ROCrate, report: Report, study: Described, manifest: Mapping[str, Any]) -> None:
    root = crate.root_dataset
    root["name"] = f"{report.title} of {study.identity.study_id}, version {report.version} ({report.status})"
    statement = SIMULATED_NOTICE if manifest["simulated"] else REAL_STATEMENT
    root["description"] = f"{study.identity.short_title}. {statement}"
    root["datePublished"] = report.date.isoformat()
    root["version"] = report.version
    text = "Use, copying, change and distribution are free where the notice of copyright is kept."
    licence = _entity(crate, _LICENCE["@id"], "CreativeWork", name=_LICENCE["name"], description=text)
    if manifest["simulated"]:
        root["license"] = licence


def _add_files(crate: ROCrate, folder: Path, captions: Mapping[str, str]) -> list[Entity]:
    """Add every file, below its folder; return the files and folders of the top."""
    top = []
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name != CRATE:
            top.append(_add_file(crate, path, folder, captions))
        elif path.is_dir():
            top.append(_add_folder(crate, path, folder, captions))
    top.append(_add_sums(crate))
    return top


def _add_folder(crate: ROCrate, path: Path, folder: Path, captions: Mapping[str, str]) -> Entity:
    entity = crate.add_dataset(dest_path=f"{path.name}/", properties={"name": path.name})
    if path.name == _ASSETS:
        entity["name"] = "Style sheets and scripts of the pages"
        return entity
    parts = [_add_file(crate, part, folder, captions) for part in sorted(path.rglob("*")) if part.is_file()]
    entity["hasPart"] = parts
    return entity


def _add_file(crate: ROCrate, path: Path, folder: Path, captions: Mapping[str, str]) -> Entity:
    name = path.relative_to(folder).as_posix()
    properties = {
        "name": _name_of(name, captions),
        "contentSize": str(path.stat().st_size),
        "sha256": file_hash(path),
    }
    if path.suffix in _FORMATS:
        properties["encodingFormat"] = _FORMATS[path.suffix]
    return crate.add_file(dest_path=quote(name), properties=properties)


def _add_sums(crate: ROCrate) -> Entity:
    """Add the list of hashes, which is written last: it holds the hash of the metadata, too."""
    return crate.add_file(dest_path=SUMS, properties={"name": _NAMES[SUMS], "encodingFormat": "text/plain"})


def _name_of(name: str, captions: Mapping[str, str]) -> str:
    """Return what a file is, in words."""
    path = Path(name)
    kind = path.parts[0] if len(path.parts) > 1 else ""
    if kind == "tables":
        label = path.stem.removesuffix("-rows")
        return f"{captions.get(label, label)}{': result rows' if path.stem != label else ''}"
    if kind == "adam":
        return f"Analysis dataset {path.stem.upper()}"
    if kind == "notebooks":
        return f"Notebook {path.stem}, executed{' (as a page)' if path.suffix == '.html' else ''}"
    if kind == "subjects":
        return f"Course of subject {path.stem}"
    return _NAMES.get(name, path.name)


def _add_software(crate: ROCrate, manifest: Mapping[str, Any]) -> Entity:
    """Add the program, which needs the interpreter, the renderer and what the bill of materials lists."""
    package = str(manifest["package"])
    renderer = str(manifest["renderer"])
    own = f"pkg:generic/{package.replace(' ', '@')}"  # the embedded renderer is a part of it
    needs = [
        _software(crate, "#python", f"Python {manifest['environment']['python']}", "https://www.python.org/"),
        _software(crate, "#renderer", renderer, "https://quarto.org/" if "Quarto" in renderer else own),
        crate.dereference(BILL),
    ]
    program = _software(crate, "#program", package, own)
    program["softwareRequirements"] = [need for need in needs if need is not None]
    program["license"] = crate.dereference(_LICENCE["@id"])
    return program


def _software(crate: ROCrate, ident: str, text: str, url: str) -> Entity:
    name, _, version = text.partition(" ")
    title = "embedded renderer" if name == "embedded" else name
    return _entity(crate, ident, "SoftwareApplication", name=title, version=version, url=url)


def _add_inputs(crate: ROCrate, manifest: Mapping[str, Any]) -> Iterator[Entity]:
    """Add what the version was made from, each with its SHA-256; none of it lies in the version."""
    for ident, name, digest in _inputs(manifest):
        yield _entity(crate, ident, "CreativeWork", name=name, sha256=digest)


def _inputs(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield identifier, name and SHA-256 of each input."""
    for domain, file in manifest["inputs"].items():
        yield f"#data/{quote(domain)}", f"Trial data, SDTM domain {domain}: {file['file']}", file["sha256"]
    own = manifest["parameters"]
    yield "#parameters", f"Parameters of the version: {own['file']}", own["sha256"]
    for name, digest in manifest["hashes"].items():
        if name in INPUTS:
            yield f"#{name}", INPUTS[name], digest
    for name, digest in manifest["fonts"].items():
        yield f"#font/{quote(name)}", f"Font of PDF and charts: {name}", digest
    for name, digest in manifest["notebooks"].items():
        yield f"#notebook/{name}", f"Notebook {name}", digest
    for name, digest in manifest["pages"].items():
        yield f"#source/{quote(name)}", f"Source of the report: {name}", digest
