"""Read tables and paragraphs back from published HTML, RTF and Word files."""

from __future__ import annotations

import html
import json
import re
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from itpcsr.build.published import Cells

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
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
_ABSENT = re.compile(r'<p class="csr-absent">(.*?)</p>', re.DOTALL)


def report_pages(book: Path) -> list[Path]:
    """Return the report's pages in a rendered book or a published version, in the order of the sections."""
    return [book / "index.html", *sorted((book / "report").glob("*.html"))]


def plain(text: str) -> str:
    """Return a text with single blanks and straight signs, so that two formats can be compared."""
    return " ".join(text.translate(_STRAIGHT).split())


def plain_cells(cells: Cells) -> Cells:
    """Return rows of texts with ``plain`` applied to each."""
    return [tuple(map(plain, row)) for row in cells]


class _Table(HTMLParser):
    """Collect rows of cell texts; a line break counts as a blank."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.heads = 0
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
            self._open = True
        elif tag == "br":
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._open = False
        elif tag == "thead":
            self.heads = len(self.rows)

    def handle_data(self, data: str) -> None:
        if self._open:
            self.rows[-1][-1] += data


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
        parser = _Table()
        parser.feed(f"<table><tr><td>{absent.group(1)}</td></tr></table>")
        return [], [tuple(parser.rows[0])]
    if start < 0:
        return None
    parser = _Table()
    parser.feed(stretch[start : stretch.find("</table>", start)])
    body = [tuple(row) if any(row[1:]) else (row[0],) for row in parser.rows[parser.heads :] if row]
    return [cell for row in parser.rows[: parser.heads] for cell in row], body


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


class _Paragraphs(HTMLParser):
    """Collect the texts of the main part by paragraph, outside tables, charts, folds and contents."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._main = self._open = False
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "main":
            self._main = True
        elif tag in _SILENT:
            self._silent += 1
        elif tag in _TEXTS and self._main and not self._silent:
            self.texts.append("")
            self._open = True
        elif tag == "br" and self._open:
            self.texts[-1] += " "

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent -= 1
        elif tag in _TEXTS:
            self._open = False
        elif tag == "main":
            self._main = False

    def handle_data(self, data: str) -> None:
        if self._open and not self._silent:
            self.texts[-1] += data


def html_paragraphs(text: str) -> list[str]:
    """Return paragraphs, entries of lists, headings and captions of a page's main part as plain texts."""
    parser = _Paragraphs()
    parser.feed(_LARGE.sub("", text))
    return [plain(paragraph) for paragraph in parser.texts]


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
            body = ElementTree.fromstring(archive.read("word/document.xml"))
        self.paragraphs = {plain(_word_text(node)) for node in body.iter(f"{_WORD}p")}
        self.rows = {row for table in body.iter(f"{_WORD}tbl") for row in _word_rows(table)}


def _word_rows(table: ElementTree.Element) -> Iterator[tuple[str, ...]]:
    for row in table.iter(f"{_WORD}tr"):
        cells = [plain(" ".join(map(_word_text, cell.iter(f"{_WORD}p")))) for cell in row.iter(f"{_WORD}tc")]
        yield tuple(cells) if any(cells[1:]) else tuple(cells[:1])


def _word_text(node: ElementTree.Element) -> str:
    texts = {f"{_WORD}tab": " ", f"{_WORD}br": " ", f"{_WORD}noBreakHyphen": "-"}
    return "".join(
        part.text or "" if part.tag == f"{_WORD}t" else texts.get(part.tag, "") for part in node.iter()
    )
