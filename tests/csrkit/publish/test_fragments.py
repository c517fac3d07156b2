"""From notebook cells to displays: what a chart must say, and that the report says it (for the PDF see test_paper)."""

import zipfile
from html import unescape

import lxml.etree
import lxml.html
import nbformat
import pandas as pd
import pytest

from csrkit.charts import drawing
from csrkit.errors import NotebookError
from csrkit.publish.fragments import read_displays, read_options

DRAWN = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
SPEC = {"mark": "point", "description": "3 of 3\nsubjects."}


def executed(folder, options, spec):
    """Write a notebook of one chart as if it had run."""
    shown = nbformat.v4.new_output("display_data", data={drawing.MIME: spec})
    cell = nbformat.v4.new_code_cell("\n".join(f"#| {line}" for line in options), outputs=[shown])
    path = folder / "10-x.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    return path


def test_the_alternative_text_is_what_is_shown_and_the_finding(tmp_path):
    options = ["label: fig-x", "fig-cap: Chart", "fig-alt: Bars by dose"]
    assert read_displays(executed(tmp_path, options, SPEC))[0].alternative == "Bars by dose. 3 of 3 subjects."


@pytest.mark.parametrize(
    ("options", "spec", "message"),
    [
        (["fig-alt: Bars"], {"mark": "point"}, "10-x, fig-x: a chart needs its finding in words"),
        (["fig-alt: Bars"], {"mark": "point", "description": " "}, "needs its finding in words"),
        ([], SPEC, "10-x, fig-x: a chart needs alternative text"),
    ],
)
def test_a_chart_that_says_nothing_stops_the_build(tmp_path, options, spec, message):
    with pytest.raises(NotebookError, match=message):
        read_displays(executed(tmp_path, ["label: fig-x", "fig-cap: Chart", *options], spec))


def test_a_cell_says_what_its_display_discloses(tmp_path):
    options = ["label: fig-x", "discloses: nothing", "fig-cap: Chart", "fig-alt: Bars"]
    assert read_options(executed(tmp_path, options, SPEC))["fig-x"]["discloses"] == "nothing"
    assert "discloses" not in read_options(executed(tmp_path, options[:1], SPEC))["fig-x"]


@pytest.mark.parametrize(
    ("option", "known"),
    [
        (
            "discloses: nothings",
            r"nothing \(of the design .*\); order \(.*; subjects \(.*; characteristics \(",
        ),
        ("discloses:", r"`#\| discloses: None` says nothing that is known"),
        ("discloses: [nothing]", "It can say: nothing"),
        ("lists: events", r"It can say: subjects \("),
    ],
)
def test_what_nobody_knows_of_a_display_stops(tmp_path, option, known):
    path = executed(tmp_path, ["label: fig-x", option, "fig-cap: Chart", "fig-alt: Bars"], SPEC)
    for read in (read_options, read_displays):
        with pytest.raises(NotebookError, match=f"10-x, fig-x: .*{known}"):
            read(path)


@pytest.fixture(scope="module")
def displays(published):
    notebooks = sorted((published / "notebooks").glob("*.ipynb"))
    return {display.label: display for notebook in notebooks for display in read_displays(notebook)}


@pytest.fixture(scope="module")
def alternatives(displays):
    """Return the alternative texts of all charts by label, as they are written into attributes."""
    found = {label: display.alternative for label, display in displays.items() if display.chart is not None}
    assert len(found) >= 26
    return found


@pytest.fixture(scope="module")
def pages(published):
    return [
        lxml.html.parse(str(path)).getroot()
        for path in [published / "index.html", *sorted((published / "report").glob("*.html"))]
    ]


def test_html_says_the_finding_of_every_chart(pages, alternatives):
    said = {}
    for page in pages:
        for chart in page.xpath("//div[contains(@class, 'csr-chart')]"):
            label = chart.xpath("string(ancestor::*[starts-with(@id, 'fig-')][1]/@id)")
            assert chart.get("role") == "img"
            said[label] = unescape(chart.get("aria-label"))
    assert said == alternatives


def test_word_says_the_finding_of_every_chart(published, alternatives):
    with zipfile.ZipFile(published / "csr.docx") as archive:
        document = lxml.etree.fromstring(archive.read("word/document.xml"))
    said = [node.get("descr", "") for node in document.iter(DRAWN)]
    assert set(alternatives.values()) <= set(said)
    assert all(said)


def test_every_table_and_figure_names_its_datasets(published, displays, pages):
    rows = pd.read_parquet(published / "results.parquet")
    named = rows[rows["dataset"] != ""].groupby("display")["dataset"].first()
    silent = [
        label
        for label, display in displays.items()
        if display.prose is None and not display.datasets and label not in named.index
    ]
    assert silent == []
    panels = [panel for page in pages for panel in page.xpath("//details[contains(@class, 'csr-source')]")]
    assert len(panels) >= len([label for label in displays if not label.startswith("txt-")])
    for panel in panels:
        assert panel.xpath("string(.//dt[text()='Datasets']/following-sibling::dd[1])"), panel.text_content()[
            :200
        ]
