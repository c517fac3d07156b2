"""Draft the change log of a version's numbers: the key results first, and short enough to be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from csrkit.tables import escape
from csrkit.versions.compare import Comparison, count_statuses
from csrkit.versions.page_reading import Place, html_cells, read_places
from csrkit.versions.pairing import align, match, without_numbers, words_alike
from csrkit.versions.published import notice_for, read_manifest, read_shown

# What the synopsis of a version says otherwise than that of another: the key results.

_SYNOPSIS = "report/02-synopsis.html"
_NUMBER = re.compile(r"\d")


@dataclass(frozen=True)
class Clause:
    """A clause with another number: what it is about, and what both versions say ("" where one doesn't)."""

    about: str
    old: str
    new: str

    @property
    def sentence(self) -> str:
        """The clause as one line, for example ``Responders: 2 of 9 → 9 of 18``."""
        change = f"{self.old or 'not said'} → {self.new or 'not said'}"
        return f"{self.about}: {change}" if self.about else change


def key_results(old: Path, new: Path) -> Iterator[tuple[str, list[Clause]]]:
    """Yield the items of the synopsis whose numbers differ, in the new version's order, with what differs."""
    before = dict(_synopsis(old))
    for item, text in _synopsis(new):
        if found := list(_clauses(before.get(item, ""), text)):
            yield item, found


def _synopsis(folder: Path) -> Iterator[tuple[str, str]]:
    path = folder / _SYNOPSIS
    table = html_cells(path.read_text(encoding="utf-8")) if path.exists() else None
    for row in table[1] if table else []:
        yield row[0], " ".join(" ".join(row[1:]).split())


def _clauses(old: str, new: str) -> Iterator[Clause]:
    before, after = (list(split_clauses(text)) for text in (old, new))
    for a, b in match(before, after, [str, _name], words_alike):
        if a == b or not _NUMBER.search(f"{a}{b}"):
            continue
        (label, _, value), (other, colon, instead) = ((text or "").rpartition(": ") for text in (a, b))
        yield Clause(label, value, instead) if colon and label == other else Clause("", a or "", b or "")


def split_clauses(text: str) -> Iterator[str]:
    """Yield the clauses of a text: what full stops and semicolons part, unless in brackets."""
    start = depth = 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if sign in ".;" and depth == 0 and text[place + 1 : place + 2] in (" ", ""):
            yield text[start:place].strip()
            start = place + 1
    if rest := text[start:].strip():
        yield rest


def _name(clause: str) -> str:
    """Return what a clause is about: what stands before its value, or all of it without its numbers."""
    label, colon, _ = clause.rpartition(": ")
    return label if colon else without_numbers(clause)


_CELLS, _DISPLAYS = 3, 6  # shown of one display, and of one section; the rest is counted


def write_change_log(comparison: Comparison, old: Path, new: Path, path: Path) -> None:
    """Write the draft as Markdown; ``old`` and ``new`` are the published versions compared."""
    lines = [*_head(comparison, old, new), *_key_results(old, new), *_sections(comparison, old, new)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _head(comparison: Comparison, old: Path, new: Path) -> Iterator[str]:
    yield f"# Changes from {old.name} to {new.name}"
    yield ""
    for notice in sorted(
        {notice_for(bool(read_manifest(each).get("simulated"))) for each in (old, new)} - {""}
    ):
        yield f"> {notice}"
        yield ""
    yield count_statuses(comparison)
    yield ""
    if comparison.causes:
        yield "What differs in the inputs:"
        yield ""
        yield from (f"- {kind}: {escape.markdown(text)}" for kind, text in comparison.causes)
        yield ""


def _key_results(old: Path, new: Path) -> Iterator[str]:
    lines = []
    for item, clauses in key_results(old, new):
        lines.append(f"- **{item}**")
        lines += [f"    - {escape.markdown(clause.sentence)}" for clause in clauses]
    if lines:
        yield from ("## Key results (synopsis)", "", *lines, "")


def _sections(comparison: Comparison, old: Path, new: Path) -> Iterator[str]:
    """Yield the displays with changed numbers by section, in the order of the new version's pages."""
    places = {**read_places(old), **read_places(new)}
    numbers = {str(label): part for label, part in comparison.numbers.groupby("display", sort=False)}
    known = [label for label in places if label in numbers]
    unplaced = Place("", "", "Displays that no page shows")
    by_section: dict[str, list[str]] = {}
    for label in [*known, *(label for label in numbers if label not in places)]:
        by_section.setdefault(places.get(label, unplaced).section, []).append(label)
    tables = [{shown.label: shown.table for shown in read_shown(each)} for each in (old, new)]
    for section, labels in by_section.items():
        yield f"## {section}"
        yield ""
        for label in labels[:_DISPLAYS]:
            title = places[label].title if label in places else label
            cells = list(_cells(tables[0].get(label), tables[1].get(label)))
            yield f"- **{escape.markdown(title)}** ({_counted(numbers[label])})" + _shown(cells)
        if len(labels) > _DISPLAYS:
            rest = sum(len(numbers[label]) for label in labels[_DISPLAYS:])
            yield f"- {len(labels) - _DISPLAYS} more displays with {rest} numbers: see index.html"
        yield ""


def _counted(numbers: pd.DataFrame) -> str:
    counts = numbers["status"].value_counts()
    return ", ".join(f"{count} {status}" for status, count in counts.items())


def _shown(cells: list[str]) -> str:
    lines = "".join(f"\n    - {cell}" for cell in islice(cells, _CELLS))
    more = len(cells) - _CELLS
    return lines + (f"\n    - {more} more rows" if more > 0 else "")


def _cells(old: dict[str, Any] | None, new: dict[str, Any] | None) -> Iterator[str]:
    """Yield one changed cell of each row with the labels above it: the total's, if the table has a total."""
    table = align(old, new)
    has_total = any("(N=" in head for head in table.heads[-1:][0] if head) if table.heads else False
    above: list[str] = []
    for row in table.rows:
        label = row.label[1] or row.label[0] or ""
        above = [*above[: row.indent], *[""] * (row.indent - len(above)), label]
        places = [place for place, (before, after) in enumerate(row.cells) if before != after]
        if has_total:
            places = [place for place in places if place == len(row.cells) - 1]
        for place in places[:1]:
            before, after = row.cells[place]
            head = "" if has_total else table.heads[place][1] or table.heads[place][0]
            name = ", ".join(filter(None, [*above, head]))
            yield escape.markdown(f"{name}: {before or '–'} → {after or '–'}")
