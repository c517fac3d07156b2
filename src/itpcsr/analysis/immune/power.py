"""What the design could see: power at the observed numbers of subjects, by simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd

from itpcsr.analysis.fewest import FEWEST_FOR_TEST, FEWEST_IN_SUBSET, TOO_FEW, TOO_FEW_IN_SUBSET
from itpcsr.analysis.immune.panel import Panel, missing_sentence
from itpcsr.analysis.immune.permutation import Permutations, flip_signs, swap_groups
from itpcsr.analysis.immune.summaries import POPULATION
from itpcsr.results import absent_rows, make_rows
from itpcsr.study import Study

EFFECTS = tuple(np.arange(2, 25) / 8)  # 0.25 to 3 SD
POWER = "simulated normal changes, the permutation test of the analysis, share of p-values at most the level"
_NONE = "no effect up to 3 SD reaches this power"


def analyse_power(
    adcp: pd.DataFrame, panel: Panel, study: Study, rate: float, power: float, simulations: int, seed: int
) -> pd.DataFrame:
    """Find the smallest standardised effect that is seen with the power asked for, at the observed numbers.

    ``analysis`` change: mean change of all subjects in SDs of changes; response: difference of responders and
    non-responders in SDs. ``level`` single: one test at level ``rate``; family: the level that the smallest
    of all markers' p-values has to meet when no other marker moves (rate divided by their number).
    Statistics: n1, n2, least_effect, and power at it.
    """
    display = "tbl-immune-power"
    if sentence := missing_sentence(adcp, study):
        return absent_rows(display, sentence)
    has_change = np.isfinite(panel.mean_change).any(axis=1)
    n1, n2 = (int((has_change & (panel.responder == value)).sum()) for value in (1, 0))
    parts = []
    for analysis, first, second in (("change", int(has_change.sum()), 0), ("response", n1, n2)):
        for level, alpha in (("single", rate), ("family", rate / len(panel.markers))):
            least, reached, reason = _least(first, second, analysis, alpha, power, simulations, seed)
            values = {"n1": first, "n2": second, "alpha": alpha, "least_effect": least, "power": reached}
            frame = pd.DataFrame({"statistic": list(values), "value": list(values.values())})
            parts.append(frame.assign(analysis=analysis, level=level, reason=reason))
    rows = pd.concat(parts, ignore_index=True)
    rows["reason"] = rows["reason"].where(rows["value"].isna(), "")
    return make_rows(
        rows, display=display, group="total", population=POPULATION, dataset="ADCP", method=POWER
    )


def _least(
    first: int, second: int, analysis: str, alpha: float, power: float, simulations: int, seed: int
) -> tuple[float, float, str]:
    """Return the smallest effect of the grid that reaches the power, by bisection, and its power."""
    if analysis == "change" and first < FEWEST_FOR_TEST:
        return np.nan, np.nan, TOO_FEW
    if analysis == "response" and min(first, second) < FEWEST_IN_SUBSET:
        return np.nan, np.nan, TOO_FEW_IN_SUBSET
    noise = np.random.default_rng([seed, first, second]).standard_normal((first + second, simulations))
    low, high = 0, len(EFFECTS) - 1
    reached = simulated_power(noise, first, EFFECTS[high], alpha, seed)
    if reached < power:
        return np.nan, np.nan, _NONE
    while low < high:
        middle = (low + high) // 2
        value = simulated_power(noise, first, EFFECTS[middle], alpha, seed)
        if value >= power:
            high, reached = middle, value
        else:
            low = middle + 1
    return float(EFFECTS[high]), reached, ""


def simulated_power(noise: np.ndarray, first: int, effect: float, alpha: float, seed: int) -> float:
    """Return the share of simulated trials whose p-value is at most ``alpha``.

    ``noise`` is subjects × simulations of standard normal values; the ``first`` subjects are shifted by
    ``effect``. All shifted: changes are tested about zero, otherwise the two groups against each other.
    """
    # all arrangements up to here; a sample of this size is exact enough for a power
    how = Permutations(limit=5_000, draws=1_999, seed=seed)
    group = np.arange(len(noise)) < first
    values = noise + effect * group[:, None]
    p = flip_signs(values, how) if group.all() else swap_groups(values, group, how)
    return float((p <= alpha).mean())
