"""The statistics of immune function against R (tests/reference/immune.R), pingouin and published values."""

from pathlib import Path

import numpy as np
import pandas as pd
import pingouin as pg
import pytest

from csrkit.stats import effects, estimation
from csrkit.stats.permutation import Permutations, flip_signs, mirror_ranks, swap_groups
from itpcsr.analysis.immune import associations, visits

ROOT = Path(__file__).resolve().parents[4]
# Nine subjects, four visits; the first four are responders. The same numbers stand in immune.R.
Y = np.array(
    [
        [2.1, 2.6, 3.0, 2.9], [1.8, 2.2, 2.9, 2.4], [3.3, 3.6, 4.4, 4.0], [2.7, 3.5, 3.6, 3.9],
        [2.4, 2.3, 2.6, 2.2], [3.1, 3.4, 3.0, 3.3], [1.9, 2.0, 1.8, 2.3], [2.8, 2.5, 2.9, 2.6],
        [2.2, 2.4, 2.1, 2.0],
    ]
)  # fmt: skip
X = np.log(
    [
        [20, 35, 90, 60], [15, 40, 70, 30], [22, 30, 120, 80], [9, 33, 50, 75], [18, 12, 25, 10],
        [25, 28, 20, 24], [11, 15, 8, 16], [7, 9, 12, 6], [14, 13, 10, 11],
    ]
)  # fmt: skip
RESPONDER = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0], dtype="bool")
CHANGE = (Y[:, 1:].mean(axis=1) - Y[:, 0])[:, None]
ALL = Permutations()


@pytest.fixture(scope="module")
def r():
    table = pd.read_csv(ROOT / "tests/reference/immune.csv")
    return {(row.case, row.quantity): row.value for row in table.itertuples()}


@pytest.fixture(scope="module")
def gaps():
    values = Y.copy().ravel()
    values[[2, 7, 21, 32]] = np.nan  # R counts from 1
    return values.reshape(Y.shape)


def near(value):
    return pytest.approx(value, rel=1e-7)


KEYS = {"dv": "value", "within": "visit", "subject": "subject"}


def long(values):
    return visits.complete_cases(np.asarray(values, dtype="float64")).long


def anova(values):
    """Return the first row of pingouin's ANOVA as the notebook calls it."""
    return pg.rm_anova(long(values), correction=True, detailed=True, **KEYS).iloc[0]


def test_friedman(r):
    assert pg.friedman(long(Y), **KEYS)["Q"].iloc[0] == near(r["friedman", "statistic"])
    assert mirror_ranks(Y, ALL) == near(r["friedman mirrored", "p"])


def test_repeated_measures_anova_with_greenhouse_geisser(r):
    found = anova(Y)
    for ours, theirs in (("F", "F"), ("p_GG_corr", "p"), ("eps", "epsilon"), ("ng2", "ges")):
        assert found[ours] == near(r["anova", theirs])


def test_mixed_anova_interaction_with_pooled_greenhouse_geisser(r):
    f, df1, df2, epsilon, p = visits.interaction(Y, RESPONDER)
    assert (df1, df2) == (3, 21)
    assert f == near(r["interaction", "F"])
    assert epsilon == near(r["interaction", "epsilon"])
    assert p == near(r["interaction", "p"])


def test_mixed_anova_agrees_with_pingouin():
    table = pg.mixed_anova(long(Y).assign(group=np.repeat(RESPONDER, 4)), between="group", **KEYS)
    f, *_ = visits.interaction(Y, RESPONDER)
    assert f == near(table.set_index("Source").loc["Interaction", "F"])


def test_repeated_measures_correlation(r, gaps):
    found = associations.rm_correlation(gaps[:, :, None], X, 0.95)
    assert found["r"][0] == near(r["rmcorr", "r"])
    assert found["p_value"][0] == near(r["rmcorr", "p"])
    assert found["pairs"][0] - found["n"][0] - 1 == r["rmcorr", "df"]


def test_repeated_measures_correlation_agrees_with_pingouin(gaps):
    pairs = long(X).assign(y=gaps.ravel()).dropna()
    table = pg.rm_corr(pairs, x="value", y="y", subject="subject").iloc[0]
    found = associations.rm_correlation(gaps[:, :, None], X, 0.95)
    assert found["r"][0] == near(table["r"])
    assert [found["ci_low of r"][0], found["ci_high of r"][0]] == pytest.approx(
        list(table["CI95"]), abs=0.006
    )


def test_permutations_of_signs_and_groups_are_exact(r):
    assert flip_signs(CHANGE, ALL)[0] == near(r["signs", "p"])
    assert swap_groups(CHANGE, RESPONDER, ALL)[0] == near(r["groups", "p"])


def test_drawn_permutations_are_near_the_exact_ones(r):
    drawn = Permutations(limit=1, draws=20_000)
    assert flip_signs(CHANGE, drawn)[0] == pytest.approx(r["signs", "p"], abs=0.006)
    assert swap_groups(CHANGE, RESPONDER, drawn)[0] == pytest.approx(r["groups", "p"], abs=0.002)
    assert flip_signs(CHANGE, drawn)[0] == flip_signs(CHANGE, drawn)[0]


def test_intervals(r):
    _, low, high = effects.difference_interval(CHANGE[RESPONDER], CHANGE[~RESPONDER], 0.95)
    assert [low[0], high[0]] == near([r["welch", "low"], r["welch", "high"]])
    *_, low, high = effects.mean_interval(CHANGE, 0.95)
    assert [low[0], high[0]] == near([r["t", "low"], r["t", "high"]])


def test_effect_sizes_agree_with_pingouin():
    first, second = CHANGE[RESPONDER], CHANGE[~RESPONDER]
    effect, low, high = effects.group_effect(first, second, 0.95)
    assert effect[0] == near(pg.compute_effsize(first.ravel(), second.ravel(), eftype="hedges"))
    limits = pg.compute_esci(effect[0], 4, 5, eftype="hedges", decimals=6)
    assert [low[0], high[0]] == pytest.approx(list(limits), abs=1e-5)
    effect, low, high = effects.paired_effect(CHANGE, 0.95)
    assert effect[0] == near(CHANGE.mean() / CHANGE.std(ddof=1))
    limits = pg.compute_esci(effect[0], 9, 1, paired=True, decimals=6)
    assert [low[0], high[0]] == pytest.approx(list(limits), abs=1e-5)


def test_false_discovery_control_leaves_missing_out(r):
    _, adjusted = pg.multicomp(np.array([0.01, np.nan, 0.02, 0.03, 0.5]), method="fdr_bh")
    assert adjusted[2] == near(r["bh", "second"])
    assert np.isnan(adjusted[1])


def test_spearman(r):
    _, found = associations.spearman(X[:, [1, 3]], 0.95)
    assert found["r"][0] == near(r["spearman", "rho"])


@pytest.mark.parametrize(
    ("case", "marker"),
    [("firth", Y[:, 0]), ("firth separated", np.array([3, 4, 5, 6, 0.5, 1, 1.5, 2, 2.5]))],
)
def test_firth(r, case, marker):
    scaled = (marker - marker.mean()) / marker.std(ddof=1)
    design = np.column_stack([np.ones(9), scaled])
    outcome = RESPONDER.astype("float64")
    intercept, slope = effects.fit_firth(design, outcome).coefficients
    assert [intercept, slope] == pytest.approx([r[case, "intercept"], r[case, "slope"]], abs=1e-6)
    _, low, high, p = effects.profile_effect(design, outcome, 1, 0.95)
    assert [low, high] == pytest.approx([r[case, "low"], r[case, "high"]], rel=1e-4)
    assert p == pytest.approx(r[case, "p"], rel=1e-5)


def test_models_that_leave_one_out_are_those_of_the_others():
    scaled = (Y[:, 0] - Y[:, 0].mean()) / Y[:, 0].std(ddof=1)
    design, outcome = np.column_stack([np.ones(9), scaled]), RESPONDER.astype("float64")
    together = effects.fit_left_out(design, outcome, effects.fit_firth(design, outcome).coefficients)
    for number in range(9):
        rest = np.arange(9) != number
        alone = effects.fit_firth(design[rest], outcome[rest]).coefficients
        assert together[number] == pytest.approx(alone, abs=1e-7)


def test_mediation_agrees_with_pingouin():
    rng = np.random.default_rng(3)
    x = rng.normal(size=40)
    m = 0.6 * x + rng.normal(size=40)
    y = 0.5 * m + 0.2 * x + rng.normal(size=40)
    found = associations.indirect(x, m, y, 0.95, 4000, 1)
    frame = pd.DataFrame({"x": x, "m": m, "y": y})
    table = pg.mediation_analysis(frame, x="x", m="m", y="y", n_boot=4000, seed=1).set_index("path")
    row = table.loc["Indirect"]
    assert found[0] == near(row["coef"])
    # pingouin's limits are bias-corrected, these are percentiles
    assert found[1:3] == pytest.approx([row["CI2.5"], row["CI97.5"]], abs=0.05)


# Published or R values that the reference folder holds with their sources.


@pytest.fixture(scope="module")
def published(root):
    folder = root.parent / "shared/data/stat_reference"
    if not folder.is_dir():
        pytest.skip(f"the published reference values aren't at {folder}")
    return folder


def test_published_friedman(published):
    table = pd.read_csv(published / "friedman_rounding_times.csv")
    values = table.select_dtypes("number").to_numpy()[:, -3:]
    assert pg.friedman(long(values), **KEYS)["Q"].iloc[0] == pytest.approx(11.143, abs=5e-4)


def test_published_repeated_measures_anova(published):
    values = pd.read_csv(published / "pingouin_rm_anova_wide.csv").to_numpy("float64")
    found = anova(values)
    assert found["F"] == pytest.approx(5.20065, abs=5e-6)
    assert found["eps"] == pytest.approx(0.69433, abs=5e-6)
    assert found["p_GG_corr"] == pytest.approx(0.0167, abs=5e-5)
    assert found["ng2"] == pytest.approx(0.34639, abs=5e-6)
    assert len(visits.complete_cases(values).values) == 9


@pytest.mark.parametrize(
    ("values", "ranked", "unvaried"),
    [
        (np.full((5, 4), 2.0), estimation.CONSTANT, estimation.CONSTANT),
        (np.repeat([[1.0], [2.0], [5.0], [4.0]], 4, axis=1), visits.NO_CHANGE, visits.NO_CHANGE),
        (np.arange(5.0)[:, None] + np.array([1.0, 4.0, 2.0]), "", visits.ALIKE),
    ],
)
def test_what_leaves_nothing_to_compare_says_so(values, ranked, unvaried):
    first = np.arange(len(values)) < 3
    assert visits.why_not_ranked(visits.complete_cases(values)) == ranked
    assert visits.why_no_variance(visits.complete_cases(values)) == unvaried
    both = visits.complete_cases(np.concatenate([values, values]))
    assert visits.why_no_variance(both, np.concatenate([first, ~first])) == unvaried
