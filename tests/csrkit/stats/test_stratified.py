"""Tests of categories between arms against R, and where they can't be done."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from csrkit.stats.categories import (
    FREEMAN_HALTON,
    Drawing,
    compare_shifts,
    compare_statuses,
    draw_tables,
    exact_p,
    freeman_halton,
    general_association,
)

TABLES = {
    "alb": [[16, 65, 3], [15, 66, 1], [5, 74, 1]],
    "small": [[3, 0, 0], [1, 2, 0], [0, 1, 2]],
    "two": [[1, 4, 6], [2, 2, 3]],
}
LARGE = {
    "wide": [[60, 45, 30], [200, 220, 240], [40, 35, 30]],
    "levels": [[4, 10, 6, 3, 8], [9, 8, 6, 5, 4], [12, 7, 11, 2, 1], [6, 9, 10, 14, 9], [3, 2, 5, 9, 7]],
}
HOW = Drawing(tables=20_000, seed=3)
SHIFTS = [[[77, 7], [74, 5], [72, 5]], [[1, 3], [1, 2], [1, 2]]]
THREE = [[[5, 3, 2], [4, 4, 2], [1, 6, 3]], [[2, 2, 6], [3, 3, 4], [1, 5, 4]]]


@pytest.mark.parametrize("name", TABLES)
def test_exact_test_of_several_categories(name, witness):
    assert freeman_halton(np.array(TABLES[name])) == pytest.approx(witness[f"fisher {name}", "p"], rel=1e-9)


def test_exact_test_doesn_t_depend_on_the_order(witness):
    table = np.array(TABLES["alb"])[[2, 0, 1]][:, [1, 2, 0]]
    assert freeman_halton(table) == pytest.approx(witness["fisher alb", "p"], rel=1e-9)


@pytest.mark.parametrize("name", LARGE)
def test_too_many_tables_are_drawn_as_r_does(name, witness):
    found = exact_p(np.array(LARGE[name]), Drawing(tables=200_000))
    r = witness[f"fisher simulated {name}", "p"]  # of a million tables
    assert abs(found.value - r) < 4 * found.error * math.sqrt(1 + 0.2)
    assert found.tables == 200_000
    assert found.error == pytest.approx(math.sqrt(found.value * (1 - found.value) / 200_000))
    assert "200000 tables" in found.method
    assert "seed 20240423" in found.method


def test_drawn_p_is_that_of_the_exact_test(witness):
    found = draw_tables(np.array(LARGE["wide"]), Drawing(tables=200_000))
    assert abs(found.value - witness["fisher wide", "p"]) < 4 * found.error
    for table in TABLES.values():
        drawn = draw_tables(np.array(table), HOW)
        assert abs(drawn.value - freeman_halton(np.array(table))) < 4 * drawn.error


def test_drawn_p_is_never_zero_and_the_same_for_the_same_seed():
    table = np.array([[400, 0, 3], [0, 400, 3], [2, 0, 400]])
    assert draw_tables(table, HOW).value == 1 / 20_001
    seen = [draw_tables(np.array(LARGE["levels"]), Drawing(20_000, seed)).value for seed in (1, 1, 2)]
    assert seen[0] == seen[1] != seen[2]


@pytest.mark.parametrize(
    "table",
    [
        np.full((3, 12), 40),  # a grid of the ways to fill one row would not fit into memory
        np.full((40, 2), 5),  # few ways to fill a row, but too many rows to go through
        np.array([[300, 0, 20, 0], [250, 0, 60, 30], [0, 0, 0, 0], [280, 0, 30, 30]]),
    ],
)
def test_large_tables_take_seconds(table):
    found = exact_p(table, HOW)
    assert found.tables == HOW.tables
    assert 0 < found.value <= 1


def test_a_drawn_comparison_says_so_in_its_rows():
    large = LARGE["wide"]
    states = {
        arm: [s for s, n in zip("xyz", row, strict=True) for _ in range(n)]
        for arm, row in zip("abc", large, strict=True)
    }
    rows = compare_statuses(*frame(states), "after", HOW).set_index("statistic")
    assert list(rows.index) == ["p_value", "mc_error of p_value", "tables_drawn"]
    assert (rows["method"] == HOW.method).all()
    assert HOW.method.startswith(FREEMAN_HALTON)
    assert rows.loc["tables_drawn", "value"] == 20_000
    assert 0 < rows.loc["mc_error of p_value", "value"] < 0.004


@pytest.mark.parametrize(("tables", "name"), [(SHIFTS, "shifts"), (THREE, "three")])
def test_general_association(tables, name, witness):
    statistic, df = general_association([np.array(table, dtype="float64") for table in tables])
    assert stats.chi2.sf(statistic, df) == pytest.approx(witness[f"cmh {name}", "p"], rel=1e-9)


def test_strata_without_contrast_drop_out():
    empty = np.array([[4.0, 0.0], [3.0, 0.0]])
    table = np.array([[9.0, 1.0], [4.0, 6.0]])
    assert general_association([table, empty]) == pytest.approx(general_association([table]))
    assert general_association([empty])[1] == 0


def frame(states):
    records = pd.DataFrame(
        [
            (f"{arm}{number}", state, "NORMAL")
            for arm, given in states.items()
            for number, state in enumerate(given)
        ],
        columns=["USUBJID", "after", "before"],
    )
    members = pd.DataFrame({"USUBJID": records["USUBJID"], "group": records["USUBJID"].str[0]})
    members["group"] = pd.Categorical(members["group"], categories=list(states))
    return records, members


@pytest.mark.parametrize(
    ("states", "reason"),
    [
        ({"a": ["LOW", "HIGH", "LOW"], "b": ["LOW"] * 4}, "3 subjects or fewer"),
        ({"a": [], "b": ["LOW"] * 3}, "3 subjects or fewer"),
        ({"a": ["NORMAL"] * 4, "b": ["NORMAL"] * 4}, "all subjects have the same status"),
    ],
)
def test_what_cannot_be_compared_says_why(states, reason):
    records, members = frame(states)
    for row in (
        compare_statuses(records, members, "after", HOW),
        compare_shifts(records, members, "after", "before"),
    ):
        assert row["value"].isna().all()
        assert list(row["reason"]) == [reason]


def test_comparisons_have_one_row():
    records, members = frame(
        {"a": ["LOW", "NORMAL", "NORMAL", "NORMAL"], "b": ["HIGH", "NORMAL", "LOW", "LOW"]}
    )
    assert compare_statuses(records, members, "after", HOW)["value"].between(0, 1).all()
    assert compare_shifts(records, members, "after", "before")["value"].between(0, 1).all()
