"""Pages of subjects are held to the analysis datasets beside them."""

import pandas as pd
import pytest

from csrkit.tables.table import Header, Row, Table
from csrkit.versions.printed_numbers import check_subject_pages
from itpcsr.display.profile import Profile, Section
from itpcsr.publish.subject_profiles import write_subject_pages

REPORT = '<main><h1>1</h1><a href="../subjects/S-1.html">S-1</a></main>'


@pytest.fixture
def version(tmp_path):
    """Return a version with one subject: a count of 34 on Day 8, an infusion of 63 minutes."""
    (tmp_path / "site_libs").mkdir()
    (tmp_path / "site_libs/csr.js").touch()
    (tmp_path / "index.html").write_text(REPORT, encoding="utf-8")
    (tmp_path / "adam").mkdir()
    empty = pd.DataFrame({"USUBJID": pd.Series(dtype="str")})
    frames = dict.fromkeys(("adsl", "adex", "adae", "adcm", "admh", "addv", "adlb", "adrs"), empty)
    frames["adsl"] = pd.DataFrame({"USUBJID": ["S-1", "S-2"], "AGE": [40.0, 71.0]})
    frames["adex"] = pd.DataFrame({"USUBJID": ["S-1"], "ADURM": [63.0]})
    frames["adlb"] = pd.DataFrame({"USUBJID": ["S-1"], "ADY": [8.0], "AVAL": [34.0]})
    for name, frame in frames.items():
        frame.to_parquet(tmp_path / f"adam/{name}.parquet")
    table = Table("Infusion", (Header("Duration, minutes"),), (Row("Infusion 1", ("63",)),))
    chart = {"datasets": {"counts": [{"ADY": 8.0, "AVAL": 34.0}]}}
    profile = Profile("S-1", (), chart, "Course.", (Section("Infusions", table, "ADEX"),))
    write_subject_pages(tmp_path, lambda: [profile], {"S-1": "S-1.html"}, "Version 1", "")
    return tmp_path


def faults(version):
    return [fault.problem for fault in check_subject_pages(version, {"index.html": REPORT})]


def replace(version, old, new):
    page = version / "subjects/S-1.html"
    text = page.read_text(encoding="utf-8")
    assert old in text
    page.write_text(text.replace(old, new), encoding="utf-8")


def test_pages_that_say_what_the_data_say_have_no_fault(version):
    assert faults(version) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("<td>63</td>", "<td>71</td>", "Infusion 1: no record of the subject has 71"),
        ('"AVAL":34.0', '"AVAL":35.0', "draws a count of 35 on Day 8"),
        ("<h1>Subject S-1", "<h1>Subject S-3", "tells of S-3, who isn't in adam/adsl.parquet"),
    ],
)
def test_a_number_or_subject_that_the_data_do_not_have_is_found(version, old, new, problem):
    replace(version, old, new)
    (found,) = faults(version)
    assert found.startswith(problem)


def test_a_link_without_its_page_is_found(version):
    (version / "subjects/S-1.html").unlink()
    assert faults(version) == ["links to subjects/S-1.html, which isn't there"]
