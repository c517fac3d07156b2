"""Subtracting the displays of an external version from each other: of small ones, and of the whole report."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from csrkit.disclosure.counted import CHARACTERISTICS, NOTHING, ORDER, Rule, read_rule
from csrkit.disclosure.differencing import Found, attack
from csrkit.disclosure.small_counts import suppress
from csrkit.errors import PublishError
from csrkit.publish import external
from csrkit.publish.external import make_rule, run_suppressed
from csrkit.publish.fragments import read_options
from csrkit.rows import make_rows

ARMS = {"a": (6,), "b": (9,), "all": (15,), "total": (15,)}
COLUMNS = {"a": ("A",), "b": ("B",), "all": ("A", "B"), "total": ("A", "B")}
RULE = Rule(3, ARMS, COLUMNS, characteristics=frozenset({"tbl-baseline"}))


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


def find(whole: pd.DataFrame, *hidden: tuple[str, str, str], rule=RULE) -> set[tuple[str, str, str]]:
    """Return display, level and group of what comes out where these cells are hidden."""
    places = whole[["display", "level", "group"]].apply(tuple, axis=1)
    shown = whole.assign(value=whole["value"].mask(places.isin(hidden)))
    return {(cell[0], cell[3], cell[4]) for cell in attack(whole, shown, rule).recovered}


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
    # only where the display's cell says that it counts characteristics
    assert find(whole, *hidden, rule=Rule(3, ARMS, COLUMNS)) == set()


def test_extremes_leave_no_choice():
    whole = counts({"x": {"a": 1, "b": 9, "total": 10}, "y": {"a": 2, "total": 2}})
    assert find(whole, ("tbl-x", "x", "a"), ("tbl-x", "y", "a")) == {("tbl-x", "x", "a")}


def saying(root, value: str) -> frozenset[str]:
    """Return the displays of which the notebooks say that they disclose this."""
    options = [read_options(path) for path in sorted((root / "notebooks").glob("*.ipynb"))]
    return frozenset(
        label for cells in options for label, said in cells.items() if said.get("discloses") == value
    )


def whole_rows(published, root) -> pd.DataFrame:
    """Return the true rows of what an external version of the demonstration publishes."""
    rows = pd.read_parquet(published / "results.parquet")
    of_subject = rows["level"].str.startswith("SIM-") | rows["group"].str.startswith("SIM-")
    return rows[~of_subject & ~rows["display"].isin(saying(root, ORDER))]


def test_no_small_count_of_the_report_comes_out(published, demo, study, root):
    whole = whole_rows(published, root)
    said = {"without_subjects": saying(root, NOTHING), "characteristics": saying(root, CHARACTERISTICS)}
    rule = replace(make_rule(demo["adsl"], study, 3), **said)
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


def test_notebooks_that_open_no_datasets_show_nothing_that_is_suppressed(published, demo, study, root):
    """They learn of no rule: related studies, and numbers of tests made from rows that are suppressed."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in (root / "notebooks").glob("*.ipynb")}
    names = sorted(name for name, text in texts.items() if "open_study" not in text)
    assert names == ["05-related-studies", "80-tests"]
    rule = replace(make_rule(demo["adsl"], study, 3), without_subjects=saying(root, NOTHING))
    rows = whole_rows(published, root)
    for name in names:
        own = rows[rows["notebook"] == name]
        assert own["value"].notna().any()
        assert suppress(own, rule).equals(own)


def a_run(folder) -> SimpleNamespace:
    report = SimpleNamespace(minimum_count=3, notebooks={"10-x": {}})
    adsl = pd.DataFrame({"USUBJID": ["1"], "ARMCD": ["A"], "SAFARMCD": ["A"]})
    columns = [SimpleNamespace(key="a", arms=["A"])]
    return SimpleNamespace(
        report=report,
        adam={"adsl": adsl.assign(ENRLFL="Y", SAFFL="Y", FASFL="Y")},
        study=SimpleNamespace(design=SimpleNamespace(columns=columns)),
        parameters="params/external.yml",
        store=folder,
        saying={NOTHING: frozenset({"tbl-design"}), CHARACTERISTICS: frozenset({"tbl-x"})}.get,
    )


def test_what_comes_out_is_suppressed_in_the_next_round(monkeypatch, tmp_path):
    cell = ("tbl-x", "kind", "", "x", "a")
    rounds = [Found(9, 3, 12, ((*cell, "n"),), frozenset({cell})), Found(9, 3, 12, (), frozenset())]
    monkeypatch.setattr(external, "attack_version", lambda run, rule: rounds.pop(0))
    rules, said = [], []
    # what the notebooks of each round read is what the round goes by
    run_suppressed(a_run(tmp_path), lambda rule: rules.append((rule, read_rule(tmp_path))), said.append)
    assert all(rule == read for rule, read in rules)
    rules = [rule for rule, _ in rules]
    assert [rule.also for rule in rules] == [frozenset(), {cell}]
    assert (rules[1].without_subjects, rules[1].characteristics) == ({"tbl-design"}, {"tbl-x"})
    assert rules[0].arms == {"total": (1,), "a": (1,)}
    assert "recovers none of 3 small counts" in said[-1]


def test_what_still_comes_out_stops_the_publication(monkeypatch, tmp_path):
    found = Found(9, 3, 12, (("tbl-x", "kind", "", "x", "a", "n"),), frozenset())
    monkeypatch.setattr(external, "attack_version", lambda run, rule: found)
    with pytest.raises(PublishError, match=r"tbl-x kind x a n. Nothing was published. Raise `minimum_count`"):
        run_suppressed(a_run(tmp_path), lambda rule: None, lambda text: None)


def test_hiding_what_the_attack_names_is_enough():
    whole = counts({"f": {"b": 7}, "m": {"b": 2}})
    gone = whole["level"] == "m"
    found = attack(whole, whole.assign(value=whole["value"].mask(gone)), RULE)
    assert found.recovered
    rule = Rule(3, ARMS, COLUMNS, found.beside)
    assert attack(whole, suppress(whole, rule), rule).recovered == ()
    assert np.isnan(suppress(whole, rule)["value"]).all()
