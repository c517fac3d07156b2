"""A long listing and long prose: their beginning in the report, the whole in a file beside it.

The notebook writes the file next to its result rows; publishing puts it into ``tables/``. An external version
has no such file, since it names subjects.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from csrkit import carried
from csrkit.disclosure.small_counts import rule_in_force
from csrkit.many import ROWS_SHOWN
from csrkit.paths import from_root
from csrkit.tables import writers
from csrkit.tables.formats import format_count
from csrkit.tables.prose import Passage, Prose
from csrkit.tables.table import Row, Table

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
