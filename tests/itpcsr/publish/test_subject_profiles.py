"""Pages of subjects: navigation, what every page says, and where in the report a subject stands."""

import lxml.html
import pandas as pd
import pytest

from csrkit.publish.search_index import write_search_index
from csrkit.tables.table import Header, Row, Table
from itpcsr.display.profile import Profile, Section
from itpcsr.publish.subject_profiles import choose_paged, say_paged, write_subject_pages

NAMES = {"A<1": "A-1.html", "B": "B.html", "C": "C.html"}
REPORT = """<main><h1>16</h1>
<div id="tbl-listing-subjects"><figure><figcaption id="tbl-listing-subjects-caption">Table 16.1: <em>All</em></figcaption>
<a href="../subjects/A-1.html">A</a><a href="../subjects/B.html">B</a></figure></div>
<div id="fig-x"><a href="../subjects/B.html">B</a><figure><figcaption>Figure 16.1: Course</figcaption></figure></div>
</main>"""


def profile(subject):
    table = Table("Infusion", (Header("Day"),), (Row("Infusion 1", ("1",)),))
    chart = {"datasets": {"counts": []}, "vconcat": []} if subject != "C" else None
    sections = (Section("Infusions", table, "ADEX"), Section("Events", Table("", absent="None."), "ADAE"))
    return Profile(subject, (("Age", "<40"),), chart, f"Course of {subject}.", sections)


@pytest.fixture
def book(tmp_path):
    for name, text in (("site_libs/x/csr.js", ""), ("index.html", REPORT), ("report/16-a.html", REPORT)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    write_subject_pages(
        tmp_path,
        lambda: map(profile, NAMES),
        NAMES,
        "Study · Version 1.0.0 (draft)",
        "Simulated!",
        ["tbl-listing-subjects"],
    )
    return tmp_path


def page(book, name):
    return lxml.html.parse(str(book / "subjects" / name)).getroot()


def test_every_page_says_version_and_notice_and_leads_on(book):
    for name in NAMES.values():
        root = page(book, name)
        assert "Study · Version 1.0.0 (draft)" in root.text_content()
        assert root.xpath("//*[@class='csr-notice']")[0].text == "Simulated!"
        assert len(root.xpath("//h1")) == 1
        for link in root.xpath("//head/link/@href | //script/@src"):
            assert link.startswith("../site_libs/x/")
    ways = {link.get("rel"): link.get("href") for link in page(book, "B.html").xpath("//a[@rel]")}
    assert ways == {"prev": "A-1.html", "next": "C.html"}
    assert "../index.html#tbl-listing-subjects" in page(book, "B.html").xpath("//nav//a/@href")


def test_pages_lead_back_to_what_lists_all_subjects_alone(book):
    """Where no cell says that it does, they lead to the report's first page."""
    write_subject_pages(book, lambda: map(profile, NAMES), NAMES, "Version", "", ["fig-x"])
    ways = page(book, "B.html").xpath("//nav[@class='csr-ways']/a/@href")
    assert ways == ["../index.html", "../index.html#fig-x"]
    write_subject_pages(book, lambda: map(profile, NAMES), NAMES, "Version", "")
    assert page(book, "B.html").xpath("//nav[@class='csr-ways']/a/@href") == ["../index.html"]


def test_names_are_text_and_not_markup(book):
    root = page(book, "A-1.html")
    assert root.xpath("//h1")[0].text == "Subject A<1"
    assert "<40" in root.text_content()


def test_a_page_lists_where_its_subject_stands(book):
    found = [(link.text, link.get("href")) for link in page(book, "B.html").xpath("//ul/li/a")]
    assert ("Table 16.1: All", "../report/16-a.html#tbl-listing-subjects") in found
    assert ("Figure 16.1: Course", "../report/16-a.html#fig-x") in found
    assert not any("fig-x" in link for link in page(book, "A-1.html").xpath("//ul/li/a/@href"))
    assert "No table of the report names this subject." in page(book, "C.html").text_content()


def test_without_a_chart_its_sentence_stands_in_its_place(book):
    assert page(book, "C.html").xpath("//p[@class='csr-absent']")[0].text == "Course of C."
    assert page(book, "B.html").xpath("//*[@role='img']/@aria-label") == ["Course of B."]


def test_search_finds_a_subjects_page_as_one(book):
    write_search_index(book)
    index = (book / "site_libs/x/search-index.js").read_text(encoding="utf-8")
    assert index.count('"url":"subjects/B.html#"') + index.count('"url":"subjects/B.html"') == 1
    assert '"title":"Subject B: profile"' in index


def test_few_subjects_all_have_a_page_and_of_many_the_gravest():
    names = ["a", "b", "c", "d", "e"]
    adsl = pd.DataFrame({"USUBJID": names, "DTHFL": ["", "", "", "Y", ""], "DCTREAS": "", "DCSREAS": ""})
    adsl.loc[4, "DCTREAS"] = "ADVERSE EVENT"
    adae = pd.DataFrame(
        {"USUBJID": ["b", "c", "a"], "AESER": ["Y", "N", "N"],
         "AEACN": ["DOSE NOT CHANGED", "DRUG WITHDRAWN", "DOSE NOT CHANGED"]}
    )  # fmt: skip
    assert choose_paged(adsl, adae, 5) == names
    assert choose_paged(adsl, adae, 4) == ["b", "c", "d", "e"]
    assert choose_paged(adsl, adae, 2) == ["b", "d"]
    assert choose_paged(adsl, adae, 1) == ["d"]
    assert choose_paged(adsl, adae, 0) == []


def test_the_report_says_who_has_a_page():
    assert "the identifier of a subject leads to a page" in say_paged(18, 18, 500)
    assert say_paged(120, 1000, 500).startswith("In the HTML version 120 of 1000 subjects have a page")
    assert "With more than 500 subjects" in say_paged(120, 1000, 500)
    assert say_paged(0, 18, 500) == "No subject has a page in this version."
