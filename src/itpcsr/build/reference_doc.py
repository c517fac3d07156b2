"""The Word template: styles, and a header and footer that say what document this is on every page."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import docx
import pypandoc
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from itpcsr.display.writers import NOTE_STYLE

_FONT = "Arial"
_DARK = RGBColor(0x0B, 0x25, 0x45)


def write_reference_doc(path: Path, title: str, notice: str) -> None:
    """Write pandoc's reference document with the report's look.

    The header holds the running title and, for simulated data, the notice; the footer "Page x of y".
    """
    default = subprocess.run(
        [pypandoc.get_pandoc_path(), "--print-default-data-file", "reference.docx"],
        check=True,
        capture_output=True,
    ).stdout
    path.write_bytes(default)
    document = docx.Document(str(path))
    for name in ("Normal", "Body Text", "First Paragraph", "Compact", "Heading 1", "Heading 2", "Heading 3"):
        font = document.styles[name].font
        font.name = _FONT
        if name.startswith("Heading"):
            font.color.rgb = _DARK
    document.styles["Normal"].font.size = Pt(10)
    document.styles["Compact"].font.size = Pt(8)
    document.styles["Heading 1"].paragraph_format.page_break_before = True
    for name in ("Table Caption", "Captioned Figure"):
        document.styles[name].paragraph_format.keep_with_next = True
    note = document.styles.add_style(NOTE_STYLE, WD_STYLE_TYPE.PARAGRAPH)
    note.base_style = document.styles["Body Text"]
    note.font.size = Pt(8)
    note.paragraph_format.space_before = note.paragraph_format.space_after = Pt(2)
    _rule_tables(document)
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.2)
    header = section.header.paragraphs[0]
    header.text = title
    _small(header)
    if notice:
        warning = section.header.add_paragraph(notice)
        _small(warning)
        warning.runs[0].bold = True
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    for text, field in (("Page ", "PAGE"), (" of ", "NUMPAGES")):
        footer.add_run(text)
        _add_field(footer, field)
    _small(footer)
    document.save(str(path))
    _forget_times(path)


def _forget_times(path: Path) -> None:
    """Write the archive again with one fixed time: pandoc copies the times of parts into the report."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)


def _rule_tables(document: docx.document.Document) -> None:
    """Give tables a rule above and below and a bold head."""
    style = document.styles["Table"].element
    borders = OxmlElement("w:tblBorders")
    for side in ("top", "bottom"):
        line = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", "8"), ("space", "0"), ("color", "1D3F5E")):
            line.set(qn(f"w:{name}"), value)
        borders.append(line)
    style.find(qn("w:tblPr")).insert(1, borders)
    head = style.find(qn("w:tblStylePr"))
    bold = OxmlElement("w:rPr")
    bold.append(OxmlElement("w:b"))
    head.insert(0, bold)


def _small(paragraph: docx.text.paragraph.Paragraph) -> None:
    for run in paragraph.runs:
        run.font.size = Pt(8)
        run.font.name = _FONT


def _add_field(paragraph: docx.text.paragraph.Paragraph, code: str) -> None:
    """Add a field that Word computes, such as the page number."""
    run = paragraph.add_run()
    for kind in ("begin", "instr", "separate", "end"):
        if kind == "instr":
            element = OxmlElement("w:instrText")
            element.set(qn("xml:space"), "preserve")
            element.text = code
        else:
            element = OxmlElement("w:fldChar")
            element.set(qn("w:fldCharType"), kind)
        run._r.append(element)
