"""The pages of the book, each parsed when its tree is needed, and the grammar that they keep to."""

import dataclasses
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from csrkit.made_files import Memo
from csrkit.render.embedded import pandoc
from csrkit.render.embedded.source import Fault, Origin, Source, resolve
from csrkit.render.embedded.tree import (
    CALLOUTS,
    FLOATS,
    FORMATS,
    Label,
    Node,
    Target,
    anchored,
    attributes,
    callout_kind,
    floats,
    kind_of,
    numbered,
    plain,
    shape,
    shows,
    walk,
)

# The pages of the book: each parsed when its tree is needed, and what the others have to know of it.


@dataclass(frozen=True)
class Heading:
    """A heading: its level, its id, its number and its words."""

    level: int
    ident: str
    number: str
    text: str


@dataclass(frozen=True)
class Outline:
    """What follows from a page's text: headings, labels with numbers, what it refers to, shows and cites.

    ``quoted`` are the labels that the page refers to, ``pictures`` the paths of its pictures as written,
    ``cites`` tells whether it cites works, ``reference_lists`` how many lists of references it has.
    ``warnings`` are pandoc's, ``has_header`` tells of a YAML header, which no page may have.
    """

    headings: list[Heading]
    floats: list[tuple[str, str]]
    quoted: list[str]
    pictures: list[str]
    cites: bool
    reference_lists: int
    warnings: list[str]
    has_header: bool


@dataclass(frozen=True)
class Cited:
    """What one page says in one format of works: its citations in their order, and its list of references."""

    cites: list[Node]
    references: list[Node]


class Page:
    """A chapter: its expanded source, and its parsed blocks, which aren't read before they are needed."""

    def __init__(self, source: Source, memo: Memo) -> None:
        """Take the source; what follows from it is kept in ``memo``."""
        self.source = source
        self._memo = memo

    @cached_property
    def _document(self) -> dict[str, Any]:
        document: dict[str, Any] = self._kept("tree", (), lambda: pandoc.parse(self.source.text))
        return document

    @cached_property
    def blocks(self) -> list[Node]:
        """The page's blocks; each heading has an id."""
        return anchored(self._document["blocks"], self.source.number)

    @cached_property
    def outline(self) -> Outline:
        """What the others have to know of the page."""
        kept = self._kept("outline", self.source.number, lambda: dataclasses.asdict(self._outline()))
        headings = [Heading(**heading) for heading in kept.pop("headings")]
        return Outline(headings, [(ident, number) for ident, number in kept.pop("floats")], **kept)

    def cited(self, target: Target) -> Cited:
        """Return the page's citations in one format, in the order in which that shows them."""
        kept = self._kept("cited", target.name, lambda: dataclasses.asdict(self._cited(target)))
        return Cited(**kept)

    def faults(self) -> list[Fault]:
        """Return what pandoc found: a division left open, a formula it can't read, a header."""
        found = [self._fault_of(warning) for warning in self.outline.warnings]
        if self.outline.has_header:
            text = "a page has no YAML header: it begins with its heading."
            found.append(Fault(self.source.where("^---")[0], text))
        return found

    def _fault_of(self, warning: str) -> Fault:
        line = pandoc.line_of(warning)
        return Fault(self.source.lines[min(line, len(self.source.lines)) - 1].origin, warning)

    def _kept(self, kind: str, inputs: Any, make: Callable[[], Any]) -> Any:
        """Return what follows from the page's text, through JSON."""
        found = (self.source.path, self.source.digest, inputs)
        return json.loads(self._memo.text(kind, found, lambda: json.dumps(make(), ensure_ascii=False)))

    def _outline(self) -> Outline:
        number = self.source.number
        nodes = [node for node in walk(self.blocks) if node["t"] in ("Cite", "Image", "Div")]
        idents = [
            citation["citationId"] for node in nodes if node["t"] == "Cite" for citation in node["c"][0]
        ]
        return Outline(
            headings=[
                Heading(heading["c"][0], attributes(heading)[0], text, plain(heading["c"][2]))
                for heading, text in numbered(self.blocks, number)
            ],
            floats=[*floats(self.blocks, number)],
            quoted=sorted({ident for ident in idents if kind_of(ident)}),
            pictures=sorted({node["c"][2][0] for node in nodes if node["t"] == "Image"}),
            cites=any(not kind_of(ident) for ident in idents),
            reference_lists=sum(node["t"] == "Div" and attributes(node)[0] == "refs" for node in nodes),
            warnings=self._document["warnings"],
            has_header=bool(self._document["meta"]),
        )

    def _cited(self, target: Target) -> Cited:
        if not (self.outline.cites or self.outline.reference_lists):
            return Cited([], [])
        nodes = [*walk(shape(self.blocks, target, _AnyLabel()))]
        references = [node for node in nodes if node["t"] == "Div" and attributes(node)[0] == "refs"]
        return Cited([node for node in nodes if node["t"] == "Cite"], references)


class _AnyLabel(dict[str, Label]):
    """Labels before they are numbered."""

    def __missing__(self, ident: str) -> Label:
        return Label(ident, "", "")


def index(pages: Iterable[Page]) -> tuple[dict[str, Label], list[Fault]]:
    """Number everything that can be referred to; a label that appears twice is a fault at each place."""
    labels: dict[str, Label] = {}
    faults: list[Fault] = []
    places: dict[str, list[Source]] = {}
    for page in pages:
        outline = page.outline
        sections = [(heading.ident, heading.number) for heading in outline.headings]
        for ident, number in [*(item for item in sections if kind_of(item[0]) == "sec"), *outline.floats]:
            labels.setdefault(ident, Label(ident, page.source.path, number))
            places.setdefault(ident, []).append(page.source)
    for ident, sources in places.items():
        if len(sources) > 1:
            faults += [
                Fault(origin, f"label #{ident} appears {len(sources)} times; give each its own.")
                for source in sources
                for origin in source.where(rf"#{ident}(?![\w-])")
            ]
    return labels, faults


# The grammar of report pages. What is outside it is refused with its place, never rendered by guess.

# Lines that pandoc would read as something harmless, but that mean something to Quarto.
LINES = {
    r"^\s*(`{3,}|~{3,})\s*\{[A-Za-z]": "a code cell; report pages hold no code.",
    r"(?<!`)`\{[A-Za-z]\w*\}": "code in a sentence; quote a value with {{< var KEY >}}.",
    r"\{#(eq|lst|thm|lem|cor|prp|cnj|def|exm|exr|sol|rem|alg)-": (
        "only labels #tbl-, #fig- and #sec- are allowed."
    ),
}
ONLY_DIVS = (
    "allowed are #tbl-… and #fig-… divisions, .callout-note|tip|important|warning|caution,"
    " .content-visible and #refs."
)


def check(page: Page, root: Path, labels: dict[str, Label], keys: set[str]) -> list[Fault]:
    """List the faults of one page, given all labels of the book and the keys of its bibliography."""
    checker = _Checker(page, root, labels, keys)
    for line in page.source.lines:
        for pattern, message in LINES.items():
            if re.search(pattern, line.text):
                checker.at([line.origin], message)
    checker.headings()
    for node in checker.nodes:
        checks = _Checker.CHECKS.get(node["t"])
        if checks:
            checks(checker, node)
        checker.label(node)
    checker.word_pictures()
    return checker.faults


def check_references_list(pages: list[Page]) -> list[Fault]:
    """Ask for exactly one `#refs` division when the report cites something, and for none twice."""
    lists = [page for page in pages for _ in range(page.outline.reference_lists)]
    cites = [page for page in pages if page.outline.cites]
    if len(lists) > 1:
        text = "the list of references (`::: {#refs}`) appears more than once."
        return [Fault(origin, text) for page in lists for origin in page.source.where(r":::.*#refs\b")]
    if cites and not lists:
        text = "works are cited, but no page has a list of references; add `::: {#refs}` and `:::`."
        return [Fault(Origin(cites[0].source.path, 1), text)]
    return []


def check_once(page: Page, root: Path, labels: dict[str, Label], keys: set[str], memo: Memo) -> list[Fault]:
    """Check a page, unless it was found without a fault among the same labels, keys and pictures."""
    pictures = [_exists(root, resolve(page.source.path, path)) for path in page.outline.pictures]
    inputs = (page.source.path, page.source.digest, sorted(labels), sorted(keys), pictures)
    if memo.knows("sound", inputs):
        return []
    faults = check(page, root, labels, keys)
    if not faults:
        memo.content("sound", inputs, lambda: b"")
    return faults


def _exists(root: Path, path: str | None) -> bool:
    return path is not None and (root / path).is_file()


class _Checker:
    """Collects the faults of one page; each method looks at one kind of node."""

    def __init__(self, page: Page, root: Path, labels: dict[str, Label], keys: set[str]) -> None:
        self.page = page
        self.root = root
        self.labels = labels
        self.keys = keys
        self.faults: list[Fault] = []
        self.nodes = [*walk(page.blocks)]
        self.idents = {attributes(node)[0] for node in self.nodes}

    def at(self, origins: list[Origin], text: str) -> None:
        self.faults += [Fault(origin, text) for origin in origins]

    def find(self, pattern: str, text: str) -> None:
        self.at(self.page.source.where(pattern), text)

    def headings(self) -> None:
        blocks = self.page.blocks
        top = [block for block in blocks if block["t"] == "Header" and block["c"][0] == 1]
        if len(top) != 1 or blocks[0] is not top[0]:
            text = "a page begins with its one level-1 heading, the chapter's title."
            extra = r"^#\s" if len(top) > 1 else r"^\S"
            self.at(
                self.page.source.where(extra)[:1] if len(top) < 2 else self.page.source.where(extra), text
            )
        level = 0
        for heading, number in numbered(blocks, self.page.source.number):
            if ".0" in number and heading["c"][0] > level + 1:
                self.find(_words(heading), "a heading skips a level.")
            level = heading["c"][0]
        own = {id(block) for block in blocks if block["t"] == "Header"}
        own |= {id(first) for node in self.nodes for first in _callout_heading(node)}
        for node in self.nodes:
            if node["t"] == "Header" and id(node) not in own:
                self.find(_words(node), "a heading inside a division can't be numbered; put it outside.")

    def header(self, node: Node) -> None:
        _, classes, named = attributes(node)
        if classes or named:
            self.find(_words(node), "a heading has an id {#sec-…} and nothing else: every one is numbered.")

    def div(self, node: Node) -> None:
        ident, classes, named = attributes(node)
        kind = callout_kind(classes)
        if kind_of(ident) in FLOATS:
            self.float(node, ident)
        elif classes == ["content-visible"]:
            self.content_visible(node, named)
        elif kind in CALLOUTS and len(classes) == 1:
            self.names(named, {"title"}, rf":::.*callout-{kind}")
        elif classes:
            place = rf"(:::|<div).*[\s{{.\"']{re.escape(classes[0])}(?![\w-])"
            self.find(place, f"division .{classes[0]}; {ONLY_DIVS}")
        else:
            self.names(named, {"custom-style"}, "|".join(map(re.escape, named)) or "^:::")

    def names(self, named: dict[str, str], allowed: set[str], pattern: str) -> None:
        for name in named.keys() - allowed:
            self.find(pattern, f"attribute {name} is not allowed here; allowed: {', '.join(allowed)}.")

    def content_visible(self, node: Node, named: dict[str, str]) -> None:
        value = next(iter(named.values()), "")
        if len(named) != 1 or not named.keys() <= {"when-format", "unless-format"} or value not in FORMATS:
            text = f'.content-visible needs when-format="…" or unless-format="…" with {"|".join(FORMATS)}.'
            self.find(rf":::.*content-visible.*{re.escape(value)}", text)
        for inner in walk(node["c"][1]):
            ident = attributes(inner)[0]
            if inner["t"] == "Div" and kind_of(ident) in FLOATS:
                self.find(
                    rf"#{ident}\b", f"#{ident} inside .content-visible would be numbered in one format."
                )

    def float(self, node: Node, ident: str) -> None:
        blocks = node["c"][1]
        if len(blocks) < 2 or blocks[-1]["t"] != "Para":
            self.find(rf"#{ident}\b", f"#{ident} must hold its content and, as last paragraph, its caption.")
        _, classes, named = attributes(node)
        if classes or named:
            self.find(rf"#{ident}\b", f"#{ident} has an id and nothing else.")

    def raw(self, node: Node) -> None:
        fmt = node["c"][0]
        if fmt not in ("html", "typst"):
            first = node["c"][1].strip().splitlines() or [""]
            pattern = rf"\{{={re.escape(fmt)}\}}|{re.escape(first[0])}"
            self.find(pattern, f"raw `{fmt}`; allowed are {{=html}} and {{=typst}}.")

    def cite(self, node: Node) -> None:
        kinds = {kind_of(citation["citationId"]) is None for citation in node["c"][0]}
        for citation in node["c"][0]:
            key = citation["citationId"]
            pattern = rf"@\{{?{re.escape(key)}(?![\w-])"
            if len(kinds) == 2:
                self.find(pattern, f"@{key}: one bracket holds either cross-references or citations.")
            if kind_of(key) and (citation["citationPrefix"] or citation["citationSuffix"]):
                self.find(pattern, f"@{key}: a cross-reference in brackets takes no words of its own.")
            if kind_of(key) and key not in self.labels:
                self.find(pattern, f"@{key}: no table, figure or heading has the label #{key}.")
            if not kind_of(key) and key not in self.keys:
                self.find(pattern, f"@{key} is neither a label (tbl-, fig-, sec-) nor in the bibliography.")

    def image(self, node: Node) -> None:
        _, alternative, (target, _) = node["c"]
        place = re.escape(target)
        path = resolve(self.page.source.path, target)
        if "://" in target or target.startswith("data:"):
            self.find(place, f"picture {target}: only files of the project are allowed.")
        elif path is None or not (self.root / path).is_file():
            self.find(place, f"picture {target} does not exist in the project.")
        if not alternative and not attributes(node)[2].get("fig-alt"):
            self.find(place, f'picture {target} has no alternative text; write {{fig-alt="…"}}.')

    def word_pictures(self) -> None:
        for node in walk(self.page.blocks, lambda node: shows(node, "docx")):
            if node["t"] == "Image" and node["c"][2][0].endswith(".svg"):
                target = node["c"][2][0]
                self.find(re.escape(target), f"picture {target}: Word can't show SVG; give docx a PNG.")

    def figure(self, node: Node) -> None:
        target = next(image["c"][2][0] for image in walk(node) if image["t"] == "Image")
        text = 'a captioned picture belongs in a `::: {#fig-…}` division; others are ![](…){fig-alt="…"}.'
        self.find(re.escape(target), text)

    def table(self, node: Node) -> None:
        if node["c"][1][1]:
            text = (
                "a table with a caption belongs in a `::: {#tbl-…}` division, the caption as last paragraph."
            )
            self.find(_words(node["c"][1][1]), text)

    def link(self, node: Node) -> None:
        target = node["c"][2][0]
        if re.search(r"\.qmd(#|$)", target):
            self.find(re.escape(target), f"link to {target}; refer to a section with @sec-….")
        if target.startswith("#") and target[1:] not in self.idents:
            self.find(re.escape(target), f"link to {target}: this page has no such id.")

    def span(self, node: Node) -> None:
        if any(name.startswith("content-") for name in attributes(node)[1]):
            self.find(r"\]\{\.content-", ".content-visible is for divisions, not for words.")

    def label(self, node: Node) -> None:
        ident = attributes(node)[0]
        kind = kind_of(ident)
        home = "Header" if kind == "sec" else "Div"
        if kind and node["t"] != home:
            where = "headings" if kind == "sec" else "divisions `::: {#…}`"
            self.find(rf"#{ident}\b", f"labels #{kind}- belong to {where}.")

    CHECKS: dict[str, Callable[["_Checker", Node], None]] = {  # noqa: RUF012
        "Header": header,
        "Div": div,
        "RawBlock": raw,
        "RawInline": raw,
        "Cite": cite,
        "Image": image,
        "Figure": figure,
        "Table": table,
        "Link": link,
        "Span": span,
    }


def _words(content: Any) -> str:
    """Make a pattern of the first word of a heading or caption, to find its line by."""
    text = next((node["c"] for node in walk(content) if node["t"] == "Str"), "")
    return rf"^\s*(#+|:|[Tt]able:)\s.*{re.escape(text)}"


def _callout_heading(node: Node) -> Iterator[Node]:
    if node["t"] == "Div" and callout_kind(attributes(node)[1]):
        yield from (block for block in node["c"][1][:1] if block["t"] == "Header")
