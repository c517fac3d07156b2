import numpy as np
import pandas as pd
import pytest

from csrkit import rows as results


def one(**columns):
    return pd.DataFrame({"statistic": ["n"], "value": [3.0], **{k: [v] for k, v in columns.items()}})


def test_rows_have_all_columns_in_order():
    rows = results.make_rows(one(group="total"), display="tbl-x")
    assert tuple(rows.columns) == results.COLUMNS
    assert rows.loc[0, "group"] == "total"
    assert rows.loc[0, "display"] == "tbl-x"
    assert rows.loc[0, "reason"] == ""


def test_a_missing_value_needs_a_reason():
    with pytest.raises(ValueError, match="needs a reason"):
        results.make_rows(pd.DataFrame({"statistic": ["sd"], "value": [np.nan]}), display="tbl-x")


def test_an_unknown_column_is_refused():
    with pytest.raises(ValueError, match="no column colour"):
        results.make_rows(one(colour="red"))


def test_two_rows_with_one_key_are_refused():
    rows = results.make_rows(one(), display="tbl-x")
    with pytest.raises(ValueError, match="same key"):
        results.combine(rows, rows)


def test_absence_is_a_sentence():
    rows = results.absent_rows("tbl-x", "There are no data.")
    assert results.absence(rows) == "There are no data."
    assert results.absence(results.make_rows(one(), display="tbl-x")) == ""


def test_rows_survive_the_file(tmp_path):
    written = results.make_rows(one(), display="tbl-x")
    results.write_rows(written, tmp_path / "new")
    pd.testing.assert_frame_equal(results.read_rows(tmp_path / "new"), written)


def test_a_check_that_fails_stops_with_its_name():
    assert results.check({"holds well": True}).tolist() == ["holds"]
    with pytest.raises(ValueError, match="one plus one is three"):
        results.check({"holds well": True, "one plus one is three": False})


def test_methods_and_reasons_of_a_frame_stand_beside_its_numbers():
    wide = pd.DataFrame(
        {
            "estimate": [0.5, np.nan],
            "p_value": [np.nan, np.nan],
            "method": ["Cox", "Cox, too"],
            "reason": ["no test", "no event"],
        },
        index=pd.Index(["a", "b"], name="group"),
    )
    long = results.make_rows(results.to_long(wide))
    assert long[["group", "statistic", "method", "reason"]].to_numpy().tolist() == [
        ["a", "estimate", "Cox", ""],
        ["a", "p_value", "Cox", "no test"],
        ["b", "estimate", "Cox, too", "no event"],
        ["b", "p_value", "Cox, too", "no event"],
    ]
