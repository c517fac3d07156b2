"""Numbers of sections, tables and figures, and what a reference to each says."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from itpcsr.build.embedded.faults import Fault
from itpcsr.build.embedded.source import Source
from itpcsr.build.embedded.tree import Node, attributes, walk

FLOATS = {"tbl": "Table", "fig": "Figure"}
KINDS = (*FLOATS, "sec")


@dataclass(frozen=True)
class Page:
    """A chapter: its expanded source and its parsed blocks."""

    source: Source
    blocks: list[Node]


@dataclass(frozen=True)
class Label:
    """Something that can be referred to: its id, the page it stands on, its number as text."""

    ident: str
    page: str
    number: str

    @property
    def kind(self) -> str:
        """One of tbl, fig, sec."""
        return self.ident.partition("-")[0]

    @property
    def name(self) -> str:
        """What stands before the number: Table, Figure, Chapter or Section."""
        return FLOATS.get(self.kind) or ("Section" if "." in self.number else "Chapter")

    @property
    def text(self) -> str:
        """What a reference says, for example ``Table 11.1``, with a space that never breaks."""
        return f"{self.name}\u00a0{self.number}"


def kind_of(ident: str) -> str | None:
    """Give the kind of label that an id is (tbl, fig, sec), or None for any other id."""
    kind, dash, _ = ident.partition("-")
    return kind if dash and kind in KINDS else None


def numbered(page: Page) -> Iterator[tuple[Node, str]]:
    """Yield the page's headings with their numbers; the first is the chapter and has its number."""
    counts: list[int] = []
    for block in page.blocks:
        if block["t"] == "Header":
            level = block["c"][0]
            counts = (counts + [0] * level)[:level]
            counts[-1] = page.source.number if level == 1 else counts[-1] + 1
            yield block, ".".join(map(str, counts))


def anchored(page: Page) -> Page:
    """Give every heading without an id one that follows its number, so that contents can link to it."""
    numbers = {id(heading): number.replace(".", "-") for heading, number in numbered(page)}
    blocks = []
    for block in page.blocks:
        if id(block) in numbers:
            level, (ident, *rest), text = block["c"]
            block = {"t": "Header", "c": [level, [ident or f"section-{numbers[id(block)]}", *rest], text]}
        blocks.append(block)
    return Page(page.source, blocks)


def index(pages: Iterable[Page]) -> tuple[dict[str, Label], list[Fault]]:
    """Number everything that can be referred to; a label that stands twice is a fault at each place."""
    labels: dict[str, Label] = {}
    faults: list[Fault] = []
    places: dict[str, list[Source]] = {}
    for page in pages:
        for label in _labels(page):
            labels.setdefault(label.ident, label)
            places.setdefault(label.ident, []).append(page.source)
    for ident, sources in places.items():
        if len(sources) > 1:
            faults += [
                Fault(origin, f"label #{ident} stands {len(sources)} times in the report; give each its own.")
                for source in sources
                for origin in source.where(rf"#{ident}(?![\w-])")
            ]
    return labels, faults


def _labels(page: Page) -> Iterator[Label]:
    path = page.source.path
    for heading, number in numbered(page):
        ident = attributes(heading)[0]
        if kind_of(ident) == "sec":
            yield Label(ident, path, number)
    counts: Counter[str] = Counter()
    for node in walk(page.blocks):
        ident = attributes(node)[0]
        kind = kind_of(ident)
        if node["t"] == "Div" and kind in FLOATS:
            counts[str(kind)] += 1
            yield Label(ident, path, f"{page.source.number}.{counts[str(kind)]}")
