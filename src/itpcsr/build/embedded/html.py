"""The report as HTML pages that open from a folder: relative links, no request to another host."""

import posixpath
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from itpcsr.build.embedded import pandoc
from itpcsr.build.embedded.book import EXTENSION, Assets, Book, read_assets
from itpcsr.build.embedded.crossref import Label, Page, numbered
from itpcsr.build.embedded.source import resolve
from itpcsr.build.embedded.targets import shape
from itpcsr.build.embedded.tree import Node, attributes, div, link, plain, raw, transform, words
from itpcsr.build.vega import write_vega_bundle
from itpcsr.display import escape

TEMPLATES = files(__package__) / "templates"
FRAME = "site_libs/frame/frame.css"


@dataclass
class HtmlTarget:
    """Writes the parts of one page; pictures that it meets are copied to the folder `out`."""

    page: str
    root: Path
    out: Path
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
        """Link to a copy of the picture."""
        found = resolve(self.page, path) or path
        copy = self.out / found
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.root / found, copy)
        named = [["alt", alternative], *map(list, size.items())]
        return {"t": "Image", "c": [["", [], named], [], [self.url(found), ""]]}

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
    book: Book, pages: list[Page], labels: dict[str, Label], out: Path, downloads: Mapping[str, str]
) -> None:
    """Write all pages, scripts, style sheets and pictures; `downloads` maps a link's text to its file."""
    assets = read_assets(book.root)
    head = _copy_assets(book, assets, out)
    targets = [HtmlTarget(page.source.path, book.root, out) for page in pages]
    chapters = [
        div(_headed(page, shape(page, target, labels))) for page, target in zip(pages, targets, strict=True)
    ]
    if book.bibliography:
        chapters = _cross_page_citations(pandoc.cite(chapters, book), pages)
    entries = [
        Entry(page.source.number, plain(page.blocks[0]["c"][2]), _html(page.source.path)) for page in pages
    ]
    for page, target, chapter in zip(pages, targets, chapters, strict=True):
        blocks = _with_contents(page, chapter["c"][1])
        body = pandoc.write(blocks, "html5", book, ["--mathml", "--wrap=none", "--syntax-highlighting=none"])
        path = out / _html(page.source.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = _frame(book, target, page.source.number, entries, head, downloads, body.decode())
        path.write_text(text, encoding="utf-8", newline="\n")


def _html(page: str) -> str:
    return page.removesuffix(".qmd") + ".html"


def _copy_assets(book: Book, assets: Assets, out: Path) -> dict[str, list[str]]:
    folder = f"site_libs/{assets.name}-{assets.version}"
    names = [*assets.scripts, *assets.stylesheets]
    for name in names:
        source, target = book.root / EXTENSION / name, out / folder / posixpath.basename(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.name == "vega.js" and not source.exists():
            write_vega_bundle(target)
        else:
            shutil.copyfile(source, target)
    frame = out / FRAME
    frame.parent.mkdir(parents=True)
    frame.write_text((TEMPLATES / "frame.css").read_text(encoding="utf-8"), encoding="utf-8", newline="\n")
    return {
        "scripts": [f"{folder}/{posixpath.basename(name)}" for name in assets.scripts],
        "styles": [FRAME, *(f"{folder}/{posixpath.basename(name)}" for name in assets.stylesheets)],
    }


def _headed(page: Page, blocks: list[Node]) -> list[Node]:
    """Put the numbers before the headings' texts."""
    numbers = iter([number for _, number in numbered(page)])
    result = []
    for block in blocks:
        if block["t"] == "Header":
            level, attr, text = block["c"]
            mark = {"t": "Span", "c": [["", ["header-section-number"], []], words(next(numbers))]}
            block = {"t": "Header", "c": [level, attr, [mark, *words(" "), *text]]}
        result.append(block)
    return result


def _cross_page_citations(chapters: list[Node], pages: list[Page]) -> list[Node]:
    """Let citations link to the page that holds the list of references."""
    homes = [page for page, chapter in zip(pages, chapters, strict=True) if _has_references(chapter)]
    if not homes:
        return chapters
    home = _html(homes[0].source.path)

    def relinked(chapter: Node, page: Page) -> Node:
        folder = posixpath.dirname(page.source.path) or "."
        url = "" if page is homes[0] else posixpath.relpath(home, folder)

        def visit(node: Node) -> list[Node] | None:
            if node["t"] != "Link" or not node["c"][2][0].startswith("#ref-"):
                return None
            return [link(node["c"][1], url + node["c"][2][0])]

        return div(transform(chapter["c"][1], visit))

    return [relinked(chapter, page) for chapter, page in zip(chapters, pages, strict=True)]


def _has_references(chapter: Node) -> bool:
    return any(attributes(block)[0] == "refs" for block in chapter["c"][1])


def _with_contents(page: Page, blocks: list[Node]) -> list[Node]:
    """Put the list "On this page" after the chapter's heading, and the rest into one division."""
    items = [
        f'<li class="level-{number.count(".")}"><a href="#{attributes(block)[0]}">'
        f"<span>{number}</span> {escape.html(plain(block['c'][2]))}</a></li>"
        for block, number in numbered(page)
        if block["c"][0] in (2, 3)
    ]
    contents = (
        f'<nav class="frame-contents" aria-label="On this page"><p>On this page</p>\n'
        f"<ul>\n{chr(10).join(items)}\n</ul></nav>\n"
        if items
        else ""
    )
    opening = raw("html", f'{contents}<div class="frame-text">')
    return [blocks[0], opening, *blocks[1:], raw("html", "</div>")]


def _frame(
    book: Book,
    target: HtmlTarget,
    number: int,
    entries: list[Entry],
    head: dict[str, list[str]],
    downloads: Mapping[str, str],
    body: str,
) -> str:
    current = entries[number - 1]
    styles = [f'<link rel="stylesheet" href="{target.url(path)}">' for path in head["styles"]]
    scripts = [f'<script src="{target.url(path)}" defer></script>' for path in head["scripts"]]
    before = entries[number - 2] if number > 1 else None
    after = entries[number] if number < len(entries) else None
    return Template((TEMPLATES / "page.html").read_text(encoding="utf-8")).substitute(
        lang=escape.html(book.lang),
        title=escape.html(f"{current.number} {current.title} – {book.title}"),
        report=escape.html(book.title),
        edition=escape.html(edition(book)),
        home=target.url("index.html"),
        head="\n".join([*styles, *scripts]),
        chapters=_sidebar(target, number, entries),
        downloads=_downloads(target, downloads),
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
