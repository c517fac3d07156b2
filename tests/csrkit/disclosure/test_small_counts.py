"""Suppressed counts: the rule by cases, and against someone who tries all numbers that fit."""

import itertools
import random
from typing import Any

import numpy as np
import pandas as pd
import pytest

from csrkit.disclosure.counted import RULE_FILE, Rule, enforce, read_rule, rule_in_force, write_rule
from csrkit.disclosure.small_counts import as_shown, is_suppressed, suppress
from csrkit.errors import DataError
from csrkit.rows import WHOLE, levels_in, make_rows, read_rows, write_rows
from csrkit.vocabulary import Level, level_columns

MINIMUM = 3
RULE = Rule(MINIMUM)
ARMS = ("A",), ("B",), ("A", "B")
OF_TRIAL = Rule(
    MINIMUM, {"a": (6,), "b": (9,), "total": (15,)}, dict(zip(("a", "b", "total"), ARMS, strict=True))
)


def count_rows(
    table: dict[Any, list[float]], groups=("a", "b", "total"), sizes=(6, 9, 15), **constants
) -> pd.DataFrame:
    """Return rows of n, N and percent: level to the counts by group."""
    records = [
        {"group": group, "statistic": statistic, "value": value}
        | {name: parts[0] for name, parts in level_columns([level]).items()}
        for level, counts in table.items()
        for group, n, size in zip(groups, counts, sizes, strict=True)
        for statistic, value in (("n", n), ("N", size), ("percent", 100 * n / size))
    ]
    return make_rows(pd.DataFrame(records), **{"display": "tbl-x", "analysis": "kind", **constants})


def shown(rows: pd.DataFrame, statistic: str = "n", rule: Rule = RULE) -> dict[tuple[Level, str], float]:
    part = suppress(rows, rule)
    part = part[(part["statistic"] == statistic) & part["value"].notna()]
    return dict(zip(zip(levels_in(part), part["group"], strict=True), part["value"], strict=True))


def test_nothing_changes_without_a_minimum():
    rows = count_rows({"x": [1, 0, 1]})
    assert suppress(rows, None) is rows


def test_a_small_count_goes_with_its_percentage_and_its_row():
    rows = count_rows({"x": [1, 5, 6], "y": [3, 0, 3], "z": [0, 0, 0]})
    assert shown(rows) == {
        ("x", "total"): 6, ("y", "a"): 3, ("y", "b"): 0, ("y", "total"): 3,
        ("z", "a"): 0, ("z", "b"): 0, ("z", "total"): 0,
    }  # fmt: skip
    assert ("x", "a") not in shown(rows, "percent")
    assert shown(rows, "N")["x", "a"] == 6
    reasons = suppress(rows, RULE)["reason"]
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
    few = make_rows(frame, display="tbl-x", analysis="age", group="total")
    many = few.assign(value=few["value"].where(few["statistic"] != "n", 5.0))
    left = [
        set(part.loc[part["value"].notna(), "statistic"])
        for part in (suppress(few, RULE), suppress(many, RULE))
    ]
    assert left == [{"n", "p_value"}, {"n", "mean", "median", "p_value"}]


def test_sizes_of_arms_and_displays_without_subjects_stay():
    size = make_rows(
        pd.DataFrame({"group": ["a"], "statistic": ["N"], "value": [2.0]}), display="tbl-x", analysis="size"
    )
    assert suppress(size, Rule(MINIMUM, {"a": (2, 3)}))["value"].tolist() == [2.0]
    assert suppress(size, Rule(MINIMUM, {"a": (3,)}))["value"].isna().all()
    design = count_rows({"x": [1, 2, 3]}, display="tbl-design")
    both = pd.concat([design, count_rows({"x": [1, 2, 3]})])  # with an index that stands twice
    found = suppress(both, Rule(MINIMUM, without_subjects=frozenset({"tbl-design"})))
    assert found["value"].notna().groupby(found["display"]).all().to_dict() == {
        "tbl-design": True,
        "tbl-x": False,
    }
    assert suppress(design, RULE)["value"].isna().any()


def test_rows_without_value_keep_their_reason():
    rows = count_rows({"x": [1, 5, 6]})
    rows.loc[len(rows)] = {
        **rows.iloc[0],
        "statistic": "p_value",
        "group": "total",
        "value": np.nan,
        "reason": "no test",
    }
    assert suppress(rows, RULE)["reason"].iloc[-1] == "no test"


def partitions(total: int, levels: int):
    if levels == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in partitions(total - first, levels - 1):
            yield (first, *rest)


@pytest.mark.examples(12)
def test_no_suppressed_count_of_subjects_follows_from_what_is_shown(seed):
    """All tables of two arms and three levels that agree with what is shown leave a choice for each cell."""
    rng = random.Random(seed)
    sizes = (rng.randint(3, 6), rng.randint(5, 8))
    drawn = [rng.choice(list(partitions(size, 3))) for size in sizes]
    totals = [sum(cells) for cells in zip(*drawn, strict=True)]
    table = {level: [drawn[0][i], drawn[1][i], totals[i]] for i, level in enumerate("xyz")}
    arms = {"a": sizes[:1], "b": sizes[1:], "total": (sum(sizes),)}
    found = shown(count_rows(table, sizes=(*sizes, sum(sizes))), rule=Rule(MINIMUM, arms))
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


def size_rows(sizes: dict[str, float], **constants: str) -> pd.DataFrame:
    frame = pd.DataFrame({"group": list(sizes), "statistic": "N", "value": list(sizes.values())})
    return make_rows(frame, **{"display": "tbl-x", "analysis": "size", **constants})


def value_rows(values: dict[tuple[str, str], float], **constants: str) -> pd.DataFrame:
    """Return rows of one analysis: group and statistic to the value."""
    records = [{"group": group, "statistic": name, "value": value} for (group, name), value in values.items()]
    return make_rows(pd.DataFrame(records), **{"display": "tbl-x", "analysis": "aval", **constants})


def left(rows: pd.DataFrame, rule: Rule = OF_TRIAL) -> set[tuple[str, str]]:
    """Return group and statistic of the rows that keep their value."""
    found = suppress(rows, rule)
    return set(found.loc[found["value"].notna(), ["group", "statistic"]].itertuples(index=False, name=None))


@pytest.mark.parametrize(
    ("sizes", "kept"),
    [
        ({"a": 6, "b": 9, "total": 15}, {"a", "b", "total"}),  # everyone: the arms
        ({"a": 3, "b": 5, "total": 8}, {"a", "b", "total"}),  # nobody is few
        ({"a": 2, "b": 5, "total": 7}, {"total"}),  # few in a
        ({"a": 6, "b": 7, "total": 13}, set()),  # leaves two of b
        ({"a": 5, "b": 7, "total": 12}, {"total"}),  # leaves one of a, three in all
        ({"with": 14, "without": 1}, set()),  # groups that a result forms
    ],
)
def test_the_size_of_a_set_is_a_count_like_any_other(sizes, kept):
    """Women alone are sampled, say: N of the women and N of the arm would tell the number of men."""
    rows = pd.concat(
        [size_rows(sizes), count_rows({"": list(sizes.values())}, tuple(sizes), tuple(sizes.values()))]
    )
    assert {group for group, name in left(rows) if name == "N"} == kept
    assert {group for group, name in left(rows) if name in ("n", "percent")} == kept


def test_values_at_a_visit_are_a_set_too():
    complete = {
        ("b", name): value
        for name, value in {"n": 9, "mean": 5, "ci_low of mean": 4, "ci_high of mean": 6}.items()
    }
    but_one = complete | {("b", "n"): 8}
    assert left(value_rows(complete)) == {("b", name) for name in ("n", "mean", "ci_low", "ci_high")}
    assert left(value_rows(but_one)) == set()
    samples = value_rows({("b", "n"): 8}).assign(unit="records")
    assert left(samples) == {("b", "n")}


@pytest.mark.parametrize(
    "counts", [{"n1": 4, "n2": 10}, {"n1": 2, "n2": 9}, {"pairs": 14}, {"both": 1, "pairs": 9}]
)
def test_other_counts_hide_what_rests_on_them(counts):
    rows = value_rows({("total", name): float(n) for name, n in {**counts, "p_value": 0.04}.items()})
    assert left(rows) == set()


def test_estimates_without_a_count_follow_that_of_their_column():
    rate = count_rows({"": [2, 5, 7]}, analysis="rate")
    ends = {
        (group, name): 1.0 for group in ("a", "b", "total") for name in ("ci_low of mean", "ci_high of mean")
    }
    wilson, chance = value_rows(ends, analysis="wilson"), value_rows(ends, analysis="exceeds", level="20")
    kept = left(pd.concat([rate, wilson, chance]))
    assert {group for group, name in kept if name == "ci_low"} == {"total"}


def test_a_proportion_without_event_is_a_count():
    size = size_rows({"a": 6, "b": 9, "total": 15})
    curve = {("b", "km_percent"): 100 * 8 / 9, ("b", "ci_low of km_percent"): 60.0}
    assert not {("b", "km_percent"), ("b", "ci_low")} & left(pd.concat([size, value_rows(curve)]))
    half = {("b", "km_percent"): 100 * 5 / 9, ("b", "ci_low of km_percent"): 20.0}
    assert {("b", "km_percent"), ("b", "ci_low")} <= left(pd.concat([size, value_rows(half)]))


def test_a_median_without_count_is_of_as_many_as_its_set():
    size = size_rows({"a": 4, "b": 9})
    assert {("b", "median")} == left(pd.concat([size, value_rows({("a", "median"): 1, ("b", "median"): 2})])) - {
        ("a", "N"), ("b", "N"),
    }  # fmt: skip


def test_the_head_of_levels_counts_as_their_sum():
    rows = count_rows({"": [4], "failure": [3], "withdrawal": [1]}, groups=("total",), sizes=(22,))
    assert shown(rows) == {("", "total"): 4}


def test_levels_of_one_block_add_up():
    """Levels of several tests stand in one analysis; those of each add up to its size."""
    rows = count_rows(
        {("HGB", "LOW"): [9], ("HGB", "HIGH"): [2], ("ALT", "LOW"): [4]}, groups=("total",), sizes=(11,)
    )
    assert shown(rows) == {(("ALT", "LOW"), "total"): 4}


def test_reasons_for_no_value_add_up_with_those_who_have_one():
    value = count_rows({"": [6]}, groups=("total",), sizes=(15,), analysis="lamzhl")
    reasons = {("LAMZHL", "poor fit"): [2], ("LAMZHL", "too few"): [7], ("TMAX", "too few"): [3]}
    missing = count_rows(reasons, groups=("total",), sizes=(15,), analysis="missing")
    missing = missing[missing["statistic"] == "n"]
    found = suppress(pd.concat([value, missing], ignore_index=True), OF_TRIAL)
    kept = found[(found["statistic"] == "n") & found["value"].notna()]
    assert levels_in(kept) == ["", ("TMAX", "too few")]


def test_a_mean_that_gives_another_back_goes():
    means = {
        ("a", "n"): 3,
        ("b", "n"): 9,
        ("total", "n"): 12,
        ("a", "mean"): 1,
        ("b", "mean"): 2,
        ("total", "mean"): 3,
    }
    assert {group for group, name in left(value_rows(means)) if name == "mean"} == {"total"}
    without_total = {key: value for key, value in means.items() if key[0] != "total"}
    assert {group for group, name in left(value_rows(without_total)) if name == "mean"} == {"b"}


def test_cells_that_several_displays_tell_go_but_not_the_arms():
    rows = pd.concat([size_rows({"a": 6}), count_rows({"x": [3]}, groups=("a",), sizes=(6,))])
    also = frozenset({("tbl-x", "size", "", "", "a"), ("tbl-x", "kind", "", "x", "a")})
    assert left(rows, Rule(MINIMUM, {"a": (6,)}, {}, also)) == {("a", "N")}


WHOLE_RULE = Rule(
    4,
    {"a": (5, 6)},
    {"a": ("A", "B")},
    frozenset({("tbl-x", "kind", "", "é", "a"), ("tbl-y", "kind", "", "", "a")}),
    frozenset({"tbl-x", "tbl-design"}),
    frozenset({"tbl-y"}),
)


def test_the_rule_reaches_the_notebooks_whole(tmp_path):
    write_rule(WHOLE_RULE, tmp_path)
    assert read_rule(tmp_path) == WHOLE_RULE


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"minimum": 3}'])
def test_a_rule_that_is_not_there_or_damaged_stops(tmp_path, text):
    with pytest.raises(DataError, match=r"small_counts\.json: holds no rule .* Run the version again"):
        read_rule(tmp_path)
    (tmp_path / RULE_FILE).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="without it every count would be shown"):
        read_rule(tmp_path)


def test_of_a_rule_only_what_concerns_a_display_is_its_own():
    own = WHOLE_RULE.only(["tbl-y", "tbl-z"])
    assert own.also == {("tbl-y", "kind", "", "", "a")}
    assert (own.without_subjects, own.characteristics) == (frozenset(), {"tbl-y"})
    assert (own.minimum, own.arms, own.columns) == (4, WHOLE_RULE.arms, WHOLE_RULE.columns)
    rows = count_rows({"x": [4, 5, 9]}, display="tbl-y")
    pd.testing.assert_frame_equal(suppress(rows, own), suppress(rows, WHOLE_RULE))


def test_tables_show_what_the_rule_in_force_lets_them(suppress_by):
    rows = count_rows({"x": [1, 5, 6]})
    assert rule_in_force() is None
    assert as_shown(rows)["value"].notna().all()
    suppress_by(RULE)
    assert as_shown(rows)["value"].isna().any()
    enforce(None)
    assert as_shown(rows)["value"].notna().all()


def test_rows_are_suppressed_as_they_are_written(tmp_path):
    rows = count_rows({"x": [1, 5, 6]})
    write_rows(rows, tmp_path, RULE)
    assert read_rows(tmp_path)["value"].isna().sum() == 4
    assert read_rows(tmp_path, WHOLE)["value"].tolist() == rows["value"].tolist()


def test_the_outer_quantiles_of_a_band_are_single_values():
    values = {"n": 9.0, "p5": 1.0, "q1": 2.0, "median": 5.0, "q3": 7.0, "p95": 9.0}
    frame = pd.DataFrame({"group": "total", "statistic": list(values), "value": list(values.values())})
    rows = suppress(make_rows(frame, display="fig-x", analysis="band", visit="Week 1"), RULE)
    known = dict(zip(rows["statistic"], rows["value"].notna(), strict=True))
    assert known == {"n": True, "p5": False, "q1": True, "median": True, "q3": True, "p95": False}
