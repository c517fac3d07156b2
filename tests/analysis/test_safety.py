"""Adverse events and exposure: small trials with known answers, and groups of 0, 1 and 3 subjects."""

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from csrkit.charts import drawing
from csrkit.rows import absence, combine
from itpcsr.adam.datasets import Datasets
from itpcsr.analysis import exposure, safety
from itpcsr.display import exposure_tables, safety_figures, safety_tables, safety_time_tables
from itpcsr.study import read_study
from tests import small

DAYS = [28, 84]


# The displays of the safety notebook by label: the analysis of the datasets (adsl, adae, adex, adaette), the table
DISPLAYS = {
    "tbl-exposure": (lambda d, s: exposure.analyse_exposure(d.adsl, d.adex, s), exposure_tables.table_exposure),
    "tbl-infusions": (lambda d, s: exposure.analyse_infusions(d.adsl, d.adex, s), exposure_tables.table_infusions),
    "tbl-ae-overview": (
        lambda d, s: safety.analyse_ae_overview(d.adsl, d.adae, s, 0.95), safety_tables.table_ae_overview, 0.95,
    ),
    "tbl-ae-soc-pt": (
        lambda d, s: safety.analyse_ae_by_term(d.adsl, d.adae, s, "any"), safety_tables.table_ae_by_term,
    ),
    "tbl-ae-severe": (
        lambda d, s: safety.analyse_ae_by_term(d.adsl, d.adae, s, "severe"), safety_tables.table_ae_by_term,
        "Any severe adverse event",
    ),
    "tbl-ae-serious": (
        lambda d, s: safety.analyse_ae_by_term(d.adsl, d.adae, s, "serious"), safety_tables.table_ae_by_term,
        "Any serious adverse event",
    ),
    "tbl-ae-frequent": (
        lambda d, s: safety.analyse_ae_frequent(d.adsl, d.adae, s, 10, 0.95), safety_tables.table_ae_frequent,
        10, 0.95,
    ),
    "tbl-ae-grade": (lambda d, s: safety.analyse_ae_grades(d.adsl, d.adae, s), safety_tables.table_ae_grades),
    "tbl-ae-relation": (
        lambda d, s: safety.analyse_ae_relation(d.adsl, d.adae, s), safety_tables.table_ae_relation,
    ),
    "tbl-ae-infusion": (
        lambda d, s: safety.analyse_ae_infusions(d.adsl, d.adae, d.adex, s, 0.95),
        safety_time_tables.table_ae_infusions, 0.95,
    ),
    "tbl-ae-infusion-pt": (
        lambda d, s: safety.analyse_ae_infusion_terms(d.adsl, d.adae, s), safety_time_tables.table_ae_infusion_terms,
    ),
    "tbl-ae-disease": (
        lambda d, s: safety.analyse_ae_disease(d.adsl, d.adae, s, 0.95), safety_tables.table_ae_disease, 0.95,
    ),
    "tbl-ae-rates": (
        lambda d, s: safety.analyse_ae_rates(d.adsl, d.adae, d.adaette, s, 0.95),
        safety_time_tables.table_ae_rates, 0.95,
    ),
    "tbl-ae-time": (
        lambda d, s: safety.analyse_ae_times(d.adsl, d.adae, d.adaette, s, DAYS, 0.95),
        safety_time_tables.table_ae_times, 0.95,
    ),
    "tbl-ae-outcome": (
        lambda d, s: safety.analyse_ae_outcomes(d.adsl, d.adae, s), safety_time_tables.table_ae_outcomes,
    ),
}  # fmt: skip


class Tables(Mapping):
    """The displays of the safety notebook by label, each made when it is asked for, and the rows it is made of."""

    def __init__(self, datasets, study):
        self._study = study
        self._given = SimpleNamespace(
            **{name: datasets[name] for name in ("adsl", "adae", "adex", "adaette")}
        )
        self._rows = {}

    def rows(self, label):
        if label not in self._rows:
            self._rows[label] = combine(DISPLAYS[label][0](self._given, self._study))
            assert set(self._rows[label]["display"]) == {label}
        return self._rows[label]

    def __getitem__(self, label):
        _, table, *more = DISPLAYS[label]
        return table(self.rows(label), self._study, *more)

    def __iter__(self):
        return iter(DISPLAYS)

    def __len__(self):
        return len(DISPLAYS)


def trial_of(study, *records, arms=("ESC05", "ESC05", "ESC05"), **domains):
    """Return datasets of subjects 01, 02, … in these arms, all observed for 100 days."""
    names = [f"{number:02}" for number in range(1, len(arms) + 1)]
    dm = small.dm(*zip(names, arms, strict=True), ("99", "SCRNFAIL")).assign(RFPENDTC=small.day(100))
    ex = small.ex(*names) if names else small.ex("99").head(0)
    ae = small.events(*records) if records else small.events(small.event("01", "x", "")).head(0)
    return Datasets(small.trial(**{"DM": dm, "EX": ex, "AE": ae} | domains), study)


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
    tables = dict(Tables(trial_of(study, arms=arms), study))
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
    datasets = trial_of(study, event("01", "Pyrexia", 5), arms=["ESC05"] * size)
    tables = Tables(datasets, study)
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
    tables = Tables(Datasets(data, study), study)
    said = {name for name, table in tables.items() if "no adverse event domain" in table.absent}
    assert said == set(tables) - {"tbl-exposure", "tbl-infusions"}


def test_a_study_without_infusions_says_why_it_has_no_timing(pilot, pilot_study):
    made = Tables(pilot, pilot_study)
    tables = dict(made)
    assert {name for name in tables if absence(made.rows(name))} == {
        "tbl-infusions", "tbl-ae-infusion", "tbl-ae-infusion-pt", "tbl-ae-disease",
    }  # fmt: skip
    assert "isn't given by infusions" in tables["tbl-ae-infusion"].absent
    figure = safety_figures.figure_infusions(
        made.rows("tbl-infusions"), pilot["adsl"], pilot["adex"], pilot_study
    )
    assert "isn't given by infusions" in figure.absent


def test_an_event_without_term_end_and_grade_is_shown(study):
    bare = small.event("01", "Sore arm", small.day(3), AEDECOD="", AEBODSYS="", AETOXGR="")
    tables = Tables(trial_of(study, bare), study)
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
    tables = Tables(trial_of(study, *records, event("02", "Pyrexia", 4)), study)
    table = tables["tbl-ae-grade"]
    assert [row.cells[-1] for row in table.rows[:7]] == [
        "2 (66.7)", "1 (33.3)", "0", "1 (33.3)", "0", "0", "0",
    ]  # fmt: skip
    assert [(row.label, row.cells[-1]) for row in table.rows[8:]] == [
        ("Pyrexia", "2 (66.7)"), ("Grade 1", "1 (33.3)"), ("Grade 3", "1 (33.3)"),
    ]  # fmt: skip


def test_related_events_come_first_and_by_term(study):
    records = [event("01", "Pyrexia", 3), small.event("02", "Headache", small.day(9), AEREL="NOT RELATED")]
    table = Tables(trial_of(study, *records), study)["tbl-ae-relation"]
    assert [row.label for row in table.rows] == [
        "Relation as recorded", "Related", "Not related", "Any related adverse event", "Class", "Pyrexia",
    ]  # fmt: skip


def test_numbers_by_infusion_are_of_those_given_it(study):
    datasets = trial_of(
        study,
        event("01", "Chills", 1),
        event("02", "Chills", 8),
        event("02", "Chills", 9),
        event("02", "Fatigue", 12),
        EX=pd.concat([small.ex("01", days=(1,)), small.ex("02", "03", days=(1, 8))]),
    )
    tables = Tables(datasets, study)
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
    datasets = trial_of(
        study,
        small.event("01", "Epistaxis", small.day(-3), AETOXGR="2"),
        event("01", "Epistaxis", 3, AETOXGR="1"),
        event("02", "Epistaxis", 3, AETOXGR="3"),
        event("02", "Pyrexia", 3, AESER="Y"),
    )
    table = Tables(datasets, study)["tbl-ae-disease"]
    assert cell(table, "Events of the disease studied", "Any") == "2 (66.7) [2]"
    assert cell(table, "Worse than before treatment") == "1 (33.3) [1]"
    assert cell(table, "Not worse") == "1 (33.3) [1]"
    assert cell(table, "All other events", "Serious") == "1 (33.3) [1]"
    assert table.rows[-1].label == "Epistaxis"


def test_rates_are_events_over_patient_years(study):
    datasets = trial_of(study, event("01", "a", 11), event("01", "b", 50), event("02", "a", 100))
    table = Tables(datasets, study)["tbl-ae-rates"]
    # 300 days at risk for all events; 11, 100 and 100 days for first ones
    assert cell(table, "Events / patient-years") == "3 / 0.8"
    assert cell(table, "Events per patient-year") == f"{3 * 365.25 / 300:.2f}"
    assert cell(table, "First events per patient-year") == f"{2 * 365.25 / 211:.2f}"


def test_frequent_terms_are_those_of_enough_subjects(study):
    records = [event(name, "Pyrexia", 3) for name in ("01", "02", "03")] + [event("01", "Headache", 4)]
    datasets = trial_of(study, *records, arms=["ESC05"] * 3)
    adsl, adae = datasets["adsl"], datasets["adae"]
    for percent, terms in ((100 / 3, ["Pyrexia", "Headache"]), (34, ["Pyrexia"]), (100, ["Pyrexia"])):
        rows = safety.analyse_ae_frequent(adsl, adae, study, percent, 0.95)
        assert list(dict.fromkeys(rows.loc[rows["analysis"] == "term", "level"])) == terms
    none = safety.analyse_ae_frequent(adsl, adae.query("AEDECOD == 'Headache'"), study, 50, 0.95)
    assert "for 50% of the subjects or more" in absence(none)


def test_exposure_of_an_interrupted_infusion(study):
    ex = pd.concat([small.ex("01"), small.ex("02", days=(1, 8))], ignore_index=True).assign(EXADJ="")
    ex.loc[1, ["EXDOSE", "EXADJ"]] = [0.3, "INFUSION RELATED REACTION"]
    tables = Tables(trial_of(study, arms=["ESC05", "ESC05"], EX=ex), study)
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
    table = Tables(trial_of(study), study)["tbl-infusions"]
    assert cell(table, "Any infusion adjusted, n (%) [infusions]") == "NE"
    assert any("not recorded in the data" in note for note in table.notes)


def test_the_figures_draw_the_demonstration(demo, study):
    made = Tables(demo, study)
    assert not any(table.absent for table in made.values())
    chart = safety_figures.figure_infusions(made.rows("tbl-infusions"), demo["adsl"], demo["adex"], study)
    svg = drawing.chart_svg(chart.to_dict())
    assert "SIM-018" in svg
    assert "Interrupted or otherwise adjusted" in svg
    curves = safety.estimate_ae_curves(demo["adsl"], demo["adaette"], study, 0.95)
    svg = drawing.chart_svg(safety_figures.figure_ae_times(made.rows("tbl-ae-time"), curves, study).to_dict())
    assert "Total" in svg


def test_the_figures_of_a_trial_without_treated_subjects(study):
    datasets = trial_of(study, arms=[])
    made = Tables(datasets, study)
    curves = safety.estimate_ae_curves(datasets["adsl"], datasets["adaette"], study, 0.95)
    times = safety_figures.figure_ae_times(made.rows("tbl-ae-time"), curves, study)
    assert times.absent == "No subject was treated, so no time to an event can be drawn."
    infusions = safety_figures.figure_infusions(
        made.rows("tbl-infusions"), datasets["adsl"], datasets["adex"], study
    )
    assert "<svg" in drawing.chart_svg(infusions.to_dict())


def test_serious_events_are_those_of_the_published_adae(pilot, pilot_study, pilot_folder):
    import pyreadstat

    published = pyreadstat.read_xport(pilot_folder / "adam/adae.xpt")[0]
    serious = published[(published["AESER"] == "Y") & (published["TRTEMFL"] == "Y")]
    rows = safety.analyse_ae_by_term(pilot["adsl"], pilot["adae"], pilot_study, "serious")
    found = rows[(rows["analysis"] == "pt") & (rows["group"] == "total") & (rows["statistic"] == "n")]
    expected = serious.groupby(["AEBODSYS", "AEDECOD"])["USUBJID"].nunique()
    assert len(expected) > 0
    assert dict(zip(found["level"], found["value"], strict=True)) == {
        " | ".join(names): n for names, n in expected.items()
    }


def test_highest_grades_are_those_of_the_published_adae(pilot, pilot_study, pilot_folder):
    import pyreadstat

    published = pyreadstat.read_xport(pilot_folder / "adam/adae.xpt")[0]
    emergent = published[published["TRTEMFL"] == "Y"]
    worst = emergent["AESEV"].map({"MILD": 1, "MODERATE": 2, "SEVERE": 3}).groupby(emergent["USUBJID"]).max()
    rows = safety.analyse_ae_grades(pilot["adsl"], pilot["adae"], pilot_study)
    rows = rows[
        (rows["analysis"] == "any_grade") & (rows["group"] == "total") & (rows["statistic"] == "n")
    ].set_index("level")["value"]
    assert [rows[f"any | {grade}"] for grade in (1, 2, 3)] == [(worst == grade).sum() for grade in (1, 2, 3)]
    assert np.isclose(rows.sum(), len(worst))


def test_cohorts_left_out_leave_no_trace(root, demo_trial):
    study = read_study(root / "params/study.yml", cohorts=["ESC20"])
    tables = Tables(Datasets(demo_trial, study), study)
    assert {header.n for header in tables["tbl-ae-rates"].headers} == {"6"}
