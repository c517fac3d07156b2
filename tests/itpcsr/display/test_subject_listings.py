"""Listings by subject: words in place of codes, partial dates as such, and a sentence where there is none."""

import re

import pandas as pd
import pytest

from csrkit.tables.table import Table, column_characters, is_wide_table
from csrkit.tables.writers import to_grid, to_html, to_typst
from itpcsr.sdtm import Trial
from itpcsr.study import Study
from tests import small
from tests.faults.chain import show

CODES = re.compile(r"\b(nan|None|NaT)\b|10\^|[A-Z]+/[A-Z]{3,}|\b(DOSE|RECOVERED|NEGATIVE|RELATED)\b")


def small_listings(study: Study, **domains: pd.DataFrame) -> dict[str, Table]:
    """Return every listing of a small trial."""
    return all_listings(small.trial(**domains), study)


def all_listings(trial: Trial, study: Study, data: dict[str, pd.DataFrame] | None = None) -> dict[str, Table]:
    """Return every listing of the notebook by its name, with all its rows."""
    displays = show(trial, study, "29-listings", datasets=data, values={"listing_rows_at_most": 100_000})
    return {label.removeprefix("tbl-listing-"): table for label, table in displays.items()}


def cells(table: Table, label: str, subject: str = "") -> tuple[str, ...]:
    """Return the cells of the first row with this label, below the subject's heading."""
    start = next(number for number, row in enumerate(table.rows) if row.label.startswith(subject))
    return next(row.cells for row in table.rows[start:] if row.label == label)


@pytest.fixture(scope="module")
def shown(demo_trial, demo, study):
    return all_listings(demo_trial, study, demo)


def test_no_listing_of_the_simulated_trial_has_a_code_or_a_blank(shown):
    for name, table in shown.items():
        assert not table.absent, name
        for row in table.rows:
            assert row.is_section or all(row.cells), (name, row)
            assert len(row.cells) in (0, len(table.headers)), (name, row)
            for text in row.cells:
                assert not CODES.search(text), (name, row)


def test_listings_read_as_the_data(shown):
    assert cells(shown["discontinued"], "SIM-012") == (
        "4 of 4", "22", "completed", "early: withdrawal by subject", "141",
    )  # fmt: skip
    assert cells(shown["subjects"], "SIM-003") == (
        "44", "Female", "Asian", "74.2", "161.0", "73", "21", "6, with splenectomy",
    )  # fmt: skip
    assert cells(shown["exposure"], "Infusion 2", "SIM-018") == (
        "8", "35", "2.0", "1.2", "yes: infusion related reaction",
    )  # fmt: skip
    assert cells(shown["deviations"], "WEEK 16 missed") == ("missed visit", "major", "113")
    assert cells(shown["medication"], "Amoxicillin", "SIM-007")[3:] == (
        "May 2021 (partial date)", "May 2021 (partial date)",
    )  # fmt: skip
    assert cells(shown["virus"], "Week 16", "SIM-003") == ("missing",) * 5
    assert cells(shown["chemistry"], "Week 1, Day 8", "SIM-001")[3] == "29.3 H G1"
    assert shown["events"].notes[-1] == (
        "Treated subjects without an adverse event: SIM-004, SIM-006, SIM-009, SIM-014."
    )


def test_one_subject_without_any_other_domain(study):
    found = small_listings(study, DM=small.dm(("01", "ESC05")), EX=small.ex("01"))
    assert found["events"].absent == "The study's data hold no AE domain, so that there is nothing to list."
    assert found["medication"].absent.startswith("The study's data hold no CM domain")
    assert found["discontinued"].absent.startswith("No enrolled subject is recorded")
    assert cells(found["exposure"], "Infusion 1") == ("1", "1", "0.5", "0.5", "not recorded")
    assert [header.label for header in found["subjects"].headers] == ["Age, years", "Sex"]
    assert cells(found["subjects"], "01") == ("40", "Female")


def test_no_event_and_no_subject(study):
    ae = small.events(small.event("01", "x", "")).head(0)
    found = small_listings(study, DM=small.dm(("01", "ESC05")), EX=small.ex("01"), AE=ae)
    assert found["events"].absent == "No adverse event was recorded."
    found = small_listings(study, DM=small.dm(("01", "SCRNFAIL")), EX=small.ex("01").head(0))
    assert found["subjects"].absent == "No subject was enrolled."
    assert found["exposure"].absent == "No administration of study treatment was recorded."


def test_a_subject_with_only_partial_dates(study):
    ae = small.events(small.event("01", "Rash", "2020-03", "2020"), small.event("01", "Cough", ""))
    cm = pd.DataFrame(
        [{"USUBJID": "01", "CMSEQ": 1.0, "CMTRT": "A", "CMSTDTC": "2020", "CMENDTC": "2020-04"}]
    )
    dv = pd.DataFrame([{"USUBJID": "01", "DVSEQ": 1.0, "DVTERM": "Late", "DVSTDTC": "2020-05"}])
    domains = {"DM": small.dm(("01", "ESC05")), "EX": small.ex("01"), "AE": ae, "CM": cm, "DV": dv}
    found = small_listings(study, **domains)
    assert cells(found["events"], "Rash")[:3] == (
        "March 2020 (partial date)", "2020 (partial date)", "not recorded",
    )  # fmt: skip
    assert cells(found["events"], "Cough")[:2] == ("not recorded", "not recorded")
    assert cells(found["medication"], "A")[3:] == ("2020 (partial date)", "April 2020 (partial date)")
    assert cells(found["deviations"], "Late") == ("late", "not recorded", "May 2020 (partial date)")


def test_a_subject_never_treated_is_said_to_be(study):
    dm = small.dm(("01", "ESC05"), ("02", "ESC10"))
    found = small_listings(study, DM=dm, EX=small.ex("01"))["discontinued"]
    assert cells(found, "02") == ("0 of 4", "not treated", "not recorded", "not recorded", "not treated")


def test_values_of_one_day_share_a_cell_and_each_unit_has_a_column(study):
    lb = small.platelets("01", {1: 20.0, 8: 30.0, 9: 300.0}).assign(LBCAT="CHEMISTRY", VISIT="WEEK 1")
    lb.loc[2, "LBDTC"] = lb.loc[1, "LBDTC"]
    lb.loc[0, "LBSTRESU"] = "10^3/uL"
    found = small_listings(study, DM=small.dm(("01", "ESC05")), EX=small.ex("01"), LB=lb)["chemistry"]
    assert len(found.headers) == 2
    assert [row.cells for row in found.rows[1:]] == [("20 G4", "–"), ("–", "30 G3; 300")]


def test_wide_listings_leave_room_for_the_label(shown):
    """Every column has a share of the line that was asked for, the label never less than 12 characters."""
    for name in ("events", "medication", "chemistry", "virus", "deviations"):
        assert "auto" not in to_typst(shown[name]).splitlines()[0], name
        assert column_characters(shown[name])[0] >= 12, name
    assert is_wide_table(shown["events"])
    assert not is_wide_table(shown["deviations"])
    heading = "SIM-001: 36-year-old man, 0.5 × 10⁶/kg escalation"
    assert f"| **{heading}** " in to_grid(shown["events"])
    assert f'colspan="9">{heading}<' in to_html(shown["events"])


def test_the_real_pilot_study_prints_what_can_be_read(pilot_trial, pilot, pilot_study):
    found = all_listings(pilot_trial, pilot_study, pilot)
    assert len([row for row in found["discontinued"].rows if row.cells]) == 144
    assert len([row for row in found["subjects"].rows if row.cells]) == 254
    assert len([row for row in found["events"].rows if row.cells]) == 1191
    assert found["events"].notes[-1].startswith("Treated subjects without an adverse event: ")
    assert found["deviations"].absent.startswith("The study's data hold no DV domain")
    assert found["virus"].absent.startswith("The study's data hold no MB domain")
    assert [header.label for header in found["exposure"].headers][:2] == ["First day", "Last day"]
