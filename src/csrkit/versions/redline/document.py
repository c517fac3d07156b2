"""Write the new version's Word document with the old one's text as tracked changes."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
from docx.oxml.ns import qn
from docx.parts.document import DocumentPart

from csrkit.versions.redline.blocks import Merger
from csrkit.versions.redline.marks import Marks
from csrkit.versions.redline.parts import Node

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
