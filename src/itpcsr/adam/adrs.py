"""ADRS: platelet response at each count, and the best confirmed response (IWG 2009)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from itpcsr.adam.dates import impute_start
from itpcsr.adam.domains import look_up
from itpcsr.sdtm import Trial
from itpcsr.study import Efficacy, Study

COLUMNS = ["USUBJID", "PARAMCD", "PARAM", "AVALC", "AVAL", "ADT", "ADY", "AVISITN", "PLAT", "BASE", "REASON"]
_NO_BASELINE = "no platelet count before the first infusion"
_NO_COUNT = "no platelet count after the first infusion"


def derive_adrs(
    trial: Trial, adsl: pd.DataFrame, adlb: pd.DataFrame, adae: pd.DataFrame, study: Study
) -> pd.DataFrame:
    """Derive response by the rule of Rodeghiero et al., Blood 2009;113:2386.

    A count after the first infusion qualifies as complete response when it is at least ``complete_count``,
    as response when it is that or at least ``response_count`` and ``response_ratio`` times baseline; in both
    cases on a day without a bleeding adverse event and before any rescue therapy. A rescue or a bleeding
    with a partial date counts from the earliest day on or after the first infusion that the date allows, a
    bleeding without start from Day 1. A response is confirmed when qualifying counts follow one
    another over at least ``confirmation_days``, with no count in between that fails to qualify; a missed
    visit in between does not break it. It dates from the first of these counts.

    Returns
    -------
    DataFrame
        PARAMCD ``OVR``: one record per count after the first infusion, AVALC CR, R or NR. PARAMCD
        ``BOR``: one record per treated subject, AVALC CR, R, NR or NE with the reason; AVAL is 1 for CR
        and R, else 0. No rows for a study without platelet response or without laboratory data.
    """
    rule = study.efficacy
    if rule is None or not (adlb["PARAMCD"] == rule.platelet_test).any():
        return pd.DataFrame(columns=COLUMNS)
    counts = _qualify(adlb, adae, _first_rescue(trial, adsl, rule), rule)
    return pd.concat([_by_count(counts), _best(counts, adsl, adlb, rule)], ignore_index=True)[COLUMNS]


def _first_rescue(trial: Trial, adsl: pd.DataFrame, rule: Efficacy) -> pd.Series:
    """First day of rescue therapy by subject, from CM and PR, on or after the first infusion."""
    starts = []
    for domain in ("CM", "PR"):
        frame = trial[domain]
        if {f"{domain}CAT", f"{domain}STDTC"} <= set(frame.columns):
            rows = frame[frame[f"{domain}CAT"].str.upper() == rule.rescue_category.upper()]
            first = look_up(adsl.set_index("USUBJID")["TRTSDT"], rows["USUBJID"])
            start, _ = impute_start(rows[f"{domain}STDTC"], first)
            starts.append(pd.DataFrame({"USUBJID": rows["USUBJID"], "start": start, "first": first}))
    if not starts:
        return pd.Series([], index=pd.Index([], dtype="str"), dtype="datetime64[us]")
    rescue = pd.concat(starts)
    rescue = rescue[rescue["start"] >= rescue["first"]]
    return rescue.groupby("USUBJID")["start"].min()


def _qualify(adlb: pd.DataFrame, adae: pd.DataFrame, rescue: pd.Series, rule: Efficacy) -> pd.DataFrame:
    counts = adlb[(adlb["PARAMCD"] == rule.platelet_test) & (adlb["ONTRTFL"] == "Y")].copy()
    after_rescue = counts["ADT"] >= look_up(rescue, counts["USUBJID"])
    clear = counts["BASE"].notna() & ~after_rescue & ~_bleeding(counts, adae, rule)
    doubled = counts["AVAL"] >= rule.response_ratio * counts["BASE"]
    # complete response asks for no doubling (Rodeghiero, table 2); every complete response is a response
    counts["CR"] = clear & (counts["AVAL"] >= rule.complete_count)
    counts["R"] = clear & doubled & (counts["AVAL"] >= rule.response_count) | counts["CR"]
    return counts.sort_values(["USUBJID", "ADTM", "LBSEQ"], ignore_index=True)


def _bleeding(counts: pd.DataFrame, adae: pd.DataFrame, rule: Efficacy) -> pd.Series:
    """True where a bleeding is under way on the day of the count; without start or end it has none."""
    terms = {term.upper() for term in rule.bleeding_terms}
    events = adae[adae["AEDECOD"].str.upper().isin(terms)]
    pairs = (
        counts[["USUBJID", "ADT"]].reset_index().merge(events[["USUBJID", "ASTDT", "AENDT"]], on="USUBJID")
    )
    during = ~(pairs["ASTDT"] > pairs["ADT"]) & ~(pairs["AENDT"] < pairs["ADT"])
    return counts.index.to_series().isin(pairs.loc[during, "index"])


def _confirmed(counts: pd.DataFrame, kind: str, rule: Efficacy) -> pd.DataFrame:
    """First confirmed run of qualifying counts by subject: its start date, day and week."""
    # a count that fails to qualify starts a new run
    run = (~counts[kind]).groupby(counts["USUBJID"]).cumsum()
    rows = counts[counts[kind]].assign(run=run)
    ends = rows.groupby(["USUBJID", "run"])["ADT"].agg(["min", "max"])
    long = ends[(ends["max"] - ends["min"]).dt.days >= rule.confirmation_days].index
    # the first record of each run stands for it: counts are in order of time
    first = rows.drop_duplicates(["USUBJID", "run"]).set_index(["USUBJID", "run"])
    return first[first.index.isin(long)].reset_index().drop_duplicates("USUBJID").set_index("USUBJID")


def _by_count(counts: pd.DataFrame) -> pd.DataFrame:
    kinds = np.select([counts["CR"], counts["R"]], ["CR", "R"], default="NR")
    return counts.assign(
        PARAMCD="OVR",
        PARAM="Response at this count, not confirmed",
        AVALC=kinds,
        PLAT=counts["AVAL"],
        AVAL=np.where(kinds == "NR", 0.0, 1.0),
        REASON="",
    )


def _best(counts: pd.DataFrame, adsl: pd.DataFrame, adlb: pd.DataFrame, rule: Efficacy) -> pd.DataFrame:
    complete, response = (_confirmed(counts, kind, rule) for kind in ("CR", "R"))
    best = adsl.loc[adsl["FASFL"] == "Y", ["USUBJID"]].reset_index(drop=True)
    subject = best["USUBJID"]
    platelets = adlb[(adlb["PARAMCD"] == rule.platelet_test) & (adlb["ABLFL"] == "Y")]
    best["BASE"] = look_up(platelets.set_index("USUBJID")["AVAL"], subject)
    best["REASON"] = np.select(
        [best["BASE"].isna(), ~subject.isin(counts["USUBJID"])], [_NO_BASELINE, _NO_COUNT], default=""
    )
    best["AVALC"] = np.select(
        [best["REASON"] != "", subject.isin(complete.index), subject.isin(response.index)],
        ["NE", "CR", "R"],
        default="NR",
    )
    best["AVAL"] = best["AVALC"].isin(["CR", "R"]).astype("float64")
    for name in ("ADT", "ADY", "AVISITN"):
        best[name] = look_up(response[name], subject).where(best["AVAL"] == 1)
    return best.assign(PARAMCD="BOR", PARAM="Best confirmed response (IWG 2009)", PLAT=np.nan)
