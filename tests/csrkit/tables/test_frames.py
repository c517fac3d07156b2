"""Any frame becomes a table, above all what pingouin returns, and each of its numbers a result row."""

import numpy as np
import pandas as pd
import pingouin as pg
import pytest

from csrkit.rows import combine
from csrkit.tables.table import Table

CONSTANTS = {"display": "tbl-x", "analysis": "test"}


@pytest.fixture(scope="module")
def long():
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "subject": np.repeat(range(8), 3),
            "visit": ["a", "b", "c"] * 8,
            "value": random.normal(size=24),
            "other": random.normal(size=24),
            "group": np.repeat(["x", "y"], 12),
        }
    )


def test_pingouin_s_frames_are_tables_as_they_are(long):
    keys = {"data": long, "dv": "value", "subject": "subject", "within": "visit"}
    found = {
        "Friedman": pg.friedman(**keys),
        "RM": pg.rm_anova(**keys, detailed=True),
        "mixed": pg.mixed_anova(**keys, between="group"),
        "pairwise": pg.pairwise_tests(**keys, padjust="holm"),
        "correlation": pg.rm_corr(long, "value", "other", "subject"),
        "t": pg.ttest(long["value"], long["other"]),
        "U": pg.mwu(long["value"], long["other"]),
    }
    for name, frame in found.items():
        table = Table.from_frame(frame, **CONSTANTS)
        assert len(table.rows) == len(frame), name
        assert {len(row.cells) for row in table.rows} == {len(table.headers)}, name
        assert "p_value" in set(table.results["statistic"]), name
        combine(table.results)  # no two of its rows have the same key


def test_cells_are_written_by_what_they_are():
    frame = pd.DataFrame(
        {
            "p_unc": [0.0003],
            "dof": [7.0],
            "T": [2.1888],
            "CI95": [np.array([-0.61, 0.344])],
            "n": [1200],
            "ok": [True],
        },
        index=["row"],
    )
    table = Table.from_frame(frame, labels={"p_unc": "p-value", "ok": ""}, decimals={"T": 3}, **CONSTANTS)
    assert [head.label for head in table.headers] == ["p-value", "dof", "T", "CI95", "n"]
    assert table.rows[0].cells == ("<0.001", "7", "2.189", "-0.61 to 0.34", "1200")
    assert table.results["statistic"].tolist() == ["p_value", "df", "statistic", "ci_low", "ci_high", "n"]


def test_pingouin_s_names_mean_what_their_test_makes_them():
    constants = {"analysis": "age", "method": "a test"}
    kendall = pd.DataFrame({"Source": ["visit"], "W": [0.25], "Q": [5.5]})
    shapiro = pd.DataFrame({"W": [0.91], "pval": [0.2]}, index=["age"])
    ranks = Table.from_frame(pd.DataFrame({"U_val": [35.0]}, index=["MWU"]), **constants)
    found = [
        Table.from_frame(frame, **constants).results["statistic"].tolist() for frame in (kendall, shapiro)
    ]
    assert found == [["kendalls_w", "statistic"], ["statistic", "p_value"]]
    assert ranks.rows[0].cells == ("35.0",)


def test_a_frame_without_statistics_is_a_table_without_rows():
    table = Table.from_frame(pd.DataFrame({"drug": ["A", "B"], "share": [0.5, np.nan]}), stub="Drug")
    assert [(row.label, row.cells) for row in table.rows] == [("A", ("0.50",)), ("B", ("",))]
    assert table.results is None


def test_a_statistic_that_nobody_knows_is_an_error_that_says_how_to_add_one():
    frame = pd.DataFrame({"x": [1.0]}, index=["row"])
    with pytest.raises(ValueError, match=r"no statistic mystery\. .*STATISTICS in csrkit\.vocabulary"):
        Table.from_frame(frame, statistics={"x": "mystery"}, **CONSTANTS)
