"""The pages of the book: each parsed when its tree is needed, and what the others have to know of it."""

import dataclasses
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from csrkit.publish.memo import Memo
from csrkit.render.embedded import pandoc
from csrkit.render.embedded.crossref import Label, anchored, floats, kind_of, numbered
from csrkit.render.embedded.faults import Fault
from csrkit.render.embedded.source import Source
from csrkit.render.embedded.targets import Target, shape
from csrkit.render.embedded.tree import Node, attributes, plain, walk


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
    """Number everything that can be referred to; a label that stands twice is a fault at each place."""
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
                Fault(origin, f"label #{ident} stands {len(sources)} times in the report; give each its own.")
                for source in sources
                for origin in source.where(rf"#{ident}(?![\w-])")
            ]
    return labels, faults
