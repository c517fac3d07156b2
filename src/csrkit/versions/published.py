"""Read a published version: what its files say, without the libraries that made them.

Checking and comparing start at once this way, and don't trust the code whose work they check.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from csrkit.errors import DataError

MANIFEST, SUMS = "manifest.json", "SHA256SUMS"
BILL, CRATE, SIGNATURE = "bom.cdx.json", "ro-crate-metadata.json", "SHA256SUMS.sig"
# What the results depend on beside data, notebooks and parameters: name of its hash, in words
INPUTS = {
    "study": "Study file: what the protocol fixes",
    "markers": "Markers of immune function",
    "scenarios": "True rates for simulated designs",
    "related": "Related studies of the registry record",
    "code": "Program: all files of the package",
    "lock": "Lock file: versions of all packages",
    "environment": "Environment: Python and the packages installed",
}
SIMULATED_NOTICE = "Simulated data: no patient of any trial is described, and no number is a trial result."
REAL_STATEMENT = "The data are those of the study as they were provided for this version."
TABLE_MIME = "application/vnd.itpcsr.table+json"
_CHART_MARK = "vegalite"
_GUARDED = re.compile(r"'\s*'*[=+\-@\uff1d\uff0b\uff0d\uff20]")

Cells = list[tuple[str, ...]]


@dataclass(frozen=True)
class Shown:
    """One labelled display of an executed notebook: caption, table model, chart, HTML in the notebook."""

    notebook: str
    label: str
    caption: str
    table: dict[str, Any] | None
    chart: dict[str, Any] | None
    html: str


@dataclass(frozen=True)
class Fault:
    """One thing that isn't as it was published: the file (relative to the version) and what is wrong."""

    file: str
    problem: str


def notice_for(simulated: bool) -> str:
    """Return what every page says of simulated data, or "" for a real trial's."""
    return SIMULATED_NOTICE if simulated else ""


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a published version; DataError when the folder isn't one."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(
            f"{folder}: holds no {MANIFEST}. Name a published version, e.g. output/demo-1.0.0."
        ) from None
    except ValueError as error:
        raise DataError(f"{path}: is no JSON ({error}). Take an untouched copy of the version.") from None
    if not isinstance(manifest, dict):
        raise DataError(f"{path}: must hold names and values. Take an untouched copy of the version.")
    return manifest


def read_sums(folder: Path) -> dict[str, str]:
    """Return file name to SHA-256 as ``SHA256SUMS`` gives them; DataError names a line it can't read."""
    path = folder / SUMS
    if not path.exists():
        raise DataError(f"{folder}: holds no {SUMS}, so nothing can be verified.")
    sums: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        digest, separator, name = line.partition("  ")
        if not separator or len(digest) != 64:
            raise DataError(f"{path}:{number}: is not a SHA-256, two blanks and a file name.")
        sums[name] = digest
    return sums


def read_shown(folder: Path) -> list[Shown]:
    """Return the labelled displays of all executed notebooks of a version, in their order."""
    return [
        shown
        for path in sorted((folder / "notebooks").glob("*.ipynb"))
        for shown in _of_notebook(path.stem, json.loads(path.read_text(encoding="utf-8")))
    ]


def _of_notebook(name: str, notebook: dict[str, Any]) -> Iterator[Shown]:
    for cell in notebook["cells"]:
        options = _options("".join(cell["source"]))
        label = options.get("label", "")
        bundles = [output["data"] for output in cell.get("outputs", []) if "data" in output]
        if label and bundles:
            data = bundles[-1]
            chart = next((data[mime] for mime in data if _CHART_MARK in mime), None)
            caption = options.get("tbl-cap", options.get("fig-cap", ""))
            # a chart in a form for many subjects says itself what it shows
            formed = ((chart or {}).get("usermeta") or {}).get("itpcsr", {})
            caption = formed.get("caption", caption)
            yield Shown(name, label, caption, data.get(TABLE_MIME), chart, "".join(data.get("text/html", "")))


def _options(source: str) -> dict[str, str]:
    """Return the options of a cell, which are lines ``#| name: text``, as texts without quotation marks."""
    lines = (line.removeprefix("#|") for line in source.splitlines() if line.startswith("#|"))
    parts = (line.partition(":") for line in lines)
    return {name.strip(): text.strip().strip("\"'") for name, _, text in parts}


def table_cells(table: dict[str, Any]) -> Cells:
    """Return the body of a table model as rows of texts, label first; a section row is its label alone."""
    if table["absent"]:
        return [(table["absent"],)]
    return [(row["label"], *row["cells"]) if any(row["cells"]) else (row["label"],) for row in table["rows"]]


def table_heads(table: dict[str, Any]) -> list[str]:
    """Return the column heads as the CSV file has them."""
    heads = []
    for head in table["headers"]:
        text = f"{head['label']} (N={head['n']})" if head["n"] else head["label"]
        heads.append(" ".join(part for part in (head["spanner"], text) if part))
    return heads


def csv_cells(text: str) -> tuple[list[str], Cells]:
    """Return heads and body of a published CSV table, in the form of ``table_heads`` and ``table_cells``."""
    lines = csv_lines(text)
    heads, rows = (lines[0] if lines else []), lines[1:]
    body: Cells = []
    for line in rows:
        label, cells = line[0], line[2:]
        body.append((label, *cells) if any(cells) else (label,))
    return heads[2:], body


def csv_lines(text: str) -> list[list[str]]:
    """Return the lines of a published CSV file as texts, without what guards them in a spreadsheet."""
    return [[unguarded(cell) for cell in line] for line in csv.reader(text.splitlines())]


@lru_cache(maxsize=50_000)  # the cells of a column are few texts, many times
def unguarded(text: str) -> str:
    """Take off the apostrophe that keeps a spreadsheet from running a text as a formula."""
    return text[1:] if _GUARDED.match(text) else text
