"""The index of the HTML report's search: a script, since browsers refuse other files on ``file://``."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from itpcsr.build.memo import Memo
from itpcsr.build.page_reading import report_pages

_HEADINGS = ("h1", "h2", "h3", "h4")
_SILENT = ("script", "style", "svg", "nav", "details", "math")
_VOID = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr")
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
        reader = _Reader(name)
        reader.feed(main)
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


class _Reader(HTMLParser):
    """Splits the text of a page's ``main`` at its headings, tables and figures."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.page = page
        self.entries: list[_Entry] = []
        self._open: list[str] = []
        self._floats: list[tuple[int, _Entry]] = []
        self._section = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        self._open.append(tag)
        values = {name: value or "" for name, value in attrs}
        if "main" not in self._open:
            return
        if not _ON_EVERY_PAGE.isdisjoint(values.get("class", "").split()):
            self._open[-1] = "nav"  # a part that says nothing about its page
        if tag == "section":
            self._section = values.get("id", "")
        if tag in _HEADINGS:
            anchor = values.get("id") or values.get("data-anchor-id") or self._section
            self.entries.append(_Entry(f"{self.page}#{anchor}"))
        elif tag == "div" and values.get("id", "").startswith(("tbl-", "fig-")):
            self._floats.append((len(self._open), _Entry(f"{self.page}#{values['id']}", is_float=True)))
            self.entries.append(self._floats[-1][1])

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID or not self._open:
            return
        if tag == "div" and self._open[-1] == "nav":
            tag = "nav"
        while self._open and self._open.pop() != tag:
            continue
        if self._floats and len(self._open) < self._floats[-1][0]:
            self._floats.pop()

    def handle_data(self, data: str) -> None:
        if not self.entries or any(tag in self._open for tag in _SILENT):
            return
        if self._floats:
            entry = self._floats[-1][1]
            (entry.title if "figcaption" in self._open else entry.text).append(data)
        elif any(tag in self._open for tag in _HEADINGS):
            self.entries[-1].title.append(data)
        else:
            self._last_section().text.append(data)

    def _last_section(self) -> _Entry:
        return next((entry for entry in reversed(self.entries) if not entry.is_float), self.entries[-1])
