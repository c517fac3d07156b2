"""Which subjects and records are listed, and how many."""

import pandas as pd
import pytest

from csrkit.rows import absence
from itpcsr.adam.datasets import Datasets
from itpcsr.analysis import listings
from tests import small


def datasets(study, *subjects, **domains):
    names = [name for name, _ in subjects]
    return Datasets(small.trial(DM=small.dm(*subjects), EX=small.ex(*names), **domains), study)


def total(rows, statistic):
    chosen = rows[(rows["analysis"] == "listed") & (rows["statistic"] == statistic)]
    return chosen.loc[chosen["group"] == "total", "value"].iloc[0]


def test_the_simulated_trial_is_listed_whole(demo, study):
    adsl = demo["adsl"]
    deviations = listings.select_records(adsl, demo["addv"], "ENRLFL", ["DVSEQ"])
    rows = listings.count_listing("tbl-listing-deviations", "ADDV", deviations, adsl, study, "ENRLFL")
    assert (total(rows, "n"), total(rows, "N"), total(rows, "events")) == (15, 18, 35)
    assert list(listings.select_discontinued(adsl)["USUBJID"]) == ["SIM-007", "SIM-012", "SIM-015"]
    assert len(listings.select_subjects(adsl)) == 18


def test_an_enrolled_subject_without_treatment_counts_as_discontinued(study):
    dm = small.dm(("01", "ESC05"), ("02", "ESC05"), ("03", "SCRNFAIL"))
    adsl = Datasets(small.trial(DM=dm, EX=small.ex("01")), study)["adsl"]
    assert list(listings.select_discontinued(adsl)["USUBJID"]) == ["02"]


def test_an_absent_domain_is_a_sentence_and_no_record_is_a_count_of_zero(study):
    found = datasets(study, ("01", "ESC05"))
    rows = listings.count_listing("tbl-listing-events", "ADAE", found["adae"], found["adsl"], study)
    assert absence(rows) == "The study's data hold no AE domain, so that there is nothing to list."
    empty = small.events(small.event("01", "x", "")).head(0)
    found = datasets(study, ("01", "ESC05"), AE=empty)
    rows = listings.count_listing("tbl-listing-events", "ADAE", found["adae"], found["adsl"], study)
    assert (total(rows, "n"), total(rows, "N"), total(rows, "events")) == (0, 1, 0)


@pytest.mark.parametrize(
    ("start", "end", "category", "listed"),
    [
        (small.day(-20), small.day(-10), "", 0),
        (small.day(-20), "", "", 1),
        (small.day(5), "", "", 1),
        (small.day(5), "", "RESCUE THERAPY", 1),
        ("2019", "", "", 1),
    ],
)
def test_medication_that_ended_before_treatment_isnt_listed(study, start, end, category, listed):
    cm = pd.DataFrame(
        [{"USUBJID": "01", "CMSEQ": 1.0, "CMTRT": "A", "CMCAT": category, "CMSTDTC": start, "CMENDTC": end}]
    )
    found = datasets(study, ("01", "ESC05"), CM=cm)
    assert len(listings.select_medication(found["adsl"], found["adcm"])) == listed


def test_tests_of_a_category_that_isnt_shown_are_left_out(demo, study):
    assert len(listings.select_tests(demo["adsl"], demo["adlb"], study, "CHEMISTRY")) == 8 * 176
    assert listings.select_tests(demo["adsl"], demo["adlb"], study, "CYTOKINE").empty
