"""Pandoc's document tree as JSON: walking, changing and building it.

A node is a dict with the keys ``t`` (its type) and, for most types, ``c`` (its content).
"""

from collections.abc import Callable, Iterator
from typing import Any

from csrkit.tables.escape import leads_to_reading

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
