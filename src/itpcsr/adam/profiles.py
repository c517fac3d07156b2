"""What the profile of one subject is made of, beside the analysis datasets themselves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from csrkit.limits import stand_in
from itpcsr.adam.periods import derive_participation, derive_response_periods
from itpcsr.adam.rescue import first_rescue
from itpcsr.adam.response import collect_counts, name_kinds, qualify
from itpcsr.study import Efficacy, Study

AFTER_RESCUE = "high enough, but after the start of rescue therapy"
WHILE_BLEEDING = "high enough, but on a day with bleeding"

_COUNT = ["USUBJID", "ADY", "VISIT", "AVAL", "LIMITC", "R2BASE", "AVALC", "ROLE"]
_LIMIT = [
    "USUBJID", "PARAMCD", "PARAM", "AVALU", "SIDE", "BASE", "BASEC", "AVAL", "AVALC", "ADY", "LIMIT",
    "ATOXGR", "BEYOND", "COUNTED",
]  # fmt: skip


def select_profiled(adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return who was enrolled or treated in an arm that the study reports, by the order of identifiers."""
    arms = adsl[["ARMCD", "SAFARMCD"]].isin(study.design.reported_arms).any(axis=1)
    chosen = adsl[arms & ((adsl["ENRLFL"] == "Y") | (adsl["SAFFL"] == "Y"))]
    return chosen.sort_values("USUBJID", ignore_index=True)


def derive_profiles(datasets: Mapping[str, pd.DataFrame], study: Study) -> dict[str, pd.DataFrame]:
    """Return the frames that profiles show, of the enrolled and treated subjects alone.

    ``adsl``, ``adex``, ``adae``, ``addv``, ``adcm`` and ``admh`` as they are,
    ``participation`` and ``response`` (see ``adam.periods``), ``prior`` (therapy of the disease before the
    study, from ADMH), ``best`` (the best confirmed response, PARAMCD CBOR of ADRS), ``counts`` (see
    ``derive_counts``) and ``limits`` (see ``derive_limits``).
    """
    adsl, admh, adrs = select_profiled(datasets["adsl"], study), datasets["admh"], datasets["adrs"]
    frames = {name: datasets[name] for name in ("adex", "adae", "addv", "adcm")} | {
        "participation": derive_participation(adsl),
        "response": derive_response_periods(adrs),
        "admh": admh,
        "best": adrs[adrs["PARAMCD"] == "CBOR"],
        "counts": derive_counts(datasets, study),
        "limits": derive_limits(datasets["adlb"], study),
    }
    kept = {name: frame[frame["USUBJID"].isin(adsl["USUBJID"])] for name, frame in frames.items()}
    return {"adsl": adsl, **kept}


def derive_counts(datasets: Mapping[str, pd.DataFrame], study: Study) -> pd.DataFrame:
    """Return every dated platelet count with what the primary rule makes of it, by subject and time.

    Variables: USUBJID, ADY, VISIT, AVAL (10^9/L), LIMITC (``<5`` where the count is only known to lie beyond
    a limit, of which AVAL is the number; else ""), R2BASE, AVALC (CR, R or NR by itself, NE where a limit
    doesn't decide; "" for a count that the rule doesn't judge, such as one before the first infusion), ROLE
    (what the count did for the best response, or why it doesn't count though it is high enough; "" for
    neither). No rows without platelet response.
    """
    rule, adlb, adrs = study.efficacy, datasets["adlb"], datasets["adrs"]
    if rule is None:
        return pd.DataFrame(columns=_COUNT)
    counts = adlb[(adlb["PARAMCD"] == rule.platelet_test) & adlb["ADY"].notna()]
    counts = counts.sort_values(["USUBJID", "ADTM", "LBSEQ"], ignore_index=True)
    counts = counts.rename(columns={"AVALC": "LIMITC"})
    judged = _judge(datasets, rule)
    counts = counts.merge(judged, on=["USUBJID", "LBSEQ"], how="left", validate="1:1")
    counts[["AVALC", "WHYNOT"]] = counts[["AVALC", "WHYNOT"]].fillna("").astype("str")
    counts["AVAL"] = stand_in(counts, text="LIMITC")
    return _with_roles(counts, adrs[adrs["PARAMCD"] == "CBOR"])[_COUNT]


def _judge(datasets: Mapping[str, pd.DataFrame], rule: Efficacy) -> pd.DataFrame:
    """Return AVALC of each count that the rule judges, and WHYNOT of one that is high enough but is NR."""
    adsl, rescue = datasets["adsl"], first_rescue(datasets["adcm"])
    counts = collect_counts(datasets["adlb"], datasets["adae"], datasets["adbleed"], rule)
    counts = counts[counts["USUBJID"].isin(adsl.loc[adsl["FASFL"] == "Y", "USUBJID"])]
    flags = qualify(counts, rule.primary, counts["USUBJID"].isin(rescue.index))
    kinds = name_kinds(flags)
    failed = flags["reached"] & ~flags["R"]
    why = np.select([failed & counts["rescued"], failed], [AFTER_RESCUE, WHILE_BLEEDING], default="")
    return counts[["USUBJID", "LBSEQ"]].assign(AVALC=kinds, WHYNOT=why)


def _with_roles(counts: pd.DataFrame, best: pd.DataFrame) -> pd.DataFrame:
    """Name what a count did for the best response, else why it doesn't count."""
    days = counts[["USUBJID"]].merge(best[["USUBJID", "ADY", "CNFDY", "LOSDY"]], on="USUBJID", how="left")
    judged, qualifies = counts["AVALC"] != "", counts["AVALC"].isin(["CR", "R"])
    roles = counts["WHYNOT"]
    for name, text, among in (
        ("LOSDY", "first of the counts that end it", judged & ~qualifies),
        ("CNFDY", "confirms it", qualifies),
        ("ADY", "dates the response", qualifies),
    ):
        of_day = among & (counts["ADY"].to_numpy() == days[name].to_numpy())
        roles = roles.mask(of_day, text)
    return counts.assign(ROLE=roles.mask(counts["ABLFL"] == "Y", "baseline"))


def derive_limits(adlb: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the laboratory tests with a value beyond a limit of normal after the first administration.

    One record per subject, test and side (LOW, HIGH): BASE, the most extreme value of that side (AVAL with
    ADY, LIMIT and ATOXGR), and how many of the values with a normal range lie there (BEYOND of COUNTED).
    Tests are those that the study shows as safety variables, the platelet count apart.
    """
    platelets = "" if study.efficacy is None else study.efficacy.platelet_test
    shown = study.laboratory.laboratory_categories
    chosen = (
        (adlb["ONTRTFL"] == "Y")
        & (adlb["PARAMCD"] != platelets)
        & adlb["ANRIND"].isin(["LOW", "NORMAL", "HIGH"])
    )
    values = adlb[chosen & (adlb["PARCAT1"].isin(shown) | (not shown))]
    keys = ["USUBJID", "PARAMCD", "AVALU"]
    values = values.assign(COUNTED=values.groupby(keys)["ADY"].transform("size"), AVAL=stand_in(values))
    sides = [_extremes(values[values["ANRIND"] == side], side) for side in ("LOW", "HIGH")]
    return pd.concat(sides).sort_values(["USUBJID", "PARAMCD", "AVALU", "SIDE"], ignore_index=True)[_LIMIT]


def _extremes(values: pd.DataFrame, side: str) -> pd.DataFrame:
    keys = ["USUBJID", "PARAMCD", "AVALU"]
    limit = values["ANRLO" if side == "LOW" else "ANRHI"]
    values = values.assign(SIDE=side, LIMIT=limit, BEYOND=values.groupby(keys)["AVAL"].transform("size"))
    order = values.sort_values(
        [*keys, "AVAL", "ADY", "LBSEQ"], ascending=[True] * 3 + [side == "LOW", True, True]
    )
    return order.drop_duplicates(keys)
