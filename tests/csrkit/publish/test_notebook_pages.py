"""Executed notebooks as pages: what people and libraries wrote stands there, and nothing of it runs."""

import json
from pathlib import Path

import lxml.html
import pytest

from csrkit.charts import drawing
from csrkit.publish.fragments import read_displays
from csrkit.publish.notebook_pages import notebook_page
from csrkit.tables.table import Header, Row, Table
from tests.hostile import TEXTS


def cell(kind, source, *outputs, **more):
    lines = source.splitlines(keepends=True)  # as Jupyter writes texts
    content = {"cell_type": kind, "id": "abc", "metadata": {}, "source": lines, **more}
    return content | ({"outputs": list(outputs), "execution_count": 1} if kind == "code" else {})


def result(**forms):
    data = {name.replace("_", "/"): content for name, content in forms.items()}
    return {"output_type": "execute_result", "metadata": {}, "data": data, "execution_count": 1}


@pytest.fixture
def page(tmp_path):
    """Return what makes the page of a notebook with these cells, read by another reader of HTML."""

    def make(*cells):
        path = tmp_path / "10-x.ipynb"
        path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
        return lxml.html.fromstring(
            notebook_page(path, Path("../site_libs"), "A notice", read_displays(path))
        )

    return make


def test_a_labelled_display_has_its_label_as_id_and_looks_as_in_the_report(page):
    table = Table("Term", (Header("A"),), (Row("x", ("1 (2.0)",)),))
    shown = result(**table._repr_mimebundle_())
    shown["data"] = table._repr_mimebundle_()
    source = '#| label: tbl-x\n#| tbl-cap: "Caption"\ntable'
    tree = page(cell("markdown", "# Words"), cell("code", source, shown))
    (found,) = tree.xpath("//*[@id='tbl-x']")
    assert found.xpath(".//table[@class='csr-table']//td/text()") == ["1 (2.0)"]
    assert "tbl-cap" in found.xpath(".//*[@class='highlight']")[0].text_content()
    assert tree.xpath("//h1/text()") == ["Words"]


def test_nothing_runs_and_links_lead_to_reading(page):
    hostile = (
        '<script>window.sentinel = 1</script><p onclick="x()">words</p><a href="javascript:x">one</a>'
        "<a HREF=' java\tscript:x'>two</a><a/href=data:text/html,x>three</a><a href='https://example.org'>four</a>"
        "<iframe src='x'></iframe><svg onload=x()><a xlink:href='javascript:x'>five</a></svg><!--><img onerror=x>-->"
    )
    tree = page(
        cell("markdown", hostile + "\n\n[six](javascript:x) [seven](../index.html)"),
        cell("code", "x", result(text_html=hostile)),
        cell("code", "x", result(text_markdown=hostile)),
    )
    for part in tree.xpath("//*[contains(@class, 'cell')]"):
        assert part.xpath(".//script | .//iframe | .//@onclick | .//@onload | .//@onerror") == []
    links = tree.xpath("//*[contains(@class, 'cell')]//@*[name() = 'href' or name() = 'xlink:href']")
    assert sorted(set(links)) == ["../index.html", "https://example.org"]
    assert tree.text_content().count("words") == 3


@pytest.mark.parametrize("text", TEXTS)
def test_plain_outputs_are_the_text_that_they_are(page, text):
    stream = {"output_type": "stream", "name": "stdout", "text": [text]}
    tree = page(cell("code", "x", result(text_plain=text), stream), cell("raw", text))
    assert [part.text for part in tree.xpath("//*[@class='cell code_cell']//pre[not(span)]")] == [text] * 3
    assert tree.xpath("//main//script") == []


def test_a_colour_of_the_terminal_is_no_text(page):
    error = {"output_type": "error", "traceback": ["\x1b[0;31mValueError\x1b[0m: x < 1", "line 2"]}
    tree = page(cell("code", "x", error))
    assert tree.xpath("//*[@class='output_subarea']/pre/text()") == ["ValueError: x < 1\nline 2"]


def test_pictures_stand_in_the_page_with_an_alternative_text(page):
    attached = {"a.png": {"image/png": "UE5H"}}
    tree = page(
        cell("markdown", "![words](attachment:a.png)", attachments=attached),
        cell("code", "x", result(image_png="UE5H\n"), result(**{"image_svg+xml": ["<svg>", "</svg>"]})),
        cell("code", "x", result(text_html="<img src='data:image/png;base64,UE5H'>")),
    )
    pictures = [(picture.get("src"), bool(picture.get("alt"))) for picture in tree.xpath("//img")]
    png = "data:image/png;base64,UE5H"
    assert pictures == [
        (png, True),
        (png, True),
        ("data:image/svg+xml;base64,PHN2Zz48L3N2Zz4=", True),
        (png, True),
    ]


def test_a_chart_without_a_label_is_drawn_by_the_reports_script(page):
    chart = result(
        text_html="<script src='https://example.org'></script>", **{drawing.MIME: {"mark": "</point>"}}
    )
    (drawn,) = page(cell("code", "x", chart)).xpath("//*[@class='csr-chart']")
    assert drawn.get("aria-label").startswith("A chart")
    assert json.loads(drawn.xpath("./script")[0].text) == {"mark": "</point>"}


def test_formulas_stand_as_they_were_written_and_empty_heads_are_cells(page):
    frame = "<table><thead><tr><th></th><th>a</th></tr></thead></table>"
    tree = page(
        cell("markdown", "$a_b$ and _c_\n\n$$\nx_1 < y_1\n$$"), cell("code", "x", result(text_html=frame))
    )
    words = tree.xpath("//*[@class='cell text_cell']")[0].text_content()
    assert "$a_b$ and c" in words
    assert "x_1 < y_1" in words
    assert [part.tag for part in tree.xpath("//thead/tr/*")] == ["td", "th"]
