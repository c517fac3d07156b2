"""The report as one Word document; its look comes from the reference document."""

from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from itpcsr.build.embedded import pandoc
from itpcsr.build.embedded.book import Book
from itpcsr.build.embedded.crossref import Label, Page, numbered
from itpcsr.build.embedded.html import edition
from itpcsr.build.embedded.source import resolve
from itpcsr.build.embedded.targets import shape
from itpcsr.build.embedded.tree import Node, attributes, div, link, plain, raw, words

STYLES = {"tbl": "Table Caption", "fig": "Image Caption"}
# Colours of a callout's side line and ground; Word has no callouts, so a cell is coloured.
COLOURS = {
    "note": ("2C6E9B", "EEF4F8"),
    "tip": ("2E7D4F", "EDF6F0"),
    "important": ("8E2F3C", "FAEFF0"),
    "warning": ("B26A00", "FDF5E8"),
    "caution": ("B4481E", "FCF1EC"),
}
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
        """Write the caption in its style, above a table and below a figure."""
        text = {"t": "Para", "c": [*words(f"{label.text}: "), *caption]}
        legend = div([text], attrs={"custom-style": STYLES[label.kind]})
        if label.kind == "tbl":
            return [div([legend, *content], label.ident)]
        return [div([div(content, attrs={"custom-style": "Captioned Figure"}), legend], label.ident)]

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
        """Link to the bookmark."""
        return link(words(label.text if name else label.number), f"#{label.ident}")

    def image(self, path: str, alternative: str, size: dict[str, str]) -> Node:
        """Embed the picture; pandoc takes Word's alternative text from the description."""
        named = [list(item) for item in size.items()]
        return {"t": "Image", "c": [["", [], named], words(alternative), [str(resolve(self.page, path)), ""]]}

    def other(self, node: Node) -> None:
        """Leave tables and formulas to pandoc."""


def write_docx(book: Book, pages: list[Page], labels: dict[str, Label], path: Path) -> None:
    """Write the Word document with the format's options `reference-doc`, `toc` and `toc-depth`."""
    options = book.options("docx")
    chapters = [div(shape(page, WordTarget(page.source.path), labels)) for page in pages]
    if book.bibliography:
        chapters = pandoc.cite(chapters, book)
    blocks = [block for chapter in chapters for block in chapter["c"][1]]
    if options.get("toc", True):
        blocks = [*_contents(pages, int(options.get("toc-depth", 2))), *blocks]
    arguments = ["--number-sections", f"--resource-path={book.root}", "--syntax-highlighting=none"]
    if "reference-doc" in options:
        arguments.append(f"--reference-doc={book.root / options['reference-doc']}")
    meta = pandoc.metadata(
        {
            "title": book.title,
            "subtitle": edition(book),
            "date": book.config["book"]["date"],
            "lang": book.lang,
        }
    )
    path.write_bytes(pandoc.write(blocks, "docx", book, [*arguments, "--output=-"], meta))


def _contents(pages: list[Page], depth: int) -> list[Node]:
    """Write a table of contents that is complete when opened; Word adds page numbers when it updates it."""
    items = [
        (block["c"][0], attributes(block)[0], f"{number}  {plain(block['c'][2])}")
        for page in pages
        for block, number in numbered(page)
        if block["c"][0] <= depth
    ]
    field = f'TOC \\o "1-{depth}" \\h \\z \\u'
    begin = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve">'
        f'{escape(field)}</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    )
    end = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    paragraphs = []
    for number, (level, anchor, text) in enumerate(items):
        first, last = begin if number == 0 else "", end if number == len(items) - 1 else ""
        paragraphs.append(
            f'<w:p><w:pPr><w:pStyle w:val="TOC{level}"/><w:spacing w:before="0" w:after="40"/>'
            f'<w:ind w:left="{(level - 1) * 400}"/></w:pPr>{first}<w:hyperlink w:anchor="{anchor}"><w:r>'
            f'<w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:hyperlink>{last}</w:p>'
        )
    heading = '<w:p><w:pPr><w:pStyle w:val="TOCHeading"/></w:pPr><w:r><w:t>Contents</w:t></w:r></w:p>'
    return [raw("openxml", heading + "".join(paragraphs))]
