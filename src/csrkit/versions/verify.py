"""Verify a published version: its files, and that all of them say the same numbers as the result rows."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
import pandas as pd
from lxml.etree import LxmlError

from csrkit.inputs.hashes import file_hash
from csrkit.plain_text import plain_text
from csrkit.rows import read_rows
from csrkit.versions import page_reading as reading
from csrkit.versions.printed_numbers import Backing, check_subject_pages
from csrkit.versions.published import (
    BILL,
    CRATE,
    MANIFEST,
    SIGNATURE,
    SUMS,
    Cells,
    Fault,
    Shown,
    csv_cells,
    csv_lines,
    read_manifest,
    read_shown,
    read_sums,
    table_cells,
    table_heads,
    unguarded,
)
from csrkit.vocabulary import LEVEL

# Verify the files of a published version: those that `SHA256SUMS` names, unchanged, and nothing else.


def check_kinds(folder: Path) -> Iterator[Fault]:
    """Yield what is neither file nor folder: a version is whole in itself, so it holds no link."""
    for place, folders, files in os.walk(folder):
        for path in sorted(Path(place, name) for name in [*folders, *files]):
            mode = path.lstat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                kind = "a link" if stat.S_ISLNK(mode) else "a pipe or device"
                yield Fault(path.relative_to(folder).as_posix(), f"is {kind}; a version has none")


def check_files(folder: Path) -> Iterator[Fault]:
    """Yield changed, missing and unknown files."""
    sums = read_sums(folder)
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    for name, digest in sorted(sums.items()):
        if name not in found:
            yield Fault(name, "is missing")
        elif file_hash(found[name]) != digest:
            yield Fault(name, "has changed since it was published (SHA-256)")
    for name in sorted(set(found) - set(sums) - {SUMS, SIGNATURE}):
        yield Fault(name, "is unknown: it doesn't belong to the published version")


# Whether manifest, report, RO-Crate, bill and checksums name the same inputs and files.

_HASH = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_LARGE = re.compile(r"<script.*?</script>|<svg.*?</svg>", re.DOTALL)
# Folders that the metadata describe as a whole
_WHOLE = ("site_libs/",)


def check_origin(folder: Path, manifest: Mapping[str, Any], pages: Mapping[str, str]) -> Iterator[Fault]:
    """Yield where the witnesses of a version's origin differ; what a version doesn't have is passed over."""
    yield from _check_page(manifest, pages)
    if (folder / CRATE).exists():
        yield from _check_crate(read_sums(folder), manifest, _read(folder / CRATE)["@graph"])
    if (folder / BILL).exists():
        yield from _check_bill(manifest, _read(folder / BILL))


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _hashes(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return SHA-256 to the name of the input in the manifest; the sources of the pages are no part."""
    named = {f"data {domain}": file["sha256"] for domain, file in manifest.get("inputs", {}).items()}
    named |= {"parameters": manifest["parameters"]["sha256"]}
    named |= {f"notebook {name}": digest for name, digest in manifest["notebooks"].items()}
    named |= {f"font {name}": digest for name, digest in manifest.get("fonts", {}).items()}
    named |= manifest["hashes"]
    return {digest: name for name, digest in named.items()}


def _check_page(manifest: Mapping[str, Any], pages: Mapping[str, str]) -> Iterator[Fault]:
    """The report shows the hash of every input, and none that the manifest doesn't have."""
    known = _hashes(manifest)
    shown = {page: set(_HASH.findall(_LARGE.sub("", text))) for page, text in pages.items()}
    for page, digests in shown.items():
        for digest in sorted(digests - set(known)):
            yield Fault(page, f"shows the SHA-256 {digest[:8]}…, which {MANIFEST} doesn't have")
    everything = set().union(*shown.values())
    if everything:
        for digest in sorted(set(known) - everything, key=known.__getitem__):
            yield Fault(MANIFEST, f"{known[digest]}: the report shows another SHA-256 or none")


def _check_crate(
    sums: Mapping[str, str], manifest: Mapping[str, Any], graph: list[dict[str, Any]]
) -> Iterator[Fault]:
    """The metadata name every file with its hash, and every input with the manifest's."""
    files = {unquote(node["@id"]): node.get("sha256") for node in graph if node["@type"] == "File"}
    for name, digest in sums.items():
        if name == CRATE or name.startswith(_WHOLE):
            continue
        if name not in files:
            yield Fault(CRATE, f"doesn't name {name}")
        elif files[name] != digest:
            yield Fault(CRATE, f"{name} has another SHA-256 here than in {SUMS}")
    for name in sorted(set(files) - set(sums) - {SUMS}):
        yield Fault(CRATE, f"names {name}, which {SUMS} doesn't")
    inputs = {node["sha256"] for node in graph if node["@id"].startswith("#") and "sha256" in node}
    for digest, name in _hashes(manifest).items():
        if digest not in inputs:
            yield Fault(CRATE, f"{name} has another SHA-256 here than in {MANIFEST}, or none")


def _check_bill(manifest: Mapping[str, Any], bill: Mapping[str, Any]) -> Iterator[Fault]:
    """The bill has the versions of the manifest's packages."""
    known = {re.sub(r"[-_.]+", "-", name): v for name, v in manifest["environment"]["packages"].items()}
    for component in bill["components"]:
        name, version = component["name"], component["version"]
        if component["type"] == "library" and known.get(name) != version:
            yield Fault(BILL, f"{name} is {version} here and {known.get(name, 'absent')} in {MANIFEST}")


# Whether files that repeat result rows or the data of charts repeat them rightly.

_ROWS = "-rows.csv"


def check_row_files(folder: Path) -> Iterator[Fault]:
    """Each display's file of result rows has those of ``results.csv``."""
    heads, *rows = _verify_copies_read(folder / "results.csv")
    by_display: dict[str, list[list[str]]] = {}
    for row in rows:
        by_display.setdefault(row[0], []).append(row)
    for path in sorted((folder / "tables").glob(f"*{_ROWS}")):
        found = _verify_copies_read(path)
        want = [heads, *by_display.get(path.name.removesuffix(_ROWS), [])]
        if found != want:
            yield Fault(f"tables/{path.name}", "holds other rows of this display than results.csv")


def _verify_copies_read(path: Path) -> list[list[str]]:
    return csv_lines(path.read_text(encoding="utf-8"))


def check_charts(folder: Path, pages: Mapping[str, str]) -> Iterator[Fault]:
    """The data of each chart are the same in its CSV and in the tables on its page."""
    for page, text in pages.items():
        for label, stretch in reading.html_tables(text).items():
            path = folder / "tables" / f"{label}.csv"
            if not path.exists() or not (shown := reading.html_data_tables(stretch)):
                continue
            parts = path.read_text(encoding="utf-8").split("\n\n")
            tables = [csv_lines(part) for part in parts]
            for there, here in zip(tables, shown, strict=False):
                # a long table is cut off on the page
                rows = zip(here, map(tuple, map(_plain, there)), strict=False)
                if row := next((mine for mine, other in rows if mine != other), None):
                    yield Fault(page, f"{label}: its CSV doesn't have these data: {' | '.join(row)!r}")


def _plain(row: list[str]) -> list[str]:
    return [reading.plain(cell) for cell in row]


# Verify a published version: its files, and that all of them say the same numbers as the result rows.
#
# Checksums find a changed byte. Someone who changes a number and the checksums with it is found out by the
# version's own witnesses: each table stands in an executed notebook, in CSV, RTF, HTML and Word, each
# sentence in HTML and Word, each number of a table in the result rows, each number of a subject's page in the
# analysis datasets, and each input's hash in the manifest, the report and the metadata.
# Only making the version again (`build.rebuild`) finds what was changed everywhere alike; what a signature
# covers can't be changed at all.

_MOST = 5  # faults of one kind in one file; more say nothing new
_TABLE = re.compile(r'<table class="(?:gt_table|csr-table)".*?</table>', re.DOTALL)
_DIGIT = re.compile(r"\d")


def verify(folder: Path) -> list[Fault]:
    """Return everything in a published version that isn't as it was published; empty when all holds.

    Raises DataError when the folder is no published version at all.
    """
    if os.path.lexists(folder / MANIFEST) and (faults := [*check_kinds(folder)]):
        return faults  # what a link leads to, or a pipe, isn't opened
    manifest = read_manifest(folder)
    faults = [*check_files(folder)]
    try:
        faults += _check_contents(folder, manifest)
    except (OSError, ValueError, KeyError, IndexError, LxmlError) as error:
        faults.append(Fault("", f"the contents can't be read to the end ({type(error).__name__}: {error})"))
    return faults


def _check_contents(folder: Path, manifest: dict[str, Any]) -> Iterator[Fault]:
    rows = read_rows(folder)
    shown = read_shown(folder)
    if (folder / "results.csv").exists():
        yield from _check_rows_csv(rows, folder / "results.csv")
        yield from check_row_files(folder)
    pages = _read_pages(folder)
    yield from _check_tables(folder, shown)
    yield from _check_report_pages(shown, pages)
    yield from check_charts(folder, pages)
    yield from _check_notebook_pages(folder, shown)
    embedded = str(manifest.get("renderer", "")).startswith("embedded")
    yield from _check_word(folder, shown, pages, sentences=embedded)
    yield from check_subject_pages(folder, pages)
    yield from check_numbers(shown, Backing(rows, manifest.get("columns", []), folder / "adam"))
    yield from check_origin(folder, manifest, pages)


def _read_pages(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in reading.report_pages(folder)
        if path.exists()
    }


def _check_rows_csv(rows: pd.DataFrame, path: Path) -> Iterator[Fault]:
    """The result rows are the same in both files."""
    texts = {name: "str" for name in rows.columns if name != "value"}
    other = pd.read_csv(
        path, dtype=texts, float_precision="round_trip", keep_default_na=False, na_values={"value": [""]}
    )
    if list(other.columns) != list(rows.columns) or len(other) != len(rows):
        yield Fault(path.name, f"holds other rows than results.parquet ({len(other)} and {len(rows)})")
        return
    same = (other["value"] == rows["value"]) | (other["value"].isna() & rows["value"].isna())
    for name in texts:  # texts are guarded against spreadsheets, and stand on one line
        same &= _map_distinct(other[name], unguarded) == _map_distinct(rows[name], plain_text)
    for position in same.index[~same][:_MOST]:
        yield Fault(
            path.name,
            f"line {position + 2} isn't the row of results.parquet: {_name_row(rows.loc[position])} is "
            f"{other.loc[position, 'value']:.17g} here and {rows.loc[position, 'value']:.17g} there",
        )


def _map_distinct(texts: pd.Series, change: Callable[[str], str]) -> npt.NDArray[np.object_]:
    """Change each text, which stands in many rows, once."""
    codes, distinct = pd.factorize(texts, use_na_sentinel=False)
    return np.array([*map(change, distinct)], dtype=object)[codes]


def _name_row(row: pd.Series) -> str:
    names = ("display", "analysis", *LEVEL, "visit", "group", "statistic", "of")
    return ", ".join(str(row[name]) for name in names if row.get(name))


def _check_tables(folder: Path, shown: list[Shown]) -> Iterator[Fault]:
    """The CSV and RTF of each table say what its notebook showed; no other table lies beside them."""
    tables = {item.label: item.table for item in shown if item.table is not None}
    labels = {item.label for item in shown}  # what is drawn may be given as a table, too
    for path in sorted((folder / "tables").glob("*")):
        if path.stem.removesuffix("-rows") not in labels:
            yield Fault(f"tables/{path.name}", "is a table that no executed notebook shows")
    for label, table in tables.items():
        want = table_cells(table)
        path = folder / "tables" / f"{label}.csv"
        if table.get("file"):
            if not path.exists() or file_hash(path) != table["digest"]:
                yield Fault(f"tables/{path.name}", f"{label} isn't the listing that its notebook wrote")
        elif path.exists():
            heads, cells = csv_cells(path.read_text(encoding="utf-8"))
            yield from _differences(f"tables/{path.name}", label, want, cells)
            if heads != table_heads(table):
                yield Fault(f"tables/{path.name}", f"{label} has other column heads than its notebook")
        rtf = path.with_suffix(".rtf")
        if rtf.exists():
            cells_there = reading.rtf_cells(rtf.read_text(encoding="utf-8"))
            flat = [cell for row in reading.plain_cells(want) for cell in row if cell]
            yield from _missing_cells(f"tables/{rtf.name}", label, flat, cells_there)


def _missing_cells(file: str, label: str, want: list[str], found: list[str]) -> Iterator[Fault]:
    """Report the cells that don't stand in their order among those found (heads stand between them)."""
    rest = iter(found)
    for cell in want:
        if not any(cell == other for other in rest):
            yield Fault(file, f"{label} doesn't show {cell!r} where its notebook does")
            return


def _differences(file: str, label: str, want: Cells, found: Cells) -> Iterator[Fault]:
    """Report the first cells in which a table differs from the one its notebook shows."""
    if [row[0] for row in want] != [row[0] for row in found]:
        yield Fault(file, f"holds another table than {label} of its notebook: its rows aren't the same")
        return
    different = [
        (a[0], x, y)
        for a, b in zip(want, found, strict=True)
        for x, y in zip(a[1:], b[1:], strict=len(a) == len(b))
        if x != y
    ]
    for name, there, here in different[:_MOST]:
        yield Fault(file, f"{label}, {name}: {here!r} here, {there!r} in its notebook")
    if not different and want != found:
        yield Fault(file, f"{label} has another number of columns than in its notebook")


def _check_report_pages(shown: list[Shown], pages: dict[str, str]) -> Iterator[Fault]:
    """Tables and charts on the report's pages are those of the notebooks."""
    places = {
        label: (page, stretch)
        for page, text in pages.items()
        for label, stretch in reading.html_tables(text).items()
    }
    for item in shown:
        if item.label not in places:
            continue
        page, stretch = places[item.label]
        if item.table is not None:
            heads, cells = reading.html_cells(stretch) or ([], [])
            want = reading.plain_cells(table_cells(item.table))
            yield from _differences(page, item.label, want, reading.plain_cells(cells))
            missing = [head for head in _head_texts(item.table) if head not in map(reading.plain, heads)]
            if missing and not item.table["absent"]:
                yield Fault(page, f"{item.label}: the column head {missing[0]!r} of its notebook is missing")
        elif item.chart is not None and reading.html_chart(stretch) != item.chart:
            yield Fault(page, f"{item.label} isn't the chart that its notebook shows")


def _head_texts(table: dict[str, object]) -> list[str]:
    heads = table["headers"]
    assert isinstance(heads, list)
    texts = (f"{head['label']} (N={head['n']})" if head["n"] else head["label"] for head in heads)
    return [reading.plain(text) for text in texts]


def _check_notebook_pages(folder: Path, shown: list[Shown]) -> Iterator[Fault]:
    """The pages of the notebooks show the tables and charts that the notebooks hold."""
    for path in sorted((folder / "notebooks").glob("*.html")):
        own = [item for item in shown if item.notebook == path.stem]
        text = path.read_text(encoding="utf-8")
        file = f"notebooks/{path.name}"
        stretches = _TABLE.findall(text)
        found = [cells for part in stretches if (cells := reading.html_cells(part))]
        tables = [item for item in own if item.table is not None and not item.table["absent"]]
        if len(found) != len(tables):
            yield Fault(file, f"shows {len(found)} tables, its notebook {len(tables)}")
            continue
        for item, (_, shown_cells) in zip(tables, found, strict=True):
            want = reading.plain_cells(table_cells(item.table or {}))
            # the notes of the table stand below as rows of their own
            yield from _differences(file, item.label, want, reading.plain_cells(shown_cells)[: len(want)])
        charts = reading.html_charts(text)
        for item in own:
            if item.chart is not None and item.chart not in charts:
                yield Fault(file, f"{item.label} isn't the chart that its notebook shows")


def _check_word(
    folder: Path, shown: list[Shown], pages: dict[str, str], *, sentences: bool
) -> Iterator[Fault]:
    """Tables and sentences on the pages stand in the Word file, too."""
    path = folder / "csr.docx"
    if not path.exists():
        return
    word = reading.Word(path)
    on_pages = {label for text in pages.values() for label in reading.html_tables(text)}
    for item in shown:
        if item.table is None or item.table["absent"] or item.label not in on_pages:
            continue
        missing = [row for row in reading.plain_cells(table_cells(item.table)) if row not in word.rows]
        if missing:
            yield Fault("csr.docx", f"{item.label}: the row {' | '.join(missing[0])!r} isn't there")
    if not sentences:
        return
    for page, text in pages.items():
        yield from _check_words(page, text, word)


def _check_words(page: str, text: str, word: reading.Word) -> Iterator[Fault]:
    """What a page says with a number in it, in sentences and in tables among them, stands in Word, too.

    A line of the list of displays stands there as the caption of its display.
    """
    for paragraph in reading.html_paragraphs(text):
        if _DIGIT.search(paragraph) and paragraph not in word.paragraphs:
            yield Fault(page, f"the Word file doesn't say the same as: {paragraph!r}")
    for row in reading.html_plain_rows(text):
        known = row in word.rows or ": ".join(row) in word.paragraphs
        if not known and _DIGIT.search("".join(row)):
            yield Fault(page, f"the Word file has no such row: {' | '.join(row)!r}")


def check_numbers(shown: list[Shown], backing: Backing) -> Iterator[Fault]:
    """Yield the numbers in tables that no result row (in a listing: no record) has."""
    for item in shown:
        if item.table is None or item.table["absent"]:
            continue
        for cell in backing.unbacked(item.label, item.table)[:_MOST]:
            yield Fault(
                f"notebooks/{item.notebook}.ipynb",
                f"{item.label}, {cell.row}, {cell.column}: no result row is {cell.number} (in {cell.text!r})",
            )
