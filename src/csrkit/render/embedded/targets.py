"""What each output format does with the parts of the grammar that pandoc itself doesn't know."""

from collections.abc import Mapping
from typing import Any, Protocol

from csrkit.render.embedded.crossref import FLOATS, Label, kind_of
from csrkit.render.embedded.source import PAGE_BREAK
from csrkit.render.embedded.tree import Node, attributes, plain, raw, transform, words

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
