"""ADSL: one record per subject, with treatment, analysis sets, death, disposition and history."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.sdtm.dates import to_date
from csrkit.sdtm.labels import fold, fold_label, term_key
from csrkit.sdtm.participation import choose_dates, ends_treatment, find_deaths, find_end, is_ending
from itpcsr.adam.dates import impute_start, study_day, to_datetime
from itpcsr.adam.domains import look_up, yes_no
from itpcsr.sdtm import Trial
from itpcsr.sdtm.exposure import is_enrolled
from itpcsr.study import Study

# Death by subject, from all domains that tell of it: the one place that knows who died, and when.


def add_deaths(adsl: pd.DataFrame, trial: Trial) -> pd.DataFrame:
    """Add death to ADSL: DTHFL (Y or ""), DTHDTC (the date as recorded), DTHDT with its
    flag DTHDTF, DTHADY (its study day), DTHSRC.

    The date is chosen as ``sdtm.deaths.choose_dates`` does. DTHDT completes a partial
    date to its earliest day on or after the last dose; NaT where no date is known. DTHSRC names the domains
    that tell of the death ("DM, DS").
    """
    said = choose_dates(find_deaths(trial))
    subject = adsl["USUBJID"]
    date = look_up(said["DTC"], subject).fillna("").astype("str")
    day, flag = impute_start(date, adsl["TRTEDT"])
    dead = subject.isin(said.index)
    return adsl.assign(
        DTHFL=dead.map({True: "Y", False: ""}).astype("str"),
        DTHDTC=date,
        DTHDT=day,
        DTHADY=study_day(day, adsl["TRTSDT"]),
        DTHDTF=flag,
        DTHSRC=look_up(said["SOURCES"], subject).fillna("").astype("str"),
    )


# How long each treated subject was observed, and how long an adverse event would have counted.


def add_participation(adsl: pd.DataFrame, trial: Trial, study: Study) -> pd.DataFrame:
    """Add the end of participation and the days on study and at risk to ADSL.

    EOSDT and EOSSRC are those of ``sdtm.participation.find_end``. Every display of the end of participation,
    and who is still expected at a visit, reads these.
    STUDYD counts the days from first dose to EOSDT, RISKD those of them on which the onset of an adverse
    event would be treatment-emergent; both days included, NaN for the untreated.
    """
    first, last_dose = adsl["TRTSDT"], adsl["TRTEDT"]
    found = find_end(trial, adsl["USUBJID"], last_dose)
    end = found["EOSDT"]
    window = study.safety.treatment_emergent_days
    risk_end = end
    if window is not None:
        limit = last_dose + pd.Timedelta(days=window)
        risk_end = end.mask(end > limit, limit)
    days = {"STUDYD": (end - first).dt.days + 1.0, "RISKD": (risk_end - first).dt.days + 1.0}
    return adsl.assign(EOSDT=end, EOSSRC=found["EOSSRC"], **days)


# ADSL: one record per subject, with treatment, analysis sets, disposition and history.

_KEPT = (
    "STUDYID", "USUBJID", "SUBJID", "SITEID", "AGE", "AGEU", "SEX", "RACE", "ETHNIC", "COUNTRY",
    "ARMCD", "ARM",
)  # fmt: skip
_DAYS_PER_MONTH = 365.25 / 12


def derive_adsl(trial: Trial, study: Study) -> pd.DataFrame:
    """Derive the subject-level dataset from DM, EX, DS, MH, CM and PR.

    Added variables: TRT01P and TRT01A (labels of the planned and the actual arm; the actual one is the
    planned where DM gives none) with their numbers TRT01PN and TRT01AN, SAFARMCD (the arm by which safety is
    grouped), TRTSDT, TRTSDTM (NaT without a time), TRTEDT, TRTDURD (days), ENRLFL (assigned to an arm, and
    not said not to be by ACTARMCD or ARMNRS, see ``sdtm.enrolment``), SAFFL and FASFL (assigned and dosed at
    least once), DTHFL, DTHDTC, DTHDT, DTHDTF, DTHSRC (see ``deaths``), EOSDT, EOSSRC, STUDYD, RISKD (end of
    participation, days on study and at risk, see ``participation``), EOSSTT, DCSREAS, DCSREASP, EOTSTT,
    DCTREAS (completed or discontinued, with the reason of DS, coded and in words), DISDURM (months from
    diagnosis to first dose), NPRIOR (distinct earlier therapies) and one flag for each prior therapy that the
    study names, both from CM and PR together. What a missing domain would have given is missing ("" or NaN).
    """
    dm = trial["DM"]
    adsl = dm[[name for name in _KEPT if name in dm]].copy()
    labels = {arm.code: arm.label for arm in study.design.arms}
    places = {label: float(place) for place, label in enumerate(dict.fromkeys(labels.values()), start=1)}
    adsl["TRT01P"] = adsl["ARMCD"].map(labels).fillna("").astype("str")
    adsl["TRT01PN"] = adsl["TRT01P"].map(places).astype("float64")
    actual = dm.get("ACTARMCD", dm["ARMCD"])
    adsl["ACTARMCD"] = actual.where(actual.isin(list(labels)), dm["ARMCD"])
    adsl["SAFARMCD"] = adsl["ACTARMCD"] if study.safety.safety_arm == "actual" else adsl["ARMCD"]
    adsl["TRT01A"] = adsl["ACTARMCD"].map(labels).fillna("").astype("str")
    adsl["TRT01AN"] = adsl["TRT01A"].map(places).astype("float64")
    adsl = adsl.merge(_treatment(trial["EX"]), on="USUBJID", how="left", validate="1:1")
    # whoever was treated had entered, whatever else DM says (DM-11)
    assigned = (adsl["TRT01P"] != "") & (is_enrolled(dm) | adsl["TRTSDT"].notna())
    dosed = assigned & adsl["TRTSDT"].notna()
    adsl["ENRLFL"] = yes_no(assigned)
    adsl["SAFFL"] = yes_no(dosed)
    adsl["FASFL"] = yes_no(dosed)
    adsl = add_participation(add_deaths(adsl, trial), trial, study)
    adsl = adsl.merge(_disposition(trial["DS"]), on="USUBJID", how="left", validate="1:1")
    for name in ("EOSSTT", "DCSREAS", "DCSREASP", "EOTSTT", "DCTREAS"):
        adsl[name] = adsl[name].fillna("").astype("str")
    # where the data record how subjects left, one who died and has no such record left by death
    untold = (adsl["DTHFL"] == "Y") & (adsl["EOSSTT"] == "") & bool((adsl["EOSSTT"] != "").any())
    adsl["EOSSTT"] = adsl["EOSSTT"].mask(untold, "DISCONTINUED")
    adsl["DCSREAS"] = adsl["DCSREAS"].mask(untold, "DEATH")
    adsl["DISDURM"] = _disease_months(trial["MH"], adsl, study)
    return _add_prior_therapy(adsl, trial, study)


def _treatment(ex: pd.DataFrame) -> pd.DataFrame:
    """First and last dose date, the first one's time, and the days between, both included."""
    starts, ends = to_date(ex["EXSTDTC"]), to_date(ex.get("EXENDTC", ex["EXSTDTC"]))
    times = to_datetime(ex["EXSTDTC"]).where(ex["EXSTDTC"].str.len() >= 16)
    doses = pd.DataFrame(
        {"USUBJID": ex["USUBJID"], "TRTSDT": starts, "TRTSDTM": times, "TRTEDT": ends.fillna(starts)}
    )
    firsts = {"TRTSDT": "min", "TRTSDTM": "min", "TRTEDT": "max"}
    given = doses.groupby("USUBJID", as_index=False).agg(firsts)
    given["TRTSDTM"] = given["TRTSDTM"].where(given["TRTSDTM"].dt.normalize() == given["TRTSDT"])
    given["TRTDURD"] = (given["TRTEDT"] - given["TRTSDT"]).dt.days + 1.0
    return given


def _disposition(ds: pd.DataFrame) -> pd.DataFrame:
    """End of study and end of treatment: COMPLETED, or DISCONTINUED with the reason."""
    columns = ["USUBJID", "EOSSTT", "DCSREAS", "DCSREASP", "EOTSTT", "DCTREAS"]
    if ds.empty:
        return pd.DataFrame(columns=columns, dtype="str")
    events = ds[is_ending(ds)]
    of_treatment = ends_treatment(events)
    study = _last_status(events[~of_treatment], "EOSSTT", "DCSREAS", "DCSREASP")
    treatment = _last_status(events[of_treatment], "EOTSTT", "DCTREAS")
    return study.merge(treatment, on="USUBJID", how="outer", validate="1:1")[columns]


def _last_status(events: pd.DataFrame, status: str, reason: str, words: str = "") -> pd.DataFrame:
    last = events.sort_values(["USUBJID", "DSSTDTC", "DSSEQ"]).drop_duplicates("USUBJID", keep="last")
    completed = fold(last["DSDECOD"]) == "COMPLETED"
    found = pd.DataFrame(
        {
            "USUBJID": last["USUBJID"],
            status: completed.map({True: "COMPLETED", False: "DISCONTINUED"}).astype("str"),
            reason: last["DSDECOD"].mask(completed, ""),
        }
    )
    reported = last["DSTERM"] if "DSTERM" in last else last["DSDECOD"]
    return found.assign(**{words: reported.mask(completed, "")}) if words else found


def add_baseline_vitals(adsl: pd.DataFrame, advs: pd.DataFrame) -> pd.DataFrame:
    """Add WEIGHTBL (kg) and HEIGHTBL (cm), to one decimal: the values that ADVS flags as baseline.

    Of a test without such a flag in any subject, as of a height measured at screening alone where the data
    flag the baseline, it is the last value up to the day of the first dose.
    """
    flagged = advs["ABLFL"] == "Y"
    unflagged = ~advs["PARAMCD"].isin(advs.loc[flagged, "PARAMCD"].unique()) & (advs["ADY"] <= 1)
    series = ["USUBJID", "PARAMCD"]
    last = advs[unflagged].sort_values("ADTM", kind="stable").drop_duplicates(series, keep="last")
    base = pd.concat([advs[flagged].drop_duplicates(series), last])
    for name, test in (("WEIGHTBL", "WEIGHT"), ("HEIGHTBL", "HEIGHT")):
        values = base[base["PARAMCD"] == test].set_index("USUBJID")["AVAL"]
        adsl = adsl.assign(**{name: to_tenths(look_up(values, adsl["USUBJID"]))})
    return adsl


def to_tenths(values: pd.Series) -> pd.Series:
    """Round to one decimal, halves up: values converted from pounds or inches carry more than was read."""
    return (values * 10 + 0.5 + 1e-9) // 1 / 10


def _disease_months(mh: pd.DataFrame, adsl: pd.DataFrame, study: Study) -> pd.Series:
    """Months from the first recorded start of the disease to first dose.

    A missing day counts as the 15th, a missing month as 1 July, neither later than the first dose; a day
    of an unknown month (``2015---05``) counts as the year alone.
    """
    if mh.empty or not study.baseline.diagnosis_terms or "MHSTDTC" not in mh:
        return pd.Series(np.nan, index=adsl.index)
    terms = {fold_label(term) for term in study.baseline.diagnosis_terms}
    names = [name for name in ("MHTERM", "MHDECOD") if name in mh]
    rows = mh[mh[names].apply(lambda column: term_key(column).isin(terms)).any(axis=1)]
    text = rows["MHSTDTC"].mask(rows["MHSTDTC"].str.match(r"[0-9]{4}--"), rows["MHSTDTC"].str[:4])
    length = text.str.len()
    text = text.mask(length == 7, text + "-15").mask(length == 4, text + "-07-01")
    start = look_up(to_date(text).groupby(rows["USUBJID"]).min(), adsl["USUBJID"])
    return (adsl["TRTSDT"] - start).dt.days.clip(lower=0) / _DAYS_PER_MONTH


def _add_prior_therapy(adsl: pd.DataFrame, trial: Trial, study: Study) -> pd.DataFrame:
    """Count distinct earlier therapies, and flag those that the study names."""
    prior = pd.concat([_prior(trial["CM"], "CM", study), _prior(trial["PR"], "PR", study)], ignore_index=True)
    # a therapy may stand in either domain: without one of them nobody's history is whole
    whole = all(f"{domain}CAT" in trial[domain] for domain in ("CM", "PR"))
    if not study.baseline.prior_therapy_category or not whole:
        return adsl.assign(NPRIOR=np.nan)
    counts = prior.groupby("USUBJID")["TERM"].nunique()
    adsl = adsl.assign(NPRIOR=look_up(counts, adsl["USUBJID"]).fillna(0).astype("float64"))
    for therapy in study.baseline.prior_therapies:
        had = set(prior.loc[prior["TERM"] == fold_label(therapy.term), "USUBJID"])
        adsl[therapy.flag] = yes_no(adsl["USUBJID"].isin(had))
    return adsl


def _prior(frame: pd.DataFrame, domain: str, study: Study) -> pd.DataFrame:
    category = f"{domain}CAT"
    if frame.empty or category not in frame:
        return pd.DataFrame({"USUBJID": [], "TERM": []}, dtype="str")
    rows = frame[fold(frame[category]) == fold_label(study.baseline.prior_therapy_category)]
    term = rows.get(f"{domain}DECOD", pd.Series("", index=rows.index))
    term = term.where(term != "", rows[f"{domain}TRT"])
    return pd.DataFrame({"USUBJID": rows["USUBJID"], "TERM": term_key(term)})
