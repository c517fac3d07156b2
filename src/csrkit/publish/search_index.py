"""The index of the HTML report's search: a script, since browsers refuse other files on ``file://``."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from csrkit.made_files import Memo
from csrkit.versions.page_reading import parsed, report_pages

_HEADINGS = ("h1", "h2", "h3", "h4")
_SILENT = ("script", "style", "svg", "nav", "details", "math")
_NAME = "search-index.js"
# What stands on every page: the notice, and Quarto's date and keywords of the whole book
_ON_EVERY_PAGE = frozenset({"csr-notice", "quarto-title-meta", "keywords"})


@dataclass
class _Entry:
    """A part of the report that can be found: its address, the words of its title and of its text."""

    url: str
    title: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    is_float: bool = False


def write_search_index(book: Path, memo: Memo | None = None) -> None:
    """Write ``search-index.js`` beside the report's script, from the rendered pages.

    The sections and the tables and figures of each page are entries, and each subject's page as a whole. Of
    a table each word stands once.
    Quarto and the embedded renderer put the script into different folders; the index says where the
    report's root lies from it. A page whose main part is the same as in ``memo`` isn't read again.
    """
    script = next(iter(sorted((book / "site_libs").glob("**/csr.js"))))
    memo = memo or Memo()
    entries = []
    for page in report_pages(book):
        entries += _kept(page, book, memo, _entries)
    for page in sorted((book / "subjects").glob("*.html")):
        entries += _kept(page, book, memo, _subject)
    root = posixpath.relpath(".", script.parent.relative_to(book).as_posix()) + "/"
    index = json.dumps({"root": root, "entries": entries}, ensure_ascii=False, separators=(",", ":"))
    text = f"window.csrIndex({index});\n"
    (script.parent / _NAME).write_text(text, encoding="utf-8", newline="\n")


def _kept(
    page: Path, book: Path, memo: Memo, read: Callable[[_Reader], list[_Entry]]
) -> list[dict[str, str]]:
    """Return a page's entries, from its main part alone: what stands around it says nothing of the page."""
    name = page.relative_to(book).as_posix()
    text = page.read_text(encoding="utf-8")
    main = text[max(text.find("<main"), 0) :]

    def make() -> str:
        reader = _Reader(name, parsed(main).find(".//main"))
        return json.dumps([_as_json(entry) for entry in read(reader)], ensure_ascii=False)

    entries: list[dict[str, str]] = json.loads(memo.text("search", (name, main), make))
    return entries


def _entries(reader: _Reader) -> list[_Entry]:
    return reader.entries


def _subject(reader: _Reader) -> list[_Entry]:
    """Return the page of a subject as a whole."""
    texts = [text for entry in reader.entries for text in (*entry.title, *entry.text)]
    return [_Entry(reader.page, [*reader.entries[0].title, ": profile"], texts, is_float=True)]


def _as_json(entry: _Entry) -> dict[str, str]:
    words = " ".join(entry.text).split()
    text = " ".join(dict.fromkeys(words) if entry.is_float else words)
    return {"url": entry.url, "title": " ".join("".join(entry.title).split()), "text": text}


class _Reader:
    """Splits the text of a page's ``main`` at its headings, tables and figures."""

    def __init__(self, page: str, main: etree._Element | None) -> None:
        self.page = page
        self.entries: list[_Entry] = []
        self._section = ""
        self._latest: _Entry | None = None
        if main is not None:
            self._read(main, None, None)

    def _read(self, part: etree._Element, shown: _Entry | None, into: list[str] | None) -> None:
        """Read a part of the page: of a display or none, with the title or text ``into`` which words go."""
        if part.tag in _SILENT or not _ON_EVERY_PAGE.isdisjoint(part.get("class", "").split()):
            return
        ident = part.get("id", "")
        if part.tag == "section":
            self._section = ident
        if part.tag in _HEADINGS:
            self._latest = self._begin(ident or part.get("data-anchor-id") or self._section)
            into = into if shown else self._latest.title
        elif part.tag == "div" and ident.startswith(("tbl-", "fig-")):
            shown = self._begin(ident, is_float=True)
            into = shown.text
        elif part.tag == "figcaption" and shown:
            into = shown.title
        self._add(part.text, into)
        for child in part:
            self._read(child, shown, into)
            self._add(child.tail, into)

    def _begin(self, anchor: str, *, is_float: bool = False) -> _Entry:
        self.entries.append(_Entry(f"{self.page}#{anchor}", is_float=is_float))
        return self.entries[-1]

    def _add(self, text: str | None, into: list[str] | None) -> None:
        """Add a text to what it is a part of; without that to the section it stands in."""
        if text and self.entries:
            (into if into is not None else (self._latest or self.entries[-1]).text).append(text)
