"""Names of subjects' pages, and the links to them."""

import lxml.html

from csrkit.tables.provenance import Source, behind_html, linked, page_names
from csrkit.tables.table import Header, Row, Table
from csrkit.tables.writers import to_csv, to_html
from tests.csrkit.tables.test_provenance import ROWS

PAGES = {"S-1": "S-1.html", "12": "12.html"}


def links(text):
    return [(link.text, link.get("href")) for link in lxml.html.fromstring(f"<div>{text}</div>").iter("a")]


def test_names_are_safe_and_told_apart_on_every_system():
    assert page_names(["S/1", "S 1", "s-1", "../x", "SIM-001", "…"]) == {
        "../x": "x.html",
        "S 1": "S-1.html",
        "S/1": "S-1-2.html",
        "SIM-001": "SIM-001.html",
        "s-1": "s-1-3.html",
        "…": "subject.html",
    }


def test_names_do_not_depend_on_the_order():
    assert page_names(["S/1", "S 1"]) == page_names(["S 1", "S/1"])


def test_the_subject_at_a_cells_beginning_is_a_link():
    assert linked("S-1", PAGES) == '<a href="../subjects/S-1.html">S-1</a>'
    assert linked("S-1: 46-year-old woman", PAGES).endswith("</a>: 46-year-old woman")
    assert linked("S-1 (given: 1.0 < 2)", PAGES).endswith("</a> (given: 1.0 &lt; 2)")
    for text in ("S-10", "Week 12", "S-2: man", "<b>"):
        assert "<a" not in linked(text, PAGES)


def test_only_a_table_whose_rows_are_subjects_links_them():
    rows = (Row("S-1: woman"), Row("12", ("12",), 1))
    listing, counts = (Table(stub, (Header("n"),), rows) for stub in ("Subject; visit", "Weeks"))
    assert links(to_html(listing, pages=PAGES)) == [
        ("S-1", "../subjects/S-1.html"),
        ("12", "../subjects/12.html"),
    ]
    assert links(to_html(counts, pages=PAGES)) == []
    assert links(to_html(listing)) == []
    assert "href" not in to_csv(listing)


def test_the_data_of_a_chart_link_subjects_and_no_number():
    spec = {
        "data": {"name": "d"},
        "datasets": {"d": [{"s": "12", "n": 12}]},
        "encoding": {"tooltip": [{"field": "s", "title": "Subject"}, {"field": "n", "title": "Week"}]},
    }
    text = behind_html(Source("fig-x", "Caption", "30", {}, spec), ROWS.iloc[:0], PAGES)
    assert [link for link in links(text) if "subjects" in link[1]] == [("12", "../subjects/12.html")]
