"""ADSL: analysis sets by rule, pooled sites, groups and histories that a study file asks for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from csrkit.sdtm.dates import to_date
from csrkit.sdtm.labels import fold, fold_label
from itpcsr.adam.adqs import read_questionnaires
from itpcsr.adam.adsl import to_tenths
from itpcsr.adam.domains import look_up, read_domain, yes_no
from itpcsr.sdtm import Trial
from itpcsr.sdtm.questionnaires import score_assessments, select_questionnaire
from itpcsr.study import Study
from itpcsr.study.questionnaires import DoseStep, Group

_DAYS_PER_MONTH = 30.4375


def add_analysis_sets(adsl: pd.DataFrame, trial: Trial, study: Study) -> pd.DataFrame:
    """Add to ADSL what the sections ``questionnaires``, ``analysis_sets`` and ``characteristics`` ask for.

    EFFFL and the flags of completers are "" where QS or SV are absent: nobody can tell. What a missing
    domain would have given else is missing ("" or NaN).
    """
    visits = _visit_dates(trial)
    adsl = _add_sets(adsl, trial, visits, study)
    for questionnaire in study.questionnaires.questionnaire_list:
        if not questionnaire.windows:
            scores = score_assessments(read_questionnaires(trial), questionnaire)
            before = scores[scores["ADT"] <= look_up(adsl.set_index("USUBJID")["TRTSDT"], scores["USUBJID"])]
            last = before.sort_values("ADT", kind="stable").drop_duplicates("USUBJID", keep="last")
            value = look_up(last.set_index("USUBJID")["AVAL"], adsl["USUBJID"])
            adsl = adsl.assign(**{questionnaire.code: value})
    return _add_planned_doses(_add_characteristics(adsl, trial, visits, study), trial, visits, study)


def _visit_dates(trial: Trial) -> pd.DataFrame:
    """Return the first day of each visit that took place: subjects by VISITNUM."""
    sv = read_domain(trial, "SV", ["USUBJID", "SVSTDTC"], ["VISITNUM"])
    days = sv.assign(DAY=to_date(sv["SVSTDTC"])).dropna(subset=["DAY", "VISITNUM"])
    return days.pivot_table(index="USUBJID", columns="VISITNUM", values="DAY", aggfunc="min")


def _day_of(visits: pd.DataFrame, number: float | None, subjects: pd.Series) -> pd.Series:
    if number not in visits:
        return pd.Series(pd.NaT, subjects.index, dtype="datetime64[ns]")
    return look_up(visits[number], subjects)


def _add_sets(adsl: pd.DataFrame, trial: Trial, visits: pd.DataFrame, study: Study) -> pd.DataFrame:
    sets, safe = study.analysis_sets, adsl["SAFFL"] == "Y"
    if sets.efficacy_set is not None:
        evaluable = safe
        for questionnaire in study.questionnaires.questionnaire_list:
            if questionnaire.key in sets.efficacy_set.needs:
                qs = select_questionnaire(read_questionnaires(trial), questionnaire)
                after = qs.loc[qs["VISITNUM"] > sets.efficacy_set.after_visit, "USUBJID"]
                evaluable = evaluable & adsl["USUBJID"].isin(after)
        adsl = adsl.assign(EFFFL=_known(yes_no(evaluable), "QS" in trial))
    for name, number in sets.completers.items():
        there = safe & _day_of(visits, number, adsl["USUBJID"]).notna()
        adsl = adsl.assign(**{name: _known(yes_no(there), "SV" in trial)})
    if sets.pooled_sites is not None:
        sites = adsl["SITEID"] if "SITEID" in adsl else pd.Series("", adsl.index, dtype="str")
        enrolled = adsl["ENRLFL"] == "Y"
        counts = pd.crosstab(sites[enrolled], adsl.loc[enrolled, "ARMCD"])
        counts = counts.reindex(columns=[arm.code for arm in study.design.arms], fill_value=0)
        small = counts.index[counts.min(axis=1) < sets.pooled_sites.fewest_per_arm]
        pooled = sites.mask(sites.isin(small), sets.pooled_sites.code)
        adsl = adsl.assign(SITEGR1=pooled.where(enrolled & (sites != ""), ""))
    return adsl


def _known(flag: pd.Series, known: bool) -> pd.Series:
    return flag if known else flag.mask(flag != "", "")


def _add_characteristics(
    adsl: pd.DataFrame, trial: Trial, visits: pd.DataFrame, study: Study
) -> pd.DataFrame:
    asked, subjects = study.characteristics, adsl["USUBJID"]
    if asked.age_groups:
        age = adsl["AGE"] if "AGE" in adsl else pd.Series(np.nan, adsl.index)
        adsl = adsl.assign(AGEGR1=_groups(age, asked.age_groups))
    if asked.bmi_groups:
        bmi = to_tenths(adsl["WEIGHTBL"] / (adsl["HEIGHTBL"] / 100) ** 2)
        adsl = adsl.assign(BMIBL=bmi, BMIBLGR1=_groups(bmi, asked.bmi_groups))
    if asked.education_test:
        sc = read_domain(trial, "SC", ["USUBJID", "SCTESTCD"], ["SCSTRESN"])
        years = sc[sc["SCTESTCD"] == asked.education_test].drop_duplicates("USUBJID", keep="last")
        adsl = adsl.assign(EDUCLVL=look_up(years.set_index("USUBJID")["SCSTRESN"], subjects))
    if asked.diagnosis_category:
        mh = read_domain(trial, "MH", ["USUBJID", "MHCAT", "MHSTDTC"], [])
        start = to_date(mh["MHSTDTC"])[fold(mh["MHCAT"]) == fold_label(asked.diagnosis_category)]
        onset = look_up(start.groupby(mh["USUBJID"]).min(), subjects)
        days = (_day_of(visits, asked.enrolment_visit, subjects) - onset).dt.days + 1
        adsl = adsl.assign(DISONSDT=onset, DURDIS=to_tenths(days / _DAYS_PER_MONTH))
    return adsl


def _groups(values: pd.Series, groups: Sequence[Group]) -> pd.Series:
    """Return the label of each value's group; "" for a missing value and for one of no group."""
    found = pd.Series("", values.index, dtype="str")
    for group in groups:
        within = values.notna() if group.below is None else values < group.below
        found = found.mask((found == "") & within, group.label)
    return found


def _add_planned_doses(adsl: pd.DataFrame, trial: Trial, visits: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Add CUMDOSE and AVGDD: daily doses as planned over the days of treatment.

    Treatment whose last record has no end is planned to the end of participation.
    """
    planned = study.characteristics.planned_doses
    if not planned:
        return adsl
    ex = read_domain(trial, "EX", ["USUBJID", "EXSTDTC", "EXENDTC"], [])
    last = ex.sort_values("EXSTDTC", kind="stable").drop_duplicates("USUBJID", keep="last")
    endless = adsl["USUBJID"].isin(last.loc[to_date(last["EXENDTC"]).isna(), "USUBJID"])
    treated = adsl.assign(END=adsl["TRTEDT"].mask(endless, adsl["EOSDT"]))
    total = pd.Series(np.nan, adsl.index)
    for arm in study.design.arms:
        steps = planned.get(arm.code, [DoseStep(dose=arm.dose)] if arm.dose is not None else [])
        own = treated[treated["ARMCD"] == arm.code]
        doses = [
            step.dose * days for step, days in zip(steps, _days_of_steps(own, steps, visits), strict=True)
        ]
        total = total.mask(total.index.isin(own.index), sum(doses)) if doses else total
    days = (treated["END"] - treated["TRTSDT"]).dt.days + 1
    return adsl.assign(CUMDOSE=total, AVGDD=to_tenths(total / days))


def _days_of_steps(
    subjects: pd.DataFrame, steps: Sequence[DoseStep], visits: pd.DataFrame
) -> list[pd.Series]:
    """Return the days of each step: to its visit, or to the end of treatment where that comes before."""
    reached, found = subjects["TRTSDT"] - pd.Timedelta(days=1), []
    for step in steps:
        end = _day_of(visits, step.to_visit, subjects["USUBJID"]).fillna(subjects["END"])
        end = end.mask(end > subjects["END"], subjects["END"])
        end = end.mask(end < reached, reached)
        found.append((end - reached).dt.days.astype("float64"))
        reached = end
    return found
