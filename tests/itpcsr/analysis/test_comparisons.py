import numpy as np
import pandas as pd
import pytest

from itpcsr.analysis import comparisons
from itpcsr.analysis.comparisons import compare_categories, compare_counts, compare_means, single_arm_columns
from itpcsr.study import Column


def groups(**sizes):
    pairs = [(f"{key}{number}", key) for key, size in sizes.items() for number in range(size)]
    frame = pd.DataFrame(pairs, columns=["USUBJID", "group"])
    return frame.assign(group=pd.Categorical(frame["group"], categories=list(sizes)))


def test_a_single_arm_study_compares_nothing(study):
    assert single_arm_columns(study.design) == []
    assert compare_counts(pd.DataFrame(columns=["level", "group", "statistic", "value"]), []).empty


def test_the_control_comes_first_and_pooled_columns_are_left_out(pilot_study):
    assert [column.key for column in single_arm_columns(pilot_study.design)] == ["placebo", "low", "high"]


@pytest.fixture
def groups_of_three(monkeypatch):
    """Let groups of three be tested: R's examples are as small."""
    monkeypatch.setattr(comparisons, "FEWEST_FOR_TEST", 3)


@pytest.mark.usefixtures("groups_of_three")
def test_analysis_of_variance_is_that_of_r(witness):
    members = groups(a=3, b=4, c=3)
    values = [61.2, 58.4, 70.1, 66.3, 72.5, 69.9, 55.0, 80.2, 64.4, 59.1]
    row = compare_means(members[["USUBJID"]].assign(X=values), members, "X").iloc[0]
    assert row["value"] == pytest.approx(witness["anova", "p"], rel=1e-8)


def test_chi_square_is_that_of_r(witness):
    members = groups(a=86, b=84, c=84)
    sex = ["M"] * 33 + ["F"] * 53 + ["M"] * 34 + ["F"] * 50 + ["M"] * 44 + ["F"] * 40
    row = compare_categories(members[["USUBJID"]].assign(SEX=sex), members, "SEX").iloc[0]
    assert row["value"] == pytest.approx(witness["chisq", "p"], rel=1e-8)


@pytest.mark.parametrize("numbers", [(2, 86, 8, 84), (4, 86, 4, 84), (0, 3, 2, 3), (12, 86, 15, 84)])
@pytest.mark.usefixtures("groups_of_three")
def test_fisher_is_that_of_r(witness, numbers):
    n0, total0, n1, total1 = numbers
    rows = [("x", "c", "n", n0), ("x", "c", "N", total0), ("x", "a", "n", n1), ("x", "a", "N", total1)]
    counts = pd.DataFrame(rows, columns=["level", "group", "statistic", "value"])
    columns = [Column(key="c", label="C", arms=["C"]), Column(key="a", label="A", arms=["A"])]
    p = compare_counts(counts, columns)["value"].iloc[0]
    assert p == pytest.approx(witness[f"fisher {n0}/{total0} {n1}/{total1}", "p"], rel=1e-8)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([1.0, 2, 3, 4, 5, 6, 7], "3 subjects or fewer"),
        ([7.0] * 8, "all subjects have the same value"),
    ],
)
def test_what_cannot_be_compared_says_why(values, reason):
    members = groups(a=4, b=len(values) - 4)
    row = compare_means(members[["USUBJID"]].assign(X=values), members, "X").iloc[0]
    assert np.isnan(row["value"])
    assert row["reason"] == reason


def test_without_the_control_nothing_is_compared(root):
    from itpcsr.study import read_study

    for cohorts in (["Xan_Lo", "Xan_Hi"], ["Xan_Lo"], ["Pbo"]):
        design = read_study(root / "params/cdiscpilot01-study.yml", cohorts=cohorts).design
        assert single_arm_columns(design) == []


@pytest.mark.parametrize(("size", "tested"), [(3, False), (4, True)])
def test_arms_of_three_have_no_p_value(size, tested):
    counts = pd.DataFrame(
        [
            ("x", group, name, number)
            for group, n in (("c", 0), ("a", 2))
            for name, number in (("n", n), ("N", size))
        ],
        columns=["level", "group", "statistic", "value"],
    )
    row = compare_counts(counts, [Column(key=key, label=key, arms=[key]) for key in ("c", "a")]).iloc[0]
    assert np.isfinite(row["value"]) == tested
    assert row["reason"] == ("" if tested else "3 subjects or fewer")


def test_an_unknown_category_is_no_category():
    members = groups(a=4, b=5)
    frame = members[["USUBJID"]].assign(RACE=["X", "Y", "X", "Y", "X", "Y", "X", "Y", ""])
    assert compare_categories(frame, members, "RACE")["value"].notna().all()
    assert compare_categories(frame.assign(RACE=""), members, "RACE")["reason"].iloc[0] != ""
