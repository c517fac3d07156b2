"""Log-rank tests, Cox's model, restricted means and landmarks against R, and where they can't be had.

The witnesses are those of ``tests/reference/comparisons.R``, of the Veterans' Administration lung cancer trial
(Kalbfleisch and Prentice 1980; R's ``survival::veteran``), which that file writes as veteran.csv.
"""

import math

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from csrkit.stats.cox import check_proportional_hazards, hazard_ratios
from csrkit.stats.estimation import SINGULAR, TOO_FEW
from csrkit.stats.proportions import NO_SUBJECTS
from csrkit.stats.survival import kaplan_meier, median_time
from csrkit.stats.time_comparisons import (
    landmark_differences,
    log_rank,
    restricted_mean_differences,
    restricted_means,
)
from tests.conftest import ROOT

CELLS = ["squamous", "smallcell", "adeno", "large"]
MODELS = {  # columns and covariates of R's models
    "arm": {"group": "arm", "reference": "1"},
    "cell": {"group": "celltype", "reference": "squamous"},
    "adjusted": {"group": "arm", "reference": "1", "covariates": ["karno", "age", "celltype"]},
    "strata": {"group": "arm", "reference": "1", "covariates": ["karno"], "strata": "celltype"},
    "two": {
        "group": "celltype",
        "reference": "squamous",
        "covariates": ["karno"],
        "strata": ["trt", "prior"],
    },
}


@pytest.fixture(scope="module")
def r():
    table = pd.read_csv(ROOT / "tests/reference/comparisons.csv")
    return {(row.case, row.quantity): row.value for row in table.itertuples()}


@pytest.fixture(scope="module")
def veteran():
    frame = pd.read_csv(ROOT / "tests/reference/veteran.csv")
    return frame.assign(
        AVAL=frame["time"],
        CNSR=1 - frame["status"],
        arm=frame["trt"].astype("str"),
        celltype=pd.Categorical(frame["celltype"], CELLS),
    )


def course(**arms):
    """Return one record per subject of arms of times, where a negative one is censored."""
    return pd.DataFrame(
        [(arm, abs(time), int(time < 0)) for arm, times in arms.items() for time in times],
        columns=["arm", "AVAL", "CNSR"],
    )


def row_of(found):
    assert len(found) == 1
    return found.iloc[0]


@pytest.mark.parametrize(
    ("case", "options"),
    [
        ("log-rank trt", {"group": "trt"}),
        ("log-rank celltype", {"group": "celltype"}),
        ("log-rank trt by celltype", {"group": "trt", "strata": "celltype"}),
        ("log-rank celltype by trt", {"group": "celltype", "strata": ["trt"]}),
        ("fleming-harrington celltype", {"group": "celltype", "weights": "fleming-harrington"}),
        ("wilcoxon celltype", {"group": "celltype", "weights": "wilcoxon"}),
        ("tarone-ware celltype", {"group": "celltype", "weights": "tarone-ware"}),
    ],
)
def test_log_rank_tests_are_those_of_r(r, veteran, case, options):
    found = row_of(log_rank(veteran, **options))
    assert found["statistic"] == pytest.approx(r[case, "statistic"], rel=1e-9)
    assert found["df"] == r.get((case, "df"), 3)
    if (case, "p") in r:
        assert found["p_value"] == pytest.approx(r[case, "p"], rel=1e-8)
    assert (found["n"], found["events"], found["reason"]) == (137, 128, "")
    assert found["method"].endswith(", stratified") == ("strata" in options)


@pytest.mark.parametrize("name", MODELS)
def test_hazard_ratios_are_those_of_r(r, veteran, name):
    found = hazard_ratios(veteran, **MODELS[name])
    names = {"2": "arm2", **{cell: f"cell{cell}" for cell in CELLS}}
    names |= {f"celltype {cell}": f"cell{cell}" for cell in CELLS} | {"karno": "karno", "age": "age"}
    for row in found.itertuples():
        case = f"cox {name} {names[row.group or row.level]}"
        seen = [row.estimate, row.ci_low, row.ci_high, row.statistic]
        expected = [r[case, quantity] for quantity in ("estimate", "low", "high", "z")]
        assert seen == pytest.approx(expected, rel=1e-6), case
        assert row.p_value == pytest.approx(r[case, "p"], rel=1e-5)
        assert row.reason == ""
    assert len(found) == sum(case.startswith(f"cox {name} ") and what == "p" for case, what in r)


@pytest.mark.parametrize("name", MODELS)
def test_the_check_of_proportional_hazards_is_that_of_r(r, veteran, name):
    found = check_proportional_hazards(veteran, **MODELS[name])
    names = {"celltype": "cell", "global": "GLOBAL"}
    for row in found.itertuples():
        case = f"zph {name} {names.get(row.level, row.level)}"
        assert row.statistic == pytest.approx(r[case, "statistic"], rel=1e-6), case
        assert row.df == r[case, "df"]
    assert len(found) == sum(case.startswith(f"zph {name} ") and what == "df" for case, what in r)


@pytest.mark.parametrize("tau", [100, 500])
def test_restricted_means_are_those_of_r(r, veteran, tau):
    found = restricted_means(veteran, "arm", tau=tau).set_index("group")
    z = 1.959963984540054
    for arm in ("1", "2"):
        mean, error = (r[f"rmst {tau} {arm}", quantity] for quantity in ("mean", "se"))
        assert found.loc[arm, "estimate"] == pytest.approx(mean, rel=1e-9)
        assert found.loc[arm, "ci_high"] - mean == pytest.approx(z * error, rel=1e-8)
    difference = row_of(restricted_mean_differences(veteran, "arm", reference="1", tau=tau))
    means = [r[f"rmst {tau} {arm}", "mean"] for arm in (2, 1)]
    error = math.hypot(*(r[f"rmst {tau} {arm}", "se"] for arm in (1, 2)))
    assert difference["estimate"] == pytest.approx(means[0] - means[1])
    assert difference["statistic"] == pytest.approx((means[0] - means[1]) / error)
    assert difference["method"].endswith(f"up to {tau}")


def test_landmarks_are_those_of_r(r, veteran):
    found = landmark_differences(veteran, "arm", reference="1", at=[30, 90, 365]).set_index("visit")
    for at in (30, 90, 365):
        row = found.loc[f"Day {at}"]
        shares, errors = (
            [r[f"landmark {at} {arm}", quantity] for arm in (2, 1)] for quantity in ("share", "se")
        )
        assert row["estimate"] == pytest.approx(shares[0] - shares[1])
        assert row["statistic"] == pytest.approx((shares[0] - shares[1]) / math.hypot(*errors), rel=1e-8)
        assert row["ci_low"] < row["estimate"] < row["ci_high"]


def test_the_common_time_is_the_longest_for_which_all_groups_are_observed():
    frame = course(a=[3, 8, -20, 25, -40], b=[2, -9, 11, -30], c=[5, 6, 7, 12])
    assert restricted_means(frame, "arm")["method"].str.endswith("up to 12").all()
    later = restricted_means(frame, "arm", tau=35).set_index("group")
    assert later["reason"].to_dict() == {"a": "", "b": "not all groups were observed so long", "c": ""}
    assert later.loc["c", "estimate"] == pytest.approx(
        7.5
    )  # ended by an event: nobody is left to be observed
    difference = restricted_mean_differences(frame, "arm", reference="b", tau=35)
    assert (difference["reason"] == "not all groups were observed so long").all()


def test_where_there_is_no_interval_the_reason_is_said():
    none = course(a=[-9, -9, -9, -9], b=[-9, -9, -9, -9])
    for found in (
        restricted_mean_differences(none, "arm", reference="a"),
        landmark_differences(none, "arm", reference="a", at=[5]),
    ):
        row = row_of(found)
        assert row["estimate"] == 0
        assert math.isnan(row["ci_low"])
        assert row["reason"] == "no interval while all subjects, or none, are without event"
    few = row_of(restricted_mean_differences(course(a=[4, 5, 9], b=[3, 5, 8, 9]), "arm", reference="b"))
    assert few["reason"] == TOO_FEW
    assert few["ci_low"] < few["estimate"] < few["ci_high"]


@pytest.mark.parametrize(
    ("frame", "strata", "reason"),
    [
        (course(a=[1, 2, 3], b=[1, 2, 3, 4]), (), TOO_FEW),
        (course(a=[1, 2, 3, 4]), (), TOO_FEW),
        (course(a=[-1, -2, -3, -4], b=[-1, -2, -3, -4]), (), "no event was observed"),
        (
            course(a=[1, 2, 3, np.inf], b=[1, 2, 3, 4]),
            (),
            "a time to event is missing, infinite or negative",
        ),
        (course(a=[1, 2, 3, 4], b=[1, 2, 3, 4]), "arm", "the strata leave groups without another to be compared with"),
    ],
)  # fmt: skip
def test_what_cannot_be_tested_says_why(frame, strata, reason):
    found = row_of(log_rank(frame, "arm", strata=strata))
    assert math.isnan(found["p_value"])
    assert found["reason"] == reason


def test_groups_without_event():
    some = {"a": [3, 5, -8, 9, 12], "b": [2, -4, 6, 7, 7], "none": [-5, -6, -7, -8]}
    found = hazard_ratios(course(**some), "arm", reference="b").set_index("group")
    assert found.loc["none", ["estimate", "reason"]].tolist() == [0.0, "no event in this group"]
    assert math.isnan(found.loc["none", "ci_high"])
    without = course(a=some["a"], b=some["b"])
    alone = row_of(hazard_ratios(without, "arm", reference="b"))
    assert found.loc["a", "estimate"] == pytest.approx(alone["estimate"])
    checks = [check_proportional_hazards(frame, "arm", reference="b") for frame in (course(**some), without)]
    pd.testing.assert_frame_equal(*checks)
    other = hazard_ratios(course(**some), "arm", reference="none")
    assert other["estimate"].isna().all()
    assert (other["reason"] == "no event in the reference group").all()
    assert (check_proportional_hazards(course(**some), "arm", reference="none")["reason"] != "").all()


def test_categories_that_nobody_has():
    frame = course(a=[3, 5, -8, 9, 12], b=[2, -4, 6, 7, 7])
    frame["arm"] = pd.Categorical(frame["arm"], ["never", "b", "a"])
    for found in (
        hazard_ratios(frame, "arm", reference="b"),
        restricted_mean_differences(frame, "arm", reference="b"),
        landmark_differences(frame, "arm", reference="b", at=[6]),
    ):
        assert found["group"].tolist() == ["never", "a"]
        assert found["reason"].tolist() == [NO_SUBJECTS, ""]


def test_models_without_solution_say_why():
    frame = course(a=[3, 5, -8, 9, 12, 13], b=[2, -4, 6, 7, 7, 10])
    frame["marker"] = (frame["CNSR"] == 0).astype("int64")
    separated = hazard_ratios(frame, "arm", reference="b", covariates=["marker"])
    assert separated["estimate"].isna().all()
    said = "not estimable: a term of the model tells subjects with an event from those without"
    assert (separated["reason"] == said).all()
    assert (
        check_proportional_hazards(frame, "arm", reference="b", covariates=["marker"])["reason"] == said
    ).all()
    twice = hazard_ratios(frame.assign(other=frame["arm"]), "arm", reference="b", covariates=["other"])
    assert twice["reason"].tolist() == [SINGULAR] * 2
    constant = hazard_ratios(frame.assign(other="all"), "arm", reference="b", covariates=["other"])
    pd.testing.assert_frame_equal(constant, hazard_ratios(frame, "arm", reference="b"))
    assert hazard_ratios(frame, "arm", reference="b", strata="arm")["reason"].tolist() == [SINGULAR]


def test_who_has_no_covariate_or_stratum_is_left_out():
    frame = course(a=[3, 5, -8, 9, 12, 13], b=[2, -4, 6, 7, 7, 10]).assign(site="1", age=50.0)
    frame["age"] += np.arange(12) % 5
    more = pd.concat([frame, course(a=[1, 1], b=[1]).assign(site=["", "2", None], age=[40, np.nan, 60])])
    options = {"reference": "b", "covariates": ["age"], "strata": "site"}
    pd.testing.assert_frame_equal(
        hazard_ratios(more, "arm", **options), hazard_ratios(frame, "arm", **options)
    )


def test_time_to_first_dermatologic_event_of_the_pilot(pilot_folder):
    """ADTTE as published, by R's survival 3.5-3: survdiff, coxph (Efron), cox.zph, survfit(conf.type = "log-log").

    log-rank 60.26955674 and, by sex, 59.25662669; hazard ratios 5.025970042 (3.181765553 to 7.939106275) and
    4.147704103 (2.645140040 to 6.503795287); zph 1.049917633; medians 36 (23 to 46) and 33 (27 to 48).
    """
    times, _ = pyreadstat.read_xport(pilot_folder / "adam/adtte.xpt")
    times = times[times["PARAMCD"] == "TTDE"]
    test = row_of(log_rank(times, "TRTA"))
    assert (test["n"], test["events"], test["df"]) == (254, 152, 2)
    assert test["statistic"] == pytest.approx(60.26955674)
    assert row_of(log_rank(times, "TRTA", strata="SEX"))["statistic"] == pytest.approx(59.25662669)
    found = hazard_ratios(times, "TRTA", reference="Placebo").set_index("group")
    for arm, expected in (
        ("Xanomeline High Dose", [5.025970042, 3.181765553, 7.939106275]),
        ("Xanomeline Low Dose", [4.147704103, 2.645140040, 6.503795287]),
    ):
        assert found.loc[arm, ["estimate", "ci_low", "ci_high"]].tolist() == pytest.approx(expected, rel=1e-7)
    check = check_proportional_hazards(times, "TRTA", reference="Placebo")
    assert check["statistic"].tolist() == pytest.approx([1.049917633] * 2, rel=1e-7)
    for arm, expected in (
        ("Placebo", [math.nan] * 3),
        ("Xanomeline High Dose", [36, 23, 46]),
        ("Xanomeline Low Dose", [33, 27, 48]),
    ):
        of_arm = times[times["TRTA"] == arm]
        curve = kaplan_meier(of_arm["AVAL"].to_numpy(), (of_arm["CNSR"] == 0).to_numpy(), 0.95)
        assert list(median_time(curve)) == pytest.approx(expected, nan_ok=True)
    means = restricted_means(times, "TRTA", tau=180).set_index("group")["estimate"]
    assert means.tolist() == pytest.approx([131.74464656, 47.79631367, 58.49775582])
