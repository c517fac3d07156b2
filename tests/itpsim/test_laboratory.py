"""Results as text and number, and the baseline flag."""

from __future__ import annotations

import numpy as np
import pandas as pd

from itpsim.laboratory import flag_baseline, result


def test_text_and_number_agree() -> None:
    written = result("LB", np.array([4.1949, 0.004, np.nan, 12.0]), "mmol/L", 2)
    assert list(written["LBORRES"]) == ["4.19", "0.00", "", "12.00"]
    np.testing.assert_array_equal(written["LBSTRESN"], [4.19, 0.0, np.nan, 12.0])


def test_each_value_has_its_own_decimals() -> None:
    written = result("LB", np.array([4.1949, 119.6, -0.26]), "g/L", np.array([2, 0, 1]))
    assert list(written["LBSTRESC"]) == ["4.19", "120", "-0.3"]
    assert list(written["LBSTRESN"]) == [4.19, 120.0, -0.3]


def test_baseline_is_the_last_value_of_each_test_before_the_infusion() -> None:
    people = pd.DataFrame({"USUBJID": ["A", "B"], "enrolled": [True, False]})
    rows = pd.DataFrame(
        {
            "USUBJID": ["A", "A", "A", "A", "B"],
            "LBTESTCD": ["PLAT", "HGB", "PLAT", "PLAT", "PLAT"],
            "day": [-7, -7, 0, 7, -7],
        }
    )
    flagged = flag_baseline(rows, people, "LB")
    assert flagged["LBBLFL"].tolist() == flagged["LBLOBXFL"].tolist() == ["", "Y", "Y", "", ""]
    assert "day" not in flagged
