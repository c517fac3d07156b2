"""The real CDISC pilot study through the same rooms: the whole report, from its SDTM alone."""

import re

import lxml.html
import pypdf
import pytest

from tests.built import build, copy_project

pytestmark = pytest.mark.build


@pytest.fixture(scope="module")
def published(root, pilot_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pilot")
    (folder / "shared").symlink_to(pilot_folder.parents[1])
    project = copy_project(root, folder / "project")
    with pytest.MonkeyPatch.context() as patch:
        return build(project, patch, "params/cdiscpilot01.yml")


def text_of(path):
    return " ".join(lxml.html.parse(str(path)).getroot().text_content().split())


def test_real_data_bear_no_notice(published):
    pages = sorted(published.rglob("*.html"))
    assert {page.parent.name for page in pages} >= {"report", "notebooks", "subjects"}
    for page in pages:
        assert "Simulated data" not in page.read_text(encoding="utf-8"), page
    # it would stand in the margin of each; reading all takes long
    pdf = pypdf.PdfReader(published / "csr.pdf")
    assert "Simulated data" not in " ".join(page.extract_text() for page in pdf.pages[:40:4])


def test_efficacy_is_told_with_its_published_numbers(published):
    words = text_of(published / "report/11-efficacy-evaluation.html")
    assert "79 subjects on placebo, 81 on the low dose and 74 on the high dose" in words
    assert "-0.5 points for the low dose (95% CI -2.1 to 1.1; p-value 0.569)" in words
    assert "-1.0 points for the high dose (-2.7 to 0.7; p-value 0.233)" in words
    assert "within sites, gave a p-value of 0.618" in words
    assert "efficacy is not analysed" not in words


def test_what_the_study_does_not_have_leaves_no_trace(published):
    for page in [published / "index.html", *(published / "report").glob("*.html")]:
        tree = lxml.html.parse(str(page)).getroot()
        for behind in tree.xpath("//details | //script"):  # parameters of notebooks, data of charts
            behind.drop_tree()
        words = tree.text_content()
        assert not re.search(r"\b[Ii]nfusion", words.replace("Infusion site", "")), page
        assert "not available" not in words, page


def test_population_and_safety_have_their_numbers(published):
    safety = text_of(published / "report/12-safety-evaluation.html")
    assert "65 (75.6) [281]" in safety
    assert "218 of 254 (85.8%; 95% CI" in safety
    assert "Placebo(N=86)" in safety
    terms = text_of(published / "report/14-tables.html")
    assert re.search(r"Sinus bradycardia 2 \(2\.3\) \[2\]", terms) or "Sinus bradycardia2 (2.3) [2]" in terms


def test_no_page_speaks_of_the_other_study(published):
    for page in [published / "index.html", *(published / "report").glob("*.html")]:
        words = text_of(page)
        assert "hUC-MSC" not in words, page
        assert "NCT04014166" not in words, page
