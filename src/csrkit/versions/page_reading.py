"""Read tables and paragraphs back from published files, and where the pages show each display."""

from __future__ import annotations

import html
import json
import re
import zipfile
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from lxml import etree
from lxml.html import fragment_fromstring

from csrkit.versions.published import Cells

# Read tables and paragraphs back from published HTML, RTF and Word files.

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_SIGNS = {f"{_WORD}tab": " ", f"{_WORD}br": " ", f"{_WORD}noBreakHyphen": "-"}
_CELL = re.compile(r"\{\\f\d+ (.*?)\}\\cell$", re.MULTILINE | re.DOTALL)
_RTF_CODE = re.compile(r"(?:\\uc1)?\\u(-?\d+)[*?]|\\line ?|\\([\\{}])")
_CHART = re.compile(r'<script type="application/json">(.*?)</script>', re.DOTALL)
# The caption's own id; Quarto puts a number behind it
_CAPTION_ID = re.compile(r"-caption(-[0-9a-f-]{36})?$")
# Not part of the text that all formats share
_SILENT = ("svg", "script", "nav", "table", "details", "dialog", "template")
_TEXTS = ("p", "li", "figcaption", "h1", "h2", "h3", "h4")
# What the reader of paragraphs leaves out anyway, and what takes most of a page
_LARGE = re.compile(r"<svg.*?</svg>|<script.*?</script>|<table.*?</table>", re.DOTALL)
_STRAIGHT = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "…": "...", "−": "-"})
_PLAIN_TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
_DATA_TABLE = re.compile(r'<table class="csr-table csr-data-table">(.*?)</table>', re.DOTALL)
_TAG = re.compile(r"<[^>]+>")  # subjects are linked
_DATA_CELL = re.compile(r"<t[dh](?: [^>]*)?>(.*?)</t[dh]>", re.DOTALL)
_PARSER = etree.HTMLParser(remove_comments=True, remove_pis=True)
_ABSENT = re.compile(r'<p class="csr-absent">(.*?)</p>', re.DOTALL)


def report_pages(book: Path) -> list[Path]:
    """Return the report's pages in a rendered book or a published version, in the order of the sections."""
    return [book / "index.html", *sorted((book / "report").glob("*.html"))]


@lru_cache(maxsize=50_000)  # the cells of tables are few texts, many times
def plain(text: str) -> str:
    """Return a text with single blanks and straight signs, so that two formats can be compared."""
    return " ".join(text.translate(_STRAIGHT).split())


def plain_cells(cells: Cells) -> Cells:
    """Return rows of texts with ``plain`` applied to each."""
    return [tuple(map(plain, row)) for row in cells]


def parsed(content: str) -> etree._Element:
    """Return a piece of HTML as a tree, in a ``div``; comments are left out."""
    return fragment_fromstring(content.replace("\0", ""), create_parent="div", parser=_PARSER)


def words_of(element: etree._Element, until: Container[str] = ()) -> Iterator[str]:
    """Yield the pieces of an element's text, up to the first element within that is one of ``until``.

    A line break counts as a blank.
    """
    for event, part in etree.iterwalk(element, events=("start", "end")):
        if event == "start":
            if part is not element and part.tag in until:
                return
            yield " " if part.tag == "br" else part.text or ""
        elif part is not element:
            yield part.tail or ""


def _cell_text(cell: etree._Element) -> str:
    return "".join(words_of(cell)) if len(cell) else cell.text or ""


def html_tables(text: str) -> dict[str, str]:
    """Return label to the stretch of a page that begins with its display and ends before the next one."""
    starts = [(match.group(1), match.start()) for match in re.finditer(r'id="((?:tbl|fig)-[\w-]+)"', text)]
    starts = [(label, start) for label, start in starts if not _CAPTION_ID.search(label)]
    ends = [*(start for _, start in starts), len(text)][1:]
    return {label: text[start:end] for (label, start), end in zip(starts, ends, strict=True)}


def html_cells(stretch: str) -> tuple[list[str], Cells] | None:
    """Return heads and body of the first table in a stretch of HTML, or None without one."""
    absent = _ABSENT.search(stretch)
    start = stretch.find("<table")
    if absent and (start < 0 or absent.start() < start):
        return [], [("".join(words_of(parsed(absent.group(1)))),)]
    if start < 0:
        return None
    heads: list[str] = []
    body: Cells = []
    for row in parsed(stretch[start : stretch.find("</table>", start)]).iter("tr"):
        cells = tuple(_cell_text(cell) for cell in row.iterchildren("td", "th"))
        if row.getparent().tag == "thead":
            heads += cells
        elif cells:
            body.append(cells if any(cells[1:]) else cells[:1])
    return heads, body


def html_plain_rows(text: str) -> Cells:
    """Return the rows of a page's tables that stand among its words and are no displays."""
    tables = (html_cells(table) for table in _PLAIN_TABLE.findall(text))
    return [row for table in tables if table for row in plain_cells(table[1])]


def html_data_tables(stretch: str) -> list[Cells]:
    """Return the tables with the data of a chart in a stretch of HTML, heads first."""
    return [
        [
            tuple(plain(html.unescape(_TAG.sub("", cell))) for cell in _DATA_CELL.findall(row))
            for row in table.split("</tr>")
            if "<t" in row
        ]
        for table in _DATA_TABLE.findall(stretch)
    ]


def html_chart(stretch: str) -> Any:
    """Return the specification of the first chart in a stretch of HTML, or None without one."""
    match = _CHART.search(stretch)
    try:
        return json.loads(match.group(1)) if match else None
    except ValueError:
        return {}


def html_charts(text: str) -> list[Any]:
    """Return the specifications of all charts on a page."""
    return [html_chart(match.group(0)) for match in _CHART.finditer(text)]


def html_paragraphs(text: str) -> list[str]:
    """Return paragraphs, entries of lists, headings and captions of a page's main part as plain texts."""
    main = parsed(_LARGE.sub("", text[max(text.find("<main"), 0) :])).find(".//main")
    if main is None:
        return []
    etree.strip_elements(main, *_SILENT, with_tail=False)
    return [plain("".join(words_of(part, until=_TEXTS))) for part in main.iter(*_TEXTS)]


def rtf_cells(text: str) -> list[str]:
    """Return the texts of all cells of an RTF table, in their order."""
    return [plain(_rtf_text(cell)) for cell in _CELL.findall(text)]


def _rtf_text(text: str) -> str:
    units = _RTF_CODE.sub(lambda code: chr(int(code[1]) % 65536) if code[1] else code[2] or " ", text)
    return units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Word:
    """What a Word file says: its paragraphs, and its tables as rows of cell texts."""

    def __init__(self, path: Path) -> None:
        """Read the body of the document; headers, footers and footnotes are left out."""
        with zipfile.ZipFile(path) as archive:
            body = etree.fromstring(archive.read("word/document.xml"))
        self.paragraphs = {plain(_word_text(node)) for node in body.iter(f"{_WORD}p")}
        self.rows = {row for table in body.iter(f"{_WORD}tbl") for row in _word_rows(table)}


def _word_rows(table: etree._Element) -> Iterator[tuple[str, ...]]:
    for row in table.iter(f"{_WORD}tr"):
        cells = [plain(" ".join(map(_word_text, cell.iter(f"{_WORD}p")))) for cell in row.iter(f"{_WORD}tc")]
        yield tuple(cells) if any(cells[1:]) else tuple(cells[:1])


def _word_text(node: etree._Element) -> str:
    return "".join(_SIGNS.get(part.tag) or part.text or "" for part in node.iter(f"{_WORD}t", *_SIGNS))


# Where a published report shows its displays: the page, the numbered caption and the section.

_INDEX = "search-index.js"
_HEAD, _TAIL = "window.csrIndex(", ");"


@dataclass(frozen=True)
class Place:
    """One display in the report: its address in the version's folder, caption with number, and section."""

    url: str
    title: str
    section: str


def read_places(folder: Path) -> dict[str, Place]:
    """Return label to place in the order of the pages, from the index of the report's search."""
    places: dict[str, Place] = {}
    page = section = ""
    for path in sorted((folder / "site_libs").glob(f"**/{_INDEX}"))[:1]:
        text = path.read_text(encoding="utf-8").strip()
        for entry in json.loads(text.removeprefix(_HEAD).removesuffix(_TAIL))["entries"]:
            file, _, anchor = entry["url"].partition("#")
            if file != page:
                page, section = file, entry["title"]
            if anchor.startswith(("tbl-", "fig-")):
                places[anchor] = Place(entry["url"], entry["title"], section)
    return places
