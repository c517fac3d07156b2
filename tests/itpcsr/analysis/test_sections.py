"""The analyses of each report section: published counts on the simulated trial, and trials with gaps."""

import pandas as pd
import pytest

from csrkit.rows import absence
from csrkit.tables.lookup import Lookup
from itpcsr.sdtm import Trial
from itpcsr.study import Study
from tests import small
from tests.faults.chain import rows_shown, show


def value(rows, analysis, group, statistic, level="", visit=""):
    return Lookup(rows).value(analysis, group, statistic, level, visit)


NAMES = ("10-population", "20-safety", "30-efficacy")


def rows_of_trial(trial: Trial, study: Study) -> dict[str, pd.DataFrame]:
    """Return the rows of the notebooks on patients, safety and response."""
    return rows_shown(show(trial, study, *NAMES))


@pytest.fixture(scope="module")
def demo_rows(demo_shows):
    return rows_shown({label: shown for name in NAMES for label, shown in demo_shows(name).items()})


@pytest.fixture(scope="module")
def pilot_rows(pilot_shows):
    return rows_shown({label: shown for name in NAMES for label, shown in pilot_shows(name).items()})


@pytest.fixture(scope="module")
def bare_rows(study):
    """Return the rows of a trial of one subject, with neither events nor disposition nor counts."""
    return rows_of_trial(small.trial(DM=small.dm(("01", "ESC05")), EX=small.ex("01")), study)


@pytest.mark.parametrize(
    ("group", "n", "low", "high"),
    [
        # trial_facts 1.4: published counts with their exact intervals
        ("esc05", 0, 0, 70.8),
        ("esc10", 2, 9.4, 99.2),
        ("esc20", 3, 11.8, 88.2),
        ("exp20", 3, 11.8, 88.2),
        ("all20", 6, 21.1, 78.9),
        ("total", 8, 21.5, 69.2),
    ],
)
def test_responders_are_the_published_ones(demo_rows, group, n, low, high):
    rows = demo_rows["tbl-response"]
    assert value(rows, "overall", group, "n", "responder") == n
    assert round(value(rows, "overall", group, "ci_low of percent", "responder"), 1) == low
    assert round(value(rows, "overall", group, "ci_high of percent", "responder"), 1) == high


@pytest.mark.parametrize(("level", "n", "low", "high"), [("any", 13, 46.5, 90.3), ("serious", 4, 6.4, 47.6)])
def test_adverse_events_are_the_published_ones(demo_rows, level, n, low, high):
    rows = demo_rows["tbl-ae-overview"]
    assert value(rows, "overview", "total", "n", level) == n
    assert round(value(rows, "overview", "total", "ci_low of percent", level), 1) == low
    assert round(value(rows, "overview", "total", "ci_high of percent", level), 1) == high


def test_the_flow_is_the_published_one(demo_rows):
    rows = demo_rows["fig-disposition"]
    assert value(rows, "screened", "total", "n") == 22
    assert value(rows, "not_enrolled", "total", "n") == 4
    assert value(rows, "enrolled", "total", "n") == 18
    assert value(rows, "not_enrolled", "total", "n", "SCREEN FAILURE") == 3


def test_categories_of_response_add_up(demo_rows):
    rows = demo_rows["tbl-response"]
    for group in ("esc05", "total"):
        parts = [value(rows, "category", group, "n", level) for level in ("CR", "R", "NR", "NE")]
        assert sum(parts) == value(rows, "overall", group, "N", "responder")


def test_terms_add_up_to_the_overview(demo_rows):
    overview, terms = demo_rows["tbl-ae-overview"], demo_rows["tbl-ae-soc-pt"]
    assert value(terms, "any", "total", "n", "any") == value(overview, "overview", "total", "n", "any")
    events = terms[
        (terms["analysis"] == "pt") & (terms["statistic"] == "events") & (terms["group"] == "total")
    ]
    assert events["value"].sum() == value(overview, "overview", "total", "events", "any")


def test_the_platelet_summary_is_that_of_the_data(demo, demo_rows):
    adlb, adsl = demo["adlb"], demo["adsl"].set_index("USUBJID")
    week = adlb.query("PARAMCD == 'PLAT' and AVISITN == 4 and ANL01FL == 'Y'")
    group = week[week["USUBJID"].map(adsl["ARMCD"]) == "EXP20"]
    rows = demo_rows["tbl-platelets"]
    assert value(rows, "aval", "exp20", "n", visit="Week 4") == len(group)
    assert value(rows, "aval", "exp20", "median", visit="Week 4") == group["AVAL"].median()
    assert value(rows, "chg", "exp20", "mean", visit="Week 4") == pytest.approx(group["CHG"].mean())


def test_without_adverse_event_domain_the_display_says_so(bare_rows):
    assert "no adverse event domain" in absence(bare_rows["tbl-ae-overview"])
    assert "no platelet counts" in absence(bare_rows["tbl-response"])


def test_an_empty_adverse_event_domain_is_no_event(study):
    ae = small.events(small.event("01", "x", "")).head(0)
    rows = rows_of_trial(small.trial(DM=small.dm(("01", "ESC05")), EX=small.ex("01"), AE=ae), study)
    assert value(rows["tbl-ae-overview"], "overview", "total", "n", "any") == 0
    assert value(rows["tbl-ae-overview"], "overview", "total", "N", "any") == 1
    assert absence(rows["tbl-ae-soc-pt"]) == "No treatment-emergent adverse event was reported."


@pytest.mark.parametrize("arms", [[], ["ESC05"], ["ESC05"] * 3])
def test_groups_of_none_one_and_three(study, arms):
    names = [(f"{number:02}", arm) for number, arm in enumerate(arms)]
    dm = small.dm(*names, ("99", "SCRNFAIL"))
    ex = small.ex(*(name for name, _ in names)) if names else small.ex("99").head(0)
    rows = rows_of_trial(small.trial(DM=dm, EX=ex), study)
    assert value(rows["fig-disposition"], "enrolled", "total", "n") == len(arms)


def test_the_pilot_study_has_no_efficacy_here(pilot_rows):
    rows = pilot_rows
    for name in ("tbl-response", "tbl-platelets"):
        assert (
            absence(rows[name])
            == "This study defines no platelet response, so efficacy is not analysed here."
        )
    assert "dlt" not in set(rows["tbl-ae-overview"]["level"])


def test_what_the_data_record_for_nobody_is_not_zero(pilot_rows):
    """The pilot study has no end-of-treatment records and no action taken with any event."""
    rows = pilot_rows
    unknown = rows["tbl-disposition"].query("level == 'completed_treatment' and statistic == 'n'")
    assert unknown["value"].isna().all()
    assert set(unknown["reason"]) == {"not recorded in the data"}
    assert value(rows["tbl-disposition"], "status", "total", "n", "completed_study") == 110
    withdrawal = rows["tbl-ae-overview"].query("level == 'withdrawal' and statistic in ['n', 'events']")
    assert withdrawal["value"].isna().all()
    assert value(rows["tbl-ae-overview"], "overview", "total", "N", "withdrawal") == 254


def test_no_disposition_domain_is_not_zero(bare_rows):
    rows = bare_rows["tbl-disposition"]
    assert rows.query("level == 'completed_study' and statistic == 'n'")["value"].isna().all()
    assert value(rows, "status", "total", "n", "treated") == 1
