"""Every writer shows hostile texts as the same words, read back from what it wrote."""

import csv
import io
import json
import re
import shutil
import subprocess
from dataclasses import asdict

import lxml.html
import pandas as pd
import pypandoc
import pytest
import typst

from csrkit.plain_text import plain_text
from csrkit.render.embedded.pandoc import MARKDOWN
from csrkit.tables import escape, writers
from csrkit.tables.escape import frame_csv
from csrkit.tables.table import Header, Row, Table
from csrkit.versions.page_reading import plain_cells, rtf_cells
from csrkit.versions.published import csv_cells, csv_lines, table_cells
from tests.hostile import PICTURES, TEXTS, UNSEEN, has_glyphs

ALL = (*TEXTS, *PICTURES, *(text for text in UNSEEN if plain_text(text)))
WORDS = [plain_text(text) for text in ALL]
SECTIONS = ALL[:30]
TABLE = Table(
    "Stub [#1]",
    (Header(ALL[0], "3", ALL[1]), Header(ALL[2])),
    (*(Row(text, (text, "1"), place % 2) for place, text in enumerate(ALL)), *map(Row, SECTIONS)),
    ALL[:5],
)


def same(found, want):
    """Compare texts as readers see them: runs of blanks are one."""
    return [(a, b) for a, b in zip(found, want, strict=True) if " ".join(a.split()) != " ".join(b.split())]


def letters(text):
    """Return text without blanks and without marks that show a reader of PDF where a line may end."""
    return "".join(sign for sign in text if not sign.isspace() and sign not in "\u200b\u202a\u202b\u202c")


def test_texts_enter_a_table_as_plain_text():
    assert [row.label for row in TABLE.rows[: len(ALL)]] == WORDS
    assert {text: plain_text(text) for text in UNSEEN} == UNSEEN


def test_html():
    page = lxml.html.fromstring(f"<div>{writers.to_html(TABLE, ALL[0])}</div>")
    labels = [node.text_content() for node in page.xpath("//tbody//th")]
    assert same(labels, [*WORDS, *WORDS[:30]]) == []
    assert same([node.text_content() for node in page.xpath("//td[1]")], WORDS) == []
    assert page.xpath("//script|//img|//svg|//h1|//*[@onload]") == []
    assert page.xpath("//div/@aria-label") == [WORDS[0]]


def test_notebook():
    page = lxml.html.fromstring(TABLE._repr_mimebundle_()["text/html"])
    assert page.xpath("//script|//img|//svg|//h1") == []
    absent = lxml.html.fromstring(Table("x", absent="<b>x</b>")._repr_mimebundle_()["text/html"])
    assert absent.text_content() == "<b>x</b>"


def test_csv():
    want = table_cells(json.loads(json.dumps(asdict(TABLE))))
    assert csv_cells(writers.to_csv(TABLE))[1] == want
    # text in a frame is UTF-8, so it holds no half of a character
    texts = [text for text in ALL if "\ud83d" not in text]
    words = [plain_text(text) for text in texts]
    frame = pd.DataFrame({"text": pd.Series(texts, dtype="str"), "=value": [-1.5] * len(texts)})
    heads, *lines = csv_lines(frame_csv(frame))
    assert heads == ["text", "=value"]
    assert lines == [[text, "-1.5"] for text in words]
    for (cell, _), text in zip(list(csv.reader(io.StringIO(frame_csv(frame))))[1:], words, strict=True):
        opens = cell.strip()[:1] in tuple("=+-@\uff1d")
        assert not opens or cell == text in ("-1.5", "+2"), cell


def pandoc(text):
    command = [pypandoc.get_pandoc_path(), "-f", MARKDOWN, "-t", "json"]
    found = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    assert found.stderr == ""
    return json.loads(found.stdout)["blocks"]


def words_of(node):
    """Return the text of plain words; anything else in it shows its name."""
    if isinstance(node, list):
        return "".join(map(words_of, node))
    kinds = {"Str": node.get("c"), "Space": " ", "SoftBreak": " "}
    if node["t"] in kinds:
        return kinds[node["t"]]
    inside = node["c"] if node["t"] in ("Para", "Plain", "Strong") else []
    return words_of(inside) if inside else f"<{node['t']}>"


def test_grid_for_word():
    grid, *notes = pandoc(writers.to_grid(TABLE))
    rows = [[words_of(cell[4]) for cell in row[1]] for row in grid["c"][4][0][3]]
    assert same([row[0].removeprefix("\u2003") for row in rows], [*WORDS, *WORDS[:30]]) == []
    assert same([row[1] for row in rows if len(row) > 1], WORDS) == []
    assert [words_of(note["c"][1]) for note in notes] == WORDS[:5]


def test_paragraphs_of_markdown():
    blocks = pandoc("\n\n".join(map(escape.markdown, ALL)))
    assert {block["t"] for block in blocks} == {"Para"}
    assert same(map(words_of, blocks), WORDS) == []
    assert [escape.without_markdown(escape.markdown(text)) for text in ALL] == [
        text.strip(" ") for text in WORDS
    ]


def test_attributes_of_markdown():
    blocks = pandoc("\n\n".join(f'![](x.png){{fig-alt="{escape.markdown_attribute(text)}"}}' for text in ALL))
    found = [dict(block["c"][0]["c"][0][2])["fig-alt"] for block in blocks]
    assert same(found, WORDS) == []


def test_nothing_ends_a_raw_block_or_opens_a_shortcode():
    for target, text in (
        ("html", writers.to_html(TABLE)),
        ("typst", writers.to_typst(TABLE)),
        ("", writers.to_grid(TABLE)),
    ):
        assert "{{<" not in text
        assert ">}}" not in text
        if target:
            block = escape.raw_block(target, f"{text}\n```\nout\n`````\nout")
            assert [found["t"] for found in pandoc(f"{block}\n\nafter")] == ["RawBlock", "Para"]


def test_pdf():
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext (poppler) on this machine; the PDF isn't read back")
    texts = [text for text in WORDS if has_glyphs(text)]
    tables = [Table("S", (Header("A"),), (Row(text, ("1",)),)) for text in texts]
    source = "#set page(width: 166mm, height: auto, margin: 0mm)\n#set text(8.5pt)\n"
    source += "#pagebreak()\n".join(writers.to_typst(table) + "\n" for table in tables)
    pdf = typst.compile(source.encode(), ignore_system_fonts=True)
    read = subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True)
    pages = read.stdout.decode().split("\f")[:-1]
    wrong = [
        (text, page)
        for text, page in zip(texts, pages, strict=True)
        if sorted(letters(page)) != sorted(letters(f"SA{text}1"))
    ]
    assert wrong == []


@pytest.mark.parametrize("text", ["x" * 200, "W" * 90, "AB_cd*" * 30])
def test_long_words_break_within_their_column(text):
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext (poppler) on this machine; the PDF isn't read back")
    table = Table(
        "S", tuple(Header(f"H{number}", "3") for number in range(6)), (Row(text, ("right", *["1"] * 5)),)
    )
    source = (
        f"#set page(width: 166mm, height: auto, margin: 0mm)\n#set text(8.5pt)\n{writers.to_typst(table)}"
    )
    pdf = typst.compile(source.encode(), ignore_system_fonts=True)
    read = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=pdf, capture_output=True, check=True)
    words = lxml.html.fromstring(read.stdout.decode()).xpath("//word")
    left = min(float(word.get("xmin")) for word in words if word.text == "right")
    parts = [word for word in words if len(letters(word.text)) > 1 and letters(word.text) in text]
    assert len(parts) > 2
    assert max(float(word.get("xmax")) for word in parts) <= left
    assert len(lxml.html.fromstring(writers.to_html(table)).xpath("//tbody//th//wbr")) > 15
    shares = pandoc(writers.to_grid(table))[0]["c"][2]
    assert max(width[1]["c"] for width in shares) < 0.6


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("rtf") / "t.rtf"
    path.write_text(writers.to_rtf(TABLE, ALL[0], ALL[3]), encoding="ascii")
    return path


def test_rtf(written):
    text = written.read_text(encoding="ascii")
    want = [
        cell
        for row in plain_cells(table_cells(json.loads(json.dumps(asdict(TABLE)))))
        for cell in row
        if cell
    ]
    found = iter(rtf_cells(text))
    assert [cell for cell in want if not any(cell == other for other in found)] == []
    # the numbers of page and pages are the document's only fields
    commands = text.replace("\\\\", "")
    assert re.findall(r"\\fldinst ?(\w+)", commands) == ["PAGE", "NUMPAGES"]
    assert [commands.count(command) for command in ("\\field", "\\super", "\\sub", "\\pict")] == [2, 0, 0, 0]


def test_rtf_in_libreoffice(written):
    if shutil.which("soffice") is None:
        pytest.skip("no LibreOffice on this machine; the RTF is read by this project's own reader alone")
    folder = written.parent
    command = ["soffice", f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless"]
    subprocess.run(
        [*command, "--convert-to", "html", "--outdir", folder, written],
        check=True,
        capture_output=True,
        timeout=240,
    )
    page = lxml.html.parse(str(written.with_suffix(".html"))).getroot()
    rows = [
        [" ".join(cell.text_content().split()) for cell in row.xpath("./td|./th")]
        for row in page.xpath("//tr")
    ]
    found = [row for row in rows if len(row) == 3 and row[2] == "1"]
    for place in (0, 1):
        assert same([row[place] for row in found], WORDS) == []


@pytest.mark.parametrize("text", ["'=1+1", "''=1+1", " =1", "=1", "'x", "-x", "-1.5", "x", "'", ""])
def test_what_guards_a_cell_comes_off_again(text):
    assert csv_lines(f'"{escape.csv(text)}"\n')[0] == [text]
