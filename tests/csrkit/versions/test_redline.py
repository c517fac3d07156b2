"""Word documents with tracked changes: accepting all gives the new text, rejecting all the old one."""

import io
import struct
import zipfile
import zlib

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn

from csrkit.versions.pairing import changes, match, split_words, words_alike
from csrkit.versions.redline import write_redline

LINK = '<w:hyperlink {} w:anchor="a"><w:r><w:t>{}</w:t></w:r></w:hyperlink>'
FIELD = (
    '<w:p {}><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> SEQ Table </w:instrText></w:r>'
    '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>{}</w:t></w:r>'
    '<w:r><w:fldChar w:fldCharType="end"/></w:r><w:bookmarkStart w:id="1" w:name="b"/></w:p>'
)


def picture(grey):
    """Return a PNG of one pixel."""

    def chunk(name, content):
        body = name + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">2I5B", 1, 1, 8, 0, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(bytes([0, grey]))), chunk(b"IEND", b""))
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def document(path, paragraphs, rows, *, link="Section 1", number="1", grey=0, wide=False):
    made = docx.Document()
    for text in paragraphs:
        made.add_paragraph(text)
    made.paragraphs[0].add_run(" in bold").bold = True
    body = made.element.body
    made.paragraphs[0]._p.append(parse_xml(LINK.format(nsdecls("w"), link)))
    body.insert(1, parse_xml(FIELD.format(nsdecls("w"), number)))
    made.add_paragraph().add_run().add_picture(picture(grey))
    table = made.add_table(0, len(rows[0]))
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    if wide:
        made.add_table(1, 3).cell(0, 0).text = "three columns"
    else:
        made.add_table(1, 2).cell(0, 0).text = "two columns"
    made.save(str(path))
    return path


@pytest.fixture
def documents(tmp_path):
    old = document(
        tmp_path / "old.docx",
        ["Of 9 subjects, 2 responded\tby Week 4.", "Alpha and beta are gone.", "The end stays."],
        [("Response", "n"), ("Complete", "1"), ("Partial", "1"), ("None", "7")],
    )
    new = document(
        tmp_path / "new.docx",
        ["Of 18 subjects, 9 responded\tby Week 4.", "Quite another thing stands here.", "The end stays."],
        [("Response", "n"), ("Complete", "5"), ("Not evaluable", "2"), ("None", "7")],
        link="Section 2", number="3", grey=255, wide=True,
    )  # fmt: skip
    path = tmp_path / "redline.docx"
    write_redline(old, new, "2026-11-23", path)
    return old, new, path


def body_of(path):
    return docx.Document(str(path)).element.body


def resolved(path, keep, drop):
    """Return the body after Word's "accept all" (keep insertions) or "reject all" (keep deletions)."""
    body = body_of(path)
    for row in [row for row in body.iter(qn("w:tr")) if row.find(f"{qn('w:trPr')}/{qn(drop)}") is not None]:
        row.getparent().remove(row)
    for mark in list(body.iter(qn(drop))):
        if mark.getparent().tag == qn("w:rPr"):  # the end of a paragraph goes, and the paragraph with it
            gone = mark.getparent().getparent().getparent()
            assert "".join(text.text or "" for text in resolved_texts(gone, keep)) == ""
            if gone.getnext() is not None and gone.getnext().tag == qn("w:p"):
                gone.getparent().remove(gone)
        else:
            mark.getparent().remove(mark)
    return body


def resolved_texts(node, keep):
    name = qn("w:delText") if keep == "w:del" else qn("w:t")
    return [text for text in node.iter(name) if any(mark.tag == qn(keep) for mark in text.iterancestors())]


def texts(body):
    signs = {qn("w:tab"): "\t"}
    lines = [
        "".join(
            signs.get(part.tag, part.text) or ""
            for part in paragraph.iter(qn("w:t"), qn("w:delText"), *signs)
        )
        for paragraph in body.iter(qn("w:p"))
    ]
    return [line for line in lines if line]


def pictures(path, body):
    rels = docx.Document(str(path)).part.rels
    return [rels[blip.get(qn("r:embed"))].target_part.blob for blip in body.iter(qn("a:blip"))]


def test_accepting_gives_the_new_text_and_rejecting_the_old_one(documents):
    old, new, path = documents
    for original, keep, drop in ((new, "w:ins", "w:del"), (old, "w:del", "w:ins")):
        body = resolved(path, keep, drop)
        assert texts(body) == texts(body_of(original))
        assert pictures(path, body) == pictures(original, body_of(original))


def test_only_what_differs_is_marked(documents):
    body = body_of(documents[2])
    deleted = ["".join(text.text for text in mark.iter(qn("w:delText"))) for mark in body.iter(qn("w:del"))]
    for word in ("9", "Alpha and beta are gone.", "Section 1", "1", "Partial"):
        assert word in deleted
    marked = {text for mark in body.iter(qn("w:ins")) for text in texts_within(mark)}
    assert not any("subjects" in text or "stays" in text or "Complete" in text for text in marked)
    assert {mark.get(qn("w:author")) for mark in body.iter(qn("w:ins"), qn("w:del"))} == {"itpcsr"}
    assert {mark.get(qn("w:date")) for mark in body.iter(qn("w:ins"))} == {"2026-11-23T00:00:00Z"}
    numbers = [mark.get(qn("w:id")) for mark in body.iter(qn("w:ins"), qn("w:del"))]
    assert len(numbers) == len(set(numbers))


def texts_within(mark):
    return [text.text or "" for text in mark.iter(qn("w:t"))]


def test_a_mark_holds_runs_only_and_a_link_holds_marks(documents):
    body = body_of(documents[2])
    assert {child.tag for mark in body.iter(qn("w:ins"), qn("w:del")) for child in mark} == {qn("w:r")}
    assert body.find(f".//{qn('w:hyperlink')}/{qn('w:ins')}") is not None
    assert len(body.findall(f".//{qn('w:bookmarkStart')}")) == 1


def test_tables_that_touch_are_kept_apart(documents):
    tables = list(body_of(documents[2]).iter(qn("w:tbl")))
    assert all(table.getnext().tag != qn("w:tbl") for table in tables)


def test_the_same_documents_have_no_mark_and_the_bytes_are_the_same_again(documents, tmp_path):
    old, new, path = documents
    write_redline(old, old, "2026-11-23", tmp_path / "same.docx")
    assert not list(body_of(tmp_path / "same.docx").iter(qn("w:ins"), qn("w:del")))
    write_redline(old, new, "2026-11-23", tmp_path / "again.docx")
    assert (tmp_path / "again.docx").read_bytes() == path.read_bytes()
    assert {part.date_time[0] for part in zipfile.ZipFile(path).infolist()} == {1980}


def test_parts_are_matched_by_their_keys_and_then_by_likeness():
    old, new = ["one two three", "x 1", "gone"], ["x 2", "one two four", "x 1"]
    found = list(match(old, new, [str], words_alike))
    assert found == [(None, "x 2"), ("one two three", "one two four"), ("x 1", "x 1"), ("gone", None)]
    assert list(match([], ["a"], [str], words_alike)) == [(None, "a")]


def test_a_phrase_that_changes_is_one_change():
    old, new = split_words("of 9 men 2 responded"), split_words("of 18 women 2 responded")
    marked = [("".join(old[a]), "".join(new[b])) for same, a, b in changes(old, new) if not same]
    assert marked == [("9 men", "18 women")]
