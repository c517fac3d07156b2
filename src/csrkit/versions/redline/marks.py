"""Word's own marks of tracked changes: what is inserted, what is deleted, by whom and when."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterable

from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from csrkit.versions.redline.parts import Node, Part, join_runs, runs_of, text_node

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
