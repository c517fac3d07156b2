import lxml.html
import pandas as pd

from csrkit.rows import make_rows
from csrkit.tables import provenance
from csrkit.tables.provenance import Source, behind_html

ROWS = make_rows(
    pd.DataFrame(
        {
            "statistic": ["n", "ci_low of percent"],
            "value": [3.0, float("nan")],
            "method": ["", "exact <interval>"],
            "reason": ["", "no subjects"],
            "dataset": ["ADRS", "ADSL, ADRS"],
        }
    ),
    display="tbl-x",
    population="safety set",
)
CHART = {
    "data": {"name": "d"},
    "datasets": {"d": [{"a": 1.5}, {"a": 2.5}]},
    "encoding": {"tooltip": [{"field": "a", "title": "A & B"}]},
}


def facts(text):
    root = lxml.html.fromstring(text)
    parts = root.xpath("//dl/*")
    return root, {parts[i].text_content(): parts[i + 1].text_content() for i in range(0, len(parts), 2)}


def test_a_table_says_its_set_data_method_cell_rows_and_parameters():
    source = Source("tbl-x", "A <caption>", "30-efficacy", {"level": "0.95"})
    root, found = facts(behind_html(source, ROWS))
    assert found["Analysis set"] == "safety set"
    assert found["Datasets"] == "ADRS, ADSL"
    assert found["Methods"] == "exact <interval>"
    assert found["Result rows"] == "2 (CSV; 1 not estimable, each with its reason)"
    assert found["Parameters"] == "level = 0.95"
    assert set(root.xpath("//a/@href")) == {
        "../adam/adrs.parquet", "../adam/adsl.parquet", "../notebooks/30-efficacy.html#tbl-x",
        "../notebooks/30-efficacy.ipynb", "../tables/tbl-x-rows.csv", "../tables/tbl-x.csv",
        "../tables/tbl-x.rtf",
    }  # fmt: skip
    assert root.xpath("string(//summary)") == "Where does this come from? A <caption>"


def test_a_chart_without_rows_says_what_its_notebook_says_and_shows_its_data(monkeypatch):
    source = Source("fig-x", "Chart", "30-efficacy", {}, CHART, "Full analysis set.", "ADLB")
    root, found = facts(behind_html(source, ROWS.iloc[:0]))
    assert found["Analysis set"] == "Full analysis set."
    assert found["Datasets"] == "ADLB"
    assert found["Result rows"].startswith("none of its own")
    assert "Parameters" not in found
    assert root.xpath("//details[1]//tr/*/text()") == ["A & B", "1.5", "2.5"]
    monkeypatch.setattr(provenance, "MOST_ROWS", 1)
    assert "The first 1 of 2 rows" in behind_html(source, ROWS.iloc[:0])
