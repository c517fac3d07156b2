"""Log platelet counts over the visits: tests over time and comparisons with baseline."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from csrkit.rows import absent_rows
from csrkit.stats.estimation import attempt_numbers
from csrkit.stats.fewest import FEWEST_FOR_TEST, TOO_FEW
from csrkit.stats.permutation import Permutations, mirror_ranks
from itpcsr.analysis.efficacy.course import named, select_platelets
from itpcsr.analysis.efficacy.scope import efficacy_members, efficacy_rows, missing_efficacy
from itpcsr.study import Study

FRIEDMAN = "Friedman's statistic (pingouin)"
ANOVA = "repeated-measures analysis of variance (pingouin)"
CORRECTED = "repeated-measures analysis of variance, Greenhouse-Geisser (pingouin)"
PAIRED = "paired t-test of log counts (SciPy); Hedges' g by pingouin"
HOLM = "Holm adjustment over the weeks of the column (pingouin)"
_LEAST = 3  # pairs below which a ratio has no interval
_FEW_PAIRS = "fewer than 3 subjects with both counts"
_SINGULAR = "not more subjects than visits, so their covariance can't be estimated"
_ALL_ALIKE = "all values are the same"
_NO_CHANGE = "no subject's values differ between the visits"
_CONSTANT = "no variation of the change"
_NEAR = 1e-12  # differences of logarithms below which they are the same
_ZERO = 0.5  # a count of 0 has no logarithm; counts are whole, so it is taken as 0.5


def select_logs(
    adsl: pd.DataFrame, adlb: pd.DataFrame, study: Study, weeks: Sequence[int], *, after_rescue: bool = True
) -> pd.DataFrame:
    """Return log10 platelet counts at baseline and the weeks asked for: USUBJID, AVISITN, LOG, BASELOG.

    Without ``after_rescue`` the counts from the first day of rescue therapy on are left out.
    """
    platelets = select_platelets(adsl, adlb, study, after_rescue=after_rescue)
    known = platelets["BASE"].notna() & platelets["AVAL"].notna()
    chosen = platelets[platelets["AVISITN"].isin([0, *weeks]) & known]
    logs = chosen[["USUBJID", "AVISITN"]].reset_index(drop=True)
    for name, source in (("LOG", "AVAL"), ("BASELOG", "BASE")):
        logs[name] = np.log10(chosen[source].clip(lower=_ZERO)).to_numpy("float64")
    return logs


def analyse_repeated(
    adsl: pd.DataFrame, adlb: pd.DataFrame, study: Study, weeks: Sequence[int], *, after_rescue: bool = True
) -> pd.DataFrame:
    """Test whether log platelet counts differ between baseline and the weeks, by column.

    ``analysis`` friedman has n (complete subjects), Q, df, p_value and W, Kendall's coefficient; anova has n,
    F, df1, df2, p_value, ng2 (generalised eta squared), and epsilon and p_corrected after Greenhouse and
    Geisser. The p-value of Q is that of ``mirror_ranks``: its chi-square distribution takes all visits as
    equally correlated, which counts over time aren't. Subjects with a count at every visit; with 3 of them or
    fewer nothing is tested, and with no more of them than visits the correction for sphericity can't be
    estimated. Without ``after_rescue`` the counts from the first day of rescue therapy on are left out, and
    with them the subjects who then lack one; the display is ``tbl-platelet-tests-no-rescue``.
    """
    display = named("tbl-platelet-tests", after_rescue)
    if reason := missing_efficacy(adlb, study):
        return absent_rows(display, reason)
    members = efficacy_members(adsl, study)
    joined = select_logs(adsl, adlb, study, weeks, after_rescue=after_rescue).merge(members, on="USUBJID")
    parts, how = [], Permutations()
    for group in members["group"].cat.categories:
        complete = _complete(joined[joined["group"] == group], 1 + len(set(weeks)))
        parts += [part.assign(group=group) for part in (_friedman(complete, how), _anova(complete))]
    return efficacy_rows(parts, members, display, "ADLB")


def _complete(logs: pd.DataFrame, visits: int) -> pd.DataFrame:
    seen = logs.groupby("USUBJID")["AVISITN"].transform("nunique")
    return logs[seen == visits].sort_values(["USUBJID", "AVISITN"], ignore_index=True)


def _unvarying(logs: pd.DataFrame) -> str:
    """Return why there is nothing to compare between visits where no subject's counts differ, or ""."""
    if (logs.groupby("USUBJID")["LOG"].nunique() > 1).any():
        return ""
    return _ALL_ALIKE if logs["LOG"].nunique() == 1 else _NO_CHANGE


def _parallel(logs: pd.DataFrame) -> bool:
    """Tell whether all subjects change by the same from visit to visit, so that there is no error term."""
    change = logs["LOG"] - logs.groupby("USUBJID")["LOG"].transform("mean")
    return bool((change - change.groupby(logs["AVISITN"]).transform("mean")).abs().max() < _NEAR)


def _friedman(logs: pd.DataFrame, how: Permutations) -> pd.DataFrame:
    n = logs["USUBJID"].nunique()
    values = dict.fromkeys(["Q", "df", "p_value", "W"], np.nan)
    reason = TOO_FEW if n < FEWEST_FOR_TEST else _unvarying(logs)
    if not reason:
        import pingouin as pg  # takes seconds to import

        courses = logs.pivot(index="USUBJID", columns="AVISITN", values="LOG")

        def friedman() -> dict[str, float]:
            test = pg.friedman(logs, dv="LOG", within="AVISITN", subject="USUBJID").iloc[0]
            return {
                "Q": test["Q"],
                "df": test["ddof1"],
                "p_value": mirror_ranks(courses.to_numpy("float64"), how),
                "W": test["W"],
            }

        values, reason = attempt_numbers(values, friedman)
    rows = _rows("friedman", {"n": n, **values}, FRIEDMAN, reason)
    rows["method"] = rows["method"].mask(rows["statistic"] == "p_value", how.mirrored(n))
    return rows


def _anova(logs: pd.DataFrame) -> pd.DataFrame:
    n, visits = logs["USUBJID"].nunique(), logs["AVISITN"].nunique()
    plain = dict.fromkeys(["F", "df1", "df2", "p_value", "ng2"], np.nan)
    corrected = dict.fromkeys(["epsilon", "p_corrected"], np.nan)
    reason = TOO_FEW if n < FEWEST_FOR_TEST else _unvarying(logs) or (_CONSTANT if _parallel(logs) else "")
    failure = ""
    if not reason:
        import pingouin as pg

        names = [*plain, *corrected]

        def anova() -> dict[str, float]:
            test = pg.rm_anova(
                logs, dv="LOG", within="AVISITN", subject="USUBJID", correction=True, effsize="ng2"
            ).iloc[0]
            # two visits are always spherical, and have no corrected p-value
            p_corrected = test.get("p_GG_corr", test["p_unc"])
            numbers = [*test[["F", "ddof1", "ddof2", "p_unc", "ng2"]], test["eps"], p_corrected]
            return dict(zip(names, numbers, strict=True))

        found, failure = attempt_numbers(names, anova)
        plain = {name: found[name] for name in plain}
        if n > visits:
            corrected = {name: found[name] for name in corrected}
    return pd.concat(
        [
            _rows("anova", {"n": n, **plain}, ANOVA, reason or failure),
            _rows("anova", corrected, CORRECTED, reason or (failure if n > visits else _SINGULAR)),
        ]
    )


def _rows(analysis: str, values: dict[str, float], method: str, reason: str, **more: str) -> pd.DataFrame:
    frame = pd.DataFrame({"statistic": list(values), "value": [float(value) for value in values.values()]})
    frame["reason"] = np.where(frame["value"].isna(), reason, "")
    frame["method"] = np.where(frame["statistic"] == "n", "", method)
    return frame.assign(analysis=analysis, **more)


def analyse_comparisons(
    adsl: pd.DataFrame,
    adlb: pd.DataFrame,
    study: Study,
    weeks: Sequence[int],
    confidence: float,
    *,
    after_rescue: bool = True,
) -> pd.DataFrame:
    """Compare log platelet counts at each week with baseline, by column.

    ``analysis`` baseline, ``visit`` Week w: n subjects with both counts, gm_ratio, the geometric mean ratio
    to baseline with ci_low and ci_high, p_value (paired t-test of logs), p_holm and hedges_g (paired; of the
    logs). With 3 pairs or fewer there is no p-value, with fewer than 3 no interval. Without ``after_rescue``
    the counts from the first day of rescue therapy on are left out, and the display is
    ``tbl-platelet-comparisons-no-rescue``.
    """
    display = named("tbl-platelet-comparisons", after_rescue)
    if reason := missing_efficacy(adlb, study):
        return absent_rows(display, reason)
    members = efficacy_members(adsl, study)
    joined = select_logs(adsl, adlb, study, weeks, after_rescue=after_rescue).merge(members, on="USUBJID")
    parts = []
    for group in members["group"].cat.categories:
        of_group = joined[joined["group"] == group]
        by_week = {week: of_group[of_group["AVISITN"] == week] for week in weeks}
        rows = [_pair(part, week, confidence) for week, part in by_week.items()]
        parts.append(_adjust(pd.concat(rows, ignore_index=True)).assign(group=group, analysis="baseline"))
    return efficacy_rows(parts, members, display, "ADLB")


def _pair(logs: pd.DataFrame, week: int, confidence: float) -> pd.DataFrame:
    names = ["gm_ratio", "ci_low", "ci_high", "p_value", "hedges_g"]
    values = dict.fromkeys(names, np.nan)
    n, change = len(logs), logs["LOG"] - logs["BASELOG"]
    reason = _FEW_PAIRS if n < _LEAST else _CONSTANT if np.ptp(change) == 0 else ""
    if n >= 1:
        values["gm_ratio"] = 10 ** change.mean()
    if not reason:
        import pingouin as pg

        def paired() -> dict[str, float]:
            # pingouin rounds its interval to two decimals, SciPy doesn't
            test = stats.ttest_rel(logs["LOG"], logs["BASELOG"])
            limits = test.confidence_interval(confidence)
            effect = pg.compute_effsize(logs["LOG"], logs["BASELOG"], paired=True, eftype="hedges")
            ends = {"ci_low": 10**limits.low, "ci_high": 10**limits.high}
            return {**ends, "p_value": test.pvalue, "hedges_g": effect}

        found, reason = attempt_numbers(names[1:], paired)
        values |= found
    rows = _rows("", {"n": n, **values}, PAIRED, reason or _FEW_PAIRS).assign(visit=f"Week {week}")
    if n < FEWEST_FOR_TEST:
        tested = rows["statistic"] == "p_value"
        rows["value"] = rows["value"].mask(tested)
        rows["reason"] = rows["reason"].mask(tested, TOO_FEW)
    return rows


def _adjust(rows: pd.DataFrame) -> pd.DataFrame:
    """Add p_holm over the weeks that could be tested."""
    adjusted = rows[rows["statistic"] == "p_value"].assign(statistic="p_holm", method=HOLM)
    known = adjusted["value"].notna()
    if known.any():
        import pingouin as pg

        adjusted.loc[known, "value"] = pg.multicomp(adjusted.loc[known, "value"].to_numpy(), method="holm")[1]
    return pd.concat([rows, adjusted], ignore_index=True)
