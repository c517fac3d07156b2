import numpy as np
import pandas as pd
import pytest

from csrkit.stats.groups import FEW_VALUES, NO_VALUES, assign_groups, summarize

SAMPLES = {
    "three": [3, 9, 22],
    "four": [1, 2, 4, 8],
    "seven": [12, 5, 11, 15, 3, 10, 8],
    "thirteen": [51, 92, 103, 91, 104, 45, 99, 56, 94, 103, 56, 33, 59],
}


def summary(study, values):
    names = [f"{number:02}" for number in range(len(values))]
    adsl = pd.DataFrame({"USUBJID": names, "SAFARMCD": "ESC05", "SAFFL": "Y"}).astype({"USUBJID": "str"})
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    rows = summarize(pd.DataFrame({"USUBJID": names, "X": np.array(values, dtype=float)}), members, "X")
    return rows[rows["group"] == "esc05"].set_index("statistic")


@pytest.mark.parametrize("case", SAMPLES)
def test_statistics_are_those_of_r(study, witness, case):
    rows = summary(study, SAMPLES[case])
    for name in ("mean", "sd", "q1", "median", "q3"):
        assert rows.loc[name, "value"] == pytest.approx(witness[case, name], rel=1e-10)
    assert rows.loc["n", "value"] == len(SAMPLES[case])
    assert rows.loc["min", "value"] == min(SAMPLES[case])
    assert rows.loc["max", "value"] == max(SAMPLES[case])


@pytest.mark.parametrize("values", [[5.0], [5.0, 7.0]])
def test_two_values_have_no_standard_deviation(study, values):
    rows = summary(study, values)
    assert np.isnan(rows.loc["sd", "value"])
    assert rows.loc["sd", "reason"] == FEW_VALUES
    assert rows.loc["mean", "value"] == np.mean(values)


def test_no_values_say_so(study):
    rows = summary(study, [np.nan, np.nan])
    assert rows.loc["n", "value"] == 0
    assert rows.drop("n")["value"].isna().all()
    assert set(rows.drop("n")["reason"]) == {NO_VALUES}
