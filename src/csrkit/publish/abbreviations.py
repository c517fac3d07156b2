"""The list of abbreviations: those that the version's words, tables and charts use, from a glossary."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from csrkit.parameters.strict import Strict
from csrkit.parameters.validation import validate
from csrkit.parameters.yaml_files import read_yaml
from csrkit.publish.display_list import shown_labels
from csrkit.publish.fragments import Display
from csrkit.publish.variables import look_up
from csrkit.tables import escape
from csrkit.tables.table import Table
from csrkit.tables.words import capitalize

GLOSSARY = Path("report/abbreviations.yml")
PATH = Path("lists/abbreviations.qmd")
_HEAD = (
    "| Abbreviation | Meaning |\n"
    "|:-------------------|:------------------------------------------------------------|\n"
)
_VARIABLE = re.compile(r"\{\{<\s*var\s+([\w.]+)\s*>\}\}")
# What a page holds beside words: raw blocks, shortcodes, attributes, code, references and citations.
_NO_WORDS = re.compile(
    r"^(`{3,}).*?^\1|\{\{<.*?>\}\}|\{[#.][^}\n]*\}|`[^`\n]*`|(?<![\w.])-?@[\w:.-]*\w|https?://\S+",
    re.MULTILINE | re.DOTALL,
)
_SVG_TEXT = re.compile(r"<text\b[^>]*>(.*?)</text>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_TOKEN = re.compile(r"[A-Za-z0-9]+")


class Glossary(Strict):
    """Abbreviations with their meaning, and words that only look like abbreviations.

    Both are found as they are written, not within other words; an ``s`` of the plural may follow. Of words
    that begin at the same place the longest counts: HLA isn't sought within HLA-DR.
    """

    abbreviations: dict[str, str] = Field(min_length=1)
    names: list[str] = Field(default_factory=list)

    def used(self, texts: Iterable[str]) -> list[str]:
        """Return the abbreviations that the texts use, and those that their meanings use, by the alphabet."""
        found: set[str] = set()
        new = self._in("\n".join(texts))
        while new:
            found |= new
            new = self._in("\n".join(self.abbreviations[name] for name in new)) - found
        return sorted(found, key=lambda name: (name.casefold(), name))

    def unknown(self, texts: Iterable[str]) -> list[str]:
        """Return the words that look like abbreviations and stand neither among them nor among the names.

        A word looks like one with two capitals, or with a capital and a digit; with four digits it is the
        number of a study.
        """
        rest = self._pattern().sub(" ", "\n".join(texts))
        return sorted({word for word in _TOKEN.findall(rest) if _looks_abbreviated(word)})

    def _in(self, text: str) -> set[str]:
        return {found[1] for found in self._pattern().finditer(text) if found[1] in self.abbreviations}

    def _pattern(self) -> re.Pattern[str]:
        known = sorted({*self.abbreviations, *self.names}, key=len, reverse=True)
        return re.compile(rf"(?<![A-Za-z0-9])({'|'.join(map(re.escape, known))})s?(?![A-Za-z0-9])")


def _looks_abbreviated(word: str) -> bool:
    capitals = sum(sign.isupper() for sign in word)
    digits = sum(sign.isdigit() for sign in word)
    return digits < 4 and (capitals > 1 or (capitals == 1 and digits > 0))


def read_glossary(path: Path) -> Glossary:
    """Read and validate a glossary; ParameterError names file, key and what is allowed."""
    return validate(Glossary, read_yaml(path), path)


def write_abbreviations(
    project: Path, chapters: Sequence[str], displays: Sequence[Display], values: Mapping[str, Any]
) -> None:
    """Write the list as a fragment, from the project's pages and fragments and the values that they quote."""
    glossary = read_glossary(project / GLOSSARY)
    names = glossary.used(words_of(project, chapters, displays, values))
    lines = [
        f"| {escape.markdown(name)} | {escape.markdown(capitalize(glossary.abbreviations[name]))} |\n"
        for name in names
    ]
    path = project / PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_HEAD + "".join(lines), encoding="utf-8")


def words_of(
    project: Path, chapters: Sequence[str], displays: Sequence[Display], values: Mapping[str, Any]
) -> Iterator[str]:
    """Yield what a reader of the assembled version reads: pages, lists, displays and the words of charts."""
    lists = [path for path in sorted((project / "lists").glob("*.qmd")) if path.name != PATH.name]
    for path in [*(project / chapter for chapter in chapters), *lists]:
        yield page_words(path.read_text(encoding="utf-8"), values)
    shown = set(shown_labels(project, chapters))
    for display in displays:
        if display.label in shown:
            yield from _display_words(display)
            drawing = project / "results" / display.notebook / f"{display.label}.svg"
            if drawing.exists():
                yield _drawn_words(drawing.read_text(encoding="utf-8"))


def page_words(page: str, values: Mapping[str, Any]) -> str:
    """Return a page's words, with the values that it quotes and without markup."""
    filled = _VARIABLE.sub(lambda found: str(look_up(values, found[1].split(".")) or ""), page)
    return _NO_WORDS.sub(" ", filled)


def _display_words(display: Display) -> Iterator[str]:
    yield from (display.caption, display.alternative)
    if display.prose is not None:
        yield display.prose.absent
        for passage in display.prose.passages:
            yield from (passage.heading, *passage.paragraphs)
    if display.table is not None:
        yield from _table_words(display.table)


def _table_words(table: Table) -> Iterator[str]:
    yield from (table.stub, table.absent, *table.notes)
    for header in table.headers:
        yield from (header.spanner, header.label)
    for row in table.rows:
        yield from (row.label, *row.cells)


def _drawn_words(svg: str) -> str:
    return "\n".join(html.unescape(_TAG.sub(" ", text)) for text in _SVG_TEXT.findall(svg))
