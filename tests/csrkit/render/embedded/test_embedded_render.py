"""The three formats say the same: numbers, captions, references, values."""

import io
import re
import zipfile
from pathlib import Path

import docx
import pytest
from lxml import html
from pypdf import PdfReader

from csrkit.charts.assets import vega_bundle
from csrkit.render.embedded import pandoc, render, version
from csrkit.render.reference_doc import reference_doc


def words(text: str) -> str:
    """Give a text with plain spaces, so that no-break spaces and line ends don't matter."""
    return " ".join(text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{WORD JOINER}", "").split())


def page_text(path: Path) -> str:
    return words(html.parse(str(path)).getroot().find(".//main").text_content())


def pdf_text(path: Path) -> str:
    return words(" ".join(page.extract_text() for page in PdfReader(path).pages))


def word_text(path: Path) -> str:
    document = docx.Document(str(path))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return words(" ".join([paragraph.text for paragraph in document.paragraphs] + cells))


@pytest.fixture
def texts(book) -> dict[str, str]:
    out = render(book())
    pages = [out / "index.html", *sorted((out / "report").glob("*.html"))]
    return {
        "html": " ".join(map(page_text, pages)),
        "typst": pdf_text(out / "csr.pdf"),
        "docx": word_text(out / "csr.docx"),
    }


def test_every_format_has_the_same_numbers_texts_and_values(texts):
    for text in texts.values():
        for part in (
            "Study NCT00000000 of Sponsor: see Table 2.1, Figure 2.1, Section 2.1 and Chapter 2.",
            "Alone: 2.1.",
            "(Smith 2020, 3)",
            "Table 2.1: Best response by group",
            "Figure 2.1: Platelets over time",
            "The rate was 44.4% (8/18).",
            "Read me",
            "Small groups",
            "Smith, Ann. 2020.",
        ):
            assert part in text
    for fmt in ("html", "typst"):
        assert "2.1.1 Deeper" in texts[fmt]


def test_each_format_has_only_its_own_blocks(texts):
    own = {"html": "only in HTML < 1", "typst": "only in PDF 3", "docx": "only in Word"}
    for fmt, text in texts.items():
        assert [name for name, part in own.items() if part in text] == [fmt]
        assert ("Only on paper." in text) is (fmt != "html")
        assert "csr-table" not in text
        assert "#table" not in text


def test_pages_are_whole_and_ask_no_other_host(book):
    out = render(book(), ["html"])
    paths = sorted(out.rglob("*.html"))
    assert [path.relative_to(out).as_posix() for path in paths] == [
        "index.html",
        "report/02-results.html",
        "report/03-references.html",
    ]
    for path in paths:
        root = html.parse(str(path)).getroot()
        assert root.get("lang") == "en"
        assert len(root.findall(".//h1")) == 1
        assert len(root.findall(".//main")) == 1
        assert len(root.xpath("//aside//a[@aria-current='page']")) == 1
        idents = root.xpath("//@id")
        assert len(idents) == len(set(idents))
        for link in root.xpath("//@src | //link/@href | //a[not(ancestor::*[@id='refs'])]/@href"):
            assert "://" not in link
            file, _, ident = link.partition("#")
            target = (path.parent / file) if file else path
            assert target.exists(), link
            if ident:
                assert f'id="{ident}"' in target.read_text(encoding="utf-8"), link


def test_references_and_citations_link_across_pages(book):
    out = render(book(), ["html"])
    links = html.parse(str(out / "index.html")).getroot().xpath("//main//p//a/@href")
    assert "report/02-results.html#tbl-response" in links
    assert "report/02-results.html#sec-data" in links
    assert "report/03-references.html#ref-smith2020" in links


def test_a_page_lists_its_subsections_with_their_numbers(book):
    out = render(book(), ["html"])
    root = html.parse(str(out / "report/02-results.html")).getroot()
    found = [words(link.text_content()) for link in root.xpath("//nav[@aria-label='On this page']//a")]
    assert found == ["2.1 Data", "2.1.1 Deeper"]
    assert root.xpath("//math"), "formulas are MathML"
    assert not root.xpath("//aside//a[@download]"), "no PDF was asked for"


def test_captions_are_above_tables_and_below_figures(book):
    out = render(book(), ["html", "docx"])
    root = html.parse(str(out / "report/02-results.html")).getroot()
    for ident, place in (("tbl-response", 0), ("fig-platelets", 1)):
        parts = [child.tag for child in root.get_element_by_id(ident).find("figure")]
        assert parts.index("figcaption") == place
    styles = [paragraph.style.name for paragraph in docx.Document(str(out / "csr.docx")).paragraphs]
    captions = [number for number, style in enumerate(styles) if style == "Caption"]
    assert len(captions) == 2
    assert styles.index("Captioned Figure") + 1 in captions


def test_word_has_numbered_headings_contents_and_inner_links(book):
    path = render(book(), ["docx"]) / "csr.docx"
    document = docx.Document(str(path))
    headings = [words(p.text) for p in document.paragraphs if p.style.name.startswith("Heading")]
    assert headings == ["1 Title Page", "2 Results", "2.1 Data", "2.1.1 Deeper", "3 References"]
    with zipfile.ZipFile(path) as archive:
        text = archive.read("word/document.xml").decode()
    bookmarks = set(re.findall(r'w:bookmarkStart [^>]*w:name="([^"]*)"', text))
    anchors = set(re.findall(r'w:anchor="([^"]*)"', text))
    assert {"tbl-response", "fig-platelets", "sec-data", "section-3"} <= anchors <= bookmarks
    assert 'TOC \\o "1-2"' in text


def test_the_pdf_is_tagged_and_shows_edition_and_notice(book):
    reader = PdfReader(
        render(book(config={"status: draft": "status: draft\ndata-cutoff: 2026-10-31"})) / "csr.pdf"
    )
    first, second = (words(reader.pages[number].extract_text()) for number in (0, 1))
    for part in ("A small report", "NCT00000000", "2026-11-23", "2026-10-31", "Simulated data"):
        assert part in first
    assert "NCT00000000 · Version 1.0.0 (draft)" in second
    assert "Simulated data, no patient is described" in second
    assert f"Page 2 of {len(reader.pages)}" in second
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    metadata = reader.trailer["/Root"]["/Metadata"].get_data().decode()
    assert "pdfuaid:part" in metadata
    assert "pdfaid:part" in metadata


@pytest.mark.parametrize("status", ["draft", "final"])
def test_only_a_final_version_bears_no_draft_mark(book, status):
    project = book(config={"status: draft": f"status: {status}"})
    for page in PdfReader(render(project, ["typst"]) / "csr.pdf").pages:
        assert ("DRAFT" in page.extract_text()) is (status == "draft")


WIDE = """\
::: {{#tbl-{name}}}

::: {{.content-visible when-format="docx"}}

::: {{custom-style="Wide Table"}}

| A | B |
|---|---|
| 1 | 2 |

:::

:::

Wide {name}

:::

"""


def test_word_turns_pages_for_wide_tables_and_none_is_left_empty_between_them(book):
    pages = {"index.qmd": "# Title Page {#sec-title}\n\nSee @tbl-one, @tbl-two and [-@tbl-three].\n\n"}
    pages["index.qmd"] += WIDE.format(name="one") + WIDE.format(name="two")
    pages["index.qmd"] += "Between.\n\n" + WIDE.format(name="three")
    project = book(pages, {"docx: default": "docx: {reference-doc: reference.docx}"})
    (project / "reference.docx").write_bytes(reference_doc("Running title", ""))
    path = render(project, ["docx"]) / "csr.docx"
    document = docx.Document(str(path))
    turned = [section.page_width > section.page_height for section in document.sections]
    assert turned == [False, True, False, True, False]
    assert {section.header.paragraphs[0].text for section in document.sections} == {"Running title"}
    with zipfile.ZipFile(path) as archive:
        text = archive.read("word/document.xml").decode()
    assert "rsidSect" not in text
    assert len(re.findall(r"SEQ Table ", text)) == 4  # the second page has one, too
    assert len(re.findall(r" REF _Ref\d+ ", text)) == 2


def test_word_keeps_captions_and_heads_with_their_table_and_rows_on_one_page(book):
    with zipfile.ZipFile(render(book(), ["docx"]) / "csr.docx") as archive:
        text = archive.read("word/document.xml").decode()
    captions = re.findall(r'<w:pStyle w:val="Caption" ?/>(<w:keepNext/>)?', text)
    assert captions == ["<w:keepNext/>", ""]  # that of the table; below a figure nothing has to follow
    heads = re.findall(r"<w:tr><w:trPr><w:tblHeader.*?</w:tr>", text)
    assert heads
    assert all(head.count("<w:keepNext/>") == head.count("<w:p>") for head in heads)
    rows = re.findall(r"<w:tr>(<w:trPr><w:cantSplit/>|<w:trPr><w:tblHeader)?", text)
    assert "" not in rows


ROWS = "\n".join(f"  [row {number}]," for number in range(8))


def test_paper_begins_a_table_only_where_its_first_rows_have_room(book):
    table = "```{{=typst}}\n#table(columns: 1, table.header[Head],\n{rows})\n```\n\nMany\n\n:::\n"
    tables = [
        "Words.\n\n" * (number % 7) + f"::: {{#tbl-t{number}}}\n\n{table.format(rows=ROWS)}"
        for number in range(40)
    ]
    text = "\n\n".join(["# Title Page {#sec-title}\n\nSee @tbl-response.", *tables])
    paper = PdfReader(render(book({"index.qmd": text}), ["typst"]) / "csr.pdf")
    begun = 0
    for page in paper.pages:
        lines = [line.strip() for line in page.extract_text().splitlines()]
        for place in [place for place, line in enumerate(lines) if re.fullmatch(r"Table 1\.\d+: Many", line)]:
            begun += 1
            assert lines[place + 1 : place + 5] == ["Head", "row 0", "row 1", "row 2"]
    assert begun == 40


def test_two_renders_are_the_same_bytes(book):
    project = book()
    kept = []
    for _ in range(2):
        out = render(project)
        kept.append({path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()})
    assert kept[0] == kept[1]
    assert {path.suffix for path in kept[0]} >= {".html", ".pdf", ".docx", ".css", ".js", ".svg"}


def test_a_new_render_replaces_the_old_one_and_leaves_nothing_else(book):
    project = book()
    before = {path.name for path in project.iterdir()}
    (project / "_book").mkdir()
    (project / "_book/old.html").write_text("old")
    steps: list[str] = []
    assert render(project, ["html"], steps.append) == project / "_book"
    assert not (project / "_book/old.html").exists()
    assert {path.name for path in project.iterdir()} == before | {"_book"}
    assert steps == ["read 3 pages with 5 labels", "HTML written"]


def test_the_reference_document_gives_word_its_look(book):
    project = book(config={"docx: default": "docx: {reference-doc: reference.docx, toc: false}"})
    reference = docx.Document()
    reference.sections[0].header.paragraphs[0].text = "The header of the reference"
    reference.save(str(project / "reference.docx"))
    document = docx.Document(str(render(project, ["docx"]) / "csr.docx"))
    assert document.sections[0].header.paragraphs[0].text == "The header of the reference"
    assert "Contents" not in [paragraph.text for paragraph in document.paragraphs]


def test_a_report_without_citations_needs_no_bibliography(book):
    pages = {"index.qmd": "# Title Page {#sec-title}\n\nNothing cited.\n"}
    out = render(book(pages, {"bibliography: references.bib\n": ""}))
    assert (out / "csr.pdf").exists()


def test_the_chart_script_sets_what_the_pages_call(tmp_path):
    path = tmp_path / "vega.js"
    path.write_text(vega_bundle(), encoding="utf-8")
    assert "window.vegaEmbed" in path.read_text(encoding="utf-8")


def test_the_version_names_its_parts():
    assert re.fullmatch(r"embedded \S+ \(pandoc \S+, Typst \S+\)", version())


def test_a_newer_pandoc_on_the_path_is_not_used(book, tmp_path_factory, monkeypatch):
    place = tmp_path_factory.mktemp("bin")
    (place / "pandoc").write_text("#!/bin/sh\necho pandoc 99.9\n", encoding="utf-8")
    (place / "pandoc").chmod(0o755)
    monkeypatch.setenv("PATH", str(place), prepend=":")
    pandoc.version.cache_clear()
    assert "99.9" not in version()
    assert Path(pandoc.program()).parent.parent.name == "pypandoc"
    assert (render(book(), ["html"]) / "index.html").exists()
    assert zipfile.is_zipfile(io.BytesIO(reference_doc("Title", "")))
