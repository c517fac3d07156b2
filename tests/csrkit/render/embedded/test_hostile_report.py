"""A report of hostile texts through the whole renderer: HTML, PDF and Word say the words that went in."""

import re
import shutil
import subprocess
import zipfile
from xml.etree import ElementTree

import lxml.html
import pandas as pd
import pypandoc
import pypdf
import pytest
import yaml

from csrkit.plain_text import plain_text
from csrkit.publish.assemble import as_markdown
from csrkit.publish.fragments import Display, write_fragment
from csrkit.render import embedded
from csrkit.render.embedded.pandoc import MARKDOWN
from csrkit.tables.escape import leads_to_reading
from csrkit.tables.files import Passage, Prose
from csrkit.tables.table import Header, Row, Table
from tests.csrkit.render.embedded.conftest import CONFIG, ROOT
from tests.hostile import TEXTS, UNSEEN, has_glyphs

# what the fonts of paper lack stops a PDF; the writers' own tests hold such texts
ALL = [text for text in (*TEXTS, *UNSEEN) if plain_text(text) and has_glyphs(text)]
WORDS = [plain_text(text) for text in ALL]
TITLE = " ".join(WORDS[:40])
ALTERNATIVE = " ".join(WORDS[:60])
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
LINKS = (
    "[one](javascript:alert) [two](JaVa&#x9;Script:a) <javascript:x> [three](data:text/html,x) "
    "[four](https://example.org) [five](index.html)\n"
)


def displays():
    table = Table("Stub", (Header("A", "3"),), tuple(Row(text, ("1",)) for text in ALL), ALL[:60])
    wide = Table(
        "Stub", tuple(Header(text, "3") for text in ALL[:10]), tuple(Row(text, ALL[:10]) for text in ALL[:3])
    )
    points = [{"a": place, "t": text} for place, text in enumerate(ALL) if "\ud83d" not in text]
    chart = {
        "data": {"name": "d"}, "datasets": {"d": points}, "mark": "text", "description": "x",
        "encoding": {"x": {"field": "a", "type": "quantitative"}, "text": {"field": "t"}, "tooltip": [{"field": "t"}]},
    }  # fmt: skip
    prose = Prose(tuple(Passage(text, (text,)) for text in ALL))
    yield Display("10-x", "tbl-a", WORDS[0], "", table, None)
    yield Display("10-x", "tbl-w", WORDS[40], "", wide, None)
    yield Display("10-x", "txt-a", "", "", None, None, prose)
    yield Display("10-x", "fig-a", WORDS[3], ALTERNATIVE, None, chart)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    config = yaml.safe_load(CONFIG)
    del config["bibliography"]
    config["status"] = "final"  # a draft has letters of its own across the page
    config["book"] |= as_markdown({"title": TITLE, "author": WORDS[6]}) | {"chapters": ["index.qmd"]}
    config |= as_markdown(
        {"study": 'x"y\\z#w', "keywords": WORDS, "description": TITLE, "notice": "*x* [a](javascript:b)"}
    )
    (folder / "_quarto.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    values = {f"x{place}": text for place, text in enumerate(WORDS)}
    (folder / "_variables.yml").write_text(yaml.safe_dump(as_markdown(values)), encoding="utf-8")
    page = f"# Title\n\n{LINKS}\n"
    for place in range(len(ALL)):
        page += f"Value {place}: {{{{< var x{place} >}}}} end.\n\n{{{{< var x{place} >}}}}\n\n"
    page += "| A | B |\n|---|---|\n" + "".join(
        f"| {place} | {{{{< var x{place} >}}}} |\n" for place in range(len(ALL))
    )
    results = folder / "results/10-x"
    results.mkdir(parents=True)
    rows = pd.DataFrame({name: [] for name in ("population", "dataset", "method", "value")})
    for display in displays():
        write_fragment(display, results, rows)
        page += f"\n{{{{< include /results/10-x/{display.label}.qmd >}}}}\n"
    (folder / "index.qmd").write_text(page, encoding="utf-8")
    shutil.copytree(ROOT / "_extensions", folder / "_extensions", ignore_dangling_symlinks=True)
    (folder / "_extensions/csr/assets/vega.js").write_text("window.vegaEmbed = () => {};\n")
    return embedded.render(folder)


def lost(found, want):
    """Return the texts that don't stand in their order among those found, blanks apart."""
    rest = iter([" ".join(text.split()) for text in found])
    return [text for text in want if not any(" ".join(text.split()) == other for other in rest)]


def twice(texts):
    return [text for text in texts for _ in range(2)]


def test_html(rendered):
    page = lxml.html.parse(str(rendered / "index.html")).getroot()
    paragraphs = [node.text_content() for node in page.xpath("//main//p")]
    values = [part for place, text in enumerate(WORDS) for part in (f"Value {place}: {text} end.", text)]
    assert lost(paragraphs, [*values, *twice(WORDS)]) == []
    assert lost([node.text_content() for node in page.xpath("//td")], WORDS) == []
    assert lost([node.text_content() for node in page.xpath("//*[@id='tbl-a']//th")], WORDS) == []
    assert " ".join(page.xpath("//div[@class='csr-chart']/@aria-label")[0].split()) == " ".join(
        ALTERNATIVE.split()
    )
    assert page.xpath("string(//title)").endswith(TITLE)
    assert len(page.xpath("//script[not(@src) and not(@type)]")) == 1  # the frame's own
    assert page.xpath("//*[@onerror or @onload or @onmouseover]") == []
    assert {node.get("href") for node in page.xpath("//main//p//a")} == {"https://example.org", "index.html"}


def test_word(rendered):
    with zipfile.ZipFile(rendered / "csr.docx") as archive:
        body = ElementTree.fromstring(archive.read("word/document.xml"))
        links = re.findall(
            r'Target="([^"]*)" TargetMode="External"', archive.read("word/_rels/document.xml.rels").decode()
        )
        title = ElementTree.fromstring(archive.read("docProps/core.xml"))
    assert set(links) == {"https://example.org", "index.html"}
    assert TITLE in {node.text for node in title}

    def texts(kind):
        return ["".join(part.text or "" for part in node.iter(f"{W}t")) for node in body.iter(f"{W}{kind}")]

    assert lost(texts("tc"), [*WORDS, *WORDS]) == []
    values = [part for place, text in enumerate(WORDS) for part in (f"Value {place}: {text} end.", text)]
    assert lost(texts("p"), values) == []
    assert lost(texts("p")[texts("p").index(values[-1]) :], twice(WORDS)) == []


def test_pdf(rendered):
    document = pypdf.PdfReader(rendered / "csr.pdf")
    assert document.metadata["/Title"] == TITLE
    assert document.metadata["/Keywords"] == ", ".join(word.strip() for word in WORDS)
    annotations = [note.get_object() for page in document.pages for note in page.get("/Annots", [])]
    targets = {note["/A"]["/URI"] for note in annotations if "/URI" in note.get("/A", {})}
    assert targets == {"https://example.org", "index.html"}
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext (poppler) on this machine; the PDF's text isn't read back")
    # without the running head and foot
    window = ["-x", "0", "-y", "72", "-W", "600", "-H", "706"]
    command = ["pdftotext", "-raw", *window, str(rendered / "csr.pdf"), "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def letters(text):
        return "".join(sign for sign in text if not sign.isspace() and sign not in "\u200b\u202a\u202b\u202c")

    whole = letters(text.replace("\f", ""))
    missing = [
        word for place, word in enumerate(WORDS) if letters(f"Value {place}: {word} end.{word}") not in whole
    ]
    assert missing == []


@pytest.mark.parametrize(
    "target", ["https://x", "HTTP://x", "mailto:x", "a.html", "#x", "../a:b", "?a:b", ""]
)
def test_harmless_links(target):
    assert leads_to_reading(target)


@pytest.mark.parametrize(
    "target",
    ["javascript:x", " java\tscript:x", "\x01javascript:x", "data:x", "vbscript:x", "file:///x", "x:y"],
)
def test_other_links(target):
    assert not leads_to_reading(target)


def test_quarto_gets_the_same_links(tmp_path):
    """The extension's filter, which Quarto runs, tried by pandoc alone."""
    stub = "quarto = { doc = { is_format = function() return false end } }\n"
    code = (ROOT / "_extensions/csr/csr.lua").read_text(encoding="utf-8")
    (tmp_path / "csr.lua").write_text(stub + code, encoding="utf-8")
    command = [
        pypandoc.get_pandoc_path(),
        "-f",
        MARKDOWN,
        "-t",
        "html",
        f"--lua-filter={tmp_path / 'csr.lua'}",
    ]
    done = subprocess.run(command, input=LINKS, capture_output=True, text=True, check=True).stdout
    assert re.findall(r'href="([^"]*)"', done) == ["https://example.org", "index.html"]
