"""Adverse events and exposure: small trials with known answers, and groups of 0, 1 and 3 subjects."""

import numpy as np
import pandas as pd
import pytest

from csrkit.carried import rows_behind
from csrkit.charts import drawing
from csrkit.rows import levels_in
from csrkit.tables.table import Table
from itpcsr.study import read_study
from tests import small
from tests.faults.chain import show

NOTEBOOK = "20-safety"


def trial_of(*records, arms=("ESC05", "ESC05", "ESC05"), **domains):
    """Return a trial of subjects 01, 02, … in these arms, all observed for 100 days."""
    names = [f"{number:02}" for number in range(1, len(arms) + 1)]
    dm = small.dm(*zip(names, arms, strict=True), ("99", "SCRNFAIL")).assign(RFPENDTC=small.day(100))
    ex = small.ex(*names) if names else small.ex("99").head(0)
    ae = small.events(*records) if records else small.events(small.event("01", "x", "")).head(0)
    return small.trial(**{"DM": dm, "EX": ex, "AE": ae} | domains)


def cell(table, *labels, column=-1):
    """Return one cell: that of the first row with the last label, below rows with the labels before."""
    rows = iter(table.rows)
    for label in labels:
        row = next((row for row in rows if row.label == label), None)
        assert row is not None, (label, [row.label for row in table.rows])
    return row.cells[column]


def event(subject, term, day, **more):
    return small.event(subject, term, small.day(day), small.day(day + 1), AEREL="RELATED", **more)


@pytest.mark.parametrize("arms", [[], ["ESC05"], ["ESC05"] * 3], ids=["0", "1", "3"])
def test_groups_without_events_of_none_one_and_three(study, arms):
    tables = show(trial_of(arms=arms), study, NOTEBOOK)
    overview = tables["tbl-ae-overview"]
    assert overview.headers[-1].n == str(len(arms))
    assert cell(overview, "Any adverse event") == ("0" if arms else "NE")
    assert tables["tbl-ae-soc-pt"].absent == "No treatment-emergent adverse event was reported."
    assert tables["tbl-ae-serious"].absent == "No treatment-emergent adverse event was reported as serious."
    rate = cell(tables["tbl-ae-rates"], "Any adverse event", "Events per patient-year")
    assert rate == ("0.00" if arms else "NE")
    assert cell(tables["tbl-ae-time"], "Any adverse event", "Median time, days") == "NE"


@pytest.mark.parametrize("size", [1, 3])
def test_events_in_groups_of_one_and_three(study, size):
    trial = trial_of(event("01", "Pyrexia", 5), arms=["ESC05"] * size)
    tables = show(trial, study, NOTEBOOK)
    shown = {1: "1 (100.0) [1]", 3: "1 (33.3) [1]"}[size]
    assert cell(tables["tbl-ae-soc-pt"], "Class", "Pyrexia") == shown
    assert cell(tables["tbl-ae-soc-pt"], "Class", "Pyrexia", column=1) == "NE"
    time = tables["tbl-ae-time"]
    assert cell(time, "Any adverse event", "Median time, days") == {1: "5.0", 3: "NE"}[size]
    assert (
        cell(time, "Any adverse event", "With event by Day 28, % [at risk]")
        == {
            1: "100.0 [0]",
            3: "33.3 [2]",
        }[size]
    )
    assert any("no subjects in this group" in note for note in time.notes)


def test_without_the_domain_every_display_says_so(study):
    data = small.trial(DM=small.dm(("01", "ESC05")), EX=small.ex("01"))
    tables = show(data, study, NOTEBOOK)
    sentences = {name: item.absent for name, item in tables.items() if isinstance(item, Table)}
    said = {name for name, sentence in sentences.items() if "no adverse event domain" in sentence}
    assert said == set(tables) - {"tbl-exposure", "tbl-infusions", "fig-infusions"}


def test_a_study_without_infusions_says_why_it_has_no_timing(pilot_shows):
    shown = pilot_shows(NOTEBOOK)
    absent = {label: item.absent for label, item in shown.items() if isinstance(item, Table) and item.absent}
    assert set(absent) == {
        "tbl-infusions", "fig-infusions", "tbl-ae-infusion", "tbl-ae-infusion-pt", "tbl-ae-disease",
    }  # fmt: skip
    for label in ("fig-infusions", "tbl-ae-infusion"):
        assert "is not given by infusions" in absent[label]


def test_an_event_without_term_end_and_grade_is_shown(study):
    bare = small.event("01", "Sore arm", small.day(3), AEDECOD="", AEBODSYS="", AETOXGR="")
    tables = show(trial_of(bare), study, NOTEBOOK)
    assert cell(tables["tbl-ae-soc-pt"], "Not coded", "Not coded: Sore arm") == "1 (33.3) [1]"
    grades = tables["tbl-ae-grade"]
    assert cell(grades, "Any adverse event", "Grade not recorded") == "1 (33.3)"
    assert cell(grades, "Not coded: Sore arm", "Grade not recorded") == "1 (33.3)"
    assert tables["tbl-ae-severe"].absent == "The data record no severity for any adverse event."
    outcome = tables["tbl-ae-outcome"]
    assert cell(outcome, "Without end date") == "1 (100.0)"
    assert cell(outcome, "Duration of any event, days", "n") == "0"
    assert cell(outcome, "Outcome", "Not recorded") == "1 (100.0)"
    assert cell(tables["tbl-ae-relation"], "Relation as recorded", "Not recorded") == "1 (33.3) [1]"


def test_a_subject_counts_once_at_the_highest_grade(study):
    records = [event("01", "Pyrexia", 3, AETOXGR=grade) for grade in ("1", "", "3", "2")]
    tables = show(trial_of(*records, event("02", "Pyrexia", 4)), study, NOTEBOOK)
    table = tables["tbl-ae-grade"]
    assert [row.cells[-1] for row in table.rows[:7]] == [
        "2 (66.7)", "1 (33.3)", "0", "1 (33.3)", "0", "0", "0",
    ]  # fmt: skip
    assert [(row.label, row.cells[-1]) for row in table.rows[8:]] == [
        ("Pyrexia", "2 (66.7)"), ("Grade 1", "1 (33.3)"), ("Grade 3", "1 (33.3)"),
    ]  # fmt: skip


def test_related_events_come_first_and_by_term(study):
    records = [event("01", "Pyrexia", 3), small.event("02", "Headache", small.day(9), AEREL="NOT RELATED")]
    table = show(trial_of(*records), study, NOTEBOOK)["tbl-ae-relation"]
    assert [row.label for row in table.rows] == [
        "Relation as recorded", "Related", "Not related", "Any related adverse event", "Class", "Pyrexia",
    ]  # fmt: skip


def test_numbers_by_infusion_are_of_those_given_it(study):
    trial = trial_of(
        event("01", "Chills", 1),
        event("02", "Chills", 8),
        event("02", "Chills", 9),
        event("02", "Fatigue", 12),
        EX=pd.concat([small.ex("01", days=(1,)), small.ex("02", "03", days=(1, 8))]),
    )
    tables = show(trial, study, NOTEBOOK)
    table = tables["tbl-ae-infusion"]
    within = "During or within 24 h of an infusion"
    assert cell(table, within) == "2 (66.7) [3]"
    assert cell(table, "Later") == "1 (33.3) [1]"
    given = f"{within}, of the subjects given it"
    assert cell(table, given, "Infusion 1") == "1 (33.3) [1]"
    assert cell(table, given, "Infusion 2") == "1 (50.0) [2]"
    assert cell(table, given, "Infusion 3") == "NE"
    later = "From the infusion to the next one or the end, of the subjects given it"
    assert cell(table, later, "Infusion 2") == "1 (50.0) [3]"
    assert cell(tables["tbl-ae-infusion-pt"], "Later", "Fatigue") == "1 (33.3) [1]"
    labels = [row.label for row in table.rows]
    assert "Day of onset not known" not in labels


def test_events_of_the_disease_stand_apart(study):
    trial = trial_of(
        small.event("01", "Epistaxis", small.day(-3), AETOXGR="2"),
        event("01", "Epistaxis", 3, AETOXGR="1"),
        event("02", "Epistaxis", 3, AETOXGR="3"),
        event("02", "Pyrexia", 3, AESER="Y"),
    )
    table = show(trial, study, NOTEBOOK)["tbl-ae-disease"]
    assert cell(table, "Events of the disease studied", "Any") == "2 (66.7) [2]"
    assert cell(table, "Worse than before treatment") == "1 (33.3) [1]"
    assert cell(table, "Not worse") == "1 (33.3) [1]"
    assert cell(table, "All other events", "Serious") == "1 (33.3) [1]"
    assert table.rows[-1].label == "Epistaxis"


def test_rates_are_events_over_patient_years(study):
    trial = trial_of(event("01", "a", 11), event("01", "b", 50), event("02", "a", 100))
    table = show(trial, study, NOTEBOOK)["tbl-ae-rates"]
    # 300 days at risk for all events; 11, 100 and 100 days for first ones
    assert cell(table, "Events / patient-years") == "3 / 0.8"
    assert cell(table, "Events per patient-year") == f"{3 * 365.25 / 300:.2f}"
    assert cell(table, "First events per patient-year") == f"{2 * 365.25 / 211:.2f}"


def test_frequent_terms_are_those_of_enough_subjects(study):
    records = [event(name, "Pyrexia", 3) for name in ("01", "02", "03")] + [event("01", "Headache", 4)]
    trial = trial_of(*records, arms=["ESC05"] * 3)
    for percent, terms in ((100 / 3, ["Pyrexia", "Headache"]), (34, ["Pyrexia"]), (100, ["Pyrexia"])):
        table = show(trial, study, NOTEBOOK, values={"frequent_percent": percent})["tbl-ae-frequent"]
        assert [row.label for row in table.rows if row.indent == 0] == terms
    few = trial_of(event("01", "Headache", 4), arms=["ESC05"] * 3)
    none = show(few, study, NOTEBOOK, values={"frequent_percent": 50})["tbl-ae-frequent"]
    assert "for 50% of the subjects or more" in none.absent


def test_exposure_of_an_interrupted_infusion(study):
    ex = pd.concat([small.ex("01"), small.ex("02", days=(1, 8))], ignore_index=True).assign(EXADJ="")
    ex.loc[1, ["EXDOSE", "EXADJ"]] = [0.3, "INFUSION RELATED REACTION"]
    tables = show(trial_of(arms=["ESC05", "ESC05"], EX=ex), study, NOTEBOOK)
    table = tables["tbl-exposure"]
    assert cell(table, "Infusions received of 4 planned, n (%)", "4") == "1 (50.0)"
    assert cell(table, "Cumulative dose, 10⁶ cells/kg", "Min, max") == "1.0, 1.8"
    assert cell(table, "Relative dose intensity, %", "Min, max") == "50, 90"
    assert cell(table, "Time on study, days", "Median") == "100.0"
    assert cell(table, "Patient-years on study") == f"{200 / 365.25:.1f}"
    infusions = tables["tbl-infusions"]
    assert cell(infusions, "Infusion 2", "Adjusted, n (% of received)") == "1 (50.0)"
    assert cell(infusions, "Infusion 3", "Received, n (%)") == "1 (50.0)"
    assert cell(infusions, "Infusion related reaction") == "1 (50.0) [1]"


def test_without_reasons_an_adjustment_is_not_known(study):
    table = show(trial_of(), study, NOTEBOOK)["tbl-infusions"]
    assert cell(table, "Any infusion adjusted, n (%) [infusions]") == "NE"
    assert any("not recorded in the data" in note for note in table.notes)


def test_the_figures_draw_the_demonstration(demo_shows):
    shown = demo_shows(NOTEBOOK)
    svg = drawing.chart_svg(shown["fig-infusions"].to_dict())
    assert "SIM-018" in svg
    assert "Interrupted or otherwise adjusted" in svg
    assert "Total" in drawing.chart_svg(shown["fig-ae-time"].to_dict())


def test_the_figures_of_a_trial_without_treated_subjects(study):
    shown = show(trial_of(arms=[]), study, NOTEBOOK)
    assert shown["fig-ae-time"].absent == "No subject was treated, so no time to an event can be drawn."
    assert "<svg" in drawing.chart_svg(shown["fig-infusions"].to_dict())


def test_serious_events_are_those_of_the_published_adae(pilot_shows, pilot_folder):
    import pyreadstat

    published = pyreadstat.read_xport(pilot_folder / "adam/adae.xpt")[0]
    serious = published[(published["AESER"] == "Y") & (published["TRTEMFL"] == "Y")]
    rows = rows_behind(pilot_shows(NOTEBOOK)["tbl-ae-serious"])
    found = rows[(rows["analysis"] == "pt") & (rows["group"] == "total") & (rows["statistic"] == "n")]
    expected = serious.groupby(["AEBODSYS", "AEDECOD"])["USUBJID"].nunique()
    assert len(expected) > 0
    assert dict(zip(levels_in(found), found["value"], strict=True)) == expected.to_dict()


def test_highest_grades_are_those_of_the_published_adae(pilot_shows, pilot_folder):
    import pyreadstat

    published = pyreadstat.read_xport(pilot_folder / "adam/adae.xpt")[0]
    emergent = published[published["TRTEMFL"] == "Y"]
    worst = emergent["AESEV"].map({"MILD": 1, "MODERATE": 2, "SEVERE": 3}).groupby(emergent["USUBJID"]).max()
    rows = rows_behind(pilot_shows(NOTEBOOK)["tbl-ae-grade"])
    rows = rows[
        (rows["analysis"] == "any_grade") & (rows["group"] == "total") & (rows["statistic"] == "n")
    ].set_index("level")["value"]
    assert [rows[str(grade)] for grade in (1, 2, 3)] == [(worst == grade).sum() for grade in (1, 2, 3)]
    assert np.isclose(rows.sum(), len(worst))


def test_cohorts_left_out_leave_no_trace(root, demo_trial):
    study = read_study(root / "params/study.yml", cohorts=["ESC20"])
    tables = show(demo_trial, study, NOTEBOOK)
    assert {header.n for header in tables["tbl-ae-rates"].headers} == {"6"}
