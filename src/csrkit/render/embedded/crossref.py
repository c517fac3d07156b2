"""Numbers of sections, tables and figures, and what a reference to each says."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from csrkit.render.embedded.tree import Node, attributes, walk

FLOATS = {"tbl": "Table", "fig": "Figure"}
KINDS = (*FLOATS, "sec")


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


def numbered(blocks: Iterable[Node], chapter: int) -> Iterator[tuple[Node, str]]:
    """Yield a page's headings with their numbers; the first is the chapter and has its number."""
    counts: list[int] = []
    for block in blocks:
        if block["t"] == "Header":
            level = block["c"][0]
            counts = (counts + [0] * level)[:level]
            counts[-1] = chapter if level == 1 else counts[-1] + 1
            yield block, ".".join(map(str, counts))


def anchored(blocks: Sequence[Node], chapter: int) -> list[Node]:
    """Give every heading without an id one that follows its number, so that contents can link to it."""
    numbers = {id(heading): number.replace(".", "-") for heading, number in numbered(blocks, chapter)}
    result = []
    for block in blocks:
        if id(block) in numbers:
            level, (ident, *rest), text = block["c"]
            block = {"t": "Header", "c": [level, [ident or f"section-{numbers[id(block)]}", *rest], text]}
        result.append(block)
    return result


def floats(blocks: Iterable[Node], chapter: int) -> Iterator[tuple[str, str]]:
    """Yield the labels of a page's tables and figures with their numbers, in the order of the text."""
    counts: Counter[str] = Counter()
    for node in walk(list(blocks)):
        ident = attributes(node)[0]
        kind = kind_of(ident)
        if node["t"] == "Div" and kind in FLOATS:
            counts[str(kind)] += 1
            yield ident, f"{chapter}.{counts[str(kind)]}"
