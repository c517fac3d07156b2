"""Pandoc's document tree: walking, numbering and building it, and what each format does with its parts."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from csrkit.render.embedded.source import PAGE_BREAK
from csrkit.tables.escape import leads_to_reading

# Pandoc's document tree as JSON: walking, changing and building it.
#
# A node is a dict with the keys `t` (its type) and, for most types, `c` (its content).

Node = dict[str, Any]

# Nodes that hold no others, and stand in each sentence and cell
_LEAVES = frozenset({"Str", "Space", "SoftBreak", "LineBreak", "AlignDefault", "ColWidthDefault"})


def walk(value: Any, into: Callable[[Node], bool] = lambda node: True) -> Iterator[Node]:
    """Yield every node below `value`, a parent before its children, in the order of the text.

    A node that `into` says no to is left out with all that it holds.
    """
    waiting = [value]  # a stack of its own: recursion takes three times as long on large tables
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if "t" in item:
                if not into(item):
                    continue
                yield item
            waiting.extend(reversed(item.values()))
        elif isinstance(item, list):
            waiting.extend(reversed(item))


def transform(value: Any, visit: Callable[[Node], list[Node] | None]) -> Any:
    """Copy `value`, children before parents, with each node that stands in a list given to `visit`.

    `visit` answers None to keep the node, or the nodes to put in its place.
    """
    if isinstance(value, dict):
        return {key: transform(child, visit) for key, child in value.items()}
    if not isinstance(value, list):
        return value
    result: list[Any] = []
    for child in value:
        if isinstance(child, str | int):  # most of what a tree holds: not worth a call
            result.append(child)
            continue
        leaf = isinstance(child, dict) and child.get("t") in _LEAVES
        changed = child if leaf else transform(child, visit)
        instead = visit(changed) if isinstance(changed, dict) and "t" in changed else None
        if instead is None:
            result.append(changed)
        else:
            result += instead
    return result


def attributes(node: Node) -> tuple[str, list[str], dict[str, str]]:
    """Give a node's id, classes and named attributes; all empty for a node that has none."""
    match node["t"]:
        case "Header":
            attr = node["c"][1]
        case "Div" | "Span" | "Code" | "CodeBlock" | "Link" | "Image" | "Table" | "Figure":
            attr = node["c"][0]
        case _:
            return "", [], {}
    return attr[0], attr[1], dict(attr[2])


def harmless_links(value: Any) -> Any:
    """Return `value` with links that lead to nothing but pages and letters; others are their text alone."""

    def is_harmful(node: Node) -> bool:
        return node["t"] == "Link" and not leads_to_reading(node["c"][2][0])

    def visit(node: Node) -> list[Node] | None:
        return list(node["c"][1]) if is_harmful(node) else None

    return transform(value, visit) if any(map(is_harmful, walk(value))) else value


def plain(inlines: Any) -> str:
    """Give the text of inlines without their formatting."""
    text = {"Space": " ", "SoftBreak": " ", "LineBreak": " "}
    parts = []
    for node in walk(inlines):
        if node["t"] in ("Str", "Code", "Math"):
            parts.append(node["c"] if node["t"] == "Str" else node["c"][1])
        else:
            parts.append(text.get(node["t"], ""))
    return "".join(parts)


def words(text: str) -> list[Node]:
    """Build inlines of a plain text."""
    return [{"t": "Str", "c": text}]


def raw(fmt: str, text: str) -> Node:
    """Build a block that is written as it is, for one format."""
    return {"t": "RawBlock", "c": [fmt, text]}


def raw_inline(fmt: str, text: str) -> Node:
    """Build a piece of text that is written as it is, for one format."""
    return {"t": "RawInline", "c": [fmt, text]}


def div(
    content: list[Node], ident: str = "", classes: tuple[str, ...] = (), attrs: dict[str, str] | None = None
) -> Node:
    """Build a division."""
    named = [[key, value] for key, value in (attrs or {}).items()]
    return {"t": "Div", "c": [[ident, list(classes), named], content]}


def link(content: list[Node], target: str, classes: tuple[str, ...] = ()) -> Node:
    """Build a link."""
    return {"t": "Link", "c": [["", list(classes), []], content, [target, ""]]}


# Numbers of sections, tables and figures, and what a reference to each says.

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


# What each output format does with the parts of the grammar that pandoc itself doesn't know.

CALLOUTS = ("note", "tip", "important", "warning", "caution")
FORMATS = {"html": "html", "typst": "typst", "pdf": "typst", "docx": "docx"}
PAGE_BREAKS = {
    "html": raw("html", '<div style="page-break-after: always;"></div>'),
    "typst": raw("typst", "#pagebreak(weak: true)"),
    "docx": raw("openxml", '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'),
}


class Target(Protocol):
    """One output format: how it writes each part. Blocks go in, blocks come out."""

    @property
    def name(self) -> str:
        """The name that `when-format` and raw blocks use: html, typst or docx."""

    def float(self, label: Label, content: list[Node], caption: list[Node]) -> list[Node]:
        """Write a numbered table or figure."""

    def callout(self, kind: str, title: list[Node], content: list[Node]) -> list[Node]:
        """Write a callout; `kind` is one of CALLOUTS."""

    def reference(self, label: Label, name: bool) -> Node:
        """Write a cross-reference; `name` false asks for the number alone."""

    def image(self, path: str, alternative: str, size: dict[str, str]) -> Node:
        """Write a picture; `path` is as written on the page."""

    def other(self, node: Node) -> list[Node] | None:
        """Write any other node; None leaves it to pandoc."""


def callout_kind(classes: list[str]) -> str | None:
    """Give the kind of the first callout class, or None when there is none."""
    return next((name.removeprefix("callout-") for name in classes if name.startswith("callout-")), None)


def shows(node: Node, target: str) -> bool:
    """Tell whether a node is meant for a format, as far as it says so itself."""
    if node["t"] in ("RawBlock", "RawInline"):
        return bool(node["c"][0] == target)
    _, classes, named = attributes(node)
    if "content-visible" not in classes:
        return True
    meant = FORMATS.get(named.get("when-format", ""))
    return meant == target if meant else FORMATS.get(named.get("unless-format", "")) != target


def visible(content: Any, target: str) -> Any:
    """Drop what is meant for other formats, and the wrappers of what is meant for this one.

    What is dropped isn't looked into: Word's tables are most of a page's nodes.
    """
    if isinstance(content, dict):
        return {key: visible(child, target) for key, child in content.items()}
    if not isinstance(content, list):
        return content
    kept: list[Any] = []
    for child in content:
        if not isinstance(child, dict) or "t" not in child:
            kept.append(visible(child, target))
        elif shows(child, target):
            seen = visible(child, target)
            kept += seen["c"][1] if "content-visible" in attributes(child)[1] else [seen]
    return kept


def shape(blocks: list[Node], target: Target, labels: Mapping[str, Label]) -> list[Node]:
    """Turn a page's blocks into ones that pandoc writes as the target wants them."""

    def visit(node: Node) -> list[Node] | None:
        match node["t"]:
            case "Div":
                return _div(node, target, labels)
            case "Para" if plain(node["c"]) == PAGE_BREAK:
                return [PAGE_BREAKS[target.name]]
            case "Cite" if kind_of(node["c"][0][0]["citationId"]):
                return _references(node, target, labels)
            case "Image":
                return [_image(node, target)]
        return target.other(node)

    shaped: list[Node] = transform(visible(blocks, target.name), visit)
    return shaped


def _div(node: Node, target: Target, labels: Mapping[str, Label]) -> list[Node] | None:
    ident, classes, named = attributes(node)
    blocks = node["c"][1]
    kind = callout_kind(classes)
    if kind_of(ident) in FLOATS:
        return target.float(labels[ident], blocks[:-1], blocks[-1]["c"])
    if kind is None:
        return None
    if "title" in named:
        return target.callout(kind, words(named["title"]), blocks)
    if blocks and blocks[0]["t"] == "Header":
        return target.callout(kind, blocks[0]["c"][2], blocks[1:])
    return target.callout(kind, words(kind.capitalize()), blocks)


def _references(node: Node, target: Target, labels: Mapping[str, Label]) -> list[Node]:
    result: list[Node] = []
    for citation in node["c"][0]:
        name = citation["citationMode"]["t"] != "SuppressAuthor"
        result += words(", ") if result else []
        result.append(target.reference(labels[citation["citationId"]], name))
    return result


def _image(node: Node, target: Target) -> Node:
    named = attributes(node)[2]
    alternative = named.get("fig-alt") or plain(node["c"][1])
    size = {key: value for key, value in named.items() if key in ("width", "height")}
    return target.image(node["c"][2][0], alternative, size)
