"""Immune function: time of many markers, and what the method finds where nothing, or one thing, is planted."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from csrkit.rows import combine
from csrkit.stats.families import adjust
from csrkit.stats.permutation import flip_signs, swap_groups
from itpcsr.analysis import immune
from itpcsr.study import Study
from tests import covid

SIMULATIONS = 1_000
RATE = 0.05
# Log spread between and within subjects, as of the simulated trial's helper cells and cytokines.
BETWEEN, WITHIN = 0.35, 0.15
PLANTED = "TLHRTLH"
HOW = immune.Permutations(draws=4_999)


@pytest.fixture(scope="module")
def panel(demo: dict[str, pd.DataFrame], study: Study) -> immune.Panel:
    return immune.build_panel(demo["adsl"], demo["adcp"], demo["adrs"], study)


def simulate(panel: immune.Panel, rng: np.random.Generator, shift: float) -> immune.Panel:
    """Return the panel with drawn values, its gaps kept; responders' Treg are moved after baseline."""
    subjects, visits, markers = panel.values.shape
    level = BETWEEN * rng.standard_normal((subjects, 1, markers))
    values = level + WITHIN * rng.standard_normal((subjects, visits, markers))
    codes = panel.codes
    values[panel.responder == 1, 1:, codes.index(PLANTED)] += shift
    for place, marker in enumerate(panel.markers):
        if marker.parts:
            top, bottom = (values[:, :, codes.index(part)] for part in marker.parts)
            values[:, :, place] = top - bottom
    return replace(panel, values=np.where(np.isnan(panel.values), np.nan, values))


def findings(panel: immune.Panel) -> dict[str, set[str]]:
    """Return the markers that each family finds, by the tests of ``tbl-immune-change`` and ``-response``."""
    change = panel.mean_change
    families = {"change": flip_signs(change, HOW), "response": swap_groups(change, panel.responder == 1, HOW)}
    codes = np.array(panel.codes)
    return {name: set(codes[adjust(p) <= RATE]) for name, p in families.items()}


def test_nothing_is_found_where_nothing_is_planted(panel: immune.Panel) -> None:
    rng = np.random.default_rng(1)
    any_finding = {"change": 0, "response": 0}
    for _ in range(SIMULATIONS):
        for name, found in findings(simulate(panel, rng, 0.0)).items():
            any_finding[name] += bool(found)
    shares = {name: count / SIMULATIONS for name, count in any_finding.items()}
    print(f"\n  {SIMULATIONS} trials without effect, families with any finding: {shares}")
    # the true share is at most the rate; two standard errors of a simulated share are allowed
    assert max(shares.values()) <= RATE + 2 * np.sqrt(RATE * (1 - RATE) / SIMULATIONS)


def test_a_planted_effect_is_found_with_the_power_that_is_stated(
    panel: immune.Panel, demo: dict[str, pd.DataFrame], study: Study
) -> None:
    rng = np.random.default_rng(2)
    stated = immune.analyse_power(demo["adcp"], panel, study, RATE, 0.8, 2_000, 1)
    stated = stated[(stated["analysis"] == "response") & (stated["level"] == "family")]
    least, power = (stated.set_index("statistic")["value"][name] for name in ("least_effect", "power"))
    place = panel.codes.index(PLANTED)
    null = np.concatenate([simulate(panel, rng, 0.0).mean_change[:, place] for _ in range(400)])
    shift = least * null.std()
    runs = SIMULATIONS // 2
    found = sum(PLANTED in findings(simulate(panel, rng, shift))["response"] for _ in range(runs))
    share = found / runs
    print(f"\n  planted {least:.2f} SD in responders: found in {share:.3f}, stated power {power:.3f}")
    # not less, and not more: the effect stated is the least one (the gaps of some markers cost a little)
    assert abs(share - power) <= 3 * np.sqrt(power * (1 - power) / runs) + 0.01


def test_136_real_markers_are_analysed_in_seconds() -> None:
    if not covid.SOURCE.exists():
        pytest.skip(f"the real immune markers aren't at {covid.SOURCE}")
    real = covid.load_covid()
    # pingouin is imported on first use, which isn't part of an analysis
    immune.analyse_visits(real.datasets["adcp"].head(1), replace_markers(real.panel, 1), real.study, HOW)
    start = time.perf_counter()
    combine(*covid.analyse_everything(real.datasets, real.panel, real.study).values())
    seconds = time.perf_counter() - start
    print(f"\n  {len(real.panel.markers)} markers of {len(real.source)} samples: {seconds:.1f} s")
    assert seconds < 20


def replace_markers(panel: immune.Panel, count: int) -> immune.Panel:
    """Return the panel of the first markers."""
    return replace(
        panel,
        markers=panel.markers[:count],
        values=panel.values[:, :, :count],
        original=panel.original[:, :, :count],
    )
