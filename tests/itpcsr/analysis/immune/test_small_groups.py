"""Immune function with nobody, one, two or three subjects in a group, constant markers, and visits without values."""

import re

import numpy as np
import pandas as pd
import pytest

from csrkit.rows import combine
from csrkit.stats.permutation import Permutations, swap_groups
from csrkit.tables.files import Prose
from csrkit.tables.formats import NOT_ESTIMABLE
from csrkit.tables.table import Table
from itpcsr.adam.datasets import Datasets
from itpcsr.analysis.immune.panel import NO_TABLE, NO_VALUES
from itpcsr.study import read_study
from tests import small
from tests.covid import analyse_everything

WEEKS = [2, 4, 8]


@pytest.fixture(scope="module")
def plan(root):
    whole = read_study(root / "params/study.yml", immune_weeks=WEEKS)
    wanted = {"TLHRTLH", "TH17TH", "TH17TREG", "TLYLY", "INTLK10"}
    return whole.with_markers(marker for marker in whole.markers if marker.code in wanted)


def make(plan, responders, others, *, constant=False, empty_week=None, gap=False, seed=1):
    """Return the datasets of a trial with these numbers of subjects; responders' Treg rise."""
    rng = np.random.default_rng(seed)
    names = [f"S{number:02}" for number in range(responders + others)]
    cp, lb = [], []
    for place, name in enumerate(names):
        for week in [0, *WEEKS]:
            number_day = -1 if week == 0 else 1 + 7 * week
            if week == empty_week or (gap and place == 0 and week == WEEKS[0]):
                continue
            for code, centre in (("TLHRTLH", 3.0), ("TH17TH", 2.0), ("TLYLY", 70.0)):
                noise = 0 if constant else rng.normal(0, 0.1)
                rise = 0.3 * (place < responders and code == "TLHRTLH" and week > 0 and not constant)
                cp.append((name, code, centre * np.exp(noise + rise), number_day))
            lb.append((name, "INTLK10", 4.0 if constant else 4 * np.exp(rng.normal(0, 0.3)), number_day))
        for week in range(29):
            count = 20.0 + (place < responders) * 60 * (week > 1)
            lb.append((name, "PLAT", count + rng.integers(0, 5), -1 if week == 0 else 1 + 7 * week))
    trial = small.trial(
        DM=small.dm(*((name, "ESC20" if place % 2 else "ESC05") for place, name in enumerate(names))),
        EX=small.ex(*names), CP=_findings("CP", cp), LB=_findings("LB", lb),
    )  # fmt: skip
    derived = Datasets(trial, plan)
    return {name: derived[name] for name in ("adsl", "adcp", "adlb", "adrs")}


def _findings(domain, rows):
    frame = pd.DataFrame(rows, columns=["USUBJID", "CODE", "VALUE", "DAY"])
    units = {"INTLK10": "pg/mL", "PLAT": "10^9/L"}
    return pd.DataFrame(
        {
            "STUDYID": "T", "DOMAIN": domain, "USUBJID": frame["USUBJID"],
            f"{domain}SEQ": np.arange(len(frame)) + 1.0, f"{domain}TESTCD": frame["CODE"],
            f"{domain}TEST": frame["CODE"], f"{domain}STRESN": frame["VALUE"],
            f"{domain}STRESU": frame["CODE"].map(units).fillna("%"),
            f"{domain}DTC": frame["DAY"].map(small.day),
        }
    )  # fmt: skip


def analyse(datasets, plan):
    """Return the rows of the notebook by display, and what it shows by label, as the report takes it."""
    results, shown = analyse_everything(datasets, plan, lag_weeks=[-1, 0, 1], split_week=3)
    combine(*results.values())
    for display in shown.values():
        if isinstance(display, Table):
            assert display.absent or all("nan" not in cell for row in display.rows for cell in row.cells)
        elif isinstance(display, Prose):
            assert display.passages or display.absent
        else:
            display.to_dict()
    return results, shown


def values(rows, analysis, name, level="TLHRTLH"):
    statistic, _, of = name.partition(" of ")
    chosen = rows[
        (rows["analysis"] == analysis) & (rows["statistic"] == statistic) & (rows["level"] == level)
    ]
    chosen = chosen[chosen["of"] == of]
    return chosen["value"].to_numpy()


@pytest.mark.parametrize("sizes", [(0, 1), (2, 2), (0, 3), (3, 3)])
def test_groups_of_any_size(plan, sizes):
    results, _ = analyse(make(plan, *sizes), plan)
    total = sum(sizes)
    change = results["tbl-immune-change"]
    assert values(change, "mean_change", "n") == [total]
    assert np.isnan(values(change, "mean_change", "p_value")[0]) == (total < 4)
    response = results["tbl-immune-response"]
    p = values(response, "difference", "p_value")
    assert not len(p) or np.isnan(p[0]) == (min(sizes) < 3)


def test_all_arrangements_give_the_smallest_p_of_four_subjects(plan):
    results, _ = analyse(make(plan, 4, 0), plan)
    assert values(results["tbl-immune-change"], "mean_change", "p_value") == [0.125]


def test_three_subjects_have_no_p_value(plan):
    results, _ = analyse(make(plan, 3, 0), plan)
    for name in ("tbl-immune-change", "tbl-immune-planned", "tbl-immune-visits", "tbl-immune-platelets"):
        tests = results[name][results[name]["statistic"].isin(["p_value", "p_adjusted"])]
        assert len(tests)
        assert tests["value"].isna().all()


def test_all_responders_say_why_there_is_no_comparison(plan):
    _, shown = analyse(make(plan, 5, 0), plan)
    table, text = shown["tbl-immune-response"], shown["txt-immune"]
    assert NOT_ESTIMABLE in {cell for row in table.rows for cell in row.cells}
    assert "fewer than 3 subjects with values in a group" in table.notes[-1]
    assert "nothing can be estimated" in text.passages[1].paragraphs[0]


def test_constant_markers_are_not_tested(plan):
    results, _ = analyse(make(plan, 4, 4, constant=True), plan)
    change = results["tbl-immune-change"]
    assert change.loc[change["statistic"] == "p_value", "value"].isna().all()
    reasons = set(change.loc[change["statistic"] == "p_value", "reason"])
    assert reasons == {"all values are equal"}


def test_a_visit_without_values_leaves_the_complete_cases(plan):
    results, _ = analyse(make(plan, 4, 4, empty_week=4), plan)
    visits = results["tbl-immune-visits"]
    assert values(visits, "anova", "n") == [8]
    assert values(visits, "anova", "visits") == [3]
    planned = results["tbl-immune-planned"]
    missing = planned[(planned["visit"] == "Week 4") & (planned["statistic"] == "p_value")]
    assert set(missing["reason"]) == {"no subject has baseline and a later value"}


def test_a_gap_takes_a_subject_from_complete_cases_and_not_from_the_others(plan):
    results, _ = analyse(make(plan, 4, 4, gap=True), plan)
    visits = results["tbl-immune-visits"]
    assert values(visits, "anova", "n") == [7]
    assert values(results["tbl-immune-change"], "mean_change", "n") == [8]


@pytest.mark.parametrize("reason", [NO_TABLE, NO_VALUES])
def test_a_study_without_markers_or_values_says_so(plan, demo, reason):
    datasets = {**demo, "adcp": demo["adcp"].head(0)}
    results, shown = analyse(datasets, plan.with_markers([]) if reason == NO_TABLE else plan)
    assert shown.pop("tbl-immune-tests").absent == "No test was made."
    assert {display.absent for display in shown.values()} == {reason}
    assert set(results["tbl-immune-visits"]["reason"]) == {reason}


def test_a_planted_rise_is_found_in_responders(plan):
    results, shown = analyse(make(plan, 8, 8), plan)
    response = results["tbl-immune-response"]
    assert values(response, "difference", "p_adjusted")[0] < 0.01
    assert values(response, "difference", "ci_low of estimate")[0] > 1
    text = shown["txt-immune"]
    said = text.passages[1].paragraphs[0]
    assert "Regulatory T cells (Treg) moved to higher values in responders" in said
    assert "would leave out no difference by chance alone" in said
    assert not re.search(r"\bp\b", " ".join(text.passages[1].paragraphs))


def test_two_subsets_of_three_can_carry_a_p_value_and_two_of_a_subset_cannot():
    """All of the first group below all of the second: 2 of the 20 ways to choose 3 of 6 are as far apart."""
    values = np.array([[1.0], [2], [3], [10], [11], [12]])
    three, two = (np.arange(6) < number for number in (3, 2))
    assert swap_groups(values, three, Permutations()).tolist() == [0.1]
    assert np.isnan(swap_groups(values, two, Permutations())).all()
    assert np.isnan(swap_groups(values[:0], three[:0], Permutations())).all()


@pytest.mark.parametrize(("responders", "tested"), [(2, False), (3, True)])
def test_the_adjusted_difference_is_held_to_the_subsets_too(plan, responders, tested):
    datasets = make(plan, responders, 9)
    adsl = datasets["adsl"].sort_values("USUBJID")
    datasets["adsl"] = adsl.assign(SPLENFL=np.where(np.arange(len(adsl)) % 2, "Y", "N"))
    rows = analyse(datasets, plan)[0]["tbl-immune-response"]
    for analysis in ("difference", "splenectomy"):
        chosen = rows[(rows["analysis"] == analysis) & (rows["statistic"] == "p_value")]
        assert chosen["value"].notna().all() == tested
        assert set(chosen["reason"]) == ({""} if tested else {"fewer than 3 subjects with values in a group"})
    assert rows.query("analysis == 'splenectomy' and statistic == 'estimate'")["value"].notna().all()


@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_values_that_numbers_can_hardly_hold_have_a_reason(plan, scale):
    """Warnings are errors in all tests, so that one that leaks fails here."""
    datasets = make(plan, 4, 4)
    adcp = datasets["adcp"]
    datasets["adcp"] = adcp.assign(AVAL=adcp["AVAL"] * scale, TVAL=adcp["TVAL"] * scale)
    results, _ = analyse(datasets, plan)
    rows = combine(*results.values())
    assert (rows.loc[rows["value"].isna(), "reason"] != "").all()
