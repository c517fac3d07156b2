import numpy as np
import pandas as pd
import pytest

from csrkit import rows as results
from csrkit.tables.formats import format_statistic
from csrkit.tables.lookup import Lookup
from csrkit.vocabulary import level_columns


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


@pytest.mark.parametrize("name", ["AGE", "Age, years", "in response", "mean-change", "_mean", "mean__change"])
def test_an_analysis_of_another_style_is_refused(name):
    with pytest.raises(ValueError, match="An analysis has a name like `mean_change`"):
        results.make_rows(one(analysis=name))
    assert len(results.make_rows(one(analysis="mean_change_2")))


def test_a_limit_says_of_which_statistic_it_is():
    names = {"statistic": ["ci_low of percent", "ci_low", "percent"], "value": [1.0, 2.0, 3.0]}
    rows = results.make_rows(pd.DataFrame(names).assign(of=["", "rate", ""]))
    assert rows["statistic"].tolist() == ["ci_low", "ci_low", "percent"]
    assert rows["of"].tolist() == ["percent", "rate", ""]
    assert format_statistic("ci_low of percent", 1.25, 0) == "1.3"
    assert format_statistic("ci_low of rate", 1.25, 0) == "1.25"
    with pytest.raises(ValueError, match=r"What is ci_high of\?"):
        results.make_rows(pd.DataFrame({"statistic": ["ci_high"], "value": [1.0]}))
    with pytest.raises(ValueError, match="no statistic share"):
        results.make_rows(pd.DataFrame({"statistic": ["ci_high of share"], "value": [1.0]}))


def test_a_level_with_its_category_is_columns_and_a_tuple():
    levels = ["any", ("HEART", "Palpitations"), ("HEART", "Palpitations", "2"), ("A | B", "")]
    rows = results.make_rows(pd.DataFrame({**level_columns(levels), "statistic": "n", "value": 1.0}))
    assert rows["category"].tolist() == ["", "HEART", "HEART", "A | B"]
    assert rows["subcategory"].tolist() == ["", "", "Palpitations", ""]
    assert results.levels_in(rows) == levels
    assert len(results.combine(rows)) == 4
    lookup = Lookup(rows)
    assert lookup.levels("", "HEART") == levels[1:3]
    assert lookup.value("", "", "n", ("HEART", "Palpitations")) == 1


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
