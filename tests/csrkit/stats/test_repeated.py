"""Repeated measures of the log platelet count, against R (tests/reference/efficacy.R) and published values."""

import numpy as np
import pandas as pd
import pytest

from csrkit.tables.lookup import Lookup
from itpcsr.sdtm import Trial
from tests.conftest import ROOT
from tests.faults.chain import rows_shown, show

# The eight subjects of the reference: counts at baseline and weeks 4, 8, 12.
COUNTS = np.array(
    [
        [10, 35, 60, 40], [22, 30, 18, 25], [5, 6, 9, 5], [14, 80, 120, 90], [9, 12, 40, 31], [3, 4, 3, 6],
        [17, 60, 55, 20], [25, 22, 70, 95],
    ],
    dtype="float64",
)  # fmt: skip
ARMS = ["ESC05", "ESC05", "ESC10", "ESC10", "ESC20", "ESC20", "EXP20", "EXP20"]
WEEKS = [4, 8, 12]


@pytest.fixture(scope="module")
def r_values():
    table = pd.read_csv(ROOT / "tests/reference/efficacy.csv")
    return {(row.case, row.quantity): row.value for row in table.itertuples()}


def trial(counts=COUNTS, arms=ARMS):
    """ADSL and ADLB of these counts."""
    names = [f"s{number}" for number in range(len(counts))]
    adsl = pd.DataFrame({"USUBJID": names, "ARMCD": arms[: len(counts)], "FASFL": "Y"})
    adlb = pd.DataFrame(
        [
            {
                "USUBJID": name, "PARAMCD": "PLAT", "ANL01FL": "Y", "AVISITN": float(week), "AVAL": value,
                "BASE": course[0], "ARESCFL": "N", "ABLFL": "" if week else "Y",
            }
            for name, course in zip(names, counts, strict=True)
            for week, value in zip([0, *WEEKS], course, strict=False)
            if not np.isnan(value)
        ]
    )  # fmt: skip
    return adsl, adlb


def run(adsl, adlb, study, weeks=WEEKS):
    """Result rows of the notebook, by display."""
    datasets = {"adsl": adsl, "adlb": adlb}
    return rows_shown(
        show(
            Trial({}), study, "36-platelet-change", datasets=datasets, values={"weeks_compared": list(weeks)}
        )
    )


def visits_of(*data, **more):
    return run(*data, **more)["tbl-platelet-tests"]


def pairs_of(*data, **more):
    return run(*data, **more)["tbl-platelet-comparisons"]


@pytest.fixture(scope="module")
def eight(study):
    """The rows of the reference's subjects."""
    return run(*trial(), study)


def value(rows, analysis, statistic, group="total", level="", visit=""):
    return Lookup(rows).value(analysis, group, statistic, level, visit)


@pytest.mark.parametrize(
    ("analysis", "case", "names"),
    [
        (
            "friedman",
            "repeated",
            {"statistic": "Q", "df": "df", "p_value": "p_value", "kendalls_w": "W"},
        ),
        (
            "anova",
            "anova",
            {
                "statistic": "F",
                "df": "df1",
                "df_error": "df2",
                "p_value": "p_value",
                "epsilon": "epsilon",
                "p_adjusted": "p_corrected",
                "ng2": "ng2",
            },
        ),
    ],
)
def test_tests_over_the_visits_are_those_of_r(r_values, eight, analysis, case, names):
    rows = eight["tbl-platelet-tests"]
    assert value(rows, analysis, "n") == 8
    for name, in_r in names.items():
        assert value(rows, analysis, name) == pytest.approx(r_values[case, in_r], rel=1e-6), name


@pytest.mark.parametrize("week", WEEKS)
def test_comparisons_with_baseline_are_those_of_r(r_values, eight, week):
    rows = eight["tbl-platelet-comparisons"]
    in_r = {"ci_low of gm_ratio": "ci_low", "ci_high of gm_ratio": "ci_high", "p_adjusted": "p_holm"}
    for name in ("gm_ratio", "p_value", "hedges_g", *in_r):
        wanted = r_values[f"week {week}", in_r.get(name, name)]
        assert value(rows, "baseline", name, visit=f"Week {week}") == pytest.approx(wanted, rel=1e-6), name


def reasons(rows, group, statistic):
    chosen = rows[(rows["statistic"] == statistic) & (rows["group"] == group)]
    assert chosen["value"].isna().all()
    return set(chosen["reason"])


@pytest.mark.parametrize(("subjects", "tested"), [(3, False), (4, True)])
def test_a_column_of_three_has_no_p_value(study, subjects, tested):
    data = trial(COUNTS[:subjects], ["ESC05"] * subjects)
    shown = run(*data, study)
    tests, pairs = shown["tbl-platelet-tests"], shown["tbl-platelet-comparisons"]
    assert value(tests, "friedman", "n", "esc05") == subjects
    assert np.isfinite(value(pairs, "baseline", "ci_low of gm_ratio", "esc05", visit="Week 4"))
    for rows, name in ((tests, "p_value"), (pairs, "p_value"), (pairs, "p_adjusted")):
        if tested:
            assert rows.loc[(rows["statistic"] == name) & (rows["group"] == "esc05"), "value"].notna().all()
        else:
            assert reasons(rows, "esc05", name) == {"3 subjects or fewer"}


def test_three_complete_subjects_of_four_are_not_tested(study):
    counts = COUNTS[:4].copy()
    counts[0, 2] = np.nan
    rows = visits_of(*trial(counts, ["ESC05"] * 4), study)
    assert reasons(rows, "esc05", "p_value") == {"3 subjects or fewer"}


def test_as_many_subjects_as_visits_have_no_correction(study):
    rows = visits_of(*trial(COUNTS[:4], ["ESC05"] * 4), study)
    assert np.isfinite(value(rows, "anova", "p_value", "esc05"))
    assert reasons(rows, "esc05", "epsilon") == {
        "not more subjects than visits, so their covariance cannot be estimated"
    }


@pytest.mark.parametrize("subjects", [0, 1, 2])
def test_fewer_than_three_subjects_are_not_tested(study, subjects):
    adsl, adlb = trial(COUNTS[:3])
    few = adsl.head(subjects)
    adlb = adlb[adlb["USUBJID"].isin(few["USUBJID"])] if subjects else adlb
    shown = run(few, adlb, study)
    tests, pairs = shown["tbl-platelet-tests"], shown["tbl-platelet-comparisons"]
    for rows, name in ((tests, "statistic"), (pairs, "p_value"), (pairs, "ci_low")):
        chosen = rows[rows["statistic"] == name]
        assert chosen["value"].isna().all()
        assert (chosen["reason"] != "").all()


def test_a_subject_who_missed_a_visit_is_in_the_pairs_and_not_in_the_tests(study):
    counts = COUNTS.copy()
    counts[0, 2] = np.nan
    shown = run(*trial(counts), study)
    assert value(shown["tbl-platelet-tests"], "friedman", "n") == 7
    pairs = shown["tbl-platelet-comparisons"]
    assert value(pairs, "baseline", "n", visit="Week 4") == 8
    assert value(pairs, "baseline", "n", visit="Week 8") == 7


def test_no_change_at_all_is_not_tested(study):
    counts = np.full((4, 4), 10.0)
    rows = pairs_of(*trial(counts), study)
    assert value(rows, "baseline", "gm_ratio", visit="Week 4") == 1
    p = rows[(rows["statistic"] == "p_value") & (rows["group"] == "total")]
    assert set(p["reason"]) == {"no variation of the change"}


def test_two_visits_are_spherical(study):
    rows = visits_of(*trial(), study, weeks=WEEKS[:1])
    assert value(rows, "anova", "epsilon") == pytest.approx(1)
    assert value(rows, "anova", "p_adjusted") == value(rows, "anova", "p_value")


SUBJECTS = np.arange(1.0, 6.0)[:, None]


@pytest.mark.parametrize(
    ("counts", "friedman", "anova"),
    [
        (np.full((5, 4), 10.0), "all values are the same", "all values are the same"),
        (SUBJECTS * np.ones(4), *["no subject's values differ between the visits"] * 2),
        (SUBJECTS * np.array([1.0, 2, 3, 4]), "", "no variation of the change"),
    ],
)
def test_counts_that_do_not_vary_are_not_tested_over_the_visits(study, counts, friedman, anova):
    rows = visits_of(*trial(counts, ARMS[:5]), study)
    total = rows[(rows["group"] == "total") & (rows["analysis"] != "size")]
    assert total.loc[total["statistic"] == "n", "value"].tolist() == [5, 5]
    for analysis, reason in (("friedman", friedman), ("anova", anova)):
        tests = total[(total["analysis"] == analysis) & (total["statistic"] != "n")]
        assert set(tests["reason"]) == {reason}
        assert tests["value"].isna().all() == (reason != "")


def test_a_count_of_zero_has_a_logarithm(study):
    counts = COUNTS.copy()
    counts[0, 1] = 0
    rows = pairs_of(*trial(counts), study)
    assert np.isfinite(value(rows, "baseline", "gm_ratio", visit="Week 4"))


@pytest.fixture(scope="module")
def published():
    folder = ROOT.parent / "shared/data/stat_reference"
    if not folder.is_dir():
        pytest.skip(f"the statistical reference values aren't at {folder}")
    return pd.read_csv(folder / "expected_values.csv"), folder


def expected(table, case, quantity):
    row = table[(table["case_id"] == case) & (table["quantity"] == quantity)].iloc[0]
    return pytest.approx(float(row["expected"]), abs=max(float(row["tolerance_abs"]), 1e-9))


def trial_of(wide):
    """ADSL and ADLB whose counts have these values as logarithms, a column for each visit."""
    values = 10 ** wide.dropna().to_numpy("float64")
    assert values.shape[1] <= 4
    return trial(values, ["ESC05"] * len(values))


def test_friedman_is_the_published_one(published, study):
    """Hollander and Wolfe 1973: rounding first base."""
    table, folder = published
    wide = pd.read_csv(folder / "friedman_rounding_times.csv").select_dtypes("number").iloc[:, -3:]
    rows = visits_of(*trial_of(wide), study, weeks=WEEKS[:2])
    assert value(rows, "friedman", "statistic") == expected(table, "friedman_rounding", "chi_square")


def test_repeated_measures_anova_is_the_published_one(published, study):
    table, folder = published
    wide = pd.read_csv(folder / "pingouin_rm_anova_wide.csv").select_dtypes("number")
    rows = visits_of(*trial_of(wide), study, weeks=WEEKS[: wide.shape[1] - 1])
    for name, quantity in (
        ("statistic", "F"), ("p_value", "p_uncorrected"), ("epsilon", "epsilon_GG"), ("p_adjusted", "p_GG"), ("ng2", "ng2"),
    ):  # fmt: skip
        assert value(rows, "anova", name) == expected(table, "rm_anova_wide", quantity), name


def test_counts_after_rescue_are_left_out_with_the_visits_they_stood_for(study):
    adsl, adlb = trial()
    late = (adlb["USUBJID"] == "s0") & (adlb["AVISITN"] >= 8)
    shown = run(adsl, adlb.assign(ARESCFL=np.where(late, "Y", "N")), study)
    with_all, without = shown["tbl-platelet-comparisons"], shown["tbl-platelet-comparisons-no-rescue"]
    for week, kept in ((4, 8), (8, 7), (12, 7)):
        assert value(with_all, "baseline", "n", visit=f"Week {week}") == 8
        assert value(without, "baseline", "n", visit=f"Week {week}") == kept
    logs = np.log(COUNTS[1:, 2] / COUNTS[1:, 0])
    assert value(without, "baseline", "gm_ratio", visit="Week 8") == pytest.approx(np.exp(logs.mean()))
    assert value(shown["tbl-platelet-tests-no-rescue"], "friedman", "n") == 7
