"""Tests of categories between arms against R, and where they can't be done."""

import math

import numpy as np
import pandas as pd
import pytest

from itpcsr.analysis.stratified import (
    cochran_mantel_haenszel,
    compare_shifts,
    compare_statuses,
    freeman_halton,
)

TABLES = {
    "alb": [[16, 65, 3], [15, 66, 1], [5, 74, 1]],
    "small": [[3, 0, 0], [1, 2, 0], [0, 1, 2]],
    "two": [[1, 4, 6], [2, 2, 3]],
}
SHIFTS = [[[77, 7], [74, 5], [72, 5]], [[1, 3], [1, 2], [1, 2]]]
THREE = [[[5, 3, 2], [4, 4, 2], [1, 6, 3]], [[2, 2, 6], [3, 3, 4], [1, 5, 4]]]


@pytest.mark.parametrize("name", TABLES)
def test_exact_test_of_several_categories(name, witness):
    assert freeman_halton(np.array(TABLES[name])) == pytest.approx(witness[f"fisher {name}", "p"], rel=1e-9)


def test_exact_test_doesn_t_depend_on_the_order(witness):
    table = np.array(TABLES["alb"])[[2, 0, 1]][:, [1, 2, 0]]
    assert freeman_halton(table) == pytest.approx(witness["fisher alb", "p"], rel=1e-9)


@pytest.mark.parametrize(("tables", "name"), [(SHIFTS, "shifts"), (THREE, "three")])
def test_general_association(tables, name, witness):
    p = cochran_mantel_haenszel([np.array(table, dtype="float64") for table in tables])
    assert p == pytest.approx(witness[f"cmh {name}", "p"], rel=1e-9)


def test_strata_without_contrast_drop_out():
    empty = np.array([[4.0, 0.0], [3.0, 0.0]])
    table = np.array([[9.0, 1.0], [4.0, 6.0]])
    assert cochran_mantel_haenszel([table, empty]) == pytest.approx(cochran_mantel_haenszel([table]))
    assert math.isnan(cochran_mantel_haenszel([empty]))


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
        compare_statuses(records, members, "after"),
        compare_shifts(records, members, "after", "before"),
    ):
        assert row["value"].isna().all()
        assert list(row["reason"]) == [reason]


def test_comparisons_have_one_row():
    records, members = frame(
        {"a": ["LOW", "NORMAL", "NORMAL", "NORMAL"], "b": ["HIGH", "NORMAL", "LOW", "LOW"]}
    )
    assert compare_statuses(records, members, "after")["value"].between(0, 1).all()
    assert compare_shifts(records, members, "after", "before")["value"].between(0, 1).all()
