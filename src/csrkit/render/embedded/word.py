"""The report as one Word document; its look comes from the reference document."""

import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from csrkit.made_files import Memo
from csrkit.render.embedded import pandoc
from csrkit.render.embedded.html import edition
from csrkit.render.embedded.pages import Page
from csrkit.render.embedded.pdf import cited_blocks, sources_of
from csrkit.render.embedded.source import Book, resolve
from csrkit.render.embedded.tree import (
    FLOATS,
    Label,
    Node,
    attributes,
    div,
    link,
    plain,
    raw,
    raw_inline,
    walk,
    words,
)
from csrkit.tables.escape import markdown, ooxml
from csrkit.tables.writers import WIDE_STYLE

# Parts of a Word document that pandoc doesn't know: fields, captions that count, sections.

FIELD_END = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
# A section ends with a paragraph that bears its page; it is as low as Word allows. `finish` fills it in.
_SECTION = (
    '<w:p><w:pPr><w:spacing w:before="0" w:after="0" w:line="20" w:lineRule="exact"/>'
    '<w:sectPr w:rsidSect="{}"/></w:pPr></w:p>'
)
_UPRIGHT, _TURNED = "00000001", "00000002"
UPRIGHT_ENDS = raw("openxml", _SECTION.format(_UPRIGHT))
TURNED_ENDS = raw("openxml", _SECTION.format(_TURNED))
_DOCUMENT = "word/document.xml"
_TABLE_CAPTION = re.compile(r'<w:pStyle w:val="Caption" ?/>(?:(?!</w:p>).)*</w:p>\s*<w:tbl>', re.DOTALL)
_HEAD_ROW = re.compile(r"<w:tr><w:trPr><w:tblHeader\b.*?</w:tr>", re.DOTALL)


def field_begin(code: str) -> str:
    """Open a field; what follows up to `FIELD_END` is what it shows until Word renews it."""
    return (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> '
        f'{ooxml(code)} </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    )


def field(code: str, shown: str, style: str = "") -> str:
    """Write a field that shows a text, in a character style if one is named."""
    look = f'<w:rPr><w:rStyle w:val="{style}"/></w:rPr>' if style else ""
    return f"{field_begin(code)}<w:r>{look}{_text(shown)}</w:r>{FIELD_END}"


def _text(text: str) -> str:
    return f'<w:t xml:space="preserve">{ooxml(text)}</w:t>'


def bookmark(label: Label) -> str:
    """Name the hidden bookmark of a caption's number, in the form that Word's own have."""
    return f"_Ref{_number(label)}"


def _number(label: Label) -> int:
    """Give a number that follows from the label alone, above those of pandoc's bookmarks."""
    return 100_000_000 + zlib.crc32(label.ident.encode()) % 900_000_000


def caption_number(label: Label) -> str:
    """Write ``Table 11.2: `` so that Word counts the tables of a chapter; the chapter is a text.

    Headings bear their numbers as text, since those of ICH E3 are fixed, so Word can't count chapters. Word
    begins anew at each heading of level 1; LibreOffice doesn't, and is told so at a chapter's first caption.
    """
    chapter, _, count = label.number.rpartition(".")
    head = f"{label.name}\u00a0{chapter}."
    begin = " \\r 1" if count == "1" else ""
    sequence = field(f"SEQ {label.name} \\* ARABIC \\s 1{begin}", count)
    ident = _number(label)
    return (
        f'<w:bookmarkStart w:id="{ident}" w:name="{bookmark(label)}"/>'
        f"<w:r>{_text(head)}</w:r>{sequence}"
        f'<w:bookmarkEnd w:id="{ident}"/><w:r><w:t xml:space="preserve">: </w:t></w:r>'
    )


def join_sections(blocks: list[Node]) -> list[Node]:
    """Let wide tables that follow each other share one section: between them there is no upright page."""
    joined: list[Node] = []
    for block in blocks:
        if joined and joined[-1] == TURNED_ENDS and block == UPRIGHT_ENDS:
            joined.pop()
        else:
            joined.append(block)
    return joined


def finish(document: bytes) -> bytes:
    """Complete what pandoc wrote: the pages of sections, and what must stand on one page.

    Every section gets page, header and footer of the last one, which the reference document set.
    """
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document)) as old, zipfile.ZipFile(result, "w") as new:
        for part in old.infolist():
            content = old.read(part)
            if part.filename == _DOCUMENT:
                content = _keep_together(_fill_sections(content.decode())).encode()
            new.writestr(part, content, zipfile.ZIP_DEFLATED)
    return result.getvalue()


def _fill_sections(text: str) -> str:
    last = re.findall(r"<w:sectPr\b[^>/]*>.*?</w:sectPr>", text, re.DOTALL)
    upright = last[-1] if last else "<w:sectPr/>"
    for mark, section in ((_UPRIGHT, upright), (_TURNED, _turn(upright))):
        text = re.sub(rf'<w:sectPr\s+w:rsidSect="{mark}"\s*/>', lambda _: section, text)  # noqa: B023
    return text


def _keep_together(text: str) -> str:
    """Keep a caption and a table's head with what follows, and each row on one page."""
    text = _TABLE_CAPTION.sub(lambda found: _with_next(found.group()), text)
    text = _HEAD_ROW.sub(lambda found: _with_next(found.group()), text)
    return text.replace("<w:tr><w:tc>", "<w:tr><w:trPr><w:cantSplit/></w:trPr><w:tc>")


def _with_next(part: str) -> str:
    return re.sub(r'(<w:pStyle w:val="\w+" ?/>)', r"\1<w:keepNext/>", part)


def _turn(section: str) -> str:
    """Lay the page on its side: width and height change places."""

    def turned(found: re.Match[str]) -> str:
        size = dict(re.findall(r'w:(\w+)="(\d+)"', found.group()))
        return f'<w:pgSz w:w="{size["h"]}" w:h="{size["w"]}" w:orient="landscape"/>'

    return re.sub(r"<w:pgSz\b[^>]*/>", turned, section)


CAPTION_STYLE = "Caption"
# Colours of a callout's side line and ground; Word has no callouts, so a cell is coloured.
COLOURS = {
    "note": ("2C6E9B", "EEF4F8"),
    "tip": ("2E7D4F", "EDF6F0"),
    "important": ("8E2F3C", "FAEFF0"),
    "warning": ("B26A00", "FDF5E8"),
    "caution": ("B4481E", "FCF1EC"),
}
# What `_quarto.yml` may hold for Word's document properties.
PROPERTIES = ("study", "version", "status", "data-cutoff", "description", "keywords")
CELL = (
    '<w:tbl><w:tblPr><w:tblW w:w="5000" w:type="pct"/><w:tblCellMar><w:left w:w="160" w:type="dxa"/>'
    '<w:right w:w="160" w:type="dxa"/></w:tblCellMar></w:tblPr><w:tblGrid><w:gridCol w:w="9000"/></w:tblGrid>'
    '<w:tr><w:tc><w:tcPr><w:tcW w:w="5000" w:type="pct"/><w:tcBorders><w:left w:val="single" w:sz="24"'
    ' w:space="0" w:color="{line}"/></w:tcBorders><w:shd w:val="clear" w:color="auto" w:fill="{ground}"/>'
    "</w:tcPr>"
)


@dataclass(frozen=True)
class WordTarget:
    """Writes the parts of one page with Word's own styles and bookmarks."""

    page: str
    name: str = "docx"

    def float(self, label: Label, content: list[Node], caption: list[Node]) -> list[Node]:
        """Write the caption as Word's own, above a table, below a figure; a wide table has its section."""
        text = {"t": "Para", "c": [raw_inline("openxml", caption_number(label)), *caption]}
        legend = div([text], attrs={"custom-style": CAPTION_STYLE})
        if label.kind == "fig":
            return [div([div(content, attrs={"custom-style": "Captioned Figure"}), legend], label.ident)]
        wide = [node for node in content if attributes(node)[2].get("custom-style") == WIDE_STYLE]
        if not wide:
            return [div([legend, *content], label.ident)]
        return [UPRIGHT_ENDS, div([legend, *wide[0]["c"][1]], label.ident), TURNED_ENDS]

    def callout(self, kind: str, title: list[Node], content: list[Node]) -> list[Node]:
        """Write a table of one coloured cell."""
        line, ground = COLOURS[kind]
        head = {"t": "Para", "c": [{"t": "Strong", "c": title}]}
        # A cell must end with a paragraph, and two tables would merge without one between them.
        return [
            raw("openxml", CELL.format(line=line, ground=ground)),
            head,
            *content,
            raw("openxml", "</w:tc></w:tr></w:tbl><w:p/>"),
        ]

    def reference(self, label: Label, name: bool) -> Node:
        """Refer to a caption by a field, which Word can renew, and to a section by a link."""
        if name and label.kind in FLOATS:
            return raw_inline("openxml", field(f"REF {bookmark(label)} \\h", label.text, "Hyperlink"))
        return link(words(label.text if name else label.number), f"#{label.ident}")

    def image(self, path: str, alternative: str, size: dict[str, str]) -> Node:
        """Embed the picture; pandoc takes Word's alternative text from the description."""
        named = [list(item) for item in size.items()]
        return {"t": "Image", "c": [["", [], named], words(alternative), [str(resolve(self.page, path)), ""]]}

    def other(self, node: Node) -> None:
        """Leave tables and formulas to pandoc."""


def word_inputs(book: Book, pages: list[Page]) -> object:
    """Return all that the Word document follows from: sources, configuration and look."""
    reference = _reference(book)
    return sources_of(book, pages), reference.read_bytes() if reference else b""


def _reference(book: Book) -> Path | None:
    name = book.options("docx").get("reference-doc")
    return book.root / name if name else None


def write_docx(book: Book, pages: list[Page], labels: Mapping[str, Label], memo: Memo) -> bytes:
    """Return the Word document with the format's options `reference-doc`, `toc` and `toc-depth`."""
    options = book.options("docx")
    chapters = cited_blocks(book, pages, WordTarget, labels, memo)
    blocks = join_sections([block for chapter in chapters for block in chapter])
    if options.get("toc", True):
        depth = int(options.get("toc-depth", 2))
        blocks = [*_contents(pages, depth), *_lists(pages, labels), *blocks]
    arguments = ["--number-sections", f"--resource-path={book.root}", "--syntax-highlighting=none"]
    if reference := _reference(book):
        arguments.append(f"--reference-doc={reference}")
    written = pandoc.write(
        blocks, "docx", book, [*arguments, "--output=-"], pandoc.metadata(_properties(book))
    )
    return finish(written)


def _properties(book: Book) -> dict[str, Any]:
    """Name the document: pandoc writes these as the title block and as Word's document properties."""
    named = {key: book.config[key] for key in PROPERTIES if key in book.config}
    return {
        **named,
        "title": book.config["book"]["title"],
        "subtitle": markdown(edition(book)),
        "subject": markdown(edition(book)),
        "date": book.config["book"]["date"],
        "lang": book.lang,
    }


def _contents(pages: list[Page], depth: int) -> list[Node]:
    """Write a table of contents that is complete when opened; Word adds page numbers when it updates it."""
    items = [
        (heading.level, heading.ident, f"{heading.number}  {heading.text}")
        for page in pages
        for heading in page.outline.headings
        if heading.level <= depth
    ]
    return _list("Contents", f'TOC \\o "1-{depth}" \\h \\z \\u', "TOC{}", items)


def _lists(pages: list[Page], labels: Mapping[str, Label]) -> list[Node]:
    """Write the lists of tables and of figures; a report without any has no such list."""
    captions: dict[str, list[tuple[int, str, str]]] = {kind: [] for kind in FLOATS}
    for node in walk([page.blocks for page in pages]):
        label = labels.get(attributes(node)[0]) if node["t"] == "Div" else None
        if label is not None and label.kind in FLOATS:
            text = f"{label.text}: {plain(node['c'][1][-1]['c'])}"
            captions[label.kind].append((1, label.ident, text))
    return [
        block
        for kind, items in captions.items()
        if items
        for block in _list(
            f"List of {FLOATS[kind]}s", f'TOC \\h \\z \\c "{FLOATS[kind]}"', "TableofFigures", items
        )
    ]


def _list(title: str, code: str, style: str, items: list[tuple[int, str, str]]) -> list[Node]:
    """Write a field with an entry for each item: its level, the bookmark it leads to, its text."""
    paragraphs = []
    for number, (level, anchor, text) in enumerate(items):
        first = field_begin(code) if number == 0 else ""
        last = FIELD_END if number == len(items) - 1 else ""
        paragraphs.append(
            f'<w:p><w:pPr><w:pStyle w:val="{style.format(level)}"/><w:spacing w:before="0" w:after="40"/>'
            f'<w:ind w:left="{(level - 1) * 400}"/></w:pPr>{first}<w:hyperlink w:anchor="{anchor}"><w:r>'
            f'<w:t xml:space="preserve">{ooxml(text)}</w:t></w:r></w:hyperlink>{last}</w:p>'
        )
    heading = f'<w:p><w:pPr><w:pStyle w:val="TOCHeading"/></w:pPr><w:r><w:t>{title}</w:t></w:r></w:p>'
    return [raw("openxml", heading + "".join(paragraphs))]
