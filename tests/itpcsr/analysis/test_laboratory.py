"""Laboratory displays: worsening, liver signs, listings; groups of none, one and three; absent domains."""

import pandas as pd
import pytest

from csrkit.rows import levels_in
from csrkit.stats import categories
from itpcsr.adam.adlb import flag_most_deviating
from itpcsr.adam.datasets import Datasets
from itpcsr.analysis import laboratory
from itpcsr.analysis.laboratory import liver_signs
from itpcsr.study import Laboratory
from tests import small
from tests.faults.chain import show

NOTEBOOK = "25-laboratory"

LIMITS = {"PLAT": (125.0, 350.0), "ALT": (7.0, 50.0), "BILI": (0.0, 20.0), "ALP": (35.0, 100.0)}
UNITS = {"PLAT": "10^9/L", "ALT": "U/L", "BILI": "umol/L", "ALP": "U/L"}


def value(subject, test, number_day, result, **more):
    low, high = LIMITS[test]
    return {
        "STUDYID": "T", "DOMAIN": "LB", "USUBJID": subject, "LBTESTCD": test, "LBTEST": test,
        "LBCAT": "HEMATOLOGY" if test == "PLAT" else "CHEMISTRY", "LBSTRESN": float(result),
        "LBSTRESU": UNITS[test], "LBSTNRLO": low, "LBSTNRHI": high, "LBDTC": small.day(number_day), **more,
    }  # fmt: skip


def trial_of(*values, arms=(("A", "ESC05"),)):
    lb = pd.DataFrame(values)
    lb["LBSEQ"] = range(1, len(lb) + 1)
    lb["LBSEQ"] = lb["LBSEQ"].astype("float64")
    names = [name for name, _ in arms]
    return small.trial(DM=small.dm(*arms), EX=small.ex(*names), LB=lb)


def table_of(study, label, *values, arms=(("A", "ESC05"),), **parameters):
    """Return one table of the notebook on these values; its result rows are its ``results``."""
    return show(trial_of(*values, arms=arms), study, NOTEBOOK, values=parameters)[label]


def find(rows, analysis, group="total", statistic="n", level="", visit=""):
    chosen = rows[[own == level for own in levels_in(rows)]]
    chosen = chosen[
        (chosen["analysis"] == analysis) & (chosen["group"] == group) & (chosen["statistic"] == statistic)
        & (chosen["visit"] == visit)
    ]  # fmt: skip
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_worse_is_above_the_own_baseline(study):
    low = "Platelet count decreased"
    table = table_of(
        study,
        "tbl-lab-grades",
        value("A", "PLAT", -1, 20), value("A", "PLAT", 8, 5), value("A", "PLAT", 15, 60),
        value("B", "PLAT", -1, 28), value("B", "PLAT", 8, 24), value("B", "PLAT", 12, 300),
        value("C", "PLAT", -1, 200), value("C", "PLAT", 8, 124),
        value("D", "PLAT", -1, 20),
        arms=(("A", "ESC05"), ("B", "ESC05"), ("C", "ESC05"), ("D", "ESC10")),
    )  # fmt: skip
    rows = table.results
    worsened = find(rows, "worsened", level=low)
    assert worsened["value"] == 2  # B from 3 to 4 and C from 0 to 1; A stays at 4
    assert find(rows, "worsened", statistic="N", level=low)["value"] == 3  # D has nothing after baseline
    assert find(rows, "high", level=low)["value"] == 1
    assert find(rows, "shift", level=(low, "4", "4"))["value"] == 1
    assert find(rows, "worsened", "esc10", "percent", low)["reason"] == "no subjects in this group"
    text = {row.label: row.cells for row in table.rows}
    assert text["Worst grade higher than at baseline"][0] == "2/3 (66.7)"
    assert text["Worst grade higher than at baseline"][1] == "0/0"


def test_course_of_one_and_three_subjects(study):
    table = table_of(
        study,
        "tbl-lab-course",
        *(value(name, "ALT", day, 10 * number + day) for number, name in enumerate("ABC") for day in (1, 29)),
        arms=(("A", "ESC05"), ("B", "ESC10"), ("C", "ESC10")),
        weeks_shown=[4],
    )
    rows = table.results
    assert find(rows, "change", "esc05", "mean", "ALT", "Week 4")["value"] == 28
    assert find(rows, "value", "esc05", "sd", "ALT", "Week 4")["reason"] == "fewer than 3 values"
    assert find(rows, "value", "total", "sd", "ALT", "Week 4")["value"] == 10
    assert find(rows, "value", "exp20", "n", "ALT", "Baseline")["value"] == 0
    assert find(rows, "value", "exp20", "mean", "ALT", "Baseline")["reason"] == "no values in this group"
    assert [row.label for row in table.rows][:3] == ["ALT (U/L)", "Baseline", "n"]
    assert [row.label for row in table.rows][-2:] == ["Change: mean (SD)", "Change: median (min, max)"]


@pytest.mark.parametrize(
    ("bilirubin", "phosphatase", "both", "hys_law"),
    [
        ((8, 41), (8, 199), 1, 1),
        ((11, 41), (8, 100), 1, 1),  # three days later
        ((12, 41), (8, 100), 0, 0),  # four days later
        ((8, 40), (8, 100), 0, 0),  # not above twice the limit
        ((8, 41), (8, 200), 1, 0),  # cholestasis
        ((8, 41), (20, 100), 1, 0),  # no phosphatase in time
    ],
)
def test_hys_law(study, bilirubin, phosphatase, both, hys_law):
    trial = trial_of(
        value("A", "ALT", 8, 151), value("A", "BILI", *bilirubin), value("A", "ALP", *phosphatase)
    )
    signs = liver_signs(Datasets(trial, study)["adlb"], study.laboratory.hys_law_days).iloc[0]
    flags = {0: "N", 1: "Y"}
    assert signs[["3", "5", "both", "hys_law"]].tolist() == ["Y", "N", flags[both], flags[hys_law]]
    assert signs["DAY"] == 8 if both else pd.isna(signs["DAY"])


@pytest.mark.parametrize(("bilirubin", "named"), [(41, "A (Day 8)."), (40, "none.")])
def test_hys_law_without_phosphatase_in_the_data_is_not_estimable(study, bilirubin, named):
    table = table_of(study, "tbl-hys-law", value("A", "ALT", 8, 151), value("A", "BILI", 8, bilirubin))
    assert find(table.results, "criterion", level="both")["value"] == (bilirubin == 41)
    assert find(table.results, "criterion", level="hys_law")["reason"] == "not recorded in the data"
    assert table.notes[2].endswith(named)


def test_liver_tests_before_treatment_don_t_count(study):
    trial = trial_of(value("A", "ALT", -1, 999), value("A", "ALT", 8, 20))
    signs = liver_signs(Datasets(trial, study)["adlb"], study.laboratory.hys_law_days)
    assert signs["3"].tolist() == ["N"]


def test_listing_of_abnormal_values(study):
    values = [
        value("A", "PLAT", -1, 20), value("A", "PLAT", 8, 10), value("A", "ALT", -1, 40),
        value("A", "ALT", 8, 251), value("A", "ALT", 15, 60, LBCLSIG="Y"), value("A", "ALT", 22, 60),
    ]  # fmt: skip
    table = table_of(study, "tbl-lab-abnormal", *({**one, "VISIT": "WEEK 1"} for one in values))
    assert [row.label for row in table.rows] == ["A", "ALT (U/L), Week 1", "ALT (U/L), Week 1"]
    assert table.rows[1].cells == ("8", "251", "7 to 50", "3", "40", "0")


def test_nothing_to_list_is_a_sentence(study):
    table = table_of(study, "tbl-lab-abnormal", value("A", "PLAT", -1, 20), value("A", "PLAT", 8, 10))
    assert table.absent.startswith("No laboratory value after the start of treatment had CTCAE v5.0 grade 3")


@pytest.mark.parametrize(
    ("values", "expected"),
    [([130, 126, 349], 1), ([130, 120, 350], 1), ([100, 400, 99], 1), ([200, 200, 200], 0)],
)
def test_the_most_deviating_value(values, expected):
    frame = pd.DataFrame(
        {
            "USUBJID": "A", "PARAMCD": "PLAT", "AVAL": [float(number) for number in values], "ANRLO": 125.0,
            "ANRHI": 350.0, "AVISITN": [1.0, 2.0, 3.0], "ANL01FL": "Y", "LIMIND": "",
        }
    )  # fmt: skip
    flags = flag_most_deviating(frame, Laboratory())
    assert flags.tolist() == ["Y" if number == expected else "" for number in range(3)]


def test_shifts_are_of_the_subjects_with_that_baseline(study):
    table = table_of(
        study,
        "tbl-lab-ranges",
        value("A", "ALT", -1, 20), value("A", "ALT", 8, 60),
        value("B", "ALT", -1, 60), value("B", "ALT", 8, 20),
        arms=(("A", "ESC05"), ("B", "ESC05")),
    )  # fmt: skip
    rows = table.results
    assert find(rows, "shift", statistic="percent", level=("ALT", "NORMAL", "HIGH"))["value"] == 100
    assert find(rows, "shift", statistic="N", level=("ALT", "LOW", "HIGH"))["value"] == 0
    labels = [row.label for row in table.rows]
    assert labels == ["ALT (U/L)", "Low", "Normal", "High", "Normal to high", "High to normal"]


def test_absent_laboratory_data_give_one_sentence(study):
    shown = show(small.trial(DM=small.dm(("A", "ESC05")), EX=small.ex("A")), study, NOTEBOOK)
    labels = ("tbl-lab-course", "tbl-lab-ranges", "tbl-lab-abnormal", "tbl-lab-grades", "tbl-hys-law")
    assert {shown[label].absent for label in labels} == {laboratory.NO_DOMAIN}


@pytest.mark.parametrize("drawn", [False, True])
def test_the_table_says_which_p_values_are_drawn(pilot_study, monkeypatch, drawn):
    if drawn:
        monkeypatch.setattr(categories, "_MOST_TABLES", 1)
    arms = [(f"S{number}", arm) for number, arm in enumerate(["Pbo", "Xan_Lo", "Xan_Hi"] * 4)]
    after = [5, 20, 60, 20] * 3
    values = [
        value(name, "ALT", day, result, VISIT=visit)
        for (name, _), last in zip(arms, after, strict=True)
        for day, result, visit in ((-1, 20, "SCREENING 1"), (14, last, "WEEK 2"))
    ]
    table = table_of(pilot_study, "tbl-lab-ranges", *values, arms=arms)
    method = find(table.results, "status", "", "p_value", "ALT")["method"]
    assert (f"seed {categories.Drawing.seed}" in method) == drawn
    note = [text for text in table.notes if "Carlo" in text]
    assert len(note) == drawn
    if drawn:
        error = find(table.results, "status", "", "mc_error", "ALT")["value"]
        assert "1000000 tables with the same margins drawn for each parameter" in note[0]
        assert f"standard error of p: ALT (U/L) {error:.4f}." in note[0]
