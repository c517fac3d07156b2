"""Laboratory displays: worsening, liver signs, listings; groups of none, one and three; absent domains."""

import pandas as pd
import pytest

from csrkit.rows import absence
from csrkit.stats import exact_tables
from itpcsr.adam.datasets import Datasets
from itpcsr.adam.ranges import flag_most_deviating
from itpcsr.analysis import laboratory, laboratory_grades, liver
from itpcsr.display import laboratory_tables as tables
from itpcsr.study import Laboratory
from tests import small

LIMITS = {"PLAT": (125.0, 350.0), "ALT": (7.0, 50.0), "BILI": (0.0, 20.0), "ALP": (35.0, 100.0)}
UNITS = {"PLAT": "10^9/L", "ALT": "U/L", "BILI": "umol/L", "ALP": "U/L"}


def value(subject, test, number_day, result, **more):
    low, high = LIMITS[test]
    return {
        "STUDYID": "T", "DOMAIN": "LB", "USUBJID": subject, "LBTESTCD": test, "LBTEST": test,
        "LBCAT": "HEMATOLOGY" if test == "PLAT" else "CHEMISTRY", "LBSTRESN": float(result),
        "LBSTRESU": UNITS[test], "LBSTNRLO": low, "LBSTNRHI": high, "LBDTC": small.day(number_day), **more,
    }  # fmt: skip


def datasets(study, *values, arms=(("A", "ESC05"),)):
    lb = pd.DataFrame(values)
    lb["LBSEQ"] = range(1, len(lb) + 1)
    lb["LBSEQ"] = lb["LBSEQ"].astype("float64")
    names = [name for name, _ in arms]
    return Datasets(small.trial(DM=small.dm(*arms), EX=small.ex(*names), LB=lb), study)


def find(rows, analysis, group="total", statistic="n", level="", visit=""):
    chosen = rows[
        (rows["analysis"] == analysis) & (rows["group"] == group) & (rows["statistic"] == statistic)
        & (rows["level"] == level) & (rows["visit"] == visit)
    ]  # fmt: skip
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_worse_is_above_the_own_baseline(study):
    low = "Platelet count decreased"
    found = datasets(
        study,
        value("A", "PLAT", -1, 20), value("A", "PLAT", 8, 5), value("A", "PLAT", 15, 60),
        value("B", "PLAT", -1, 28), value("B", "PLAT", 8, 24), value("B", "PLAT", 12, 300),
        value("C", "PLAT", -1, 200), value("C", "PLAT", 8, 124),
        value("D", "PLAT", -1, 20),
        arms=(("A", "ESC05"), ("B", "ESC05"), ("C", "ESC05"), ("D", "ESC10")),
    )  # fmt: skip
    rows = laboratory_grades.analyse_lab_grades(found["adsl"], found["adlb"], study, 0.95)
    worsened = find(rows, "worsened", level=low)
    assert worsened["value"] == 2  # B from 3 to 4 and C from 0 to 1; A stays at 4
    assert find(rows, "worsened", statistic="N", level=low)["value"] == 3  # D has nothing after baseline
    assert find(rows, "high", level=low)["value"] == 1
    assert find(rows, "shift", level=f"{low} | 4 to 4")["value"] == 1
    assert find(rows, "worsened", "esc10", "percent", low)["reason"] == "no subjects in this group"
    text = {row.label: row.cells for row in tables.table_lab_grades(rows, study, 0.95).rows}
    assert text["Worst grade higher than at baseline"][0] == "2/3 (66.7)"
    assert text["Worst grade higher than at baseline"][1] == "0/0"


def test_course_of_one_and_three_subjects(study):
    found = datasets(
        study,
        *(value(name, "ALT", day, 10 * number + day) for number, name in enumerate("ABC") for day in (1, 29)),
        arms=(("A", "ESC05"), ("B", "ESC10"), ("C", "ESC10")),
    )
    rows = laboratory.analyse_lab_course(found["adsl"], found["adlb"], study)
    assert find(rows, "ALT", "esc05", "mean", "change", "Week 4")["value"] == 28
    assert find(rows, "ALT", "esc05", "sd", "value", "Week 4")["reason"] == "fewer than 3 values"
    assert find(rows, "ALT", "total", "sd", "value", "Week 4")["value"] == 10
    assert find(rows, "ALT", "exp20", "n", "value", "Baseline")["value"] == 0
    assert find(rows, "ALT", "exp20", "mean", "value", "Baseline")["reason"] == "no values in this group"
    table = tables.table_lab_course(rows, study, {"ALT": "ALT (U/L)"}, [4])
    assert [row.label for row in table.rows][:2] == ["ALT (U/L)", "Baseline"]


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
    found = datasets(
        study,
        value("A", "ALT", 8, 151), value("A", "BILI", *bilirubin), value("A", "ALP", *phosphatase),
    )  # fmt: skip
    rows = liver.analyse_hys_law(found["adsl"], found["adlb"], study, 0.95)
    assert find(rows, "criterion", level="3")["value"] == 1
    assert find(rows, "criterion", level="5")["value"] == 0
    assert find(rows, "criterion", level="both")["value"] == both
    assert find(rows, "criterion", level="hys_law")["value"] == hys_law
    named = tables.table_hys_law(rows, study, 0.95).notes[2]
    assert named.endswith("A (Day 8)." if both else "none.")


def test_hys_law_without_phosphatase_in_the_data_is_not_estimable(study):
    found = datasets(study, value("A", "ALT", 8, 151), value("A", "BILI", 8, 41))
    rows = liver.analyse_hys_law(found["adsl"], found["adlb"], study, 0.95)
    assert find(rows, "criterion", level="both")["value"] == 1
    assert find(rows, "criterion", level="hys_law")["reason"] == "not recorded in the data"


def test_liver_tests_before_treatment_don_t_count(study):
    found = datasets(study, value("A", "ALT", -1, 999), value("A", "ALT", 8, 20))
    rows = liver.analyse_hys_law(found["adsl"], found["adlb"], study, 0.95)
    assert find(rows, "criterion", level="3")["value"] == 0


def test_listing_of_abnormal_values(study):
    found = datasets(
        study,
        value("A", "PLAT", -1, 20), value("A", "PLAT", 8, 10), value("A", "ALT", -1, 40),
        value("A", "ALT", 8, 251), value("A", "ALT", 15, 60, LBCLSIG="Y"), value("A", "ALT", 22, 60),
    )  # fmt: skip
    adlb = found["adlb"].assign(VISIT="WEEK 1")
    rows = laboratory.analyse_abnormal_values(found["adsl"], adlb, study)
    table = tables.table_lab_abnormal(rows, study, {"ALT": "ALT (U/L)"})
    assert [row.label for row in table.rows] == ["A", "ALT (U/L), Week 1", "ALT (U/L), Week 1"]
    assert table.rows[1].cells == ("8", "251", "7 to 50", "3", "40", "0")


def test_nothing_to_list_is_a_sentence(study):
    found = datasets(study, value("A", "PLAT", -1, 20), value("A", "PLAT", 8, 10))
    rows = laboratory.analyse_abnormal_values(found["adsl"], found["adlb"], study)
    assert absence(rows).startswith("No laboratory value after the start of treatment had CTCAE v5.0 grade 3")
    assert tables.table_lab_abnormal(rows, study, {}).absent == absence(rows)


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
    found = datasets(
        study,
        value("A", "ALT", -1, 20), value("A", "ALT", 8, 60),
        value("B", "ALT", -1, 60), value("B", "ALT", 8, 20),
        arms=(("A", "ESC05"), ("B", "ESC05")),
    )  # fmt: skip
    rows = laboratory.analyse_lab_ranges(found["adsl"], found["adlb"], study)
    assert find(rows, "shift", statistic="percent", level="ALT | NORMAL to HIGH")["value"] == 100
    assert find(rows, "shift", statistic="N", level="ALT | LOW to HIGH")["value"] == 0
    labels = [row.label for row in tables.table_lab_ranges(rows, study, {}).rows]
    assert labels == ["ALT", "Low", "Normal", "High", "Normal to high", "High to normal"]


def test_absent_laboratory_data_give_one_sentence(study):
    found = Datasets(small.trial(DM=small.dm(("A", "ESC05")), EX=small.ex("A")), study)
    adsl, adlb = found["adsl"], found["adlb"]
    for rows in (
        laboratory.analyse_lab_course(adsl, adlb, study),
        laboratory.analyse_lab_ranges(adsl, adlb, study),
        laboratory.analyse_abnormal_values(adsl, adlb, study),
        laboratory_grades.analyse_lab_grades(adsl, adlb, study, 0.95),
        liver.analyse_hys_law(adsl, adlb, study, 0.95),
    ):
        assert absence(rows) == laboratory.NO_DOMAIN


@pytest.mark.parametrize("drawn", [False, True])
def test_the_table_says_which_p_values_are_drawn(pilot_study, monkeypatch, drawn):
    if drawn:
        monkeypatch.setattr(exact_tables, "_MOST_TABLES", 1)
    arms = ["Pbo", "Xan_Lo", "Xan_Hi"] * 4
    subjects = [f"S{number}" for number in range(12)]
    adsl = pd.DataFrame({"USUBJID": subjects, "ARMCD": arms, "SAFARMCD": arms, "SAFFL": "Y"})
    adlb = pd.DataFrame(
        {
            "USUBJID": subjects, "PARAMCD": "ALT", "PARCAT1": "CHEMISTRY", "WORSTFL": "Y",
            "ANRIND": ["LOW", "NORMAL", "HIGH", "NORMAL"] * 3, "LIMIND": "NORMAL", "BLIMIND": "NORMAL",
        }
    )  # fmt: skip
    rows = laboratory.analyse_lab_ranges(adsl, adlb, pilot_study, seed=5)
    method = find(rows, "status", "", "p_value", "ALT")["method"]
    assert ("seed 5" in method) == drawn
    note = [
        text
        for text in tables.table_lab_ranges(rows, pilot_study, {"ALT": "ALT (U/L)"}).notes
        if "Carlo" in text
    ]
    assert len(note) == drawn
    if drawn:
        error = find(rows, "status", "", "p_error", "ALT")["value"]
        assert "1000000 tables with the same margins drawn for each parameter" in note[0]
        assert f"standard error of p: ALT (U/L) {error:.4f}." in note[0]
