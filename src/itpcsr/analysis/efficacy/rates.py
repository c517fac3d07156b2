"""Response rates by other intervals, a Bayesian posterior, and the exact trend over dose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from csrkit.rows import absent_rows
from csrkit.stats.estimation import attempt
from csrkit.stats.fewest import FEWEST_FOR_TEST, TOO_FEW
from csrkit.stats.proportions import (
    EXACT,
    NO_SUBJECTS,
    count_subjects,
    exact_interval,
    jeffreys_interval,
    wilson_interval,
)
from csrkit.stats.trend import exact_trend
from itpcsr.analysis.efficacy.scope import efficacy_members, efficacy_rows, missing_response
from itpcsr.study import Study

WILSON = "Wilson score interval"
JEFFREYS = "Jeffreys interval"
TREND = "exact conditional Cochran-Armitage test"
INTERVALS = {
    "exact": (EXACT, exact_interval),
    "wilson": (WILSON, wilson_interval),
    "jeffreys": (JEFFREYS, jeffreys_interval),
}
_ONE_DOSE = "all subjects have the same dose"
_ALL_ALIKE = "all subjects have the same response"
_MANY = "too many subjects for the exact test"
_MOST = 150  # subjects up to which all tables are enumerated within a moment


def analyse_rates(adsl: pd.DataFrame, adrs: pd.DataFrame, study: Study, confidence: float) -> pd.DataFrame:
    """Estimate the response rate of each column, and the trend over dose.

    ``analysis`` rate has n, N and percent; exact, wilson and jeffreys have ci_low and ci_high; posterior has
    mean, median, ci_low and ci_high (equal tails) under the beta prior of the study, all in percent; exceeds
    the posterior probability, in percent, that the true rate is above ``level`` percent. trend, without
    group, has p_value by level: increasing (one-sided) and two-sided.
    """
    display = "tbl-response-rates"
    rule = study.efficacy
    if (reason := missing_response(adrs, study)) or rule is None:
        return absent_rows(display, reason)
    members = efficacy_members(adsl, study)
    responders = adrs[(adrs["PARAMCD"] == "BOR") & (adrs["AVAL"] == 1)].assign(level="")
    counts = count_subjects(responders, members, [""], "level")
    wide = counts.pivot(index="group", columns="statistic", values="value")
    parts = [counts.assign(analysis="rate")]
    for name, (method, interval) in INTERVALS.items():
        low, high = interval(wide["n"], wide["N"], confidence)
        values = {"ci_low": 100 * low, "ci_high": 100 * high}
        parts.append(_long(wide.index, values, name, "", method))
    parts += _posterior(wide, rule.rate_prior, rule.rate_thresholds, confidence)
    parts.append(_trend(adsl, responders, study))
    return efficacy_rows(parts, members, display, "ADRS")


def _posterior(
    wide: pd.DataFrame, prior: Sequence[float], thresholds: Sequence[float], confidence: float
) -> list[pd.DataFrame]:
    """The posterior of a beta prior after n of N is beta again; a group without subjects keeps no prior."""
    known = wide["N"] > 0
    first = (prior[0] + wide["n"]).where(known).to_numpy("float64")
    second = (prior[1] + wide["N"] - wide["n"]).where(known).to_numpy("float64")
    method = f"beta posterior, prior beta({prior[0]:g}, {prior[1]:g})"
    tail = (1 - confidence) / 2
    values = {
        "mean": 100 * first / (first + second),
        "median": 100 * stats.beta.ppf(0.5, first, second),
        "ci_low": 100 * stats.beta.ppf(tail, first, second),
        "ci_high": 100 * stats.beta.ppf(1 - tail, first, second),
    }
    parts = [_long(wide.index, values, "posterior", "", method)]
    for threshold in thresholds:
        above = {"percent": 100 * stats.beta.sf(threshold / 100, first, second)}
        parts.append(_long(wide.index, above, "exceeds", f"{threshold:g}", method))
    return parts


def _long(
    groups: pd.Index, values: dict[str, np.ndarray], analysis: str, level: str, method: str
) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"group": groups.astype("str"), "statistic": name, "value": value})
        for name, value in values.items()
    ]
    rows = pd.concat(parts, ignore_index=True)
    rows["reason"] = np.where(rows["value"].isna(), NO_SUBJECTS, "")
    return rows.assign(analysis=analysis, level=level, unit="%", method=method)


def _trend(adsl: pd.DataFrame, responders: pd.DataFrame, study: Study) -> pd.DataFrame:
    doses = {arm.code: arm.dose for arm in study.design.arms if arm.dose is not None}
    treated = adsl[(adsl["FASFL"] == "Y") & adsl["ARMCD"].isin(list(doses))]
    treated = treated[treated["ARMCD"].isin(study.design.reported_arms)]
    dose = treated["ARMCD"].map(doses).astype("float64")
    had = treated["USUBJID"].isin(responders["USUBJID"])
    table = pd.DataFrame({"dose": dose, "had": had}).groupby("dose")["had"].agg(["sum", "size"])
    reason = ""
    if len(had) < FEWEST_FOR_TEST:
        reason = TOO_FEW
    elif len(table) < 2:
        reason = _ONE_DOSE
    elif had.all() or not had.any():
        reason = _ALL_ALIKE
    elif len(had) > _MOST:
        reason = _MANY
    p = (np.nan, np.nan)
    if not reason:
        found, reason = attempt(lambda: exact_trend(table["sum"], table["size"], table.index))
        p = found or p
    return pd.DataFrame({"level": ["increasing", "two-sided"], "value": p}).assign(
        analysis="trend", group="", statistic="p_value", unit="", method=TREND, reason=reason
    )
