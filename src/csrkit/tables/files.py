"""Prose as a display, and what is long: its beginning in the report, the whole in a file beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from csrkit import carried
from csrkit.bounds import from_root
from csrkit.disclosure.counted import rule_in_force
from csrkit.many import ROWS_SHOWN
from csrkit.tables import escape, writers
from csrkit.tables.formats import format_count
from csrkit.tables.table import Row, Table

# Prose as a display: passages with a bold lead-in each, the same for every target of the report.

MIME = "application/vnd.itpcsr.prose+json"


@dataclass(frozen=True)
class Passage:
    """One passage: its lead-in, and paragraphs of plain text."""

    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Prose:
    """Passages ready to be written; ``absent`` is the one sentence that stands in place of none.

    Where there are too many to be printed, ``note`` says which these are, and ``file`` has all of them
    (``digest``: its SHA-256). ``results`` are the result rows that it carries to the report.
    """

    passages: tuple[Passage, ...] = ()
    absent: str = ""
    note: str = ""
    file: str = ""
    digest: str = ""
    kind: str = field(default="prose", init=False)
    results: pd.DataFrame | None = field(default=None, compare=False, repr=False)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Show as text in notebooks, and carry the model itself for the report."""
        content = asdict(replace(self, results=None))
        del content["results"]
        if not self.file:
            del content["note"], content["file"], content["digest"]
        return {"text/html": to_html(self), MIME: content, **carried.bundle(self.results)}


def prose_from_json(content: dict[str, Any]) -> Prose:
    """Return the prose that a notebook's output carries."""
    passages = tuple(Passage(part["heading"], tuple(part["paragraphs"])) for part in content["passages"])
    more = {name: content.get(name, "") for name in ("note", "file", "digest")}
    return Prose(passages, content["absent"], **more)


def to_html(prose: Prose) -> str:
    """Return the prose as HTML, for a notebook."""
    if prose.absent:
        return f"<p>{escape.html(prose.absent)}</p>"
    note = f"<p>{escape.html(prose.note)}</p>\n" if prose.note else ""
    return note + "\n".join(
        f"<p><strong>{escape.html(part.heading)}</strong></p>\n"
        + "\n".join(f"<p>{escape.html(text)}</p>" for text in part.paragraphs)
        for part in prose.passages
    )


def to_markdown(prose: Prose) -> str:
    """Return Pandoc Markdown of plain paragraphs, the same for all targets; no text is read as markup."""
    if prose.absent:
        return f"{escape.markdown(prose.absent)}\n"
    parts = [
        "\n\n".join([f"**{escape.markdown(part.heading)}**", *map(escape.markdown, part.paragraphs)])
        for part in prose.passages
    ]
    if prose.file:
        parts = [escape.markdown(prose.note), escape.raw_block("html", escape.file_link(prose.file)), *parts]
    return "\n\n".join(parts) + "\n"


# A long listing and long prose: their beginning in the report, the whole in a file beside it.
#
# The notebook writes the file next to its result rows; publishing puts it into `tables/`. An external
# version has no such file, since it names subjects.

_LISTING = (
    "The first {shown} of {all} rows. A listing of more than {most} rows is not printed; the file "
    "tables/{file}, published with this report, has all rows."
)
_NARRATIVES = (
    "Narratives of {shown} of {all} subjects, more than the {most} whose narratives are printed: those of "
    "subjects who died come first, then those with a serious event. The file tables/{file}, published with "
    "this report, has all narratives."
)


def in_file(table: Table, label: str, folder: str | Path, rows_at_most: int) -> Table:
    """Return a listing that is short enough as it is, else its first rows, and write the whole to a file.

    Parameters
    ----------
    table, label
        The listing with all its rows, and the label of its display, which names the file.
    folder
        Where the notebook writes its result rows, from the project's root.
    rows_at_most
        How many rows, headings apart, may be printed.
    """
    lines = sum(not row.is_section for row in table.rows)
    if lines <= rows_at_most:
        _remove(folder, f"{label}.csv")
        return table
    shown, file = min(ROWS_SHOWN, rows_at_most), f"{label}.csv"
    digest = _write(writers.to_csv(table), folder, file)
    texts = {"shown": shown, "all": lines, "most": rows_at_most}
    note = _LISTING.format(**{name: format_count(n) for name, n in texts.items()}, file=file)
    rows = tuple(_first(table.rows, shown))
    return replace(table, rows=rows, notes=(note, *table.notes), file=file, digest=digest)


def listing(table: Table, folder: str | Path, rows_at_most: int) -> Table:
    """Return a listing as ``in_file`` does; the label of the notebook's cell names the file.

    Raises ValueError in a cell without label, unless the listing is a sentence.
    """
    label = carried.cell_label()
    if not label and not table.absent:
        raise ValueError("A listing's file has the name of its cell: begin the cell with `#| label: tbl-…`.")
    return in_file(table, label, folder, rows_at_most)


def _first(rows: Sequence[Row], most: int) -> Iterator[Row]:
    """Yield the first rows with the headings over them."""
    headings: list[Row] = []
    for row in rows:
        if row.is_section:
            headings.append(row)
        elif most:
            yield from (*headings, row)
            headings, most = [], most - 1
        else:
            return


def narratives_in_file(
    prose: Prose, ranks: Sequence[int], label: str, folder: str | Path, subjects_at_most: int
) -> Prose:
    """Return narratives as they are where they are few, else the gravest, and write all to a file.

    ``ranks`` has a number for each passage: those with the lowest stay, in the order of the passages.
    """
    if len(prose.passages) <= subjects_at_most:
        _remove(folder, f"{label}.txt")
        return prose
    kept = sorted(sorted(range(len(ranks)), key=lambda place: (ranks[place], place))[:subjects_at_most])
    file = f"{label}.txt"
    digest = _write("\n\n".join(map(_plain, prose.passages)) + "\n", folder, file)
    texts = {"shown": len(kept), "all": len(ranks), "most": subjects_at_most}
    note = _NARRATIVES.format(**{name: format_count(n) for name, n in texts.items()}, file=file)
    return replace(
        prose, passages=tuple(prose.passages[place] for place in kept), note=note, file=file, digest=digest
    )


def _plain(passage: Passage) -> str:
    return "\n\n".join([passage.heading, *passage.paragraphs])


def _write(text: str, folder: str | Path, file: str) -> str:
    """Write a file of a version that may name subjects; return its SHA-256."""
    content = text.encode("utf-8")
    if rule_in_force() is None:
        path = from_root(folder)
        path.mkdir(parents=True, exist_ok=True)
        (path / file).write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def _remove(folder: str | Path, file: str) -> None:
    (from_root(folder) / file).unlink(missing_ok=True)
