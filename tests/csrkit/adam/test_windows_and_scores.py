"""Derivations of findings (csrkit.adam): input and expected records side by side."""

import numpy as np
import pandas as pd
import pytest

from csrkit.adam.scores import sum_items
from csrkit.adam.windows import Window, add_change, analysis_windows, carry_forward, flag_baseline

NONE = np.nan
WINDOWS = [
    Window("Baseline", 0, None, 1, 1),
    Window("Week 8", 8, 2, 84, 56),
    Window("Week 16", 16, 85, 140, 112),
    Window("Week 24", 24, 141, None, 168),
]
KEYS = ["USUBJID", "PARAMCD"]


def table(columns, rows):
    return pd.DataFrame(rows, columns=columns.split())


def records_of(rows):
    """Return records of one parameter: subject, day and value of each."""
    frame = table("USUBJID ADY AVAL", rows).astype({"ADY": "float64", "AVAL": "float64"})
    return frame.assign(PARAMCD="TOTAL", SEQ=range(1, len(frame) + 1))


def derived(rows, **more):
    flagged = flag_baseline(records_of(rows), KEYS, order=["SEQ"])
    return analysis_windows(flagged, WINDOWS, KEYS, **({"ties": "later", "order": ["SEQ"]} | more))


def shown(frame, columns):
    return frame[columns.split()].astype("object").where(lambda values: values.notna(), None).values.tolist()


def test_records_belong_to_the_visit_whose_window_holds_their_day():
    found = derived(
        [("1", -7, 5), ("1", 1, 6), ("1", 2, 7), ("1", 84, 8), ("1", 85, 9), ("1", 200, 10), ("1", NONE, 11)]
    )
    assert shown(found, "ADY AVISIT AVISITN AWLO AWHI AWTARGET AWTDIFF AWRANGE AWU ANL01FL ABLFL") == [
        [-7, "Baseline", 0, None, 1, 1, 7, "<=1", "DAYS", "", ""],
        [1, "Baseline", 0, None, 1, 1, 0, "<=1", "DAYS", "Y", "Y"],
        [2, "Week 8", 8, 2, 84, 56, 54, "2-84", "DAYS", "", ""],
        [84, "Week 8", 8, 2, 84, 56, 28, "2-84", "DAYS", "Y", ""],
        [85, "Week 16", 16, 85, 140, 112, 27, "85-140", "DAYS", "Y", ""],
        [200, "Week 24", 24, 141, None, 168, 32, ">140", "DAYS", "Y", ""],
        [None, "", None, None, None, None, None, "", "", "", ""],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "ties", "flags"),
    [
        ([("1", 50, 1), ("1", 63, 2)], "later", ["Y", ""]),  # the nearer one
        ([("1", 50, 1), ("1", 62, 2)], "later", ["", "Y"]),
        ([("1", 50, 1), ("1", 62, 2)], "earlier", ["Y", ""]),
        ([("1", 50, NONE), ("1", 62, 2)], "earlier", ["", "Y"]),  # a visit is for a value
        ([("1", 56, 1), ("1", 56, 2)], "earlier", ["", "Y"]),  # of one day the last
        ([("1", 56, 1), ("2", 60, 2)], "later", ["Y", "Y"]),
        ([("1", 56, NONE)], "later", [""]),
    ],
)
def test_the_record_nearest_to_the_target_stands_for_a_visit(rows, ties, flags):
    assert derived(rows, ties=ties)["ANL01FL"].tolist() == flags


@pytest.mark.parametrize(
    ("windows", "message"),
    [
        ([Window("Week 2", 2, 8, 20, 14), Window("Week 4", 4, 20, 34, 28)], "Week 2 and Week 4 overlap"),
        ([Window("Week 2", 2, 8, None, 14), Window("Week 4", 4, 20, 34, 28)], "overlap"),
        ([Window("Week 2", 2, 8, 20, 28)], "target day 28 of Week 2"),
    ],
)
def test_windows_that_can_t_be(windows, message):
    with pytest.raises(ValueError, match=message):
        analysis_windows(records_of([("1", 9, 1)]), windows, KEYS, ties="later")


def test_last_value_is_carried_to_the_visits_after_it():
    found = carry_forward(
        derived([("1", 1, 20), ("1", 55, 23), ("1", 69, 21), ("1", 170, 25)]), WINDOWS[1:], KEYS
    )
    assert shown(found, "AVISIT ADY AVAL DTYPE ANL01FL ABLFL AWLO AWTDIFF") == [
        ["Baseline", 1, 20, "", "Y", "Y", None, 0],
        ["Week 8", 55, 23, "", "Y", "", 2, 1],
        ["Week 8", 69, 21, "", "", "", 2, 13],
        ["Week 16", 69, 21, "LOCF", "Y", "", 85, 43],  # the last value, though another stands for Week 8
        ["Week 24", 170, 25, "", "Y", "", 141, 2],
    ]


@pytest.mark.parametrize(
    ("rows", "more", "carried"),
    [
        ([("1", 1, 20), ("1", 55, 23), ("1", 69, 21)], {"only_analysed": True}, [["Week 16", 23], ["Week 24", 23]]),
        ([("1", 1, 20)], {}, []),  # the baseline isn't carried
        ([("1", 1, 20)], {"from_baseline": True}, [["Week 8", 20], ["Week 16", 20], ["Week 24", 20]]),
        ([("1", 1, 20), ("1", 120, 22)], {}, [["Week 24", 22]]),  # nor a value backwards
        ([("1", 1, 20), ("1", 60, 22), ("1", 120, NONE)], {}, [["Week 16", 22], ["Week 24", 22]]),
        ([("1", 60, 22)], {}, [["Week 16", 22], ["Week 24", 22]]),  # without a baseline
        ([("1", 1, NONE), ("1", NONE, 3)], {}, []),
    ],
)  # fmt: skip
def test_what_is_carried(rows, more, carried):
    found = carry_forward(derived(rows), WINDOWS[1:], KEYS, **more)
    assert shown(found[found["DTYPE"] == "LOCF"], "AVISIT AVAL") == carried
    assert len(found) == len(rows) + len(carried)


def test_series_don_t_lend_each_other_values():
    found = carry_forward(derived([("1", 60, 1), ("2", 150, 2), ("3", 1, 4)]), WINDOWS[1:], KEYS)
    assert shown(found, "USUBJID AVISIT AVAL DTYPE") == [
        ["1", "Week 8", 1, ""],
        ["1", "Week 16", 1, "LOCF"],
        ["1", "Week 24", 1, "LOCF"],
        ["2", "Week 24", 2, ""],
        ["3", "Baseline", 4, ""],
    ]


def test_no_records_stay_no_records():
    found = add_change(carry_forward(derived([]), WINDOWS, KEYS), KEYS)
    assert found.empty
    assert {"AVISIT", "AWTDIFF", "DTYPE", "BASE", "CHG", "PCHG"} <= {*found.columns}


def test_baseline_and_change():
    rows = [
        ("1", -3, 8),
        ("1", 1, 10),
        ("1", 60, 12),
        ("1", 120, NONE),
        ("2", 60, 5),
        ("3", 1, 0),
        ("3", 60, 2),
    ]
    found = add_change(derived(rows), KEYS)
    assert shown(found, "USUBJID ADY ABLFL BASE CHG PCHG") == [
        ["1", -3, "", 10, None, None],
        ["1", 1, "Y", 10, None, None],
        ["1", 60, "", 10, 2, 20],
        ["1", 120, "", 10, None, None],
        ["2", 60, "", None, None, None],
        ["3", 1, "Y", 0, None, None],
        ["3", 60, "", 0, 2, None],
    ]


def test_baseline_is_the_last_value_up_to_the_first_day():
    rows = [("1", -1, 3), ("1", 1, NONE), ("1", 2, 4), ("2", 1, 5), ("2", 1, 6)]
    assert flag_baseline(records_of(rows), KEYS, order=["SEQ"])["ABLFL"].tolist() == ["Y", "", "", "", "Y"]
    assert flag_baseline(records_of(rows), KEYS, last_day=-1)["ABLFL"].tolist() == ["Y", "", "", "", ""]


def test_two_baselines_are_refused():
    twice = records_of([("1", 1, 3), ("1", 1, 4)]).assign(ABLFL="Y")
    with pytest.raises(ValueError, match=r"flagged as baseline: \{'USUBJID': '1'"):
        add_change(twice, KEYS)


ITEMS = {"I1": 5, "I2": 5, "I3": 10}


@pytest.mark.parametrize(
    ("scores", "most_missing", "total", "missing"),
    [
        ({"I1": 1, "I2": 2, "I3": 7}, 0, 10, 0),
        ({"I1": 1, "I2": 2}, 0, NONE, 1),
        ({"I1": 1, "I2": 2, "I3": NONE}, 1, 3 * 20 / 10, 1),  # of the ten that I1 and I2 can give
        ({"I1": 1, "I3": 7}, 1, 8 * 20 / 15, 1),
        ({"I1": 1}, 1, NONE, 2),
        ({"I1": 1, "OTHER": 9}, 2, 1 * 20 / 5, 2),
        ({"I1": NONE, "I2": NONE, "I3": NONE}, 2, NONE, 3),
    ],
)
def test_total_of_items(scores, most_missing, total, missing):
    records = pd.DataFrame({"PARAMCD": [*scores], "AVAL": [*scores.values()]}).assign(USUBJID="1", VISIT="V1")
    found = sum_items(
        records, ["USUBJID", "VISIT"], ITEMS, code="T", label="Total", most_missing=most_missing
    )
    expected = {"USUBJID": "1", "VISIT": "V1", "PARAMCD": "T", "PARAM": "Total", "PARAMTYP": "DERIVED"}
    assert found.drop(columns=["AVAL", "ITEMSMIS"]).to_dict("records") == [expected]
    assert found["AVAL"].tolist() == pytest.approx([total], nan_ok=True)
    assert found["ITEMSMIS"].tolist() == [missing]


@pytest.mark.parametrize(
    ("rows", "most_missing", "message"),
    [
        ([("1", "I1", 2), ("1", "I1", 3)], 0, "item twice: {'USUBJID': '1', 'PARAMCD': 'I1'}"),
        ([("1", "I1", 6)], 0, "between 0 and the largest"),
        ([("1", "I1", -1)], 0, "between 0 and the largest"),
        ([("1", "I1", 1)], 3, "at most 2 may be missing, not 3"),
    ],
)
def test_items_that_give_no_total(rows, most_missing, message):
    records = table("USUBJID PARAMCD AVAL", rows)
    with pytest.raises(ValueError, match=message):
        sum_items(records, ["USUBJID"], ITEMS, code="T", label="Total", most_missing=most_missing)
