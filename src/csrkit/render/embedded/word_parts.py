"""Parts of a Word document that pandoc doesn't know: fields, captions that count, sections."""

import io
import re
import zipfile
import zlib

from csrkit.render.embedded.crossref import Label
from csrkit.render.embedded.tree import Node, raw
from csrkit.tables.escape import ooxml

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
