"""How often the tests of immune function find something where nothing moves, with the demo's covariance.

Trials have the visits and the covariance between visits of each marker of the demo: 18 subjects, 8 of them
responders, all with values at every visit, and the 7 that have them in the demo. Correlations differ between
pairs of visits, so that tests which take them as equal err too often; Friedman's chi-square is printed beside.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from csrkit.stats.permutation import Permutations
from itpcsr.analysis import immune
from itpcsr.study import Study
from tests.itpcsr.analysis.immune import null_trials

# in all, at a time, and of these by permutation tests: the last takes one trial at a time
TRIALS, AT_ONCE, PERMUTED, MIRRORED = 40_000, 10_000, 1_000, 100
HOW = Permutations(limit=1_000, draws=999)


def friedman_chi_square(values: null_trials.Floats) -> null_trials.Floats:
    """Return the p-value of Friedman's test by its chi-square approximation; values without ties."""
    _, subjects, visits = values.shape
    ranks = values.argsort(axis=2).argsort(axis=2) + 1.0
    spread = ((ranks.mean(axis=1) - (visits + 1) / 2) ** 2).sum(axis=1)
    return np.asarray(stats.chi2.sf(12 * subjects / (visits * (visits + 1)) * spread, visits - 1))


@pytest.mark.parametrize(("subjects", "responders"), [(18, 8), (7, 3)])
def test_errors_are_near_nominal(
    demo: dict[str, pd.DataFrame], study: Study, subjects: int, responders: int
) -> None:
    panel = immune.build_panel(demo["adsl"], demo["adcp"], demo["adrs"], study)
    group = np.arange(subjects) < responders
    rng = np.random.default_rng(20240423)
    found: dict[str, list[np.ndarray]] = {}
    for covariance in null_trials.covariances(panel).values():
        parts: dict[str, list[np.ndarray]] = {}
        for _ in range(TRIALS // AT_ONCE):
            values = null_trials.draw(covariance, AT_ONCE, subjects, rng)
            for name, p in null_trials.make_tests(values, group, HOW, PERMUTED, MIRRORED):
                parts.setdefault(name, []).append(p)
            parts.setdefault("Friedman chi-square", []).append(friedman_chi_square(values))
        for name, p_values in parts.items():
            found.setdefault(name, []).append(null_trials.errors(np.concatenate(p_values)))
    print(
        f"\n  {subjects} subjects, errors at {', '.join(map(str, null_trials.NOMINAL))}: mean, worst marker"
    )
    for name, shares in found.items():
        print(f"  {name:20} {np.mean(shares, axis=0).round(4)} {np.max(shares, axis=0).round(4)}")
    del found["Friedman chi-square"]
    for name, shares in found.items():
        if name in ("ANOVA", "interaction"):
            assert (np.max(shares, axis=0) <= null_trials.allowed(TRIALS, 3)).all(), name
        else:  # fewer trials, so all markers together
            few = MIRRORED if name == "Friedman mirrored" else PERMUTED
            pooled = len(shares) * few * TRIALS // AT_ONCE
            assert (np.mean(shares, axis=0) <= null_trials.allowed(pooled, 3)).all(), name
