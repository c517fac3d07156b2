"""ADDL: one record per subject of escalation and expansion: dose level, cohort, result of the DLT window."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.absence import is_absent
from itpcsr.adam.domains import look_up
from itpcsr.study import DoseFinding, Study

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
