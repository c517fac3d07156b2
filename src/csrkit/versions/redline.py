"""The Word documents of two versions as one that tracks the changes between them."""

from __future__ import annotations

import copy
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import docx
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.parts.document import DocumentPart

from csrkit.versions.pairing import changes, match, without_numbers, words_alike
from csrkit.versions.tracked import Marks, Node, Part, Picture, join_runs, kept_look, read_parts, text_of

# Merge paragraphs and tables of two documents into one that tracks the changes.

_PARAGRAPH, _TABLE, _ROW, _CELL = map(qn, ("w:p", "w:tbl", "w:tr", "w:tc"))
_INSERTED, _DELETED = "w:ins", "w:del"


@dataclass(frozen=True)
class Merger:
    """Merges blocks of an old and a new document; ``picture`` tells the pictures of both apart."""

    marks: Marks
    picture: Picture

    def blocks(self, old: Iterable[Node], new: Iterable[Node]) -> Iterator[Node]:
        """Yield the merged paragraphs and tables; all other elements are the new document's."""
        before = [block for block in old if block.tag in (_PARAGRAPH, _TABLE)]
        after, others = _without_others(new)
        yield from others.get(-1, [])
        place = 0
        table_before = False
        for a, b in match(before, after, [self._exact, _loose], _likeness):
            for block in self._pair(a, b):
                if table_before and block.tag == _TABLE:
                    yield OxmlElement("w:p")  # two tables that touch would be one
                table_before = block.tag == _TABLE
                yield block
            if b is not None:
                yield from others.get(place, [])
                place += 1

    def _exact(self, block: Node) -> tuple[str, str]:
        pictures = (self.picture(blip.get(qn("r:embed"))) for blip in block.iter(qn("a:blip")))
        return block.tag, " ".join([_block_text(block), *pictures])

    def _pair(self, old: Node | None, new: Node | None) -> list[Node]:
        if new is not None and old is not None:
            return self._table(old, new) if new.tag == _TABLE else [self.paragraph(old, new)]
        if new is not None:
            return [self._whole(copy.deepcopy(new), _INSERTED)]
        return [self._whole(copy.deepcopy(old), _DELETED)] if _block_text(old).strip() else []

    def paragraph(self, old: Node, new: Node) -> Node:
        """Return a paragraph of the new document with the words that differ from the old one marked."""
        before, after = read_parts(old, self.picture), read_parts(new, self.picture)
        shown, words = ([part for part in parts if part.key] for parts in (before, after))
        if [part.key for part in shown] == [part.key for part in words]:
            return copy.deepcopy(new)
        result = _emptied(new)
        hidden = _before_each(after)
        for same, a, b in changes([part.key for part in shown], [part.key for part in words]):
            result.extend(
                self._stretch(same, shown[a], [[*hidden[i], words[i]] for i in range(*b.indices(len(words)))])
            )
        result.extend(copy.deepcopy(node) for part in hidden[len(words)] for node in part.nodes)
        return result

    def _stretch(self, same: bool, old: list[Part], new: list[list[Part]]) -> list[Node]:
        parts = [part for group in new for part in group]
        if same:
            return join_runs([copy.deepcopy(node) for part in parts for node in part.nodes])
        return [*self.marks.deleted(old), *self.marks.inserted(parts)]

    def _whole(self, block: Node, tag: str) -> Node:
        """Mark a paragraph, or every row of a table, as inserted or deleted."""
        if block.tag == _TABLE:
            for row in block.findall(_ROW):
                self._whole_row(row, tag)
            return block
        parts = read_parts(block, self.picture)
        result = _emptied(block)
        if tag == _DELETED:
            look = kept_look(block)
            result = OxmlElement("w:p")
            result.extend([] if look is None else [look])
        in_cell = (
            block.getparent() is not None and block.getparent().tag == _CELL
        )  # a cell keeps its paragraph
        if any(part.key for part in parts) and not in_cell:
            self.marks.paragraph(result, tag)
        result.extend(self.marks.inserted(parts) if tag == _INSERTED else self.marks.deleted(parts))
        return result

    def _whole_row(self, row: Node, tag: str) -> Node:
        self.marks.row(row, tag)
        for paragraph in list(row.iter(_PARAGRAPH)):
            paragraph.getparent().replace(paragraph, self._whole(paragraph, tag))
        return row

    def _table(self, old: Node, new: Node) -> list[Node]:
        """Merge row by row; a table with other columns is replaced as a whole, which Word can't track."""
        if len(old.findall(f"{qn('w:tblGrid')}/*")) != len(new.findall(f"{qn('w:tblGrid')}/*")):
            return [self._whole(copy.deepcopy(old), _DELETED), self._whole(copy.deepcopy(new), _INSERTED)]
        result = copy.deepcopy(new)
        for row in result.findall(_ROW):
            result.remove(row)
        for a, b in match(old.findall(_ROW), new.findall(_ROW), [_row_texts, _row_name], _rows_alike):
            result.extend(self._row(a, b))
        return [result]

    def _row(self, old: Node | None, new: Node | None) -> list[Node]:
        if old is None or new is None or len(old.findall(_CELL)) != len(new.findall(_CELL)):
            return [
                self._whole_row(copy.deepcopy(row), tag)
                for row, tag in ((old, _DELETED), (new, _INSERTED))
                if row is not None
            ]
        result = copy.deepcopy(new)
        for cell, a, b in zip(*(row.findall(_CELL) for row in (result, old, new)), strict=True):
            if block_texts(a) != block_texts(b):
                self._cell(cell, a, b)
        return [result]

    def _cell(self, cell: Node, old: Node, new: Node) -> None:
        before, after = ([node for node in each if node.tag in (_PARAGRAPH, _TABLE)] for each in (old, new))
        for node in [node for node in cell if node.tag != qn("w:tcPr")]:
            cell.remove(node)
        single = len(before) == len(after) == 1 and before[0].tag == after[0].tag == _PARAGRAPH
        merged = [self.paragraph(before[0], after[0])] if single else [*self.blocks(old, new)]
        cell.extend(merged)


def _without_others(nodes: Iterable[Node]) -> tuple[list[Node], dict[int, list[Node]]]:
    """Return paragraphs and tables, and what else follows each of them (-1: what comes before all)."""
    blocks: list[Node] = []
    others: dict[int, list[Node]] = {}
    for node in nodes:
        if node.tag in (_PARAGRAPH, _TABLE):
            blocks.append(node)
        elif node.tag != qn("w:tcPr"):
            others.setdefault(len(blocks) - 1, []).append(copy.deepcopy(node))
    return blocks, others


def _before_each(parts: Sequence[Part]) -> list[list[Part]]:
    """Return the parts without text that stand before each part with text, and behind the last."""
    hidden: list[list[Part]] = [[]]
    for part in parts:
        if part.key:
            hidden.append([])
        else:
            hidden[-1].append(part)
    return hidden


def _emptied(paragraph: Node) -> Node:
    result = OxmlElement("w:p")
    look = paragraph.find(qn("w:pPr"))
    result.extend([] if look is None else [copy.deepcopy(look)])
    return result


def block_texts(node: Node) -> list[str]:
    """Return the texts of all paragraphs in an element, in their order."""
    return [text_of(paragraph) for paragraph in node.iter(_PARAGRAPH)]


def _block_text(block: Node) -> str:
    return "\n".join(block_texts(block))


def _loose(block: Node) -> tuple[str, str]:
    """Return the same for paragraphs that differ by their numbers only, and for tables with the same rows."""
    if block.tag == _TABLE:
        return _TABLE, "\n".join(_row_name(row) for row in block.findall(_ROW))
    return _PARAGRAPH, without_numbers(_block_text(block))


def _likeness(old: Node, new: Node) -> float:
    if old.tag != new.tag:
        return 0.0
    if old.tag == _TABLE:
        texts = (" ".join(_row_name(row) for row in table.findall(_ROW)) for table in (old, new))
    else:
        texts = (_block_text(block) for block in (old, new))
    return words_alike(*texts)


def _row_texts(row: Node) -> tuple[str, ...]:
    return tuple(_block_text(cell) for cell in row.findall(_CELL))


def _row_name(row: Node) -> str:
    cell = row.find(_CELL)
    return "" if cell is None else _block_text(cell)


def _rows_alike(old: Node, new: Node) -> float:
    return words_alike(" ".join(_row_texts(old)), " ".join(_row_texts(new)))


# Write the new version's Word document with the old one's text as tracked changes.

# The first day that a ZIP file can name: the wall clock leaves no trace.
_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_redline(old: Path, new: Path, date: str, path: Path) -> None:
    """Write ``path``: accepting all changes gives the text of ``new``, rejecting all that of ``old``.

    Paragraphs and cells are compared word by word, tables row by row, pictures as a whole. Styles, headers,
    footers, lists and sections are those of the new document; fields and links that only the old one has
    come back as plain text. ``date`` (ISO 8601) is the day that the changes bear.
    """
    before, after = docx.Document(str(old)), docx.Document(str(new))
    _bring_pictures(before.part, after.part)
    body = after.element.body
    relations = after.part.rels
    merger = Merger(Marks(date), lambda name: str(relations[name].target_part.partname))
    merged = list(merger.blocks(before.element.body, body))
    for node in list(body):
        body.remove(node)
    body.extend(merged)
    _number_drawings(body)
    stream = io.BytesIO()
    after.save(stream)
    path.write_bytes(_without_times(stream.getvalue()))


def _bring_pictures(old: DocumentPart, new: DocumentPart) -> None:
    """Put the old document's pictures into the new one, each once, and let the old text refer to them."""
    for blip in old.element.body.iter(qn("a:blip")):
        content = old.rels[blip.get(qn("r:embed"))].target_part.blob
        relation, _ = new.get_or_add_image(io.BytesIO(content))
        blip.set(qn("r:embed"), relation)


def _number_drawings(body: Node) -> None:
    for number, properties in enumerate(body.iter(qn("wp:docPr")), start=1):
        properties.set("id", str(number))


def _without_times(document: bytes) -> bytes:
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document)) as old, zipfile.ZipFile(result, "w") as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name, _EPOCH), old.read(name), zipfile.ZIP_DEFLATED)
    return result.getvalue()
