"""Which subjects and records are listed, and how many."""

import pandas as pd

from csrkit.carried import rows_behind
from csrkit.rows import absence
from tests import small
from tests.faults.chain import show


def counted(trial, study, name, **options):
    """Return the result rows of one listing."""
    return rows_behind(show(trial, study, "29-listings", **options)[f"tbl-listing-{name}"])


def small_trial(*subjects, **domains):
    names = [name for name, _ in subjects]
    return small.trial(DM=small.dm(*subjects), EX=small.ex(*names), **domains)


def total(rows, statistic):
    chosen = rows[(rows["analysis"] == "listed") & (rows["statistic"] == statistic)]
    return chosen.loc[chosen["group"] == "total", "value"].iloc[0]


def listed(table):
    return [row.label for row in table.rows if row.cells]


def test_the_simulated_trial_is_listed_whole(demo_trial, demo, study):
    displays = show(demo_trial, study, "29-listings", datasets=demo)
    rows = rows_behind(displays["tbl-listing-deviations"])
    assert (total(rows, "n"), total(rows, "N"), total(rows, "events")) == (15, 18, 35)
    assert sorted(listed(displays["tbl-listing-discontinued"])) == ["SIM-007", "SIM-012", "SIM-015"]
    assert len(listed(displays["tbl-listing-subjects"])) == 18
    assert total(rows_behind(displays["tbl-listing-chemistry"]), "events") == 8 * 176


def test_an_enrolled_subject_without_treatment_counts_as_discontinued(study):
    dm = small.dm(("01", "ESC05"), ("02", "ESC05"), ("03", "SCRNFAIL"))
    displays = show(small.trial(DM=dm, EX=small.ex("01")), study, "29-listings")
    assert listed(displays["tbl-listing-discontinued"]) == ["02"]


def test_an_absent_domain_is_a_sentence_and_no_record_is_a_count_of_zero(study):
    rows = counted(small_trial(("01", "ESC05")), study, "events")
    assert absence(rows) == "The study's data hold no AE domain, so that there is nothing to list."
    empty = small.events(small.event("01", "x", "")).head(0)
    rows = counted(small_trial(("01", "ESC05"), AE=empty), study, "events")
    assert (total(rows, "n"), total(rows, "N"), total(rows, "events")) == (0, 1, 0)


def test_medication_that_ended_before_treatment_isnt_listed(study):
    cases = {
        "ended before": (small.day(-20), small.day(-10), ""),
        "no end": (small.day(-20), "", ""),
        "later": (small.day(5), "", ""),
        "rescue": (small.day(5), "", "RESCUE THERAPY"),
        "partial": ("2019", "", ""),
    }
    cm = pd.DataFrame(
        [
            {"USUBJID": "01", "CMSEQ": float(number), "CMTRT": name, "CMCAT": category, "CMSTDTC": start, "CMENDTC": end}
            for number, (name, (start, end, category)) in enumerate(cases.items(), start=1)
        ]
    )  # fmt: skip
    shown = show(small_trial(("01", "ESC05"), CM=cm), study, "29-listings")["tbl-listing-medication"]
    assert sorted(map(str.lower, listed(shown))) == sorted([*cases][1:])


def test_values_of_a_category_that_isnt_shown_are_left_out(demo_trial, demo, study):
    model = study.laboratory.model_copy(update={"laboratory_categories": ["HEMATOLOGY"]})
    narrow = study.model_copy(update={"laboratory": model})
    rows = counted(demo_trial, narrow, "chemistry", datasets=demo)
    assert total(rows, "events") == 0
