"""Antibodies: whether there are any to analyse, who has them beside what else, and an exact rank test."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import stats

from csrkit.absence import is_absent
from itpcsr.study import Study

_NO_DOMAIN = "The study's data hold no domain of antibodies (IS), so antibodies cannot be shown."
_NOT_NAMED = "The study names no antibodies to analyse."
_NONE = "No result of these antibodies was recorded in a treated subject."
_MOST = 200_000  # arrangements that are counted out one by one


def missing_antibodies(adab: pd.DataFrame, study: Study, kind: str) -> str:
    """Return the sentence that says why antibodies of this kind can't be shown, or "" where they can."""
    if not any(test.kind == kind for test in study.antibody.antibody_tests):
        return _NOT_NAMED
    if is_absent(adab, "IS"):
        return _NO_DOMAIN
    tested = (adab["PARCAT1"] == kind) & (adab["TESTFL"] == "Y")
    return "" if tested.any() else _NONE


def describe_subjects(
    adsl: pd.DataFrame,
    adab: pd.DataFrame,
    adrs: pd.DataFrame,
    adae: pd.DataFrame,
    adpp: pd.DataFrame,
) -> pd.DataFrame:
    """Join what the relations and the joint view read, one record per treated subject.

    Returns
    -------
    DataFrame
        USUBJID, SAFARMCD, TRT01A; STATUS of all antibodies against HLA or the donor ("" where not
        evaluable) and POSFL (Y, N or "": positive in any sample); AUTOFL (Y, N or "": any autoantibody at
        baseline); RESPONSE (CR, R, NR, NE, "" where none is defined); TEAEN, SERN and REACTN, the number of
        treatment-emergent and serious events and of infusion reactions (NaN without adverse event data);
        CMAX (of ADPP, NaN where there is none).
    """
    subjects = adsl.loc[adsl["SAFFL"] == "Y", ["USUBJID", "SAFARMCD", "TRT01A"]].reset_index(drop=True)
    name = subjects["USUBJID"]
    union = adab[(adab["PARAMCD"] == "ANY") & (adab["TESTFL"] == "Y")].set_index("USUBJID")
    positive = (union["BASEC"] == "POSITIVE") | (union["POSTC"] == "POSITIVE")
    auto = adab.drop_duplicates("USUBJID").set_index("USUBJID")["AUTOFL"]
    best = adrs[adrs["PARAMCD"] == "CBOR"].set_index("USUBJID")["AVALC"]
    emergent = adae[adae["TRTEMFL"] == "Y"]
    events = {
        "TEAEN": emergent,
        "SERN": emergent[emergent["SERFL"] == "Y"],
        "REACTN": emergent[emergent["INFRFL"] == "Y"],
    }
    known = 1.0 if not is_absent(adae, "AE") else np.nan
    counts = {
        key: part.groupby("USUBJID").size().reindex(name).fillna(0).to_numpy("float64") * known
        for key, part in events.items()
    }
    peaks = adpp[adpp["PARAMCD"] == "CMAX"].set_index("USUBJID")["AVAL"]
    return subjects.assign(
        STATUS=_text(union["STATUS"], name),
        POSFL=_text(positive.map({True: "Y", False: "N"}), name),
        AUTOFL=_text(auto, name),
        RESPONSE=_text(best, name),
        **counts,
        CMAX=peaks.reindex(name).to_numpy("float64"),
    )


def _text(values: pd.Series, subjects: pd.Series) -> pd.Series:
    found = values.reindex(subjects).fillna("")
    return pd.Series(found.to_numpy(), index=subjects.index, dtype="str")


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
