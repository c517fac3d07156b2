"""Tests of immune function where nothing moves: their errors, in few trials; ``bench_immune_null`` has many."""

import numpy as np
import pingouin as pg
import pytest
from scipy import stats

from csrkit.stats.permutation import Permutations
from itpcsr.analysis import immune
from tests.itpcsr.analysis.immune import null_trials

GROUP = np.arange(18) < 8
HOW = Permutations(limit=1_000, draws=499)


@pytest.fixture(scope="module")
def covariances(demo, study):
    return null_trials.covariances(immune.build_panel(demo["adsl"], demo["adcp"], demo["adrs"], study))


def test_the_demo_has_unequal_correlations(covariances):
    epsilons = [null_trials.epsilon(covariance) for covariance in covariances.values()]
    assert len(epsilons) == 20
    assert max(epsilons) < 0.8
    assert min(epsilons) < 0.45


def test_the_anovas_of_many_trials_are_those_of_the_report(covariances):
    values = null_trials.draw(covariances["TLHRTLH"], 2, 18, np.random.default_rng(5))
    for trial, own, by_group in zip(
        values, null_trials.anova(values), null_trials.interaction(values, GROUP), strict=True
    ):
        long = immune.complete_cases(trial).long
        found = pg.rm_anova(long, dv="value", within="visit", subject="subject", correction=True)
        assert found["p_GG_corr"].iloc[0] == pytest.approx(own, rel=1e-9)
        assert immune.interaction(trial, GROUP)[-1] == pytest.approx(by_group, rel=1e-9)


def test_errors_are_within_their_limits(covariances):
    rng, per_marker, mirrored = np.random.default_rng(20240423), 500, 50
    found = {}
    for covariance in covariances.values():
        values = null_trials.draw(covariance, per_marker, 18, rng)
        for name, p in null_trials.make_tests(values, GROUP, HOW, per_marker, mirrored):
            found.setdefault(name, []).append(p)
    assert len(found) == 5
    for name, parts in found.items():
        p = np.concatenate(parts)
        assert (null_trials.errors(p) <= null_trials.allowed(len(p), 3)).all(), name


def test_the_test_sees_an_error_above_the_limit(covariances):
    # the ANOVA with its correction left out
    values = null_trials.draw(covariances["TLHRTLH"], 2_000, 18, np.random.default_rng(1))
    change = values - values.mean(axis=2, keepdims=True)
    means = change.mean(axis=1)
    f = 18 * (means**2).sum(axis=1) / ((change - means[:, None, :]) ** 2).sum(axis=(1, 2)) * 17
    plain = stats.f.sf(f, 6, 102)
    assert (null_trials.errors(plain) > null_trials.allowed(2_000, 3)).all()
