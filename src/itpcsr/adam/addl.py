"""ADDL: one record per subject of escalation and expansion, and what the choice of a dose looks at."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from csrkit.absence import is_absent
from itpcsr.adam.domains import look_up, yes_no
from itpcsr.study import DoseFinding, Study

# ADDL: one record per subject of escalation and expansion: dose level, cohort, result of the DLT window.

COLUMNS = [
    "USUBJID", "ARMCD", "PHASE", "LEVEL", "DOSE", "COHORTN", "TRTSDT", "WINEDT", "NINFWIN", "DLTDT", "DLTDY",
    "AVALC", "KNOWNDT", "REASON", "REPLFL",
]  # fmt: skip
DLT, NO_DLT, NOT_EVALUABLE, PENDING = "DLT", "NO DLT", "NE", "PENDING"


def derive_addl(adsl: pd.DataFrame, adae: pd.DataFrame, adex: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive the dose-finding dataset of treated subjects, by the arm that safety goes by.

    Variables: PHASE (ESCALATION, EXPANSION); LEVEL (dose level from 1) and DOSE; WINEDT (last day of the DLT
    window); NINFWIN (infusions in it); DLTDT, DLTDY (first event in the window marked as DLT); AVALC: DLT;
    NO DLT (evaluable, none); PENDING (under observation, the window not over); NE (not evaluable, with
    REASON); KNOWNDT: the day from which AVALC was known; COHORTN: cohorts in order of their first infusion.
    A cohort is filled when it has the study's number of subjects who aren't NE, so that one who is is
    replaced within it (REPLFL Y; N where nobody followed in the cohort). No rows without dose finding.
    """
    rules = study.dose_finding
    if rules is None:
        return pd.DataFrame(columns=COLUMNS)
    arms = [*rules.escalation_arms, *rules.expansion_arms]
    chosen = (adsl["SAFFL"] == "Y") & adsl["SAFARMCD"].isin(arms)
    addl = adsl.loc[chosen, ["USUBJID", "TRTSDT", "EOSDT", "EOSSTT"]].reset_index(drop=True)
    addl["ARMCD"] = adsl.loc[chosen, "SAFARMCD"].to_numpy()
    addl = _add_level(addl, rules, study)
    addl = _add_window(addl, adae, adex, rules)
    addl = _add_status(addl, adae, rules)
    return _add_cohort(addl, rules)[COLUMNS].sort_values(["TRTSDT", "USUBJID"], ignore_index=True)


def _add_level(addl: pd.DataFrame, rules: DoseFinding, study: Study) -> pd.DataFrame:
    doses = {arm.code: arm.dose or 0.0 for arm in study.design.arms}
    levels = {doses[code]: float(i) for i, code in enumerate(rules.escalation_arms, start=1)}
    addl["DOSE"] = addl["ARMCD"].map(doses).astype("float64")
    addl["LEVEL"] = addl["DOSE"].map(levels).astype("float64")
    escalation = addl["ARMCD"].isin(rules.escalation_arms)
    addl["PHASE"] = escalation.map({True: "ESCALATION", False: "EXPANSION"}).astype("str")
    return addl


def _add_window(
    addl: pd.DataFrame, adae: pd.DataFrame, adex: pd.DataFrame, rules: DoseFinding
) -> pd.DataFrame:
    """Add the window's last day, the infusions given in it, and the first DLT in it."""
    subject = addl["USUBJID"]
    addl["WINEDT"] = addl["TRTSDT"] + pd.Timedelta(days=rules.dlt_window_days - 1)
    inside = adex["ASTDT"] <= look_up(addl.set_index("USUBJID")["WINEDT"], adex["USUBJID"])
    infusions = adex[inside].groupby("USUBJID").size()
    addl["NINFWIN"] = look_up(infusions, subject).fillna(0).astype("float64")
    marked = adae[(adae["DLTFL"] == "Y") & (adae["PREFL"] == "N")]
    # an event without a start date may lie in the window, and is taken to begin on its first day
    start = marked["ASTDT"].fillna(look_up(addl.set_index("USUBJID")["TRTSDT"], marked["USUBJID"]))
    first = look_up(start.groupby(marked["USUBJID"]).min(), subject)
    addl["DLTDT"] = first.where((first >= addl["TRTSDT"]) & (first <= addl["WINEDT"]))
    addl["DLTDY"] = (addl["DLTDT"] - addl["TRTSDT"]).dt.days + 1.0
    return addl


def _add_status(addl: pd.DataFrame, adae: pd.DataFrame, rules: DoseFinding) -> pd.DataFrame:
    """Add AVALC, REASON and KNOWNDT; a DLT counts however few infusions there were."""
    unrecorded = is_absent(adae, "AE") or (adae["DLTFL"] == "").any()
    few = addl["NINFWIN"] < rules.evaluable_infusions
    short = addl["EOSDT"] < addl["WINEDT"]
    ongoing = short & (addl["EOSSTT"] == "")
    conditions = [
        addl["DLTDT"].notna(),
        pd.Series(unrecorded, index=addl.index),
        ongoing,
        short,
        few,
    ]
    reasons = [
        "",
        "dose-limiting toxicities are not recorded in the data",
        "the DLT window is not over",
        "left before the end of the DLT window",
        f"fewer than {rules.evaluable_infusions} infusions in the DLT window",
    ]
    states = [DLT, NOT_EVALUABLE, PENDING, NOT_EVALUABLE, NOT_EVALUABLE]
    addl["AVALC"] = pd.Series(np.select(conditions, states, default=NO_DLT), index=addl.index, dtype="str")
    addl["REASON"] = pd.Series(np.select(conditions, reasons, default=""), index=addl.index, dtype="str")
    left = addl["EOSDT"].where(short, addl["WINEDT"])
    known = addl["DLTDT"].fillna(left.where(addl["AVALC"] == NOT_EVALUABLE, addl["WINEDT"]))
    addl["KNOWNDT"] = known.where(addl["AVALC"] != PENDING)
    return addl


def _add_cohort(addl: pd.DataFrame, rules: DoseFinding) -> pd.DataFrame:
    """Number the cohorts: within an arm each is filled before the next begins; an expansion is one."""
    addl = addl.sort_values(["TRTSDT", "USUBJID"], ignore_index=True)
    counts = (addl["AVALC"] != NOT_EVALUABLE).astype("int64")
    before = counts.groupby(addl["ARMCD"]).cumsum() - counts
    part = (before // rules.cohort_size).where(addl["PHASE"] == "ESCALATION", 0)
    addl["COHORTN"] = addl.groupby(["ARMCD", part], sort=False).ngroup() + 1.0
    followed = addl.duplicated("COHORTN", keep="last")
    lost = addl["AVALC"] == NOT_EVALUABLE
    addl["REPLFL"] = pd.Series(
        np.select([lost & followed, lost], ["Y", "N"], default=""), index=addl.index, dtype="str"
    )
    return addl


# What the choice of a dose looks at, by subject: safety, response, platelets and regulatory T cells.

CHOICE_COLUMNS = ["USUBJID", "LEVEL", "DOSE", "DLTFL", "SEVFL", "RESPFL", "PLATRISE", "TREGCHG"]


def derive_choice(datasets: Mapping[str, pd.DataFrame], study: Study) -> pd.DataFrame:
    """Return one record for each of the first subjects, from whose data the dose is chosen.

    They are the study's ``choice_subjects`` first by day of infusion 1. DLTFL: Y, N, or "" (not evaluable);
    SEVFL: a related treatment-emergent event of the severe grade or higher, "" without adverse event data;
    RESPFL: confirmed response, "" where it can't be evaluated; PLATRISE: mean rise of the platelet count
    above baseline, which is the area between them while the count lies above, divided by its days (10^9/L),
    over the counts before rescue therapy, missing where there is none after baseline;
    TREGCHG: regulatory T cells at the last planned immune visit, relative to the baseline that ADCP flags
    (0.5 is half as much again), missing without either and where the baseline is 0. All count events and
    values up to the end of ``choice_weeks`` from infusion 1; a subject still
    under observation before their end has no result, but a severe event that has happened counts.
    """
    rules = study.dose_finding
    if rules is None:
        return pd.DataFrame(columns=CHOICE_COLUMNS)
    first = datasets["addl"].head(rules.choice_subjects)
    chosen = first[["USUBJID", "LEVEL", "DOSE"]].copy()
    subject, last_day = chosen["USUBJID"], 7 * rules.choice_weeks + 1
    chosen["DLTFL"] = first["AVALC"].map({DLT: "Y", NO_DLT: "N"}).fillna("").astype("str")
    adae = datasets["adae"]
    severe = adae[
        (adae["TRTEMFL"] == "Y")
        & (adae["RELFL"] == "Y")
        & (adae["SEVFL"] == "Y")
        & ~(adae["ASTDY"] > last_day)
    ]
    chosen["SEVFL"] = "" if is_absent(adae, "AE") else yes_no(subject.isin(severe["USUBJID"]))
    chosen["RESPFL"] = _responses(datasets["adrs"], subject, last_day)
    window = study.visits.visit_window_days
    rise = _platelet_rise(datasets["adlb"], study, last_day + window)
    chosen["PLATRISE"] = look_up(rise, subject).astype("float64")
    treg = _treg_change(datasets["adcp"], rules, window)
    chosen["TREGCHG"] = look_up(treg, subject).astype("float64")
    return _without_open(chosen, first, datasets["adsl"], last_day)[CHOICE_COLUMNS].reset_index(drop=True)


def _without_open(
    chosen: pd.DataFrame, first: pd.DataFrame, adsl: pd.DataFrame, last_day: int
) -> pd.DataFrame:
    """Take back the results of subjects whose weeks still run, but keep a severe event that has happened."""
    subject = adsl.set_index("USUBJID")
    ends = first["TRTSDT"] + pd.Timedelta(days=last_day - 1)
    running = (look_up(subject["EOSDT"], chosen["USUBJID"]) < ends) & (
        look_up(subject["EOSSTT"], chosen["USUBJID"]) == ""
    )
    chosen["SEVFL"] = chosen["SEVFL"].mask(running & (chosen["SEVFL"] == "N"), "")
    chosen["RESPFL"] = chosen["RESPFL"].mask(running, "")
    for value in ("PLATRISE", "TREGCHG"):
        chosen[value] = chosen[value].mask(running)
    return chosen


def _responses(adrs: pd.DataFrame, subject: pd.Series, last_day: int) -> pd.Series:
    best = adrs[adrs["PARAMCD"] == "CBOR"].set_index("USUBJID")
    category = look_up(best["AVALC"].astype("object"), subject)
    responded = category.isin(["CR", "R"]) & (look_up(best["ADY"].astype("float64"), subject) <= last_day)
    return yes_no(responded).where(category.notna() & (category != "NE"), "")


def _platelet_rise(adlb: pd.DataFrame, study: Study, last_day: int) -> pd.Series:
    """Mean rise above baseline by subject: trapezoids over the counts from baseline (Day 1) to the last.

    As for response, counts from the first day of rescue therapy on aren't the treatment's.
    """
    if study.efficacy is None:
        return pd.Series(dtype="float64")
    platelets = adlb[(adlb["PARAMCD"] == study.efficacy.platelet_test) & adlb["CHG"].notna()]
    after = platelets[(platelets["ONTRTFL"] == "Y") & (platelets["ADY"] > 1) & (platelets["ADY"] <= last_day)]
    after = after[after["ARESCFL"] != "Y"].sort_values(["USUBJID", "ADY", "ADTM", "LBSEQ"])
    by_subject = {
        str(subject): _mean_above(part["ADY"].to_numpy("float64"), part["CHG"].to_numpy("float64"))
        for subject, part in after.groupby("USUBJID")
    }
    return pd.Series(by_subject, dtype="float64")


def _mean_above(days: np.ndarray, change: np.ndarray) -> float:
    days, height = np.concatenate([[1.0], days]), np.concatenate([[0.0], np.maximum(change, 0.0)])
    return float(np.trapezoid(height, days) / (days[-1] - days[0]))


def _treg_change(adcp: pd.DataFrame, rules: DoseFinding, window: int) -> pd.Series:
    """Relative change from baseline by subject, at the schedule's last immune visit up to the last week.

    The visit window counts; a sample of Day 1 is of before the treatment could act.
    """
    last_day = 7 * rules.choice_weeks + 1 + window
    treg = adcp[(adcp["PARAMCD"] == rules.treg_test) & (adcp["ADY"] > 1) & (adcp["ADY"] <= last_day)]
    last = treg.sort_values(["USUBJID", "ADTM", "SRCSEQ"]).drop_duplicates("USUBJID", keep="last")
    return (last.set_index("USUBJID")["R2BASE"] - 1).dropna()
