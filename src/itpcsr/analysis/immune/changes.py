"""Did a marker move: its mean change, planned comparisons with baseline, and tests over all visits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from csrkit.rows import absent_rows, make_rows
from csrkit.stats.effects import DZ, T_INTERVAL, describe, mean_interval, paired_effect
from csrkit.stats.estimation import QUIET, attempt_numbers
from csrkit.stats.families import ADJUSTED, CONSTANT, FEW, adjust, to_rows, why
from csrkit.stats.fewest import FEWEST_FOR_TEST, TOO_FEW
from csrkit.stats.permutation import Permutations, flip_signs, mirror_ranks
from itpcsr.analysis.immune.panel import Floats, Panel, missing_sentence
from itpcsr.analysis.immune.summaries import POPULATION, back, effect_units
from itpcsr.study import Study

FRIEDMAN = "Friedman test of the visits (pingouin), subjects with all visits"
RM_ANOVA = "repeated-measures ANOVA with Greenhouse-Geisser correction (pingouin), subjects with all visits"
NO_CHANGE = "no subject's values differ between the visits"
ALIKE = "all subjects change by the same, so that there is no error term"
_NONE = 1e-12  # range below which values count as all equal
_NO_VISITS = "fewer than 2 visits with values"


def analyse_mean_change(
    adcp: pd.DataFrame, panel: Panel, study: Study, level: float, how: Permutations
) -> pd.DataFrame:
    """Test each marker's mean change from baseline: one number per subject, one test per marker.

    Each subject's changes are averaged over the visits with a value (a summary measure, Matthews et al.,
    BMJ 1990;300:230), so that every subject with a baseline and one later value takes part. ``analysis`` is
    mean_change, ``level`` the marker; statistics n, estimate, low, high, effect (dz) with effect_low and
    effect_high, p_value, p_adjusted.
    """
    display = "tbl-immune-change"
    if sentence := missing_sentence(adcp, study):
        return absent_rows(display, sentence)
    rows = _against_baseline(panel, panel.mean_change, level, how, None)
    return make_rows(
        rows, display=display, analysis="mean_change", group="total", population=POPULATION, dataset="ADCP"
    )


def analyse_planned(
    adcp: pd.DataFrame, panel: Panel, study: Study, level: float, how: Permutations
) -> pd.DataFrame:
    """Compare each planned visit with baseline; the family is all markers at all visits together."""
    display = "tbl-immune-planned"
    if sentence := missing_sentence(adcp, study):
        return absent_rows(display, sentence)
    change = panel.change
    p = np.stack([flip_signs(change[:, number], how) for number in range(change.shape[1])])
    adjusted = adjust(p)
    parts = [
        _against_baseline(panel, change[:, number], level, how, (p[number], adjusted[number])).assign(
            visit=visit
        )
        for number, visit in enumerate(panel.visits[1:])
    ]
    return make_rows(
        pd.concat(parts, ignore_index=True),
        display=display,
        analysis="planned",
        group="total",
        population=POPULATION,
        dataset="ADCP",
    )


def _against_baseline(
    panel: Panel, change: Floats, level: float, how: Permutations, p_values: tuple[Floats, Floats] | None
) -> pd.DataFrame:
    """Return the rows of one set of changes; ``p_values`` (raw, adjusted) where a larger family has them."""
    n, mean, low, high = mean_interval(change, level)
    effect, effect_low, effect_high = paired_effect(change, level)
    raw = flip_signs(change, how) if p_values is None else p_values[0]
    statistics = {
        "n": n,
        **back(panel, mean, low, high),
        "effect": effect,
        "effect_low": effect_low,
        "effect_high": effect_high,
        "p_value": raw,
        "p_adjusted": adjust(raw) if p_values is None else p_values[1],
    }
    methods: dict[str, str | list[str]] = {"low": T_INTERVAL, "high": T_INTERVAL}
    methods |= {"effect": DZ, "effect_low": DZ}
    methods |= {"p_value": [how.method(size) for size in n], "p_adjusted": ADJUSTED}
    _, _, sd = describe(change)
    reasons = why(
        (n == 0, "no subject has baseline and a later value"),
        (np.isnan(sd), FEW),
        (n < FEWEST_FOR_TEST, TOO_FEW),
        (sd < 1e-12, CONSTANT),
    )
    rows = to_rows(panel.codes, statistics, reasons, methods)
    return rows.assign(unit=rows["level"].map(effect_units(panel)))


@dataclass(frozen=True)
class Complete:
    """One marker's values of the subjects with all visits that have any value."""

    values: Floats
    visits: list[int]


def complete_cases(values: Floats) -> Complete:
    """Leave out visits that nobody has, then subjects with a gap; ``values`` are subjects × visits."""
    visits = [number for number in range(values.shape[1]) if np.isfinite(values[:, number]).any()]
    own = values[:, visits]
    return Complete(own[np.isfinite(own).all(axis=1)], visits)


def analyse_visits(adcp: pd.DataFrame, panel: Panel, study: Study, how: Permutations) -> pd.DataFrame:
    """Test each marker over all visits, in the subjects with a value at each.

    Visits near each other are more alike than others, so that neither test may take them as equally
    correlated: the ANOVA is corrected (Greenhouse-Geisser; Huynh-Feldt's correction is above nominal here),
    and the p-value of Friedman's statistic comes from mirroring subjects' ranks.

    ``analysis`` is friedman or anova; ``level`` the marker. Statistics: n (subjects), visits,
    statistic (chi-square or F), df1, df2, epsilon (Greenhouse-Geisser), effect (Kendall's W or generalised
    eta squared), p_value, p_adjusted.
    """
    display = "tbl-immune-visits"
    if sentence := missing_sentence(adcp, study):
        return absent_rows(display, sentence)
    values = [panel.values[:, :, number] for number in range(len(panel.markers))]
    mirrored = [how.mirrored(len(complete_cases(own).values)) for own in values]
    ranked = {"statistic": FRIEDMAN, "effect": FRIEDMAN, "p_value": mirrored, "p_adjusted": ADJUSTED}
    parts = [
        _test_rows(panel, [_friedman(own, how) for own in values], ranked).assign(analysis="friedman"),
        _test_rows(
            panel, [_anova(own) for own in values], {"p_value": RM_ANOVA, "p_adjusted": ADJUSTED}
        ).assign(analysis="anova"),
    ]
    return make_rows(
        pd.concat(parts, ignore_index=True),
        display=display,
        group="total",
        population=POPULATION,
        dataset="ADCP",
    )


def _test_rows(
    panel: Panel, found: list[dict[str, float | str]], methods: Mapping[str, str | Sequence[str]]
) -> pd.DataFrame:
    frame = pd.DataFrame(found)
    reasons = frame.pop("reason").to_numpy("object")
    statistics = {name: frame[name].to_numpy("float64") for name in frame}
    statistics["p_adjusted"] = adjust(statistics["p_value"])
    return to_rows(panel.codes, statistics, reasons, methods)


@np.errstate(**QUIET)
def _refusal(complete: Complete) -> str:
    """Return why the visits can't be compared, or "" where they can."""
    if len(complete.visits) < 2:
        return _NO_VISITS
    if len(complete.values) < FEWEST_FOR_TEST:
        return TOO_FEW
    if np.ptp(complete.values) < _NONE:
        return CONSTANT
    if np.ptp(complete.values, axis=1).max() < _NONE:
        return NO_CHANGE
    return ""


@np.errstate(**QUIET)
def _alike(complete: Complete) -> str:
    change = complete.values - complete.values.mean(axis=1, keepdims=True)
    return ALIKE if np.ptp(change, axis=0).max() < _NONE else ""


def _long(values: Floats) -> pd.DataFrame:
    subjects, visits = values.shape
    return pd.DataFrame(
        {
            "subject": np.repeat(np.arange(subjects), visits),
            "visit": np.tile(np.arange(visits), subjects),
            "value": values.ravel(),
        }
    )


def _friedman(values: Floats, how: Permutations) -> dict[str, float | str]:
    complete = complete_cases(values)
    sizes: dict[str, float | str] = {"n": len(complete.values), "visits": len(complete.visits)}
    reason = _refusal(complete)
    if not reason and len(complete.visits) < 3:
        reason = "fewer than 3 visits with values"
    if reason:
        return {**sizes, "statistic": np.nan, "effect": np.nan, "p_value": np.nan, "reason": reason}
    import pingouin as pg  # takes seconds to import

    def test() -> dict[str, float]:
        table = pg.friedman(_long(complete.values), dv="value", within="visit", subject="subject").iloc[0]
        return {
            "statistic": table["Q"],
            "effect": table["W"],
            "p_value": mirror_ranks(complete.values, how),
        }

    found, reason = attempt_numbers(("statistic", "effect", "p_value"), test)
    return {**sizes, **found, "reason": reason}


def _anova(values: Floats) -> dict[str, float | str]:
    complete = complete_cases(values)
    sizes: dict[str, float | str] = {"n": len(complete.values), "visits": len(complete.visits)}
    names = ("statistic", "df1", "df2", "epsilon", "effect", "p_value")
    if reason := _refusal(complete) or _alike(complete):
        return {**sizes, **dict.fromkeys(names, np.nan), "reason": reason}
    import pingouin as pg  # takes seconds to import

    def test() -> dict[str, float]:
        table = pg.rm_anova(
            _long(complete.values),
            dv="value",
            within="visit",
            subject="subject",
            correction=True,
            detailed=True,
        )
        # pingouin leaves out a column without values; two visits are always spherical, and have no corrected
        # p-value
        first = dict.fromkeys(("F", "eps", "ng2", "p_unc"), np.nan) | table.iloc[0].to_dict()
        return {
            "statistic": first["F"],
            "df1": first["DF"],
            "df2": table.iloc[1]["DF"],
            "epsilon": first["eps"],
            "effect": first["ng2"],
            "p_value": first.get("p_GG_corr", first["p_unc"]),
        }

    # pingouin warns of a sphericity test on few subjects; that test isn't taken, the correction is
    found, reason = attempt_numbers(names, test)
    return {**sizes, **found, "reason": reason}
