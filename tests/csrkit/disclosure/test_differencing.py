"""Subtracting the displays of an external version from each other: of small ones, and of the whole report."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from csrkit.disclosure.counted import Rule
from csrkit.disclosure.differencing import Found, attack
from csrkit.disclosure.small_counts import suppress
from csrkit.errors import PublishError
from csrkit.publish import external
from csrkit.publish.external import OF_ORDER, make_rule, run_suppressed
from csrkit.rows import make_rows

ARMS = {"a": (6,), "b": (9,), "all": (15,), "total": (15,)}
COLUMNS = {"a": ("A",), "b": ("B",), "all": ("A", "B"), "total": ("A", "B")}
RULE = Rule(3, ARMS, COLUMNS)


def counts(
    table: dict[str, dict[str, float]], display="tbl-x", analysis="kind", statistic="n", **more
) -> pd.DataFrame:
    """Return rows of counts: level to the counts by group."""
    cells = [
        {"level": level, "group": group, "statistic": statistic, "value": n, "unit": "subjects"}
        for level, row in table.items()
        for group, n in row.items()
    ]
    return make_rows(pd.DataFrame(cells), display=display, analysis=analysis, **more)


def find(whole: pd.DataFrame, *hidden: tuple[str, str, str]) -> set[tuple[str, str, str]]:
    """Return display, level and group of what comes out where these cells are hidden."""
    places = whole[["display", "level", "group"]].apply(tuple, axis=1)
    shown = whole.assign(value=whole["value"].mask(places.isin(hidden)))
    return {(cell[0], cell[3], cell[4]) for cell in attack(whole, shown, RULE).recovered}


def test_a_column_follows_from_the_total():
    whole = counts({"x": {"a": 2, "b": 4, "total": 6}})
    assert find(whole, ("tbl-x", "x", "a")) == {("tbl-x", "x", "a")}
    assert find(whole, ("tbl-x", "x", "a"), ("tbl-x", "x", "b")) == set()


def test_a_pooled_column_of_another_display_gives_a_column_back():
    whole = pd.concat(
        [counts({"x": {"a": 2, "b": 4, "total": 6}}), counts({"x": {"b": 4, "all": 6}}, display="fig-x")],
        ignore_index=True,
    )
    hidden = [("tbl-x", "x", "a"), ("tbl-x", "x", "b"), ("fig-x", "x", "all")]
    assert find(whole, *hidden) == {("tbl-x", "x", "a")}


def test_levels_that_add_up_give_one_back():
    whole = counts({"f": {"b": 7}, "m": {"b": 2}})
    assert find(whole, ("tbl-x", "m", "b")) == {("tbl-x", "m", "b")}
    assert find(whole, ("tbl-x", "m", "b"), ("tbl-x", "f", "b")) == set()


def test_the_size_of_a_set_tells_who_is_outside_of_it():
    women = {"a": 4, "b": 7, "total": 11}
    men = {"a": 2, "b": 2, "total": 4}
    sex = counts({"F": women, "M": men}, display="tbl-baseline", analysis="sex")
    size = counts({"": women}, display="tbl-pk", analysis="size", statistic="N", population="sampled")
    whole = pd.concat([sex, size], ignore_index=True)
    hidden = [("tbl-baseline", level, group) for level in "FM" for group in "ab"]
    assert find(whole, *hidden) == set(hidden)
    assert find(whole, *hidden, ("tbl-pk", "", "a"), ("tbl-pk", "", "b")) == set()


def test_extremes_leave_no_choice():
    whole = counts({"x": {"a": 1, "b": 9, "total": 10}, "y": {"a": 2, "total": 2}})
    assert find(whole, ("tbl-x", "x", "a"), ("tbl-x", "y", "a")) == {("tbl-x", "x", "a")}


def whole_rows(published) -> pd.DataFrame:
    """Return the true rows of what an external version of the demonstration publishes."""
    rows = pd.read_parquet(published / "results.parquet")
    of_subject = rows["level"].str.startswith("SIM-") | rows["group"].str.startswith("SIM-")
    return rows[~of_subject & ~rows["display"].isin(OF_ORDER)]


def test_no_small_count_of_the_report_comes_out(published, demo, study):
    whole, rule = whole_rows(published), make_rule(demo["adsl"], study, 3)
    shown = pd.concat([suppress(part, rule) for _, part in whole.groupby("notebook", sort=False)])
    found = attack(whole, shown.loc[whole.index], rule)
    assert found.cells > 10_000
    assert found.hidden > 1_000
    assert found.equations > found.cells
    assert found.recovered == ()
    assert found.beside == frozenset()
    # the attack sees what was once shown, of these displays alone: the size of the women sampled for concentrations
    sizes = (whole["population"] == "pharmacokinetic set") & (whole["statistic"] == "N")
    before = shown.loc[whole.index].assign(value=lambda rows: rows["value"].where(~sizes, whole["value"]))
    few = sizes | (whole["display"] == "tbl-baseline")
    assert set(attack(whole[few], before[few], rule).recovered) == {
        ("tbl-baseline", "sex", "", sex, group, "n") for sex in "FM" for group in ("esc05", "exp20", "all20")
    }
    # nothing that rests on a suppressed count is shown beside it
    rates = shown[(shown["display"] == "tbl-response-rates") & (shown["group"] == "esc10")]
    assert rates.loc[rates["value"].notna(), "statistic"].tolist() == ["N", "N"]


def a_run() -> SimpleNamespace:
    report = SimpleNamespace(minimum_count=3, notebooks={"10-x": {}})
    adsl = pd.DataFrame({"USUBJID": ["1"], "ARMCD": ["A"], "SAFARMCD": ["A"]})
    columns = [SimpleNamespace(key="a", arms=["A"])]
    return SimpleNamespace(
        report=report,
        adam={"adsl": adsl.assign(ENRLFL="Y", SAFFL="Y", FASFL="Y")},
        study=SimpleNamespace(design=SimpleNamespace(columns=columns)),
        parameters="params/external.yml",
    )


def test_what_comes_out_is_suppressed_in_the_next_round(monkeypatch):
    cell = ("tbl-x", "kind", "", "x", "a")
    rounds = [Found(9, 3, 12, ((*cell, "n"),), frozenset({cell})), Found(9, 3, 12, (), frozenset())]
    monkeypatch.setattr(external, "attack_version", lambda run, rule: rounds.pop(0))
    rules, said = [], []
    run_suppressed(a_run(), rules.append, said.append)
    assert [rule.also for rule in rules] == [frozenset(), {cell}]
    assert rules[0].arms == {"total": (1,), "a": (1,)}
    assert "recovers none of 3 small counts" in said[-1]


def test_what_still_comes_out_stops_the_publication(monkeypatch):
    found = Found(9, 3, 12, (("tbl-x", "kind", "", "x", "a", "n"),), frozenset())
    monkeypatch.setattr(external, "attack_version", lambda run, rule: found)
    with pytest.raises(PublishError, match=r"tbl-x kind x a n. Nothing was published. Raise `minimum_count`"):
        run_suppressed(a_run(), lambda rule: None, lambda text: None)


def test_hiding_what_the_attack_names_is_enough():
    whole = counts({"f": {"b": 7}, "m": {"b": 2}})
    gone = whole["level"] == "m"
    found = attack(whole, whole.assign(value=whole["value"].mask(gone)), RULE)
    assert found.recovered
    rule = Rule(3, ARMS, COLUMNS, found.beside)
    assert attack(whole, suppress(whole, rule), rule).recovered == ()
    assert np.isnan(suppress(whole, rule)["value"]).all()
