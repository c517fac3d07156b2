"""What the synopsis of a version says otherwise than that of another: the key results."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from csrkit.versions.page_reading import html_cells
from csrkit.versions.redline.matching import match, without_numbers, words_alike

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
