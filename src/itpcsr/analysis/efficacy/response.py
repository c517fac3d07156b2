"""Best confirmed response, the counts that made it, and what other definitions and subjects would give."""

from __future__ import annotations

import pandas as pd

from csrkit.absence import is_absent
from csrkit.rows import absent_rows
from csrkit.stats.proportions import count_subjects, mark_unrecorded
from itpcsr.analysis.efficacy.scope import (
    efficacy_members,
    efficacy_rows,
    missing_efficacy,
    missing_response,
    records_ends,
)
from itpcsr.study import Study

RESPONSES = ("CR", "R", "NR", "NE")


def analyse_response(
    adsl: pd.DataFrame, adrs: pd.DataFrame, adlb: pd.DataFrame, study: Study, confidence: float
) -> pd.DataFrame:
    """Count best confirmed response by column, with exact intervals.

    ``analysis`` is overall (level responder: CR or R) or category (levels CR, R, NR, NE). A subject who
    can't be evaluated counts in N and not as responder.
    """
    display = "tbl-response"
    if reason := missing_efficacy(adlb, study):
        return absent_rows(display, reason)
    members = efficacy_members(adsl, study)
    best = adrs[adrs["PARAMCD"] == "BOR"]
    overall = _responders(best, members, confidence)
    by_category = count_subjects(best, members, list(RESPONSES), "AVALC", confidence)
    parts = [overall.assign(analysis="overall"), by_category.assign(analysis="category")]
    return efficacy_rows(parts, members, display, "ADRS")


def _responders(best: pd.DataFrame, members: pd.DataFrame, confidence: float) -> pd.DataFrame:
    responders = best[best["AVAL"] == 1].assign(level="responder")
    return count_subjects(responders, members, ["responder"], "level", confidence)


def count_responses(adsl: pd.DataFrame, adrs: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Count the subjects that the listing of responses holds, by best response and column.

    ``analysis`` is listed; level is CR, R, NR or NE.
    """
    display = "tbl-response-subjects"
    if reason := missing_response(adrs, study):
        return absent_rows(display, reason)
    members = efficacy_members(adsl, study)
    best = adrs[adrs["PARAMCD"] == "BOR"]
    counts = count_subjects(best, members, list(RESPONSES), "AVALC").assign(analysis="listed")
    return efficacy_rows([counts], members, display, "ADRS")


def analyse_definitions(
    adsl: pd.DataFrame, adrs: pd.DataFrame, study: Study, confidence: float
) -> pd.DataFrame:
    """Count responders by every definition of the study, side by side, with exact intervals.

    ``analysis`` is the definition's PARAMCD, BOR first (the primary rule); levels responder, CR and NE (can't
    be judged by this definition, which counts as no response).
    """
    display = "tbl-response-definitions"
    if reason := missing_response(adrs, study):
        return absent_rows(display, reason)
    members = efficacy_members(adsl, study)
    keys = ["BOR", *(d.key for d in study.efficacy.response_definitions)] if study.efficacy else []
    parts = []
    for key in keys:
        judged = adrs[adrs["PARAMCD"] == key]
        kinds = count_subjects(judged, members, ["CR", "NE"], "AVALC")
        parts.append(pd.concat([_responders(judged, members, confidence), kinds]).assign(analysis=key))
    return efficacy_rows(parts, members, display, "ADRS")


def analyse_sensitivity(
    adsl: pd.DataFrame,
    adrs: pd.DataFrame,
    addv: pd.DataFrame,
    adcm: pd.DataFrame,
    study: Study,
    confidence: float,
) -> pd.DataFrame:
    """Count responders of the primary rule in other sets of subjects, with exact intervals.

    ``analysis`` is primary (missing as non-response), left_early (a subject who left the study early counts
    as non-responder; not estimable where the data record no end of the study), observed (without those not
    evaluable), protocol (without those with a major deviation; absent where the data hold no deviations) and
    no_rescue (without those ever given rescue therapy).
    """
    display = "tbl-response-sensitivity"
    if reason := missing_response(adrs, study):
        return absent_rows(display, reason)
    members = efficacy_members(adsl, study)
    best = adrs[adrs["PARAMCD"] == "BOR"]
    left = adsl.loc[adsl["EOSSTT"] == "DISCONTINUED", "USUBJID"]
    rescued = adcm.loc[adcm["RESCFL"] == "Y", "USUBJID"]
    major = "" if study.efficacy is None else study.efficacy.major_deviation
    deviated = addv.loc[addv["DVCAT"] == major.upper(), "USUBJID"]
    sets = {
        "primary": (best, members),
        "left_early": (best[~best["USUBJID"].isin(left)], members),
        "observed": (best, _without(members, best.loc[best["AVALC"] == "NE", "USUBJID"])),
    }
    if major and not is_absent(addv, "DV"):
        sets["protocol"] = (best, _without(members, deviated))
    sets["no_rescue"] = (best, _without(members, rescued))
    counts = {name: _responders(judged, chosen, confidence) for name, (judged, chosen) in sets.items()}
    if not records_ends(adsl):
        counts["left_early"] = mark_unrecorded(counts["left_early"])
    parts = [part.assign(analysis=name) for name, part in counts.items()]
    return efficacy_rows(parts, members, display, "ADRS")


def _without(members: pd.DataFrame, subjects: pd.Series) -> pd.DataFrame:
    return members[~members["USUBJID"].isin(subjects)]


def analyse_subgroups(
    adsl: pd.DataFrame, adrs: pd.DataFrame, subgroups: pd.DataFrame, study: Study, confidence: float
) -> pd.DataFrame:
    """Count responders in subgroups of all subjects, with exact intervals; nothing is compared.

    ``analysis`` is the subgroup's variable, ``level`` one of its values, both as in ``subgroups`` (USUBJID,
    SUBGROUP, LEVEL; in their order); analysis overall has everyone. The group is the study's last column.
    """
    display = "fig-response-subgroups"
    if reason := missing_response(adrs, study):
        return absent_rows(display, reason)
    members = efficacy_members(adsl, study)
    total = study.design.columns[-1].key
    everyone = members[members["group"] == total]
    best = adrs[adrs["PARAMCD"] == "BOR"]
    parts = [_responders(best, everyone, confidence).assign(analysis="overall", level="")]
    levels = subgroups[["SUBGROUP", "LEVEL"]].drop_duplicates()
    for name, level in zip(levels["SUBGROUP"], levels["LEVEL"], strict=True):
        chosen = subgroups[(subgroups["SUBGROUP"] == name) & (subgroups["LEVEL"] == level)]
        part = everyone[everyone["USUBJID"].isin(chosen["USUBJID"])]
        parts.append(_responders(best, part, confidence).assign(analysis=name, level=level))
    rows = efficacy_rows(parts, members, display, "ADRS")
    return rows[rows["group"] == total].reset_index(drop=True)
