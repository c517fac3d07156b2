"""Publish a version: everything beside the rendered report, then the whole folder at once."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from csrkit.charts.chart_data import chart_csv
from csrkit.design import Described
from csrkit.errors import PublishError
from csrkit.inputs.hashes import file_hash
from csrkit.parameters.report import Report
from csrkit.publish.fragments import Display
from csrkit.publish.memo import Memo
from csrkit.publish.notebook_pages import notebook_page
from csrkit.publish.staging import make_read_only, staging
from csrkit.small_texts import usual_texts
from csrkit.tables import writers
from csrkit.tables.csv_text import frame_csv, write_csv
from csrkit.versions.bill import write_bill
from csrkit.versions.crate import write_crate
from csrkit.versions.manifest import input_differences, write_manifest, write_sums
from csrkit.versions.published import MANIFEST, notice_for, read_manifest
from csrkit.versions.verify import verify


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
