"""Analysis of covariance against R (tests/reference/ancova.R), and what it says where there is nothing to estimate."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from csrkit.rows import make_rows
from csrkit.stats.ancova import (
    NO_ERROR,
    NO_HYPOTHESIS,
    NO_RECORDS,
    NO_VARIATION,
    NOT_ESTIMABLE,
    differences,
    dose_slope,
    fit,
    fit_statistics,
    in_subgroups,
    interaction_tests,
    linear_contrast,
    ls_means,
    type_3,
)
from csrkit.stats.estimation import CONSTANT, FEW, TOO_FEW
from csrkit.stats.proportions import NO_SUBJECTS
from csrkit.vocabulary import limits_of

ARMS = ["P"] * 9 + ["L"] * 8 + ["H"] * 8
SITES = [*"aaaabbcccaabbbcccaaabbccb"]
BASE = [12, 18, 25, 9, 31, 14, 22, 17, 28, 11, 20, 26, 15, 33, 19, 24, 10, 16, 21, 29, 13, 27, 18, 30, 23]
CHANGE = [
    1.5, 2.0, 3.5, -0.5, 4.0, 1.0, 2.5, 3.0, 5.5, 0.5, 1.0, 2.0, -1.0, 3.0, 0.0, 1.5, -2.0, -1.5, 0.5, 1.0, -2.5, 1.5,
    -0.5, 2.0, -1.0,
]  # fmt: skip
DOSES = {"P": 0.0, "L": 54.0, "H": 81.0}
CLOSE = 1e-8  # R's values are stored with 12 digits
DRAWN = 3e-5  # both multivariate t integrals are drawn; scipy's has 20,000 points


@pytest.fixture(scope="module")
def r(root):
    table = pd.read_csv(root / "tests/reference/ancova.csv")
    return {(row.case, row.quantity): row.value for row in table.itertuples()}


@pytest.fixture
def frame():
    data = {"arm": pd.Categorical(ARMS, ["P", "L", "H"]), "site": SITES, "base": BASE, "chg": CHANGE}
    return pd.DataFrame(data).assign(sex=["F", "M"] * 12 + ["F"])


def model_of(frame, **more):
    return fit(frame, "chg", "arm", **({"covariates": ["base"], "factors": ["site"]} | more))


def by(rows, *keys):
    return {tuple(row[key] for key in (*keys, "statistic")): row["value"] for _, row in rows.iterrows()}


def compare(rows, keys, case, r, names, tolerance=CLOSE):
    """Compare every number of a case; ``names`` are R's with ours."""
    compared = 0
    for key, value in by(rows, *keys).items():
        place = " - ".join(key[:-1])
        for theirs, ours in names.items():
            if ours == key[-1]:
                expected = r[case, f"{place} {theirs}".strip()]
                assert value == pytest.approx(expected, rel=tolerance, abs=tolerance, nan_ok=True), (
                    key,
                    theirs,
                )
                compared += 1
    return compared


LOW, HIGH = limits_of("estimate")
LOW_ADJUSTED, HIGH_ADJUSTED = limits_of("estimate", "_adjusted")
MEANS = {"estimate": "estimate", "se": "se", "low": LOW, "high": HIGH}
PAIRS = MEANS | {"p": "p_value"}
TESTS = {"F": "statistic", "df1": "df", "sum_of_squares": "sum_of_squares", "p_value": "p_value"}


@pytest.mark.parametrize(
    ("case", "crossed", "terms"),
    [("additive", [], 3), ("crossed", [("arm", "site")], 4), ("sloped", [("arm", "base")], 4)],
)
def test_type_3_is_car_s_with_sum_to_zero_contrasts(frame, r, case, crossed, terms):
    rows = type_3(model_of(frame, interactions=crossed))
    assert compare(rows, ["level"], case, r, TESTS) == 4 * terms
    assert (rows["reason"] == "").all()
    assert set(rows.query("statistic == 'df_error'")["value"]) == {
        19 if not crossed else 15 if case == "crossed" else 17
    }


def test_type_3_is_that_of_statsmodels_where_it_gives_it(frame):
    rows = by(type_3(model_of(frame, interactions=[("arm", "site")])), "level")
    formula = "chg ~ C(arm, Sum) * C(site, Sum) + base"
    theirs = anova_lm(ols(formula, frame.assign(arm=frame["arm"].astype("str"))).fit(), typ=3)
    assert rows["arm × site", "statistic"] == pytest.approx(theirs.loc["C(arm, Sum):C(site, Sum)", "F"])
    assert rows["arm", "statistic"] == pytest.approx(theirs.loc["C(arm, Sum)", "F"])


def test_empty_cell_has_the_hypotheses_of_sas(frame, r):
    """R's car gives no type III here; the contrasts are those of lmerTest, made after SAS's algorithm."""
    empty = frame[~((frame["arm"] == "H") & (frame["site"] == "b"))]
    model = model_of(empty, interactions=[("arm", "site")])
    tests = {name: ours for name, ours in TESTS.items() if name != "sum_of_squares"}
    assert compare(type_3(model), ["level"], "empty", r, tests, 1e-6) == 4 * 3  # lmerTest rounds to 7 digits
    means = ls_means(model)
    assert compare(means, ["group"], "empty equal", r, MEANS) == 3 * 4
    missing = means[means["value"].isna()]
    assert set(missing["group"]) == {"H"}
    assert set(missing["reason"]) == {NOT_ESTIMABLE}
    assert set(differences(model).query("level == 'P' and group == 'H'")["reason"]) == {NOT_ESTIMABLE}


@pytest.mark.parametrize(
    ("case", "crossed"), [("additive", []), ("crossed", [("arm", "site")]), ("sloped", [("arm", "base")])]
)
def test_least_squares_means(frame, r, case, crossed):
    model = model_of(frame, interactions=crossed)
    assert compare(ls_means(model), ["group"], f"{case} equal", r, MEANS) == 3 * 4
    if case != "sloped":
        observed = ls_means(model, weights="observed")
        assert compare(observed, ["group"], f"{case} observed", r, MEANS) == 3 * 4


def test_fit_statistics(frame, r):
    values = fit_statistics(model_of(frame)).set_index("statistic")["value"]
    for name in ("df", "r_squared", "root_mse"):
        assert values[name] == pytest.approx(r["additive", name], rel=CLOSE)
    assert values["n"] == 25
    assert values["mean"] == pytest.approx(np.mean(CHANGE))


def test_pairs_and_their_adjustments(frame, r):
    model = model_of(frame)
    assert compare(differences(model), ["group", "level"], "pairs none", r, PAIRS) == 3 * 5
    tukey = differences(model, adjust="tukey")
    names = {"p": "p_adjusted", "low": LOW_ADJUSTED, "high": HIGH_ADJUSTED}
    # R's and scipy's studentised range differ in the ninth decimal
    assert compare(tukey, ["group", "level"], "pairs tukey", r, names, 1e-6) == 3 * 3
    holm = differences(model, adjust="holm")
    assert compare(holm, ["group", "level"], "pairs holm", r, {"p": "p_adjusted"}) == 3
    assert LOW_ADJUSTED not in set(holm["statistic"])
    assert (by(holm, "group", "level")["L", "P", "p_value"]) == pytest.approx(
        r["pairs none", "L - P p"], rel=CLOSE
    )


def test_dunnett_is_multcomp_s(frame, r):
    rows = differences(model_of(frame), "P", adjust="dunnett")
    names = {"p": "p_adjusted", "low": LOW_ADJUSTED, "high": HIGH_ADJUSTED}
    assert compare(rows, ["group", "level"], "dunnett", r, names, DRAWN) == 2 * 3
    again = differences(model_of(frame), "P", adjust="dunnett")
    pd.testing.assert_frame_equal(rows, again)


def test_dunnett_of_one_difference_is_the_t_test(frame):
    rows = by(differences(model_of(frame[frame["arm"] != "L"]), "P", adjust="dunnett"), "group")
    assert rows["H", "p_adjusted"] == pytest.approx(rows["H", "p_value"])
    assert rows["H", LOW_ADJUSTED] == pytest.approx(rows["H", LOW])
    assert np.isnan(rows["L", "p_adjusted"])


def test_dose_response(frame, r):
    rows = linear_contrast(model_of(frame), DOSES)
    assert (
        compare(rows, [], "contrast", r, {"estimate": "estimate", "se": "se", "low": LOW, "p": "p_value"})
        == 4
    )
    slope = dose_slope(model_of(frame), DOSES)
    assert compare(slope, [], "slope", r, {"estimate": "estimate", "se": "se", "p": "p_value"}) == 3


def test_interactions_are_added_one_at_a_time(frame, r):
    rows = by(interaction_tests(model_of(frame)), "level")
    for name in ("base", "site"):
        assert rows[f"arm × {name}", "statistic"] == pytest.approx(r["interaction", f"{name} F"], rel=CLOSE)
        assert rows[f"arm × {name}", "df"] == r["interaction", f"{name} df1"]
        assert rows[f"arm × {name}", "p_value"] == pytest.approx(r["interaction", f"{name} p"], rel=CLOSE)


def test_subgroups(frame, r):
    rows = in_subgroups(fit(frame, "chg", "arm", covariates=["base"]), "sex", differences)
    rows = rows.rename(columns={"category": "sex"})
    assert list(rows["sex"].unique()) == ["F", "M"]
    for level, part in rows.groupby("sex"):
        assert compare(part, ["group", "level"], f"sex {level}", r, PAIRS) == 3 * 5
    means = in_subgroups(model_of(frame), "sex", ls_means)
    assert list(means["category"].unique()) == ["F", "M"]


def test_rows_are_result_rows(frame):
    model = model_of(frame)
    parts = [
        fit_statistics(model),
        type_3(model),
        ls_means(model),
        differences(model, "P", adjust="dunnett"),
        dose_slope(model, DOSES),
    ]
    assert len(make_rows(pd.concat(parts), display="tbl-x")) == 5 + 3 * 6 + 3 * 6 + 2 * 10 + 7


def test_nothing_depends_on_the_order_of_records_or_the_names_of_variables(frame):
    shuffled = frame.sample(frac=1, random_state=3).rename(columns={"chg": "y (x)", "site": "C(site)"})
    model = fit(shuffled, "y (x)", "arm", covariates=["base"], factors=["C(site)"])
    ours = ls_means(model_of(frame))["value"].to_numpy()
    assert ls_means(model)["value"].to_numpy() == pytest.approx(ours, rel=1e-12)


def test_missing_values_leave_a_record_out(frame):
    gaps = frame.astype({"base": "float64"})
    gaps.loc[0, "base"], gaps.loc[1, "site"], gaps.loc[2, "chg"], gaps.loc[3, "arm"] = (
        np.nan,
        "",
        np.inf,
        None,
    )
    left = by(ls_means(model_of(gaps)), "group")
    assert left["P", "n"] == 5
    assert left == by(ls_means(model_of(frame.iloc[4:])), "group")


def reasons(rows):
    return rows[rows["value"].isna()].groupby("statistic")["reason"].unique().map(list).to_dict()


def test_arm_without_subjects_has_a_row_that_says_so(frame):
    model = model_of(frame[frame["arm"] != "L"])
    means = ls_means(model).query("group == 'L'")
    assert means.query("statistic == 'n'")["value"].tolist() == [0]
    assert set(means[means["value"].isna()]["reason"]) == {NO_SUBJECTS}
    tukey = differences(model, adjust="tukey")
    assert set(tukey.loc[tukey["value"].isna(), "reason"]) == {NO_SUBJECTS}
    pair = by(tukey, "group", "level")
    assert pair["H", "P", "p_adjusted"] == pytest.approx(pair["H", "P", "p_value"])  # the only pair
    assert set(linear_contrast(model, DOSES)["reason"]) == {NO_SUBJECTS}
    assert linear_contrast(model, {"P": 0, "H": 81})["value"].notna().all()


@pytest.mark.parametrize(
    ("subjects", "expected"),
    [
        (1, {"se": [FEW], LOW: [FEW], "statistic": [TOO_FEW], "p_value": [TOO_FEW]}),
        (3, {"statistic": [TOO_FEW], "p_value": [TOO_FEW]}),
        (4, {}),
    ],
)
def test_few_subjects_in_an_arm(frame, subjects, expected):
    few = pd.concat([frame[frame["arm"] != "H"], frame[frame["arm"] == "H"].head(subjects)])
    model = model_of(few)
    found = reasons(differences(model).query("group == 'H'"))
    assert {name: found[name] for name in expected} == expected
    assert bool(found) == bool(expected)
    whole = by(differences(model, adjust="tukey"), "group", "level")
    assert np.isfinite(whole["L", "P", "p_adjusted"])
    arm = type_3(model).query("level == 'arm' and statistic == 'p_value'")
    assert arm["reason"].tolist() == ([TOO_FEW] if expected else [""])
    assert type_3(model).query("level == 'site' and statistic == 'p_value'")["value"].notna().all()


def test_factor_that_follows_from_the_arm_leaves_nothing_to_compare(frame):
    confounded = frame.assign(site=frame["arm"].astype("str"))
    model = model_of(confounded)
    assert set(ls_means(model).query("statistic == 'estimate'")["reason"]) == {NOT_ESTIMABLE}
    assert set(differences(model)["reason"]) == {NOT_ESTIMABLE}
    tested = type_3(model)
    assert set(tested.query("level == 'arm'")["reason"]) == {NO_HYPOTHESIS}
    assert tested.query("level == 'base'")["value"].notna().all()


def test_factor_with_one_level_drops_out(frame):
    model = model_of(frame.assign(site="a"))
    plain = by(ls_means(fit(frame, "chg", "arm", covariates=["base"])), "group")
    assert by(ls_means(model), "group") == pytest.approx(plain)
    assert set(type_3(model).query("level == 'site'")["reason"]) == {NO_HYPOTHESIS}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda frame: frame.iloc[:0], NO_RECORDS),
        (lambda frame: frame.assign(chg=np.nan), NO_RECORDS),
        (lambda frame: frame.assign(chg=2.0), CONSTANT),
        (lambda frame: frame.assign(chg=0.5 * frame["base"]), NO_VARIATION),
        (lambda frame: frame.assign(site=[str(number) for number in range(25)]), NO_ERROR),
    ],
)
def test_model_without_a_fit_says_why_everywhere(frame, change, reason):
    model = model_of(change(frame))
    assert model.reason == reason
    for rows in (
        fit_statistics(model),
        type_3(model),
        ls_means(model),
        differences(model, "P", adjust="dunnett"),
        differences(model, adjust="tukey"),
        differences(model, adjust="holm"),
        linear_contrast(model, DOSES),
        dose_slope(model, DOSES),
        interaction_tests(model),
    ):
        make_rows(rows, display="tbl-x")
        empty = rows[rows["statistic"] != "n"]
        assert empty["value"].isna().all()
        assert set(empty["reason"]) <= {reason, NO_SUBJECTS}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda frame: fit(frame, "chg", "arm", covariates=["chg"]), "names chg twice"),
        (lambda frame: fit(frame, "chg", "arm", interactions=[("arm", "site")]), "interaction names site"),
        (lambda frame: fit(frame, "chg", "arm", covariates=["site"]), "site isn't numeric"),
        (lambda frame: fit(frame, "chg", "arm", confidence=95), "between 0 and 1"),
        (lambda frame: fit(frame.assign(USUBJID="1"), "chg", "arm"), "1 has several records"),
        (lambda frame: differences(model_of(frame), "Q"), "no arm Q; arms: P, L, H"),
        (lambda frame: differences(model_of(frame), adjust="dunnett"), "give a control"),
        (lambda frame: differences(model_of(frame), "P", adjust="tukey"), "give a control or none"),
        (lambda frame: differences(model_of(frame), adjust="bonferroni"), "not bonferroni"),
        (lambda frame: ls_means(model_of(frame), weights="om"), "equal or observed"),
        (lambda frame: linear_contrast(model_of(frame), {"P": 0}), "two different scores"),
        (lambda frame: linear_contrast(model_of(frame), {"P": 0, "Q": 1}), "no arm Q"),
        (
            lambda frame: dose_slope(model_of(frame, interactions=[("arm", "base")]), DOSES),
            "without interactions of treatment",
        ),
    ],
)
def test_refusals_say_what_to_do(frame, call, message):
    with pytest.raises(ValueError, match=message):
        call(frame)


def test_variable_that_isn_t_there(frame):
    with pytest.raises(KeyError, match="no variable region"):
        fit(frame, "chg", "arm", factors=["region"])
