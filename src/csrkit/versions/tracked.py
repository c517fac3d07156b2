"""Parts of a Word paragraph, and Word's own marks of tracked changes."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from csrkit.versions.pairing import split_words

# A Word paragraph as parts that can be compared: words, fields, links, pictures.

Node = Any  # an lxml element of python-docx, which has no types
Picture = Callable[[str], str]  # from the name of a relation to what tells the picture apart
_TEXT, _RUN, _LINK, _FIELD = qn("w:t"), qn("w:r"), qn("w:hyperlink"), qn("w:fldChar")
_SIGNS = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:noBreakHyphen"): "‑"}
_BLIP, _EMBED = qn("a:blip"), qn("r:embed")


@dataclass(frozen=True)
class Part:
    """One part of a paragraph: what it is compared by, and its elements.

    A part without a key (a bookmark, the beginning of a field that ends elsewhere) has no text: it is
    taken from the new document and left out of the old one.
    """

    key: str
    nodes: tuple[Node, ...]


def read_parts(paragraph: Node, picture: Picture) -> list[Part]:
    """Return the parts of a paragraph; ``picture`` turns a picture's relation into what tells it apart."""
    parts: list[Part] = []
    children = [child for child in paragraph if child.tag != qn("w:pPr")]
    place = 0
    while place < len(children):
        child = children[place]
        if length := _field_length(children[place:]):
            runs = tuple(children[place : place + length])
            parts.append(Part(f"field {_shown(runs)}", runs))
            place += length
            continue
        if child.tag == _RUN:
            parts += _run_parts(child, picture)
        else:
            text = text_of(child)
            parts.append(Part(f"link {text}" if text else "", (child,)))
        place += 1
    return parts


def _field_length(nodes: list[Node]) -> int:
    """Return how many elements the field has that begins here and ends in this paragraph, else 0."""
    depth = 0
    for number, node in enumerate(nodes, start=1):
        for mark in node.iter(_FIELD):
            kind = mark.get(qn("w:fldCharType"))
            depth += (kind == "begin") - (kind == "end")
        if depth <= 0:
            return number if number > 1 and depth == 0 else 0
    return 0


def _shown(runs: tuple[Node, ...]) -> str:
    return "".join(text_of(run) for run in runs)


def text_of(node: Node) -> str:
    """Return the text of an element; a tab and a line break count as what they are."""
    return "".join(
        (part.text or "") if part.tag == _TEXT else _SIGNS[part.tag]
        for part in node.iter(_TEXT, *_SIGNS)
        if part.getparent().tag != qn("w:tabs")
    )


def _run_parts(run: Node, picture: Picture) -> Iterator[Part]:
    for child in run:
        if child.tag == qn("w:rPr"):
            continue
        if child.tag == _TEXT:
            for word in split_words(child.text or ""):
                yield Part(word, (_run_with(run, text_node(word)),))
        elif child.tag in _SIGNS:
            yield Part(_SIGNS[child.tag], (_run_with(run, copy.deepcopy(child)),))
        else:
            shown = [picture(blip.get(_EMBED)) for blip in child.iter(_BLIP)]
            yield Part(f"picture {' '.join(shown)}" if shown else "", (_run_with(run, copy.deepcopy(child)),))


def _run_with(run: Node, content: Node) -> Node:
    """Return a run that looks as this one, with other content."""
    result = OxmlElement("w:r")
    look = run.find(qn("w:rPr"))
    if look is not None:
        result.append(copy.deepcopy(look))
    result.append(content)
    return result


def text_node(text: str, tag: str = "w:t") -> Node:
    """Return a text whose blanks count."""
    node = OxmlElement(tag)
    node.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    node.text = text
    return node


def runs_of(parts: list[Part]) -> list[Node]:
    """Return copies of the runs that show the parts, without what makes them fields or links."""
    runs = []
    for part in parts:
        for node in part.nodes:
            for run in [node] if node.tag == _RUN else list(node.iter(_RUN)):
                if run.find(_FIELD) is None and run.find(qn("w:instrText")) is None:
                    runs.append(copy.deepcopy(run))
    return join_runs(runs)


def join_runs(nodes: list[Node]) -> list[Node]:
    """Join neighbouring runs of text that look the same: words were runs of their own to be compared."""
    joined: list[Node] = []
    for node in nodes:
        if joined and _plain(joined[-1]) and _plain(node) and _look(joined[-1]) == _look(node):
            text = joined[-1].find(_TEXT)
            joined[-1].replace(text, text_node((text.text or "") + (node.find(_TEXT).text or "")))
        else:
            joined.append(node)
    return joined


def _plain(node: Node) -> bool:
    contents = [child.tag for child in node if child.tag != qn("w:rPr")]
    return bool(node.tag == _RUN and contents == [_TEXT])


def _look(run: Node) -> str:
    look = run.find(qn("w:rPr"))
    return "" if look is None else str(look.xml)


# Word's own marks of tracked changes: what is inserted, what is deleted, by whom and when.

AUTHOR = "itpcsr"
# What a paragraph of the old document keeps of its look: lists and sections are of the new one
_KEPT = tuple(map(qn, ("w:pStyle", "w:keepNext", "w:tabs", "w:spacing", "w:ind", "w:jc")))
_FIRST_ID = 900_000_000  # above those of bookmarks, which share the numbers


class Marks:
    """Makes marks that bear one author and one date, and numbers of their own."""

    def __init__(self, date: str) -> None:
        """Take the date (ISO 8601) that all marks bear."""
        self._date = f"{date}T00:00:00Z"
        self._ids = itertools.count(_FIRST_ID)

    def _mark(self, tag: str) -> Node:
        mark = OxmlElement(tag)
        mark.set(qn("w:id"), str(next(self._ids)))
        mark.set(qn("w:author"), AUTHOR)
        mark.set(qn("w:date"), self._date)
        return mark

    def inserted(self, parts: Iterable[Part]) -> list[Node]:
        """Return the elements of parts that only the new document has."""
        nodes: list[Node] = []
        runs: list[Node] = []
        for part in parts:
            for node in part.nodes:
                if node.tag == qn("w:r"):
                    runs.append(copy.deepcopy(node))
                    continue
                nodes += self._around("w:ins", runs)
                runs = []
                nodes.append(self._inside(node))
        return nodes + self._around("w:ins", runs)

    def _inside(self, node: Node) -> Node:
        """Mark the runs within a link: Word allows no link within a mark."""
        result = copy.deepcopy(node)
        for run in list(result.iter(qn("w:r"))):
            mark = self._mark("w:ins")
            run.addprevious(mark)
            mark.append(run)
        return result

    def deleted(self, parts: Iterable[Part]) -> list[Node]:
        """Return the elements of parts that only the old document has; fields and links as plain text."""
        runs = runs_of([part for part in parts if part.key])
        for run in runs:
            for text in run.findall(qn("w:t")):
                run.replace(text, text_node(text.text or "", "w:delText"))
        return self._around("w:del", runs)

    def _around(self, tag: str, runs: list[Node]) -> list[Node]:
        if not runs:
            return []
        mark = self._mark(tag)
        mark.extend(join_runs(runs))
        return [mark]

    def paragraph(self, paragraph: Node, tag: str) -> None:
        """Mark the end of a paragraph as inserted (``w:ins``) or deleted (``w:del``)."""
        look = paragraph.get_or_add_pPr()
        signs = look.find(qn("w:rPr"))
        if signs is None:
            signs = OxmlElement("w:rPr")
            section = look.find(qn("w:sectPr"))
            look.append(signs) if section is None else section.addprevious(signs)
        signs.insert(0, self._mark(tag))

    def row(self, row: Node, tag: str) -> None:
        """Mark a row of a table as inserted or deleted."""
        row.get_or_add_trPr().append(self._mark(tag))


def kept_look(paragraph: Node) -> Node | None:
    """Return the properties that a paragraph of the old document keeps in the new one."""
    look = paragraph.find(qn("w:pPr"))
    if look is None:
        return None
    result = OxmlElement("w:pPr")
    result.extend(copy.deepcopy(child) for child in look if child.tag in _KEPT)
    return result
