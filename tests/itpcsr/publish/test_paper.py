"""The tables on paper and in files: the same cells in every format, each number a result row."""

import csv
import re
import zipfile
from decimal import ROUND_HALF_UP, Decimal

import lxml.etree
import lxml.html
import pandas as pd
import pypdf
import pytest

from csrkit.publish.fragments import read_displays
from csrkit.tables.table import Header, Row, Table, is_wide_table
from itpcsr.study import read_report, read_study

# What was recorded, by subject or in the registry, and what was planned stand elsewhere, not in rows.
NO_ROWS = {
    "tbl-deaths", "tbl-serious-events", "tbl-significant-events", "tbl-response-subjects", "tbl-pk-listing",
    "tbl-antibody-listing", "tbl-dose-path", "tbl-definitions", "tbl-estimand", "tbl-related-studies",
    # they show rows of other displays, to which `verify` holds them
    "tbl-chosen-tests", "tbl-exploratory-tests",
}  # fmt: skip
# What is stored as a proportion and shown in percent.
PROPORTIONS = {"power", "gain_left_out"}
WORD = {"w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main"}
W = f"{{{WORD['w']}}}"


@pytest.fixture(scope="module")
def displays(published):
    notebooks = sorted((published / "notebooks").glob("*.ipynb"))
    return {display.label: display for notebook in notebooks for display in read_displays(notebook)}


@pytest.fixture(scope="module")
def tables(displays):
    """Return the tables that have rows, by label."""
    return {label: shown.table for label, shown in displays.items() if shown.table and shown.table.rows}


@pytest.fixture(scope="module")
def pdf(published):
    return pypdf.PdfReader(published / "csr.pdf")


@pytest.fixture(scope="module")
def word(published):
    with zipfile.ZipFile(published / "csr.docx") as archive:
        return {name: archive.read(name) for name in archive.namelist() if name.endswith(".xml")}


def body(word):
    return lxml.etree.fromstring(word["word/document.xml"]).find("w:body", WORD)


def squeeze(text):
    """Drop blanks, and make the apostrophe of print the typed one."""
    return re.sub(r"[\s\u2060]+", "", text).replace("\u2019", "'")


def expected(table):
    """Return the table's rows as squeezed texts; a section is its label alone."""
    return [[squeeze(text) for text in (row.label, *row.cells) if text or row.cells] for row in table.rows]


def trimmed(row):
    """Drop the empty cells after a section's label."""
    return row if any(row[1:]) else row[:1]


def same(found, table):
    wanted = [trimmed(row) for row in expected(table)]
    assert [trimmed([squeeze(cell) for cell in row]) for row in found] == wanted


def rounded(value, decimals):
    return Decimal(repr(round(value, 10))).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def numbers(cell):
    text = re.sub(r"(?<=\d)-(?=\d)", " ", cell.replace("\u2212", "-"))
    # A bound such as <0.001 is no value; the formats' own tests hold it.
    return re.findall(r"(?<![<>\d.])-?\d+(?:\.\d+)?", text)


def look_up_numbers(table, rows, columns):
    """Return how many numbers a table shows, and those that none of its column's rows holds."""
    grouped = len(table.headers) == len(columns) and set(columns) <= set(rows["group"])
    shown = rows["value"].where(~rows["statistic"].isin(PROPORTIONS), 100 * rows["value"])
    stored = {key: part.tolist() for key, part in shown.groupby(rows["group"])}
    seen, count, unknown = {}, 0, []
    for row in table.rows:
        for number, cell in enumerate(row.cells):
            for text in numbers(cell):
                place = columns[number] if grouped else "", len(text.partition(".")[2])
                if place not in seen:
                    values = stored[place[0]] if grouped else shown
                    seen[place] = {rounded(value, place[1]) for value in values}
                count += 1
                if Decimal(text) not in seen[place]:
                    unknown.append((row.label, cell, text))
    return count, unknown


def test_every_number_of_a_table_is_a_result_row_of_its_column(root, published, tables):
    rows = pd.read_parquet(published / "results.parquet").dropna(subset=["value"])
    study = read_study(root / read_report(root / "params/demo.yml").study)
    columns = [column.key for column in study.design.columns]
    checked = 0
    for label in tables.keys() - NO_ROWS:
        if not label.startswith("tbl-listing-"):
            count, unknown = look_up_numbers(tables[label], rows[rows["display"] == label], columns)
            assert not unknown, (label, unknown[:3])
            checked += count
    assert checked > 10_000


@pytest.mark.parametrize(
    ("statistic", "value", "cell", "unknown"),
    [
        ("percent", 44.44, "44.4", []),
        ("percent", 44.44, "44.5", ["44.5"]),
        ("mean", 0.4444, "44.4", ["44.4"]),
        ("percent", 0.84, "84.0", ["84.0"]),
        ("power", 0.84, "84.0", []),
        ("power", 0.84, "0.8", ["0.8"]),
        ("mean", -1.25, "\u22121.3 (1.3)", ["1.3"]),
    ],
)
def test_a_number_that_no_row_holds_is_found(statistic, value, cell, unknown):
    rows = pd.DataFrame({"group": ["total"], "statistic": [statistic], "value": [value]})
    table = Table("", (Header("Total"),), (Row("", (cell,)),))
    assert [text for _, _, text in look_up_numbers(table, rows, ["total"])[1]] == unknown


def tables_of(page):
    """Return label to the cells of each table of an HTML page, row by row."""
    return {
        node.get("id"): [[cell.text_content() for cell in row] for row in body]
        for node in page.xpath("//*[starts-with(@id, 'tbl-')]")
        for body in node.xpath(".//table[contains(@class, 'csr-table')]/tbody")[:1]
    }


def test_html_has_the_tables_cells(published, tables):
    found = {}
    for path in [published / "index.html", *(published / "report").glob("*.html")]:
        found = tables_of(lxml.html.parse(str(path)).getroot()) | found
    assert tables.keys() <= found.keys()
    for label, table in tables.items():
        same(found[label], table)


def test_a_changed_number_of_a_page_is_found(published, tables):
    label = "tbl-response"
    path = next(path for path in (published / "report").glob("*.html") if f'id="{label}"' in path.read_text())
    page = lxml.html.parse(str(path)).getroot()
    cells = page.xpath(f"//*[@id='{label}']//tbody//td[not(*)]")
    cell = next(cell for cell in cells if (cell.text or "").isdigit())
    cell.text = str(int(cell.text) + 1)
    with pytest.raises(AssertionError):
        same(tables_of(page)[label], tables[label])


def test_word_has_the_tables_cells_below_captions_that_count(word, displays, tables):
    captions = {squeeze(display.caption): label for label, display in displays.items()}
    label, found, counts = "", {}, {}
    for node in body(word):
        if node.tag == f"{W}p":
            text = "".join(node.itertext(f"{W}t"))
            style = node.find("w:pPr/w:pStyle", WORD)
            if style is not None and style.get(f"{W}val") == "Caption":
                kind, number, caption = re.fullmatch(r"(Table|Figure)\s(\d+\.\d+): (.*)", text).groups()
                label = captions[squeeze(caption)]
                counts[label] = f"{kind}\u00a0{number}"
                assert "SEQ" in "".join(node.itertext(f"{W}instrText"))
        elif node.tag == f"{W}tbl" and label in tables and label not in found:
            head = node.xpath("./w:tr[w:trPr/w:tblHeader]", namespaces=WORD)
            assert head, f"{label}: no row of the head is repeated"
            found[label] = [
                ["".join(cell.itertext(f"{W}t")) for cell in row.findall("w:tc", WORD)]
                for row in node.findall("w:tr", WORD)[len(head) :]
            ]
    assert counts.keys() == {label for label in displays if not label.startswith("txt-")}
    assert found.keys() == tables.keys()
    for name, rows in found.items():
        same(rows, tables[name])


def test_word_s_references_lead_to_captions_and_say_their_numbers(word):
    text = word["word/document.xml"].decode()
    marks = re.findall(
        r'<w:bookmarkStart w:id="\d+" w:name="(_Ref\d+)" ?/>(.*?)<w:bookmarkEnd', text, re.DOTALL
    )
    shown = {name: "".join(re.findall(r"<w:t [^>]*>([^<]*)", inner)) for name, inner in marks}
    assert len(shown) == len(marks)
    references = re.findall(r" REF (_Ref\d+) \\h .*?<w:t [^>]*>([^<]*)<", text, re.DOTALL)
    assert len(references) > 40
    for name, said in references:
        assert shown[name] == said


def test_word_has_sections_properties_and_page_fields(word, tables):
    sections = list(body(word).iter(f"{W}sectPr"))
    turned = [part for part in sections if part.find("w:pgSz", WORD).get(f"{W}orient") == "landscape"]
    assert 1 <= len(turned) <= sum(map(is_wide_table, tables.values()))
    for section in sections:
        size = section.find("w:pgSz", WORD)
        width, height = (int(size.get(f"{W}{side}")) for side in "wh")
        assert (width > height) is (section in turned)
        assert section.find("w:headerReference", WORD) is not None
        assert section.find("w:footerReference", WORD) is not None
    core = word["docProps/core.xml"].decode()
    for part in ("<dc:title>Clinical study report", "<dc:subject>NCT04014166", "<cp:keywords>NCT04014166"):
        assert part in core
    footer = b"".join(content for name, content in word.items() if name.startswith("word/footer"))
    assert b"NUMPAGES" in footer
    header = b"".join(content for name, content in word.items() if name.startswith("word/header")).decode()
    for part in ("NCT04014166", "Version 1.0.0 (draft)", "Data cut-off"):
        assert part in header


def test_pdf_has_the_tables_cells_in_their_order(displays, tables, pdf_texts):
    flat = squeeze("".join(pdf_texts))
    start = flat.index(squeeze("1 Title Page"), flat.index("ListofFigures"))
    for label, table in tables.items():
        place = flat.index(f":{squeeze(displays[label].caption)}", start)
        for row in expected(table):
            text = "".join(row)
            found = flat.find(text, place)
            assert found >= 0, (label, row)
            place = found + len(text)


def test_rtf_and_csv_have_the_tables_cells(published, tables):
    for label, table in tables.items():
        raw = (published / f"tables/{label}.rtf").read_bytes().decode("ascii")
        text = re.sub(r"\\uc1\\u(-?\d+)\*", lambda found: chr(int(found[1]) % 65536), raw)
        heads = 1 + any(header.spanner for header in table.headers)
        rows = [re.findall(r"\{\\f0 (.*)\}\\cell$", row, re.MULTILINE) for row in text.split("\\trowd")[1:]]
        same(rows[heads:], table)
        assert ("\\landscape" in raw) is is_wide_table(table)
        with (published / f"tables/{label}.csv").open(encoding="utf-8", newline="") as stream:
            _, *lines = csv.reader(stream)
        same([[cell.removeprefix("'") for cell in (line[0], *line[2:])] for line in lines], table)


def test_pdf_turns_pages_for_wide_tables_only(pdf, pdf_texts, displays, tables):
    turned = [page.mediabox.width > page.mediabox.height for page in pdf.pages]
    flat = [squeeze(text) for text in pdf_texts]
    first = next(
        number for number, text in enumerate(flat) if "1TitlePage" in text and "ListofTables" not in text
    )
    for label, table in tables.items():
        caption = f":{squeeze(displays[label].caption)}"
        pages = [number for number in range(first, len(flat)) if caption in flat[number]]
        assert any(turned[number] is is_wide_table(table) for number in pages), label
    assert any(turned)
    assert not all(turned)


def test_pdf_lists_its_tables_and_figures_with_pages(pdf_texts, displays):
    front = squeeze("".join(pdf_texts[:8]))
    for title in ("ListofTables", "ListofFigures"):
        assert title in front
    for label, display in displays.items():
        if not label.startswith("txt-"):
            assert re.search(re.escape(squeeze(display.caption)) + r"\.*\d+", front), label


def test_pdf_says_on_each_page_what_it_is_and_that_it_is_a_draft(pdf, pdf_texts):
    for text in pdf_texts[1:]:
        assert "NCT04014166 · Version 1.0.0 (draft)" in text
        assert "Data cut-off: " in text
    for page in pdf.pages:
        assert re.search(rb"/Artifact\b.*?BDC|/Artifact BMC", page.get_contents().get_data(), re.DOTALL)
    assert all("DRAFT" in text for text in pdf_texts)


def test_pdf_claims_and_keeps_what_archives_and_screen_readers_ask_for(pdf):
    metadata = pdf.trailer["/Root"]["/Metadata"].get_data().decode()
    assert re.search(r"pdfaid:part>2<", metadata)
    assert re.search(r"pdfaid:conformance>B<", metadata)
    assert re.search(r"pdfuaid:part>1<", metadata)
    assert pdf.trailer["/Root"]["/Lang"].startswith("en")
    assert pdf.metadata.title.startswith("Clinical study report")
    assert len(pdf.outline) >= 16
    fonts = {}
    for page in pdf.pages:
        for name, font in page["/Resources"].get("/Font", {}).items():
            fonts[font.get_object()["/BaseFont"]] = name, font.get_object()
    assert fonts
    for font in (font for _, font in fonts.values()):
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert {"/FontFile2", "/FontFile3"} & descriptor.keys(), font["/BaseFont"]


def test_pdf_figures_have_words(pdf, displays):
    words = []

    def walk(node):
        node = node.get_object()
        if isinstance(node, list):
            for child in node:
                walk(child)
        elif isinstance(node, dict) and "/S" in node:
            if node["/S"] == "/Figure":
                words.append(node.get("/Alt"))
            if "/K" in node:
                walk(node["/K"])

    walk(pdf.trailer["/Root"]["/StructTreeRoot"]["/K"])
    said = {squeeze(str(text)) for text in words}
    for label, display in displays.items():
        if label.startswith("fig-"):
            assert squeeze(display.alternative.replace('"', "'")) in said, label
