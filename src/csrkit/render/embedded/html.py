"""The report as HTML pages that open from a folder: relative links, no request to another host."""

import json
import os
import posixpath
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files as resources
from pathlib import Path
from string import Template

from csrkit.charts.assets import vega_bundle
from csrkit.made_files import Memo
from csrkit.render.embedded import pandoc
from csrkit.render.embedded.pages import Page
from csrkit.render.embedded.source import EXTENSION, Assets, Book, read_assets, resolve
from csrkit.render.embedded.tree import Label, Node, div, link, raw, shape, shows, transform, walk, words
from csrkit.tables import escape

TEMPLATES = resources(__package__) / "templates"
FRAME = "site_libs/frame/frame.css"


@dataclass(frozen=True)
class HtmlTarget:
    """Writes the parts of one page."""

    page: str
    name: str = "html"

    def url(self, path: str) -> str:
        """Turn a path from the report's root into a link from this page."""
        return posixpath.relpath(path, posixpath.dirname(self.page) or ".")

    def float(self, label: Label, content: list[Node], caption: list[Node]) -> list[Node]:
        """Use the elements and classes that Quarto writes, so that one style sheet serves both."""
        ident, place = label.ident, "top" if label.kind == "tbl" else "bottom"
        classes = f"quarto-float-caption-{place} quarto-float-caption quarto-float-{label.kind}"
        legend = [
            raw("html", f'<figcaption id="{ident}-caption" class="{classes}">'),
            {"t": "Plain", "c": [*words(f"{label.text}: "), *caption]},
            raw("html", "</figcaption>"),
        ]
        body = [raw("html", f'<div aria-describedby="{ident}-caption">'), *content, raw("html", "</div>")]
        return [
            raw("html", f'<div id="{ident}" class="quarto-float quarto-figure">'),
            raw("html", f'<figure class="quarto-float quarto-float-{label.kind} figure">'),
            *(legend + body if label.kind == "tbl" else body + legend),
            raw("html", "</figure></div>"),
        ]

    def callout(self, kind: str, title: list[Node], content: list[Node]) -> list[Node]:
        """Write an aside with a visible title."""
        head = div([{"t": "Para", "c": title}], classes=("callout-title",))
        return [
            raw("html", f'<div class="callout callout-{kind}" role="note">'),
            head,
            div(content, classes=("callout-body",)),
            raw("html", "</div>"),
        ]

    def reference(self, label: Label, name: bool) -> Node:
        """Link to the page and the place on it."""
        page = "" if label.page == self.page else self.url(_html(label.page))
        text = label.text if name else label.number
        return link(words(text), f"{page}#{label.ident}", ("quarto-xref",))

    def image(self, path: str, alternative: str, size: dict[str, str]) -> Node:
        """Link to the picture's copy beside the pages."""
        named = [["alt", alternative], *map(list, size.items())]
        return {"t": "Image", "c": [["", [], named], [], [self.url(resolve(self.page, path) or path), ""]]}

    def other(self, node: Node) -> list[Node] | None:
        """Let a wide table scroll by itself."""
        return [div([node], classes=("csr-table-wrap",))] if node["t"] == "Table" else None


@dataclass(frozen=True)
class Entry:
    """A chapter in the sidebar."""

    number: int
    title: str
    path: str


def write_html(
    book: Book, pages: list[Page], labels: dict[str, Label], downloads: Mapping[str, str], memo: Memo
) -> dict[str, bytes | Path]:
    """Write all pages; return each file of the HTML report: its content, or the file that it is a copy of.

    ``downloads`` maps a link's text to its file. A page is written by pandoc only where its text changed,
    or what it quotes of other pages; the frame around it is put on anew.
    """
    assets = read_assets(book.root)
    files, head = _assets(book, assets)
    entries = [
        Entry(page.source.number, page.outline.headings[0].text, _html(page.source.path)) for page in pages
    ]
    frame = _Frame(book, (TEMPLATES / "page.html").read_text(encoding="utf-8"), entries, head, downloads)

    def body_of(cited: tuple[Page, _Citations | None]) -> tuple[str, list[str]]:
        return _body(book, *cited, labels, memo)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        bodies = [*pool.map(body_of, _cited(book, pages, memo))]
    for page, (body, pictures) in zip(pages, bodies, strict=True):
        files[_html(page.source.path)] = frame.around(page, body).encode()
        files |= {name: book.root / name for name in pictures}
    return files


@dataclass(frozen=True)
class _Citations:
    """What citations of a page say, its list of references, and where the report's list stands."""

    words: list[list[Node]]
    references: list[Node]
    home: str


def _cited(book: Book, pages: list[Page], memo: Memo) -> list[tuple[Page, _Citations | None]]:
    """Return each page with its citations; none without a bibliography."""
    if not book.bibliography:
        return [(page, None) for page in pages]
    given = [page.cited(HtmlTarget(page.source.path)) for page in pages]
    found = pandoc.cite([(cited.cites, cited.references) for cited in given], book, memo)
    homes = [page.source.path for page, (_, references) in zip(pages, found, strict=True) if references]
    home = homes[0] if homes else ""
    return [(page, _Citations(*cited, home)) for page, cited in zip(pages, found, strict=True)]


def _body(
    book: Book, page: Page, citations: _Citations | None, labels: Mapping[str, Label], memo: Memo
) -> tuple[str, list[str]]:
    """Return a page's text as HTML, and the pictures that it shows by their path from the root."""
    outline, source = page.outline, page.source
    quoted = {ident: labels[ident] for ident in [*outline.quoted, *(ident for ident, _ in outline.floats)]}
    inputs = (source.path, source.number, source.digest, quoted, citations, book.moment.isoformat())
    kept = memo.text("html", inputs, lambda: json.dumps(_write_body(book, page, citations, labels)))
    body, pictures = json.loads(kept)
    return body, pictures


def _write_body(
    book: Book, page: Page, citations: _Citations | None, labels: Mapping[str, Label]
) -> tuple[str, list[str]]:
    target = HtmlTarget(page.source.path)
    shown = [
        node for node in walk(page.blocks, lambda node: shows(node, target.name)) if node["t"] == "Image"
    ]
    pictures = [resolve(target.page, node["c"][2][0]) or "" for node in shown]
    blocks = _headed(page, shape(page.blocks, target, labels))
    if citations is not None:
        blocks = pandoc.place_citations(blocks, citations.words, citations.references)
        blocks = _to_references(blocks, page, citations.home)
    blocks = _with_contents(page, blocks)
    body = pandoc.write(blocks, "html5", book, ["--mathml", "--wrap=none", "--syntax-highlighting=none"])
    return body.decode(), pictures


def _html(page: str) -> str:
    return page.removesuffix(".qmd") + ".html"


def _assets(book: Book, assets: Assets) -> tuple[dict[str, bytes | Path], dict[str, list[str]]]:
    """Return the scripts and style sheets as files, and their names as each page's head links them."""
    folder = f"site_libs/{assets.name}-{assets.version}"
    files: dict[str, bytes | Path] = {FRAME: (TEMPLATES / "frame.css").read_bytes()}
    for name in [*assets.scripts, *assets.stylesheets]:
        source, target = book.root / EXTENSION / name, f"{folder}/{posixpath.basename(name)}"
        missing = posixpath.basename(name) == "vega.js" and not source.exists()
        files[target] = vega_bundle().encode() if missing else source
    return files, {
        "scripts": [f"{folder}/{posixpath.basename(name)}" for name in assets.scripts],
        "styles": [FRAME, *(f"{folder}/{posixpath.basename(name)}" for name in assets.stylesheets)],
    }


def _headed(page: Page, blocks: list[Node]) -> list[Node]:
    """Put the numbers before the headings' texts."""
    numbers = iter([heading.number for heading in page.outline.headings])
    result = []
    for block in blocks:
        if block["t"] == "Header":
            level, attr, text = block["c"]
            mark = {"t": "Span", "c": [["", ["header-section-number"], []], words(next(numbers))]}
            block = {"t": "Header", "c": [level, attr, [mark, *words(" "), *text]]}
        result.append(block)
    return result


def _to_references(blocks: list[Node], page: Page, home: str) -> list[Node]:
    """Let citations link to the page that holds the list of references."""
    if not home:
        return blocks
    folder = posixpath.dirname(page.source.path) or "."
    url = "" if page.source.path == home else posixpath.relpath(_html(home), folder)

    def visit(node: Node) -> list[Node] | None:
        if node["t"] != "Link" or not node["c"][2][0].startswith("#ref-"):
            return None
        return [link(node["c"][1], url + node["c"][2][0])]

    linked: list[Node] = transform(blocks, visit)
    return linked


def _with_contents(page: Page, blocks: list[Node]) -> list[Node]:
    """Put the list "On this page" after the chapter's heading, and the rest into one division."""
    items = [
        f'<li class="level-{heading.number.count(".")}"><a href="#{heading.ident}">'
        f"<span>{heading.number}</span> {escape.html(heading.text)}</a></li>"
        for heading in page.outline.headings
        if heading.level in (2, 3)
    ]
    contents = (
        f'<nav class="frame-contents" aria-label="On this page"><p>On this page</p>\n'
        f"<ul>\n{chr(10).join(items)}\n</ul></nav>\n"
        if items
        else ""
    )
    opening = raw("html", f'{contents}<div class="frame-text">')
    return [blocks[0], opening, *blocks[1:], raw("html", "</div>")]


@dataclass(frozen=True)
class _Frame:
    """What stands around the text of every page."""

    book: Book
    template: str
    entries: list[Entry]
    head: dict[str, list[str]]
    downloads: Mapping[str, str]

    def around(self, page: Page, body: str) -> str:
        """Put a page's text into the frame."""
        target, number, entries = HtmlTarget(page.source.path), page.source.number, self.entries
        current = entries[number - 1]
        styles = [f'<link rel="stylesheet" href="{target.url(path)}">' for path in self.head["styles"]]
        scripts = [f'<script src="{target.url(path)}" defer></script>' for path in self.head["scripts"]]
        before = entries[number - 2] if number > 1 else None
        after = entries[number] if number < len(entries) else None
        return Template(self.template).substitute(
            lang=escape.html(self.book.lang),
            title=escape.html(f"{current.number} {current.title} – {self.book.title}"),
            report=escape.html(self.book.title),
            edition=escape.html(edition(self.book)),
            home=target.url("index.html"),
            head="\n".join([*styles, *scripts]),
            chapters=_sidebar(target, number, entries),
            downloads=_downloads(target, self.downloads),
            body=body,
            before=_neighbour(target, before, "prev", "Previous"),
            after=_neighbour(target, after, "next", "Next"),
        )


def edition(book: Book) -> str:
    """Name study and version, as ``NCT04014166 · Version 1.0.0 (draft)``; what is absent is left out."""
    version = f"Version {book.text('version')}" if "version" in book.config else ""
    status = f"({book.text('status')})" if "status" in book.config else ""
    parts = [book.text("study"), f"{version} {status}".strip()]
    return " · ".join(part for part in parts if part)


def _sidebar(target: HtmlTarget, number: int, entries: list[Entry]) -> str:
    items = []
    for entry in entries:
        mark = ' aria-current="page"' if entry.number == number else ""
        text = f"<span>{entry.number}</span> {escape.html(entry.title)}"
        items.append(f'<li><a href="{target.url(entry.path)}"{mark}>{text}</a></li>')
    return "<ol>\n" + "\n".join(items) + "\n</ol>"


def _downloads(target: HtmlTarget, downloads: Mapping[str, str]) -> str:
    items = [f'<a href="{target.url(path)}" download>{text}</a>' for text, path in downloads.items()]
    return f'<p class="frame-downloads">{" ".join(items)}</p>' if items else ""


def _neighbour(target: HtmlTarget, entry: Entry | None, rel: str, word: str) -> str:
    if entry is None:
        return ""
    text = f"<small>{word}</small> {entry.number} {escape.html(entry.title)}"
    return f'<a href="{target.url(entry.path)}" rel="{rel}">{text}</a>'
