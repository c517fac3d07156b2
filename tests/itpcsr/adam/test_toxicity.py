"""Toxicity grades at the cut-offs of the CTCAE v5.0, as its text (NCI, 2017) and admiral's transcript give them."""

import pandas as pd
import pytest

from csrkit.sdtm.units import read_cutoffs
from itpcsr.adam.adlb import add_grades

NAN = float("nan")
# test, unit, lower and upper limit of normal, and values with the grade on the low and the high side
CASES = {
    "PLAT": ("10^9/L", 125, 350, {125: "0", 124: "1", 75: "1", 74: "2", 50: "2", 49: "3", 25: "3", 24: "4"}, {}),
    "HGB": ("g/L", 115, 150, {115: "0", 100: "1", 99: "2", 80: "2", 79: "3"},
            {150: "0", 151: "1", 170: "1", 171: "2", 190: "2", 191: "3"}),
    "NEUT": ("10^9/L", 1.8, 6.3, {1.8: "0", 1.5: "1", 1.4: "2", 1.0: "2", 0.9: "3", 0.5: "3", 0.4: "4"}, {}),
    "WBC": ("10^9/L", 3.5, 9.5, {3.5: "0", 3.0: "1", 2.9: "2", 1.9: "3", 0.9: "4"}, {100: "0", 101: "3"}),
    "LYM": ("10^9/L", 1.1, 3.2, {1.0: "1", 0.7: "2", 0.4: "3", 0.1: "4"}, {4: "0", 4.1: "2", 20.1: "3"}),
    "ALT": ("U/L", 7, 50, {}, {50: "0", 51: "1", 150: "1", 151: "2", 250: "2", 251: "3", 1000: "3", 1001: "4"}),
    "ALP": ("U/L", 35, 100, {}, {100: "0", 101: "1", 250: "1", 251: "2", 500: "2", 501: "3", 2001: "4"}),
    "BILI": ("umol/L", 0, 20, {}, {20: "0", 21: "1", 30: "1", 31: "2", 60: "2", 61: "3", 201: "4"}),
    "K": ("mmol/L", 3.5, 5.3, {3.5: "0", 3.4: "1", 3.0: "1", 2.9: "3", 2.5: "3", 2.4: "4"},
          {5.4: "1", 5.6: "2", 6.1: "3", 7.1: "4"}),
    "SODIUM": ("mmol/L", 137, 147, {136: "1", 130: "1", 129: "2", 125: "2", 124: "3", 119: "4"},
               {148: "1", 151: "2", 156: "3", 161: "4"}),
}  # fmt: skip


def record(test, unit, value, low=NAN, high=NAN, base=NAN, base_status="NORMAL", on="Y"):
    return {
        "USUBJID": "1", "PARAMCD": test, "AVAL": float(value), "AVALU": unit, "ANRLO": low, "ANRHI": high,
        "BASE": base, "BNRIND": base_status, "ONTRTFL": on, "ABLFL": "" if on == "Y" else "Y",
    }  # fmt: skip


def grade(*args, side, **kwargs):
    return add_grades(pd.DataFrame([record(*args, **kwargs)]), "CTCAE v5.0")[f"ATOXGR{side}"].iloc[0]


@pytest.mark.parametrize(
    ("test", "side", "value", "expected"),
    [
        (test, side, value, expected)
        for test, (_, _, _, low, high) in CASES.items()
        for side, values in (("L", low), ("H", high))
        for value, expected in values.items()
    ],
)
def test_cutoffs_with_a_normal_baseline(test, side, value, expected):
    unit, low, high, _, _ = CASES[test]
    assert grade(test, unit, value, low, high, side=side) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (80, "0"),
        (119, "0"),
        (120, "1"),
        (240, "1"),
        (241, "2"),
        (400, "2"),
        (401, "3"),
        (1600, "3"),
        (1601, "4"),
    ],
)
def test_a_raised_baseline_counts_multiples_of_itself(value, expected):
    raised = {"base": 80.0, "base_status": "HIGH", "side": "H"}
    assert grade("ALT", "U/L", value, 7, 50, **raised) == expected


def test_a_baseline_isn_t_compared_with_itself():
    found = grade("ALT", "U/L", 80, 7, 50, base=80.0, base_status="HIGH", on="N", side="H")
    assert found == "1"


@pytest.mark.parametrize(
    ("value", "base", "expected"),
    [(90, 50, "2"), (70, 50, "0"), (101, 70, "1"), (160, 50, "3"), (151, NAN, "2"), (601, 500, "4")],
)
def test_creatinine_takes_baseline_or_upper_limit(value, base, expected):
    assert grade("CREAT", "umol/L", value, 40, 100, base=base, side="H") == expected


def test_limits_are_compared_as_decimals():
    assert grade("ALT", "U/L", 0.3, 0.05, 0.1, side="H") == "1"  # 3 * 0.1 is above 0.3 in binary


def test_no_limit_of_normal_no_grade_1():
    assert grade("PLAT", "10^9/L", 100, side="L") == ""
    assert grade("PLAT", "10^9/L", 60, side="L") == "2"


def test_numbers_hold_in_their_unit_alone():
    found = add_grades(pd.DataFrame([record("K", "mg/dL", 99, 14, 20)]), "CTCAE v5.0").iloc[0]
    assert (found["ATOXDSCH"], found["ATOXGRH"], found["ATOXGR"], found["ATOXDIR"]) == ("", "", "", "")


@pytest.mark.parametrize(
    ("test", "unit", "value", "high", "expected"),
    [
        ("BILI", "mg/dL", 6.0, 1.23, "3"),
        ("BILI", "", 6.0, 1.23, "3"),
        ("ALT", "ukat/L", 17, 0.8, "4"),
        ("CREAT", "mg/dL", 2.0, 1.2, "2"),
    ],
)
def test_multiples_of_a_limit_need_no_unit(test, unit, value, high, expected):
    assert grade(test, unit, value, 0.1, high, side="H") == expected


@pytest.mark.parametrize(("value", "expected"), [(13, "0"), (9, "2"), (7.9, "3")])
def test_numbers_hold_in_a_unit_that_converts(value, expected):
    assert grade("HGB", "g/dL", value, 11.5, 15, side="L") == expected


@pytest.mark.parametrize(
    ("test", "unit", "limit", "low", "high", "side", "expected", "between"),
    [
        ("ALT", "U/L", ">2000", 7, 50, "H", "4", ""),
        ("ALT", "U/L", ">1000", 7, 50, "H", "4", ""),
        ("ALT", "U/L", ">=1000", 7, 50, "H", "3", "3 to 4"),
        ("ALT", "U/L", "<5", 7, 50, "H", "0", ""),
        ("PLAT", "10^9/L", "<5", 125, 350, "L", "4", ""),
        ("PLAT", "10^9/L", "<25", 125, 350, "L", "4", ""),
        ("PLAT", "10^9/L", "<=25", 125, 350, "L", "3", "3 to 4"),
        ("PLAT", "10^9/L", "<30", 125, 350, "L", "3", "3 to 4"),
        ("PLAT", "10^9/L", "<200", 125, 350, "L", "", "0 to 4"),
        ("PLAT", "10^9/L", ">1000", 125, 350, "L", "0", ""),
    ],
)  # fmt: skip
def test_limits_are_graded_where_they_decide(test, unit, limit, low, high, side, expected, between):
    row = record(test, unit, NAN, low, high) | {"AVALC": limit, "BASEC": ""}
    found = add_grades(pd.DataFrame([row]), "CTCAE v5.0").iloc[0]
    assert (found[f"ATOXGR{side}"], found[f"ATOXUN{side}"]) == (expected, between)


def test_a_baseline_that_is_a_limit_counts_where_it_decides():
    row = record("ALT", "U/L", 2500, 7, 50, base_status="HIGH") | {"AVALC": "", "BASEC": ">2000"}
    assert add_grades(pd.DataFrame([row]), "CTCAE v5.0")["ATOXGRH"].iloc[0] == "0"


def test_haemoglobin_in_mmol_has_cutoffs_of_its_own():
    assert grade("HGB", "mmol/L", 4.8, 7.4, 9.9, side="L") == "3"


def test_the_worse_side_and_the_baseline():
    frame = pd.DataFrame(
        [record("K", "mmol/L", 3.4, 3.5, 5.3, on="N"), record("K", "mmol/L", 6.5, 3.5, 5.3, base=3.4)]
    )
    found = add_grades(frame, "CTCAE v5.0")
    assert found["ATOXGR"].tolist() == ["1", "3"]
    assert found["ATOXDIR"].tolist() == ["L", "H"]
    assert found[["BTOXGRL", "BTOXGRH"]].to_numpy().tolist() == [["1", "0"], ["1", "0"]]


def test_no_criteria_and_no_records_give_empty_columns():
    empty = pd.DataFrame([record("K", "mmol/L", 9, 3.5, 5.3)])
    assert add_grades(empty, "")["ATOXGR"].tolist() == [""]
    assert len(add_grades(empty.iloc[:0], "CTCAE v5.0")) == 0


def test_the_table_names_its_source_and_version(root):
    head = (root / "src/csrkit/sdtm/ctcae5.csv").read_text(encoding="utf-8").splitlines()[0]
    assert "version 5.0" in head
    table = read_cutoffs("CTCAE v5.0")
    assert not table.duplicated(["test", "unit", "side", "baseline"]).any()
