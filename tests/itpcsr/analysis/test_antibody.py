"""Antibody statistics against R and publications, and on trials where everyone or no one has antibodies."""

import math

import numpy as np
import pandas as pd
import pytest

from csrkit.absence import mark_source
from csrkit.carried import name_display, rows_behind
from csrkit.rows import absence, combine
from csrkit.stats.categories import mcnemar_exact
from csrkit.stats.estimation import TOO_FEW_IN_SUBSET
from itpcsr.analysis import antibody
from itpcsr.sdtm import Trial
from tests.faults.chain import show
from tests.itpcsr.adam.antibodies import AFTER, BEFORE, derived, result
from tests.itpcsr.analysis.test_laboratory import find

EVENTS = pd.DataFrame({"USUBJID": [], "TRTEMFL": [], "SERFL": [], "INFRFL": []}, dtype="str")
NO_EVENTS = mark_source(EVENTS, "AE", held=True)
NO_RESPONSE = pd.DataFrame({"USUBJID": [], "PARAMCD": [], "AVALC": []}, dtype="str")


@pytest.fixture(scope="module")
def by_r(root):
    table = pd.read_csv(root / "tests/reference/antibody.csv")
    return {(row.case, row.quantity): row.value for row in table.itertuples()}


@pytest.mark.parametrize(
    "pair", [(1, 0), (2, 0), (0, 3), (3, 1), (1, 7), (2, 2), (5, 5), (86, 150)], ids=lambda pair: str(pair)
)
def test_mcnemar_exact_as_in_r(by_r, pair):
    exact, _ = mcnemar_exact(*pair)
    assert exact == pytest.approx(by_r[f"mcnemar {pair[0]} {pair[1]}", "exact"], rel=1e-10)


def test_mcnemar_of_published_tables():
    """Bentur 2009 in Fagerland, Lydersen and Laake 2017, chapter 8: exact 0.0703, mid-p 0.0391."""
    exact, mid = mcnemar_exact(1, 7)
    assert exact == pytest.approx(0.070312, abs=1e-6)
    assert mid == pytest.approx(0.039062, abs=1e-6)


def test_mid_p_where_as_many_gain_as_lose():
    """One minus half the point probability (Fagerland 2013), here of 2 in 4: 6 in 16."""
    assert mcnemar_exact(2, 2) == (1.0, pytest.approx(1 - 6 / 32))


def test_mcnemar_without_change():
    assert all(math.isnan(p) for p in mcnemar_exact(0, 0))


def test_rank_test_as_in_r(by_r):
    untied = antibody.rank_test_exact(
        np.array([599.0, 624, 121]), np.array([1173.0, 645, 340, 198, 2298, 767])
    )
    assert untied == pytest.approx(by_r["ranks untied", "p"], rel=1e-10)
    tied = antibody.rank_test_exact(
        np.array([120.0, 120, 300, 450]), np.array([120.0, 300, 300, 700, 900, 900, 1500])
    )
    assert tied == pytest.approx(by_r["ranks tied", "p"], rel=1e-10)


def test_rank_test_of_many():
    first, second = np.arange(0.0, 40), np.arange(10.5, 50)
    assert 0 < antibody.rank_test_exact(first, second) < 0.01
    assert math.isnan(antibody.rank_test_exact(np.repeat(first, 2), second))


def pairs(before, after, *subjects):
    return [
        result(name, day, text)
        for name in subjects
        for day, text in ((BEFORE, before), (AFTER, after))
        if text is not None
    ]


LABELS = {
    "status": "tbl-antibody-status",
    "titres": "tbl-antibody-titres",
    "paired": "tbl-antibody-paired",
    "auto": "tbl-autoantibodies",
    "relations": "tbl-antibody-relation",
    "listing": "tbl-antibody-listing",
    "figure": "fig-antibody-subjects",
}


def analysed(study, *records, subjects=("A", "B", "C"), values=None, **replaced):
    """Return what the notebook shows of a small trial: label to display; each subject has a concentration."""
    found = derived(study, *records, subjects=subjects)
    peaks = found["adsl"][["USUBJID"]].assign(PARAMCD="CMAX", AVAL=np.arange(100.0, 100 + len(found["adsl"])))
    found |= {"adrs": NO_RESPONSE, "adae": NO_EVENTS, "adpp": peaks} | replaced
    return show(Trial({}), study, "50-antibody", datasets=found, values=values)


def rows_of(displays, name):
    """Return the result rows behind one display."""
    return name_display(rows_behind(displays[LABELS[name]]), LABELS[name])


@pytest.mark.parametrize(
    ("before", "after", "counts"),
    [
        ("NEGATIVE", "1:40", {"induced": 3, "incidence": 3, "prevalence": 3, "baseline": 0}),
        ("NEGATIVE", "NEGATIVE", {"negative": 3, "incidence": 0, "prevalence": 0, "baseline": 0}),
        ("1:40", "1:640", {"boosted": 3, "incidence": 3, "prevalence": 3, "baseline": 3}),
        ("1:40", "NEGATIVE", {"unchanged": 3, "cleared": 3, "incidence": 0, "prevalence": 3}),
        ("1:320", ">1:640", {"unknown": 3, "incidence": 0, "prevalence": 3, "baseline": 3}),
    ],
)
def test_all_alike(study, before, after, counts):
    rows = rows_of(analysed(study, *pairs(before, after, "A", "B", "C")), "status")
    for name, n in counts.items():
        assert find(rows, name, level="ANY")["value"] == n, name
        assert find(rows, name, statistic="N", level="HLA1AB")["value"] == 3
    low, high = (
        find(rows, "incidence", statistic=name, level="ANY")["value"] for name in ("ci_low", "ci_high")
    )
    if counts["incidence"]:
        assert (low, high) == (pytest.approx(29.24, abs=0.005), 100)  # R: binom.test(3, 3)
    else:
        assert (low, high) == (0, pytest.approx(70.76, abs=0.005))


def test_missing_second_sample_and_missing_baseline(study):
    rows = rows_of(analysed(study, *pairs("NEGATIVE", None, "A"), *pairs(None, "1:40", "B")), "status")
    assert find(rows, "evaluable", level="ANY")["value"] == 0
    assert find(rows, "tested", level="ANY")["value"] == 2
    assert find(rows, "prevalence", level="ANY")["value"] == 1
    assert find(rows, "incidence", statistic="percent", level="ANY")["reason"] == "no subjects in this group"
    assert find(rows, "outside", level="no result before treatment")["value"] == 1
    assert find(rows, "outside", level="no result after treatment began")["value"] == 1
    assert find(rows, "outside", level="no result at all")["value"] == 1


def test_titres_and_rise(study, by_r):
    names = tuple("ABCDE")
    later = (40, 80, 160, 160, 320)
    records = [result(name, BEFORE, "NEGATIVE") for name in names[1:]] + [result("A", BEFORE, "<1:10")]
    records += [result(name, AFTER, f"1:{titre}") for name, titre in zip(names, later, strict=True)]
    rows = rows_of(analysed(study, *records, subjects=names), "titres")
    after = {"level": "HLA1AB", "visit": "Highest after treatment began"}
    mean = find(rows, "titre", statistic="geometric_mean", **after)
    assert mean["value"] == pytest.approx(by_r["titres", "geometric_mean"], rel=1e-10)
    assert find(rows, "titre", statistic="median", **after)["value"] == 160
    assert find(rows, "titre", level="HLA1AB", visit="Before treatment")["value"] == 0
    assert (
        find(rows, "rise", statistic="median", level="HLA1AB")["reason"] == "no positive sample with a titre"
    )


def test_rise_and_censored_titres(study):
    records = [*pairs("1:40", ">1:640", "A"), *pairs("1:40", "1:80", "B")]
    rows = rows_of(analysed(study, *records), "titres")
    assert find(rows, "rise", statistic="max", level="HLA1AB")["value"] == 16
    assert find(rows, "rise", statistic="geometric_mean", level="HLA1AB")["reason"] == "fewer than 3 values"
    after = {"level": "HLA1AB", "visit": "Highest after treatment began"}
    assert find(rows, "titre", statistic="censored", **after)["value"] == 1


def test_paired(study):
    records = [*pairs("NEGATIVE", "1:40", "A", "B", "C"), *pairs("1:40", "NEGATIVE", "D")]
    rows = rows_of(analysed(study, *records, *pairs("1:40", "1:40", "E"), subjects=tuple("ABCDE")), "paired")
    counts = {
        name: find(rows, "change", statistic=name, level="HLA1AB")["value"] for name in ("gained", "lost")
    }
    assert counts == {"gained": 3, "lost": 1}
    assert find(rows, "change", statistic="p_value", level="HLA1AB")["value"] == 0.625
    assert find(rows, "change", statistic="mid_p", level="HLA1AB")["value"] == pytest.approx(0.375)
    assert "3 subjects or fewer" in find(rows, "change", statistic="p_value", level="DSAB")["reason"]


def test_no_test_of_three_and_none_without_change(study):
    rows = rows_of(analysed(study, *pairs("NEGATIVE", "1:40", "A", "B", "C")), "paired")
    assert "3 subjects or fewer" in find(rows, "change", statistic="p_value", level="HLA1AB")["reason"]
    found = analysed(study, *pairs("NEGATIVE", "NEGATIVE", "A", "B", "C", "D"), subjects=tuple("ABCD"))
    rows = rows_of(found, "paired")
    assert find(rows, "change", statistic="mid_p", level="HLA1AB")["reason"] == "no subject changed"


def test_autoantibodies_lost_and_gained(study):
    values = {"A": (2.0, 0.4), "B": (0.5, 1.2), "C": (2.0, 1.9)}
    records = [
        result(name, day, "", "GP2B3AAB", number, VISIT=visit)
        for name, numbers in values.items()
        for (day, visit), number in zip(((1, "DAY 1"), (85, "WEEK 12")), numbers, strict=True)
    ]
    found = analysed(study, *records)
    rows = rows_of(found, "auto")
    assert find(rows, "positive", level="GP2B3AAB", visit="Baseline")["value"] == 2
    assert find(rows, "positive", level="GP2B3AAB", visit="Week 12")["value"] == 2
    assert [find(rows, name, level="GP2B3AAB")["value"] for name in ("lost", "gained")] == [1, 1]
    assert [find(rows, name, statistic="N", level="GP2B3AAB")["value"] for name in ("lost", "gained")] == [
        2,
        1,
    ]
    assert find(rows, "ratio", statistic="median", level="GP2B3AAB", visit="Week 12")["value"] == 1.2
    assert (
        absence(rows_of(found, "status"))
        == "No result of these antibodies was recorded in a treated subject."
    )


def test_relations_of_the_simulated_trial(demo_trial, demo, study, by_r):
    people = antibody.describe_subjects(*(demo[name] for name in ("adsl", "adab", "adrs", "adae", "adpp")))
    displays = show(demo_trial, study, "50-antibody", datasets=demo)
    rows = rows_of(displays, "relations")
    p = find(rows, "response", "", "p_value", "autoantibody")
    assert p["value"] == pytest.approx(by_r["fisher 6/11 2/7", "p"], rel=1e-9)
    p = find(rows, "teae", "", "p_value", "autoantibody")
    assert p["value"] == pytest.approx(by_r["fisher 10/11 3/7", "p"], rel=1e-9)
    assert find(rows, "response", "", "p_value", "emergent")["reason"] == TOO_FEW_IN_SUBSET
    assert find(rows, "cmax", "with", "n", "emergent")["value"] == 1
    assert (people["TEAEN"] > 0).sum() == 13  # published, and assigned in the simulation
    records = [
        record for part in displays[LABELS["figure"]].to_dict()["datasets"].values() for record in part
    ]
    assert len({record["Subject"] for record in records if "Sign" in record}) == 18


def test_relations_where_nobody_differs(study):
    found = analysed(
        study, *pairs("NEGATIVE", "1:40", "A", "B", "C"), *pairs("NEGATIVE", "NEGATIVE", "D", "E", "F"),
        subjects=tuple("ABCDEF"),
    )  # fmt: skip
    rows = rows_of(found, "relations")
    assert find(rows, "reaction", "", "p_value", "emergent")["reason"] == "all subjects have the same value"
    assert find(rows, "cmax", "", "p_value", "emergent")["value"] == pytest.approx(0.1)  # 2 of 20
    assert find(rows, "response", "with", "percent", "emergent")["reason"] == "not recorded in the data"
    assert "autoantibody" not in set(rows["level"])


def test_adverse_events_unknown_are_not_none(study):
    events = mark_source(EVENTS, "AE", held=False)
    found = derived(study, *pairs("NEGATIVE", "1:40", "A"))
    peaks = pd.DataFrame({"USUBJID": [], "PARAMCD": [], "AVAL": []})
    people = antibody.describe_subjects(found["adsl"], found["adab"], NO_RESPONSE, events, peaks)
    assert people[["TEAEN", "SERN", "REACTN"]].isna().all(axis=None)


def test_nothing_to_show(study, pilot_study):
    names = ("status", "titres", "paired", "auto", "relations")
    found = analysed(study)
    assert all(absence(rows_of(found, name)).startswith("No result") for name in names)
    silent = analysed(pilot_study)
    sentence = "The study names no antibodies to analyse."
    assert {absence(rows_of(silent, name)) for name in names} == {sentence}
    adab = mark_source(derived(study)["adab"], "IS", held=False)
    assert "no domain of antibodies (IS)" in absence(rows_of(analysed(study, adab=adab), "status"))


def test_rows_have_one_key_each(study):
    found = analysed(study, *pairs("NEGATIVE", "1:40", "A", "B"), *pairs("1:40", "1:40", "C"))
    names = ("status", "titres", "paired", "auto", "relations")
    rows = combine(*(rows_of(found, name).assign(notebook="") for name in names))
    assert set(rows["display"]) == {LABELS[name] for name in names}
