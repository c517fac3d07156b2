import csv
import io
import json
import re
import subprocess

import lxml.html
import pytest
import typst

from csrkit.render.embedded import pandoc
from csrkit.tables import writers
from csrkit.tables.table import MIME, Header, Row, Table, spanner_runs, table_from_json
from csrkit.versions.page_reading import rtf_cells

TABLE = Table(
    stub="Response, n (%)",
    headers=(
        Header("0.5", "3", "Escalation, 10⁶ cells/kg"),
        Header("1.0", "3", "Escalation, 10⁶ cells/kg"),
        Header("2.0", "6", "Expansion"),
        Header("Total", "12"),
    ),
    rows=(
        Row("Any <response>", ("0", "2 (66.7)", "3 (50.0)", "5 (41.7)")),
        Row("95% CI", ("0.0 to 70.8", "9.4 to 99.2", "NE", "15.2 to 72.3"), 1),
        Row("Section [with] #marks*"),
        Row("p_value $x$", ("<0.001", "a_b", "", "-1.5"), 2),
    ),
    notes=("NE: not estimable (no subjects).", "Second note with 10^6 and ~."),
)
CELLS = ["0", "2 (66.7)", "3 (50.0)", "5 (41.7)", "0.0 to 70.8", "9.4 to 99.2", "NE", "15.2 to 72.3"]


def test_html_keeps_every_cell_and_scopes_its_heads():
    page = lxml.html.fromstring(f"<div>{writers.to_html(TABLE)}</div>")
    assert [cell.text_content() for cell in page.xpath("//td")][:8] == CELLS
    assert page.xpath("//thead/tr[1]/th/@colspan") == ["2"]
    assert page.xpath("//thead/tr[1]/th/@rowspan") == ["2", "2"]
    assert [cell.text_content() for cell in page.xpath("//thead/tr[1]/th")][2] == "Expansion"
    assert [cell.text_content() for cell in page.xpath("//thead/tr[2]/th")] == [
        "0.5(N=3)",
        "1.0(N=3)",
        "2.0(N=6)",
    ]
    assert page.xpath("//tbody//th[@scope='rowgroup']/@colspan") == ["5"]
    assert page.xpath("//tbody/tr[1]/th")[0].text_content() == "Any <response>"
    assert len(page.xpath("//p[@class='csr-note']")) == 2


def test_typst_compiles_and_gives_each_column_its_share():
    source = writers.to_typst(TABLE)
    assert "table.header(" in source
    assert "columns: (17fr, 13fr, 13fr, 11fr, 14fr)" in source
    pdf = typst.compile(source.encode(), format="svg")
    assert b"<svg" in (pdf if isinstance(pdf, bytes) else pdf[0])


def grid_as_json():
    command = [pandoc.program(), "-f", "markdown", "-t", "json"]
    result = subprocess.run(command, input=writers.to_grid(TABLE), capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def text_of(node):
    if isinstance(node, list):
        return "".join(map(text_of, node))
    if isinstance(node, dict):
        return {"Str": lambda: node["c"], "Space": lambda: " ", "SoftBreak": lambda: " "}.get(
            node["t"], lambda: text_of(node.get("c", []))
        )()
    return ""


def test_the_grid_is_one_table_for_pandoc_with_every_cell():
    blocks = grid_as_json()["blocks"]
    tables = [block for block in blocks if block["t"] == "Table"]
    assert len(tables) == 1
    head, bodies = tables[0]["c"][3], tables[0]["c"][4]
    assert len(head[1]) == 2
    rows = [[text_of(cell[4]) for cell in row[1]] for row in bodies[0][3]]
    assert [cell for row in rows[:2] for cell in row[1:]] == CELLS
    assert rows[0][0] == "Any <response>"
    assert rows[3][1:] == ["<0.001", "a_b", "", "-1.5"]
    assert [block["t"] for block in blocks if block["t"] != "Table"] == ["Div", "Div"]


def test_csv_has_a_row_for_a_row_and_no_formula():
    risky = Table("x", (Header("A"),), (Row("=cmd()", ("+SUM(A1)",)), Row("y", ("-1.5",))))
    rows = list(csv.reader(io.StringIO(writers.to_csv(risky))))
    assert rows == [["x", "indent", "A"], ["'=cmd()", "0", "'+SUM(A1)"], ["y", "0", "-1.5"]]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", " =", "\t=", "\r=", "\n=", "\uff1d"])
def test_no_cell_of_a_csv_begins_as_a_formula(start):
    text = f"{start}HYPERLINK(1)"
    risky = Table(text, (Header(text, spanner=text),), (Row(text, (text,)),))
    for row in csv.reader(io.StringIO(writers.to_csv(risky), newline="")):
        assert [cell[:1] for cell in row if "HYPERLINK" in cell] == ["'"] * 2
    empty = list(csv.reader(io.StringIO(writers.to_csv(Table("x", absent=text)), newline="")))
    assert [cell.replace(" ", "") for cell in empty[1]] == [f"'{text.strip()}"]


@pytest.mark.parametrize("number", ["-1.5", "+2", "-1,000.5", "-12.5%", "<0.001"])
def test_numbers_of_a_csv_stay_numbers(number):
    shown = Table("x", (Header("A"),), (Row("y", (number,)),))
    assert list(csv.reader(io.StringIO(writers.to_csv(shown))))[1] == ["y", "0", number]


def test_rtf_holds_every_cell(capsys):
    text = writers.to_rtf(TABLE, "Title", "Subtitle")
    assert text.startswith("{\\rtf")
    for cell in CELLS:
        assert cell in text
    assert text.isascii()
    assert "10\\uc1\\u8310*" in text
    assert capsys.readouterr().out == ""


def rtf_rows(table):
    """Return the rows of a table's RTF: what stands before the edge of its first cell, and its texts."""
    _, *rows = writers.to_rtf(table, "Title", "Subtitle").split("\\trowd")
    return [(row.partition("\\cellx")[0], rtf_cells(row)) for row in rows]


def test_rtf_has_its_heads_on_each_page_and_keeps_a_section_with_its_rows():
    table = Table("Term", (Header("A", "3"),), (Row("Group"), Row("x", ("1",), 1), Row("y", ("2",), 1)))
    rows = rtf_rows(table)
    assert [cells for _, cells in rows] == [["Term", "A (N=3)"], ["Group"], ["x", "1"], ["y", "2"]]
    assert ["\\trhdr" in kind for kind, _ in rows] == [True, False, False, False]
    assert ["\\trkeepfollow" in kind for kind, _ in rows] == [False, True, False, False]
    assert all("\\trkeep" in kind for kind, _ in rows)


def test_rtf_rules_the_columns_below_a_spanner():
    table = Table("Term", (Header("A", spanner="Both"), Header("B", spanner="Both"), Header("C")))
    upper, lower = writers.to_rtf(table, "Title", "Subtitle").split("\\trowd")[1:]
    assert ["\\clbrdrb" in cell for cell in upper.split("\\cellx")[:-1]] == [False, True, False]
    edges = [re.findall(r"\\cellx(\d+)", row) for row in (upper, lower)]
    assert edges[0] == [edges[1][0], edges[1][2], edges[1][3]]


def test_rtf_says_on_each_page_what_it_is_and_turns_pages_for_wide_tables():
    text = writers.to_rtf(TABLE, "Title {x}", "Subtitle")
    head = text[text.index("{\\header") : text.index("\\trowd")]
    assert [part in head for part in ("Title \\{x\\}", "Subtitle", "PAGE", "NUMPAGES")] == [True] * 4
    assert "\\paperw11906\\paperh16838" in text
    wide = Table("x", tuple(Header(f"Head {number}") for number in range(9)), (Row("x", ("y" * 20,) * 9),))
    assert "\\paperw16838\\paperh11906\\landscape" in writers.to_rtf(wide, "Title", "Subtitle")


@pytest.mark.parametrize("write", [writers.to_html, writers.to_typst, writers.to_grid, writers.to_csv])
def test_a_table_without_data_is_its_sentence(write):
    empty = Table("x", absent="There are no data.")
    assert "There are no data." in write(empty)
    assert "There are no data." in writers.to_rtf(empty, "Title", "Subtitle")


def test_the_notebook_carries_the_table_itself():
    bundle = TABLE._repr_mimebundle_()
    assert table_from_json(json.loads(json.dumps(bundle[MIME]))) == TABLE
    assert "2 (66.7)" in bundle["text/html"]


def test_neighbours_with_one_spanner_share_it():
    assert spanner_runs(TABLE.headers) == [("Escalation, 10⁶ cells/kg", 2), ("Expansion", 1), ("", 1)]


def test_chinese_text_keeps_the_grid_whole(monkeypatch):
    table = Table(
        "\u53cd\u5e94",
        (Header("A*b*", "3", "\u5242\u91cf 10\u2076/kg, a long head over one column"),),
        (Row("\u8840\u5c0f\u677f\u8ba1\u6570", ("1 (2.0)",)),),
    )
    monkeypatch.setitem(globals(), "TABLE", table)
    tables = [block for block in grid_as_json()["blocks"] if block["t"] == "Table"]
    assert len(tables) == 1
    head = [text_of(cell[4]) for row in tables[0]["c"][3][1] for cell in row[1]]
    assert head == ["\u53cd\u5e94", "\u5242\u91cf 10\u2076/kg, a long head over one column", "A*b* (N=3)"]
    assert text_of(tables[0]["c"][4][0][3][0][1][0][4]) == "\u8840\u5c0f\u677f\u8ba1\u6570"
