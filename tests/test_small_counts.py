"""Suppressed counts: the rule by cases, and against someone who tries all numbers that fit."""

import itertools
import random

import numpy as np
import pandas as pd
import pytest

from itpcsr.results import make_rows, read_rows, write_rows
from itpcsr.small_counts import VARIABLE, is_suppressed, minimum_count, suppress

MINIMUM = 3


def count_rows(
    table: dict[str, list[float]], groups=("a", "b", "total"), sizes=(6, 9, 15), **constants
) -> pd.DataFrame:
    """Return rows of n, N and percent: level to the counts by group."""
    records = [
        {"level": level, "group": group, "statistic": statistic, "value": value}
        for level, counts in table.items()
        for group, n, size in zip(groups, counts, sizes, strict=True)
        for statistic, value in (("n", n), ("N", size), ("percent", 100 * n / size))
    ]
    return make_rows(pd.DataFrame(records), **{"display": "tbl-x", "analysis": "kind", **constants})


def shown(rows: pd.DataFrame, statistic: str = "n") -> dict[tuple[str, str], float]:
    part = suppress(rows, MINIMUM)
    part = part[(part["statistic"] == statistic) & part["value"].notna()]
    return {(row.level, row.group): row.value for row in part.itertuples()}


def test_nothing_changes_without_a_minimum():
    rows = count_rows({"x": [1, 0, 1]})
    assert suppress(rows, 0) is rows


def test_a_small_count_goes_with_its_percentage_and_its_row():
    rows = count_rows({"x": [1, 5, 6], "y": [3, 0, 3], "z": [0, 0, 0]})
    assert shown(rows) == {
        ("x", "total"): 6, ("y", "a"): 3, ("y", "b"): 0, ("y", "total"): 3,
        ("z", "a"): 0, ("z", "b"): 0, ("z", "total"): 0,
    }  # fmt: skip
    assert ("x", "a") not in shown(rows, "percent")
    assert shown(rows, "N")["x", "a"] == 6
    reasons = suppress(rows, MINIMUM)["reason"]
    assert set(reasons) == {"", "suppressed (counts below 3)"}
    assert all(is_suppressed(reason) for reason in reasons if reason)


def test_a_small_total_hides_the_whole_row():
    assert shown(count_rows({"x": [0, 2, 2]})) == {}


def test_a_count_that_leaves_few_of_its_group_goes_too():
    rows = count_rows({"stayed": [6, 7, 13], "came": [6, 6, 12]})
    assert set(shown(rows)) == {("came", "a"), ("came", "b"), ("came", "total")}


def test_never_one_level_alone_of_those_that_add_up():
    rows = count_rows({"f": [6, 3, 9], "m": [0, 5, 5], "u": [0, 1, 1]})
    found = shown(rows)
    assert ("f", "total") in found  # 5 and 1 of 15 are gone; which is which can't be told
    assert not {("m", "total"), ("u", "total")} & set(found)


def test_a_group_of_few_is_hidden_with_its_size():
    rows = count_rows({"x": [0, 5]}, groups=("with", "without"), sizes=(1, 8))
    assert shown(rows) == {}
    assert shown(rows, "N") == {}


def test_extremes_and_summaries_of_few_are_single_values():
    values = {"n": 4.0, "mean": 5.0, "median": 5.0, "min": 1.0, "max": 9.0, "p_value": 0.4}
    frame = pd.DataFrame({"statistic": list(values), "value": list(values.values())})
    few = make_rows(frame, display="tbl-x", analysis="AGE", group="total")
    many = few.assign(value=few["value"].where(few["statistic"] != "n", 5.0))
    left = [
        set(part.loc[part["value"].notna(), "statistic"]) for part in (suppress(few, 3), suppress(many, 3))
    ]
    assert left == [{"n", "p_value"}, {"n", "mean", "median", "p_value"}]


def test_sizes_of_arms_and_displays_without_subjects_stay():
    size = make_rows(
        pd.DataFrame({"group": ["a"], "statistic": ["N"], "value": [2.0]}), display="tbl-x", analysis="size"
    )
    assert suppress(size, MINIMUM)["value"].tolist() == [2.0]
    design = count_rows({"x": [1, 2, 3]}, display="tbl-dose-boundaries")
    assert suppress(design, MINIMUM)["value"].notna().all()


def test_rows_without_value_keep_their_reason():
    rows = count_rows({"x": [1, 5, 6]})
    rows.loc[len(rows)] = {
        **rows.iloc[0],
        "statistic": "p_value",
        "group": "total",
        "value": np.nan,
        "reason": "no test",
    }
    assert suppress(rows, MINIMUM)["reason"].iloc[-1] == "no test"


def partitions(total: int, levels: int):
    if levels == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in partitions(total - first, levels - 1):
            yield (first, *rest)


@pytest.mark.parametrize("seed", range(12))
def test_no_suppressed_count_of_subjects_follows_from_what_is_shown(seed):
    """All tables of two arms and three levels that agree with what is shown leave a choice for each cell."""
    rng = random.Random(seed)
    sizes = (rng.randint(3, 6), rng.randint(5, 8))
    arms = [rng.choice(list(partitions(size, 3))) for size in sizes]
    totals = [sum(cells) for cells in zip(*arms, strict=True)]
    table = {level: [arms[0][i], arms[1][i], totals[i]] for i, level in enumerate("xyz")}
    found = shown(count_rows(table, sizes=(*sizes, sum(sizes))))
    fitting = []
    for pair in itertools.product(*(partitions(size, 3) for size in sizes)):
        cells = {}
        for i, level in enumerate("xyz"):
            cells |= {
                (level, "a"): pair[0][i],
                (level, "b"): pair[1][i],
                (level, "total"): pair[0][i] + pair[1][i],
            }
        if all(cells[key] == value for key, value in found.items()):
            fitting.append(cells)
    truth = {
        (level, group): n
        for level, row in table.items()
        for group, n in zip(("a", "b", "total"), row, strict=True)
    }
    for key, n in truth.items():
        size = {"a": sizes[0], "b": sizes[1], "total": sum(sizes)}[key[1]]
        if 0 < n < MINIMUM or 0 < size - n < MINIMUM:
            assert key not in found
            assert len({cells[key] for cells in fitting}) > 1, (key, table, found)


def test_rows_are_suppressed_as_they_are_written(tmp_path, monkeypatch):
    assert minimum_count() == 0
    monkeypatch.setenv(VARIABLE, "3")
    write_rows([count_rows({"x": [1, 5, 6]})], tmp_path)
    assert read_rows(tmp_path)["value"].isna().sum() == 4
