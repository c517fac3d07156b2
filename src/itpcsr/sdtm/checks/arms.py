"""Subjects: arms, cohorts, ages and deaths in DM."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from itpcsr.sdtm.checks import terms
from itpcsr.sdtm.checks.findings import ERROR, NOTE, WARNING, listed, overall, sentences, values
from itpcsr.sdtm.checks.rules import PROTOCOL, REPORT, SDTM, rule
from itpcsr.sdtm.checks.tables import Tables
from itpcsr.sdtm.enrolment import is_enrolled
from itpcsr.study import Study

_IN_YEARS = r"^P?([0-9]+(?:\.[0-9]+)?)(?:Y$|[ \t\n\f\r]*YEARS?$)"


def _codes(study: Study) -> list[str]:
    return sorted(arm.code for arm in study.design.arms)


@rule("DM-01", ERROR, "Somebody has an arm of the study", REPORT, "DM.ARMCD")
def _no_known_arm(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    found, codes = sorted(tables.different("DM", "ARMCD")), _codes(study)
    if found and not set(found) & set(codes):
        sentence = f"no subject's ARMCD is an arm of the study ({', '.join(codes)}); found {listed(found)}."
        yield overall(
            "DM", "ARMCD", listed(found), f"{sentence} Correct ARMCD or the arms in the study file."
        )


@rule("DM-02", ERROR, "Treated subjects have an arm of the study", REPORT, "DM.ARMCD EX.USUBJID")
def _treated_without_arm(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    dm, codes = tables.get("DM", "ARMCD"), _codes(study)
    stray = dm[dm["USUBJID"].isin(tables.different("EX", "USUBJID")) & ~dm["ARMCD"].isin(codes)]
    text = "{subject} ({shown}) got treatment in EX, but ARMCD is no arm of the study"
    yield sentences("DM", stray, "ARMCD", f"{text} ({', '.join(codes)}). Correct ARMCD or EX.")


@rule("DM-03", WARNING, "The planned arm is the actual one", REPORT, "DM.ARMCD DM.ACTARMCD")
def _other_actual_arm(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    dm = tables.get("DM", "ARMCD", "ACTARMCD", "ARMNRS")
    other = dm[(dm["ACTARMCD"] != "") & (dm["ACTARMCD"] != dm["ARMCD"]) & is_enrolled(dm)]
    text = (
        f"planned was {{ARMCD!r}}. Safety is grouped by the {study.safety.safety_arm} arm, "
        "efficacy by the planned one."
    )
    yield values("DM", other, "ACTARMCD", text)


@rule("DM-04", NOTE, "An arm code has one description", SDTM, "DM.ARMCD DM.ARM")
def _several_descriptions(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    pairs = tables["DM"][["ARMCD", "ARM"]].drop_duplicates()
    for code, names in pairs.groupby("ARMCD")["ARM"]:
        if len(names) > 1:
            shown = listed(sorted(names))
            yield overall("DM", "ARM", shown, f"ARMCD {code!r} goes by several names ({shown}). Keep one.")


@rule("DM-05", WARNING, "A cohort has no more subjects than planned", PROTOCOL, "DM.ARMCD")
def _crowded_cohorts(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    dm = tables.get("DM", "ARMCD", "ACTARMCD", "ARMNRS").drop_duplicates("USUBJID")
    sizes = dm.loc[is_enrolled(dm), "ARMCD"].value_counts()
    for arm in study.design.arms:
        wanted = max((number for number in (arm.planned, arm.enrolled) if number is not None), default=None)
        if wanted is not None and sizes.get(arm.code, 0) > wanted:
            number = int(sizes[arm.code])
            sentence = (
                f"cohort {arm.code} has {number} subjects, but {wanted} were to be enrolled. Check ARMCD."
            )
            yield overall("DM", "ARMCD", f"{arm.code}: {number}", sentence)


@rule(
    "DM-06", WARNING, "Age is within the protocol's limits", "registry; TS AGEMIN, AGEMAX", "DM.AGE DM.ARMCD"
)
def _outside_age_limits(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    low, high = _age_limits(tables, study)
    dm = tables.get("DM", "AGE", "ARMCD", "ACTARMCD", "ARMNRS")
    enrolled = dm["ARMCD"].isin(_codes(study)) & is_enrolled(dm) & dm["AGE"].between(*terms.AGE)
    outside = dm[enrolled & ((dm["AGE"] < low) | (dm["AGE"] > high))]
    limits = f"{low:g} to {high:g}" if high < float("inf") else f"{low:g} and more"
    yield values(
        "DM", outside, "AGE", f"the protocol takes {limits} years. Check the age or record a deviation."
    )


def _age_limits(tables: Tables, study: Study) -> tuple[float, float]:
    low, high = terms.REGISTERED_AGES.get(study.identity.study_id, (0.0, float("inf")))
    if "TS" in tables and {"TSPARMCD", "TSVAL"} <= set(tables["TS"]):
        facts = tables["TS"].drop_duplicates("TSPARMCD").set_index("TSPARMCD")["TSVAL"]
        years = facts.str.upper().str.extract(_IN_YEARS)[0].astype("float64").dropna()
        low, high = float(years.get("AGEMIN", low)), float(years.get("AGEMAX", high))
    return low, high


@rule("DM-07", NOTE, "Enrolled subjects are treated", REPORT, "DM.ARMCD EX.EXSTDTC")
def _never_treated(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    dm = tables.get("DM", "ARMCD", "ACTARMCD", "ARMNRS")
    idle = dm[dm["ARMCD"].isin(_codes(study)) & is_enrolled(dm) & ~dm["USUBJID"].isin(tables.first_day.index)]
    text = "{subject} has arm {ARMCD}, but no administration in EX: enrolled, never treated. Check EX."
    yield sentences("DM", idle, "ARMCD", text)


@rule("DM-08", WARNING, "Age and sex are known", REPORT, "DM.AGE DM.SEX")
def _unknown_persons(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    dm = tables.get("DM", "AGE", "SEX")
    yield values("DM", dm[dm["AGE"].isna()], "AGE", "so the subject isn't in the mean age. Fill it in.")
    yield values(
        "DM", dm[dm["SEX"] == ""], "SEX", "so the subject is of neither sex in the report. Fill it in."
    )


@rule("DM-09", WARNING, "Flag and date of death go together", SDTM, "DM.DTHFL DM.DTHDTC")
def _half_deaths(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    dm = tables.get("DM", "DTHFL", "DTHDTC")
    dead, dated = dm["DTHFL"] == "Y", dm["DTHDTC"] != ""
    yield values("DM", dm[dead & ~dated], "DTHDTC", "but DTHFL is Y. Fill in the date of death.")
    yield values("DM", dm[dated & ~dead], "DTHFL", "but there is a date of death, {DTHDTC}. Set it to Y.")


@rule("DM-11", WARNING, "The variables of DM agree on who was enrolled", SDTM, "DM.ARMCD")
def _planned_arm_of_failures(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    dm = tables.get("DM", "ARMCD", "ACTARMCD", "ARMNRS")
    apart = dm[dm["ARMCD"].isin(_codes(study)) & ~is_enrolled(dm)]
    treated = apart["USUBJID"].isin(tables.first_day.index)
    says = "but ACTARMCD ({ACTARMCD!r}) or ARMNRS ({ARMNRS!r}) says that the subject was never assigned"
    yield values("DM", apart[~treated], "ARMCD", f"{says}; it counts as not enrolled. Correct one of them.")
    text = f"{says}, and EX has an administration; it counts as enrolled. Correct DM or EX."
    yield values("DM", apart[treated], "ARMCD", text)
