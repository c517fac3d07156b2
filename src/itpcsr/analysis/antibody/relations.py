"""Response, adverse events and exposure by antibody status: counts with exact tests, descriptive."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import stats

from csrkit.rows import absent_rows, make_rows
from csrkit.stats.estimation import attempt
from csrkit.stats.fewest import FEWEST_IN_SUBSET, TOO_FEW_IN_SUBSET
from csrkit.stats.proportions import EXACT, exact_interval
from itpcsr.analysis.antibody.presence import missing_antibodies
from itpcsr.study import Study

DISPLAY = "tbl-antibody-relation"
FISHER = "Fisher's exact test, two-sided"
RANKS = "exact permutation test of the rank sum, two-sided"
NO_CONTRAST = "all subjects have the same value"
TOO_MANY = "too many subjects for an exact test of tied ranks"
NOT_DEFINED = "not recorded in the data"
NO_SUBJECTS = "no subjects in this group"
NO_VALUES = "no values in this group"
# Comparison: the variable of status, who counts as with and who as without the antibody.
COMPARISONS = {
    "emergent": ("STATUS", ("INDUCED", "BOOSTED"), ("UNCHANGED", "NEGATIVE")),
    "positive": ("POSFL", ("Y",), ("N",)),
    "autoantibody": ("AUTOFL", ("Y",), ("N",)),
}
OUTCOMES = ("response", "teae", "serious", "reaction")
_MOST = 200_000  # arrangements that are counted out one by one


def rank_test_exact(first: np.ndarray, second: np.ndarray) -> float:
    """Return the two-sided exact p-value of the Wilcoxon rank-sum test, with mid-ranks for ties.

    All arrangements are counted out: p is the share of rank sums at least as far from their mean as the one
    seen, as R's ``coin::wilcox_test(distribution = "exact")``. Without ties it is the same as R's
    ``wilcox.test(exact = TRUE)``. With more than 200,000 arrangements and no ties SciPy's recursion takes
    over; with ties the result is NaN.
    """
    together = np.concatenate([first, second])
    if math.comb(len(together), len(first)) > _MOST:
        tied = len(np.unique(together)) < len(together)
        return np.nan if tied else float(stats.mannwhitneyu(first, second, method="exact").pvalue)
    ranks = stats.rankdata(together)
    centre = len(first) * ranks.mean()
    result = stats.permutation_test(
        (ranks[: len(first)], ranks[len(first) :]),
        lambda x, y, axis: np.abs(x.sum(axis=axis) - centre),
        vectorized=True,
        n_resamples=np.inf,
        alternative="greater",
    )
    return float(result.pvalue)


def analyse_relations(
    subjects: pd.DataFrame, adab: pd.DataFrame, study: Study, confidence: float
) -> pd.DataFrame:
    """Compare subjects with and without antibodies.

    Parameters
    ----------
    subjects
        From ``describe_subjects``.
    adab
        Tells whether there are antibody data at all.
    study
        Its last column says whose subjects are compared.
    confidence
        Level of the exact intervals.

    Returns
    -------
    DataFrame
        ``level`` is the comparison: emergent (induced or boosted against neither), positive (in any sample
        against none), autoantibody (at baseline against none). ``analysis`` is response, teae, serious or
        reaction (n, N, percent, ci_low, ci_high), or cmax (n, median, min, max), by ``group`` with and
        without; the p_value has no group. No test where a group has fewer than 3 subjects.
    """
    kinds = ("donor", "autoantibody")
    sentences = {kind: missing_antibodies(adab, study, kind) for kind in kinds}
    if all(sentences.values()):
        return absent_rows(DISPLAY, sentences["donor"])
    chosen = subjects[subjects["SAFARMCD"].isin(study.design.columns[-1].arms)]
    parts = []
    for comparison, (variable, yes, no) in COMPARISONS.items():
        if sentences["autoantibody" if comparison == "autoantibody" else "donor"]:
            continue
        groups = {
            "with": chosen[chosen[variable].isin(yes)],
            "without": chosen[chosen[variable].isin(no)],
        }
        parts += [
            _compare_counts(groups, outcome, confidence).assign(level=comparison) for outcome in OUTCOMES
        ]
        parts.append(_compare_peaks(groups, study.sampling.concentration_unit).assign(level=comparison))
    return make_rows(
        pd.concat(parts, ignore_index=True), display=DISPLAY, population="safety set", dataset="ADAB"
    )


def _outcome(group: pd.DataFrame, outcome: str) -> pd.Series:
    """Return True or False by subject, missing where it isn't known."""
    if outcome == "response":
        return group["RESPONSE"].isin(["CR", "R"]).astype("boolean").mask(group["RESPONSE"] == "")
    numbers = group[{"teae": "TEAEN", "serious": "SERN", "reaction": "REACTN"}[outcome]]
    return (numbers > 0).astype("boolean").mask(numbers.isna())


def _compare_counts(groups: dict[str, pd.DataFrame], outcome: str, confidence: float) -> pd.DataFrame:
    known = {name: _outcome(group, outcome).dropna() for name, group in groups.items()}
    counted = {name: (float(values.sum()), float(len(values))) for name, values in known.items()}
    empty = NOT_DEFINED if any(len(group) for group in groups.values()) else NO_SUBJECTS
    parts = []
    for name, (n, total) in counted.items():
        low, high = exact_interval(n, total, confidence)
        percent = 100 * n / total if total else np.nan
        values = [n, total, percent, 100 * float(low), 100 * float(high)]
        reason = "" if total else (empty if len(groups[name]) else NO_SUBJECTS)
        rows = _rows(["n", "N", "percent", "ci_low", "ci_high"], values, reason)
        rows["method"] = np.where(rows["statistic"].isin(["ci_low", "ci_high"]), EXACT, "")
        parts.append(rows.assign(group=name))
    (n1, total1), (n2, total2) = counted.values()
    same = NO_CONTRAST if n1 + n2 in (0, total1 + total2) else ""
    reason = TOO_FEW_IN_SUBSET if min(total1, total2) < FEWEST_IN_SUBSET else same
    table = np.array([[n1, total1 - n1], [n2, total2 - n2]], dtype="int64")
    p = np.nan if reason else float(stats.fisher_exact(table).pvalue)
    parts.append(_rows(["p_value"], [p], reason).assign(method=FISHER))
    return pd.concat(parts, ignore_index=True).assign(analysis=outcome)


def _compare_peaks(groups: dict[str, pd.DataFrame], unit: str) -> pd.DataFrame:
    values = {name: group["CMAX"].dropna().to_numpy("float64") for name, group in groups.items()}
    parts = []
    for name, found in values.items():
        numbers = [np.median(found), found.min(), found.max()] if len(found) else [np.nan] * 3
        rows = _rows(["n", "median", "min", "max"], [float(len(found)), *numbers], NO_VALUES)
        parts.append(rows.assign(group=name, unit=["subjects", unit, unit, unit]))
    reason, p = TOO_FEW_IN_SUBSET, np.nan
    if min(len(found) for found in values.values()) >= FEWEST_IN_SUBSET:
        exact, failure = attempt(lambda: rank_test_exact(*values.values()))
        p, reason = (np.nan, failure) if exact is None else (exact, TOO_MANY)
    parts.append(_rows(["p_value"], [p], reason).assign(method=RANKS))
    return pd.concat(parts, ignore_index=True).assign(analysis="cmax")


def _rows(statistics: list[str], values: list[float], reason: str) -> pd.DataFrame:
    rows = pd.DataFrame({"statistic": statistics, "value": values})
    return rows.assign(reason=np.where(rows["value"].isna(), reason, ""))
