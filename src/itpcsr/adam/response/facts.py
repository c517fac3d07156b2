"""What every definition of response reads: the counts after the first infusion, and the subjects."""

from __future__ import annotations

import pandas as pd

from csrkit.sdtm.labels import fold_label
from csrkit.sdtm.spelling import term_key
from itpcsr.adam.domains import look_up
from itpcsr.sdtm.bleeding_scales import WHO
from itpcsr.study import Efficacy

_COUNT = [
    "USUBJID",
    "ADT",
    "ADTM",
    "LBSEQ",
    "ADY",
    "AVISITN",
    "ANL01FL",
    "AVAL",
    "AVALC",
    "BASE",
    "BASEC",
    "R2BASE",
]


def collect_counts(
    adlb: pd.DataFrame, adae: pd.DataFrame, adbleed: pd.DataFrame, rule: Efficacy
) -> pd.DataFrame:
    """Return the platelet counts after the first infusion, in order of subject and time.

    Those columns of ADLB that a rule reads, and three facts about each count: ``by_event`` (a bleeding
    adverse event was under way on its day; what has no known start or end has none), ``by_scale`` (a WHO
    bleeding grade of 1 or more was recorded on its day) and ``rescued`` (taken on the first day of rescue
    therapy or later: ARESCFL of ADLB).
    """
    chosen = (adlb["PARAMCD"] == rule.platelet_test) & (adlb["ONTRTFL"] == "Y")
    counts = adlb.loc[chosen, [*_COUNT, "ARESCFL"]]
    counts = counts.sort_values(["USUBJID", "ADTM", "LBSEQ"], ignore_index=True)
    counts["by_event"] = _bleeding_event(counts, adae, rule)
    counts["by_scale"] = _bleeding_grade(counts, adbleed)
    counts["rescued"] = counts.pop("ARESCFL") == "Y"
    return counts


def collect_subjects(
    adsl: pd.DataFrame, adlb: pd.DataFrame, rescue: pd.Series, rule: Efficacy
) -> pd.DataFrame:
    """Return the full analysis set: USUBJID, TRTSDT, BASE (baseline count), RESCDT (first day of rescue).

    BASEC is the baseline where it is a limit (``<10``), of which BASE is NaN; else "".
    """
    subjects = adsl.loc[adsl["FASFL"] == "Y", ["USUBJID", "TRTSDT"]].reset_index(drop=True)
    base = adlb[(adlb["PARAMCD"] == rule.platelet_test) & (adlb["ABLFL"] == "Y")]
    base = base.set_index("USUBJID")
    subjects["BASE"] = look_up(base["AVAL"], subjects["USUBJID"])
    subjects["BASEC"] = look_up(base["AVALC"], subjects["USUBJID"]).fillna("").astype("str")
    return subjects.assign(RESCDT=look_up(rescue, subjects["USUBJID"]))


def _bleeding_event(counts: pd.DataFrame, adae: pd.DataFrame, rule: Efficacy) -> pd.Series:
    terms = {fold_label(term) for term in rule.bleeding_terms}
    events = adae[term_key(adae["AEDECOD"]).isin(terms)]
    days = counts[["USUBJID", "ADT"]].reset_index()
    pairs = days.merge(events[["USUBJID", "ASTDT", "AENDT"]], on="USUBJID")
    during = ~(pairs["ASTDT"] > pairs["ADT"]) & ~(pairs["AENDT"] < pairs["ADT"])
    return counts.index.to_series().isin(pairs.loc[during, "index"])


def _bleeding_grade(counts: pd.DataFrame, adbleed: pd.DataFrame) -> pd.Series:
    graded = adbleed[(adbleed["PARAMCD"] == WHO) & (adbleed["AVAL"] >= 1)]
    bled = pd.MultiIndex.from_frame(graded[["USUBJID", "ADT"]])
    return pd.Series(pd.MultiIndex.from_frame(counts[["USUBJID", "ADT"]]).isin(bled), index=counts.index)
