"""Does it go with response: responders against non-responders, over time and in the mean change."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from csrkit.rows import absent_rows, make_rows
from csrkit.stats.effects import WELCH, G, difference_interval, group_effect
from csrkit.stats.estimation import QUIET, attempt_numbers
from csrkit.stats.families import ADJUSTED, CONSTANT, adjust, to_rows
from csrkit.stats.fewest import FEWEST_IN_SUBSET, TOO_FEW_IN_SUBSET
from csrkit.stats.linear import regress
from csrkit.stats.permutation import Permutations, swap_groups
from itpcsr.analysis.immune.changes import ALIKE, NO_CHANGE, complete_cases
from itpcsr.analysis.immune.panel import Floats, Panel, missing_sentence
from itpcsr.analysis.immune.summaries import POPULATION, back, effect_units
from itpcsr.study import Study

MIXED_ANOVA = (
    "mixed ANOVA, interaction of response and visit, Greenhouse-Geisser by the covariance pooled within "
    "groups (as R afex and SAS), subjects with all visits"
)
COVARIATE = "linear model of the mean change by response, splenectomy and baseline (ordinary least squares)"
NO_RESPONSE = "The study's data hold no response, so markers can't be compared by response."
_NONE = 1e-12  # range below which values count as all equal
Test = Callable[[Floats, NDArray[np.bool_]], dict[str, float | str]]


def missing_response(adcp: pd.DataFrame, panel: Panel, study: Study) -> str:
    """Return why nothing can be set against response, or "" where it can."""
    return missing_sentence(adcp, study) or ("" if np.isfinite(panel.responder).any() else NO_RESPONSE)


def analyse_response(
    adcp: pd.DataFrame, panel: Panel, study: Study, level: float, how: Permutations
) -> pd.DataFrame:
    """Compare the mean changes of responders and non-responders, one test per marker.

    ``analysis`` difference: estimate (ratio of ratios, or difference of differences) with Welch limits,
    effect (Hedges' g) with limits, permutation p; n1 are responders, n2 non-responders. splenectomy: the
    difference adjusted for earlier splenectomy and baseline. ``level`` is the marker.
    """
    display = "tbl-immune-response"
    if sentence := missing_response(adcp, panel, study):
        return absent_rows(display, sentence)
    parts = [
        _differences(panel, level, how).assign(analysis="difference"),
        _adjusted(panel, level).assign(analysis="splenectomy"),
    ]
    return make_rows(
        pd.concat(parts, ignore_index=True),
        display=display,
        group="total",
        population=POPULATION,
        dataset="ADCP, ADRS",
    )


def analyse_interaction(adcp: pd.DataFrame, panel: Panel, study: Study) -> pd.DataFrame:
    """Test whether the course over all visits, baseline included, differs by response.

    ``analysis`` anova: complete cases. ``level`` is the marker; n1 are responders, n2
    non-responders.
    """
    display = "tbl-immune-interaction"
    if sentence := missing_response(adcp, panel, study):
        return absent_rows(display, sentence)
    parts = [
        _interactions(panel, _anova, MIXED_ANOVA).assign(analysis="anova"),
    ]
    return make_rows(
        pd.concat(parts, ignore_index=True),
        display=display,
        group="total",
        population=POPULATION,
        dataset="ADCP, ADRS",
    )


def _differences(panel: Panel, level: float, how: Permutations) -> pd.DataFrame:
    known = np.isfinite(panel.responder)
    change, group = panel.mean_change[known], panel.responder[known] == 1
    first, second = change[group], change[~group]
    n1, n2 = (np.isfinite(part).sum(axis=0) for part in (first, second))
    effect, effect_low, effect_high = group_effect(first, second, level)
    p = swap_groups(change, group, how)
    statistics = {
        "n1": n1,
        "n2": n2,
        **back(panel, *difference_interval(first, second, level)),
        "effect": effect,
        "effect_low": effect_low,
        "effect_high": effect_high,
        "p_value": p,
        "p_adjusted": adjust(p),
    }
    methods: dict[str, str | list[str]] = {
        "low": WELCH,
        "effect": G,
        "p_value": [how.method(size) for size in n1 + n2],
        "p_adjusted": ADJUSTED,
    }
    reasons = np.where(np.minimum(n1, n2) < FEWEST_IN_SUBSET, TOO_FEW_IN_SUBSET, CONSTANT)
    rows = to_rows(panel.codes, statistics, reasons, methods)
    return rows.assign(unit=rows["level"].map(effect_units(panel)))


def _interactions(panel: Panel, test: Test, method: str) -> pd.DataFrame:
    known = np.isfinite(panel.responder)
    group = panel.responder[known] == 1
    found = [test(panel.values[known, :, number], group) for number in range(len(panel.markers))]
    frame = pd.DataFrame(found)
    reasons = frame.pop("reason").to_numpy("object")
    statistics = {name: frame[name].to_numpy("float64") for name in frame}
    statistics["p_adjusted"] = adjust(statistics["p_value"])
    return to_rows(panel.codes, statistics, reasons, {"p_value": method, "p_adjusted": ADJUSTED})


def _anova(values: Floats, group: NDArray[np.bool_]) -> dict[str, float | str]:
    visits = complete_cases(values).visits
    complete = np.isfinite(values[:, visits]).all(axis=1)
    own, first = values[complete][:, visits], group[complete]
    sizes = {"n1": int(first.sum()), "n2": int((~first).sum())}
    names = ("statistic", "df1", "df2", "epsilon", "p_value")
    if min(sizes["n1"], sizes["n2"]) < FEWEST_IN_SUBSET or len(visits) < 2:
        return {**sizes, **dict.fromkeys(names, np.nan), "reason": TOO_FEW_IN_SUBSET}
    if reason := _refusal(own, first):
        return {**sizes, **dict.fromkeys(names, np.nan), "reason": reason}
    found, reason = attempt_numbers(names, lambda: dict(zip(names, interaction(own, first), strict=True)))
    return {**sizes, **found, "reason": reason}


@np.errstate(**QUIET)
def _refusal(values: Floats, group: NDArray[np.bool_]) -> str:
    """Return why the courses of two groups can't be compared, or "" where they can."""
    if np.ptp(values) < _NONE:
        return CONSTANT
    if np.ptp(values, axis=1).max() < _NONE:
        return NO_CHANGE
    change = values - values.mean(axis=1, keepdims=True)
    spread = max(np.ptp(change[own], axis=0).max() for own in (group, ~group))
    return ALIKE if spread < _NONE else ""


@np.errstate(**QUIET)
def interaction(values: Floats, group: NDArray[np.bool_]) -> tuple[float, float, float, float, float]:
    """Return F, both degrees of freedom, epsilon and corrected p of group × visit, for complete data.

    ``values`` are subjects × visits. Greenhouse and Geisser's epsilon comes from the covariance pooled
    within the groups, as in R's afex and SAS; pingouin's mixed_anova takes it over all subjects, and gives no
    corrected p-value for the interaction. All NaN where nothing varies within subjects.
    """
    n, visits = values.shape
    n1, n2 = int(group.sum()), int((~group).sum())
    means = np.where(group[:, None], values[group].mean(axis=0), values[~group].mean(axis=0))
    difference = values[group].mean(axis=0) - values[~group].mean(axis=0)
    centred = difference - difference.mean()
    residual = values - means
    within = residual - residual.mean(axis=1, keepdims=True)
    covariance = within.T @ within / (n - 2)
    total = np.trace(covariance)
    if total < 1e-24:
        return (np.nan,) * 5
    df1, df2 = visits - 1, (n - 2) * (visits - 1)
    f = (n1 * n2 / n * (centred @ centred) / df1) / (total * (n - 2) / df2)
    epsilon = total**2 / (df1 * np.sum(covariance**2))
    return (
        float(f),
        float(df1),
        float(df2),
        float(epsilon),
        float(stats.f.sf(f, epsilon * df1, epsilon * df2)),
    )


def _adjusted(panel: Panel, level: float) -> pd.DataFrame:
    """Return the difference by response with earlier splenectomy and baseline in the model."""
    found = [_least_squares(panel, number, level) for number in range(len(panel.markers))]
    n, fewest, difference, low, high, p = (
        np.array(column, dtype="float64") for column in zip(*found, strict=True)
    )
    few = fewest < FEWEST_IN_SUBSET
    p = np.where(few, np.nan, p)
    statistics = {"n": n, **back(panel, difference, low, high), "p_value": p, "p_adjusted": adjust(p)}
    methods = {"p_value": COVARIATE, "p_adjusted": ADJUSTED}
    reasons = np.where(
        few, TOO_FEW_IN_SUBSET, "response, splenectomy and baseline can't be told apart in these subjects"
    )
    rows = to_rows(panel.codes, statistics, reasons, methods)
    return rows.assign(unit=rows["level"].map(effect_units(panel)))


def _least_squares(panel: Panel, number: int, level: float) -> tuple[float, ...]:
    """Return n, the smaller number of responders or others, and difference, limits and p of response."""
    change = panel.mean_change[:, number]
    columns = [np.ones(len(change)), panel.responder, panel.splenectomy, panel.values[:, 0, number]]
    design = np.column_stack(columns)
    known = np.isfinite(design).all(axis=1) & np.isfinite(change)
    responders = int(panel.responder[known].sum())
    fewest = min(responders, int(known.sum()) - responders)
    return (int(known.sum()), fewest, *map(float, regress(change[known], design[known], level)[1]))
