"""Publish a version: everything beside the rendered report, its RO-Crate, then the whole folder at once."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pandas as pd

from csrkit.charts.drawing import chart_csv
from csrkit.design import Described
from csrkit.errors import PublishError
from csrkit.inputs.hashes import file_hash
from csrkit.made_files import Memo
from csrkit.parameters.report import Report
from csrkit.publish.fragments import Display
from csrkit.publish.notebook_pages import notebook_page
from csrkit.small_texts import usual_texts
from csrkit.tables import writers
from csrkit.tables.escape import frame_csv, write_csv
from csrkit.versions.manifest import input_differences, write_bill, write_manifest, write_sums
from csrkit.versions.published import (
    BILL,
    CRATE,
    INPUTS,
    MANIFEST,
    REAL_STATEMENT,
    SIMULATED_NOTICE,
    SUMS,
    notice_for,
    read_manifest,
)
from csrkit.versions.staging import make_read_only, staging
from csrkit.versions.verify import verify

if TYPE_CHECKING:
    from rocrate.model import Entity
    from rocrate.rocrate import ROCrate

# A published version as a research object: RO-Crate metadata that say what each file is and what made it.

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


# Publish a version: everything beside the rendered report, then the whole folder at once.


def refuse_final(output: Path, report: Report, now: Callable[[], dict[str, Any]] | None = None) -> None:
    """Stop before any work when this version exists and is final (PublishError says what to do).

    ``now`` makes the manifest that a build would have; the error then says which inputs differ.
    """
    target = output / report.name
    if not (target / MANIFEST).exists():
        return
    manifest = read_manifest(target)
    if manifest["status"] != "final":
        return
    text = f"{target}: this version is final and is never overwritten. Raise `version` in the parameters."
    if now is not None:
        found = [*input_differences(manifest, now())]
        text += "\n" + ("\n".join(f"  {line}" for line in found) or "  Its inputs are those of today.")
    raise PublishError(text)


def publish(
    output: Path,
    report: Report,
    study: Described,
    book: Path,
    executed: Sequence[Path],
    displays: Sequence[Display],
    rows: pd.DataFrame,
    datasets: Mapping[str, Path],
    findings: pd.DataFrame,
    manifest: dict[str, Any],
    bill: dict[str, Any],
    rows_folder: Path,
    inspect: Callable[[Path], None] = lambda folder: None,
    memo: Memo | None = None,
) -> Path:
    """Write ``output/<report>-<version>/``, whole or not at all, and return it.

    The folder is filled under another name beside its place and renamed at the end; a draft of the same
    version that stood there is replaced. The files of a final version can't be written to. An external
    version goes without records of subjects. ``datasets`` are the files of the analysis datasets, which are
    published as they are, ``rows_folder`` has a folder for each notebook, with the files that it wrote.
    ``inspect`` sees the folder before, and raises to stop. Pages and tables that ``memo`` has from the same
    inputs aren't made again. PublishError where ``verify`` would find a fault.
    """
    refuse_final(output, report)
    target = output / report.name
    memo = memo or Memo()
    with staging(target) as folder:
        shutil.copytree(book, folder, dirs_exist_ok=True)
        notice = notice_for(bool(manifest["simulated"]))
        _write_notebooks(folder, executed, displays, notice, memo)
        text = frame_csv(rows)
        (folder / "results.csv").write_text(text, encoding="utf-8", newline="\n")
        by_display = _lines_by_display(rows, text)
        _write_tables(folder / "tables", displays, by_display, _subtitle(report, study, notice), memo)
        if not report.external:
            _copy_files(folder / "tables", displays, rows_folder)
        usual_texts(rows).to_parquet(folder / "results.parquet", index=False)
        if not report.external:
            write_csv(findings, folder / "findings.csv")
            (folder / "adam").mkdir()
            for name, path in sorted(datasets.items()):
                shutil.copyfile(path, folder / "adam" / f"{name}.parquet")
        write_manifest(folder, manifest)
        write_bill(folder, bill)
        write_crate(folder, report, study, displays, manifest)
        inspect(folder)
        write_sums(folder)
        _refuse_faults(folder)
        if report.status == "final":
            make_read_only(folder)
    return target


def _refuse_faults(folder: Path) -> None:
    """Stop before a version appears in which ``verify`` finds a fault."""
    if faults := verify(folder):
        lines = "\n".join(f"  {fault.file}: {fault.problem}" for fault in faults)
        raise PublishError(
            f"The version contradicts itself, so nothing was published:\n{lines}\n"
            "The same number or sentence differs between its files. Build again; where that doesn't help, "
            "this is a fault of the program: report it with these lines."
        )


def _write_notebooks(
    folder: Path, executed: Sequence[Path], displays: Sequence[Display], notice: str, memo: Memo
) -> None:
    target = folder / "notebooks"
    target.mkdir()
    scripts = next((folder / "site_libs").glob("**/csr.js")).parent
    assets = Path("..") / scripts.relative_to(folder)
    for path in executed:
        shutil.copyfile(path, target / path.name)
        own = [display for display in displays if display.notebook == path.stem]
        inputs = (path.stem, file_hash(target / path.name), assets.as_posix(), notice, own)
        page = memo.text("notebook", inputs, partial(notebook_page, path, assets, notice, own))
        (target / f"{path.stem}.html").write_text(page, encoding="utf-8")


def _subtitle(report: Report, study: Described, notice: str) -> str:
    text = f"{study.identity.study_id}, version {report.version} ({report.status})"
    return f"{text}. {notice}" if notice else text


def _lines_by_display(rows: pd.DataFrame, text: str) -> dict[str, str]:
    """Return the result rows of each display as CSV, from all of them as CSV: no text has two lines."""
    heads, *lines, _ = text.split("\n")
    return {
        str(display): "\n".join([heads, *(lines[place] for place in places), ""])
        for display, places in rows.groupby("display").indices.items()
    }


def _write_tables(
    folder: Path,
    displays: Sequence[Display],
    by_display: Mapping[str, str],
    subtitle: str,
    memo: Memo,
) -> None:
    """Write each display's result rows, each table as CSV and RTF, each chart's data as CSV."""
    folder.mkdir()
    for display in displays:
        if display.label in by_display:
            path = folder / f"{display.label}-rows.csv"
            path.write_text(by_display[display.label], encoding="utf-8", newline="\n")
        if display.chart is not None:
            (folder / f"{display.label}.csv").write_text(chart_csv(display.chart), encoding="utf-8")
        if display.table is not None:
            if not display.table.file:
                text = writers.to_csv(display.table)
                (folder / f"{display.label}.csv").write_text(text, encoding="utf-8")
            given = (display.table, display.caption, subtitle)
            document = memo.text("rtf", given, partial(writers.to_rtf, *given))
            (folder / f"{display.label}.rtf").write_text(document, encoding="ascii")


def _copy_files(folder: Path, displays: Sequence[Display], rows_folder: Path) -> None:
    """Copy the files of listings and prose that are too long to be printed, as their notebooks wrote them.

    Raises PublishError for a file that is missing or isn't the one that the notebook names.
    """
    for display in displays:
        shown = display.table or display.prose
        if shown is None or not shown.file:
            continue
        source = rows_folder / display.notebook / shown.file
        content = source.read_bytes() if source.exists() else b""
        if hashlib.sha256(content).hexdigest() != shown.digest:
            raise PublishError(
                f"{source}: is not the file that {display.notebook} wrote for {display.label}. Delete "
                f"{source.parent} and build again."
            )
        (folder / shown.file).write_bytes(content)
