"""The Word template: styles, and a header and footer that say what document this is on every page."""

from __future__ import annotations

import io
import subprocess
import zipfile

import docx
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from csrkit.render.embedded import pandoc
from csrkit.tables.writers import NOTE_STYLE, WIDE_STYLE

_FONT = "Arial"
_CHINESE_FONT = "Microsoft YaHei"  # comes with Word on Windows and macOS; others replace it by their own
_PAGE_WIDTH, _MARGIN = Cm(21), Cm(2.2)
_TEXT_WIDTH = Cm(16.6)
_DARK = RGBColor(0x0B, 0x25, 0x45)


def reference_doc(title: str, notice: str) -> bytes:
    """Return pandoc's reference document with the report's look.

    The header holds the running title and, for simulated data, the notice; the footer "Page x of y".
    """
    default = subprocess.run(
        [pandoc.program(), "--print-default-data-file", "reference.docx"],
        check=True,
        capture_output=True,
    ).stdout
    document = docx.Document(io.BytesIO(default))
    for name in (
        "Normal",
        "Body Text",
        "First Paragraph",
        "Compact",
        "Heading 1",
        "Heading 2",
        "Heading 3",
        "Heading 4",
    ):
        font = document.styles[name].font
        font.name = _FONT
        if name.startswith("Heading"):
            font.color.rgb = _DARK
            _hang(document.styles[name])
    document.styles["Normal"].font.size = Pt(10)
    document.styles["Compact"].font.size = Pt(8)
    document.styles["Verbatim Char"].font.size = None  # that of the text it stands in, also in tables
    document.styles["Heading 1"].paragraph_format.page_break_before = True
    document.styles["Captioned Figure"].paragraph_format.keep_with_next = True
    _shape_caption(document)
    _add_list_styles(document)
    wide = document.styles.add_style(WIDE_STYLE, WD_STYLE_TYPE.PARAGRAPH)
    wide.base_style = document.styles["Compact"]
    note = document.styles.add_style(NOTE_STYLE, WD_STYLE_TYPE.PARAGRAPH)
    note.base_style = document.styles["Body Text"]
    note.font.size = Pt(8)
    note.paragraph_format.space_before = note.paragraph_format.space_after = Pt(2)
    _rule_tables(document)
    section = document.sections[0]
    section.page_width, section.page_height = _PAGE_WIDTH, Cm(29.7)
    section.left_margin = section.right_margin = _MARGIN
    section.top_margin, section.bottom_margin = Cm(2.7), Cm(2.3)
    section.header_distance = section.footer_distance = Cm(1.2)
    section.gutter = Cm(0)
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
    _name_chinese_font(document)
    written = io.BytesIO()
    document.save(written)
    return _without_times(written)


def _name_chinese_font(document: docx.document.Document) -> None:
    """Name the font of Chinese wherever a font is named: Word takes it from an attribute of its own.

    pandoc's document names the theme's, which has none.
    """
    header, footer = document.sections[0].header, document.sections[0].footer
    for part in (document.styles.element, header._element, footer._element):
        for fonts in part.iter(qn("w:rFonts")):
            fonts.attrib.pop(qn("w:eastAsiaTheme"), None)
            fonts.set(qn("w:eastAsia"), _CHINESE_FONT)


def _without_times(written: io.BytesIO) -> bytes:
    """Return the archive with one fixed time: pandoc copies the times of parts into the report."""
    result = io.BytesIO()
    with zipfile.ZipFile(written) as old, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), old.read(name))
    return result.getvalue()


def _shape_caption(document: docx.document.Document) -> None:
    """Make pandoc's caption style the one that Word knows as its own, in upright letters."""
    style = next(style for style in document.styles if style.style_id == "Caption")
    style.name = "Caption"  # written in lower case, as Word's own styles are
    style.font.name, style.font.size = _FONT, Pt(9)
    style.font.bold, style.font.italic = True, False
    style.font.color.rgb = _DARK
    style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(8), Pt(4)


def _hang(style: docx.styles.style.ParagraphStyle) -> None:
    """Give the heading's number, which a tab follows, room for ``11.4.2.3``."""
    style.paragraph_format.left_indent = Cm(2)
    style.paragraph_format.first_line_indent = Cm(-2)


def _add_list_styles(document: docx.document.Document) -> None:
    """Add Word's own styles of the table of contents and the lists, which pandoc's document lacks."""
    for name, ident in (("toc 1", "TOC1"), ("toc 2", "TOC2"), ("toc 3", "TOC3")):
        _add_list_style(document, name, ident)
    _add_list_style(document, "table of figures", "TableofFigures")


def _add_list_style(document: docx.document.Document, name: str, ident: str) -> None:
    style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH, builtin=True)
    style.element.set(qn("w:styleId"), ident)
    style.base_style = document.styles["Normal"]
    style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(0), Pt(2)
    style.paragraph_format.tab_stops.add_tab_stop(_TEXT_WIDTH, WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)


def _rule_tables(document: docx.document.Document) -> None:
    """Give tables a rule above and below, a bold head and narrow gaps between their columns."""
    style = document.styles["Table"].element
    for side in ("left", "right"):
        style.find(qn("w:tblPr")).find(qn("w:tblCellMar")).find(qn(f"w:{side}")).set(qn("w:w"), "50")
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
