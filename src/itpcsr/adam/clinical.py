"""ADVS and ADBLEED: vital signs, grades of bleeding, and what clinicians recorded beside a term."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.sdtm.dates import to_date
from csrkit.sdtm.labels import fold
from csrkit.sdtm.units import standard_limits
from itpcsr.adam.dates import study_day, to_datetime
from itpcsr.adam.domains import look_up, read_domain
from itpcsr.adam.visits import add_visits, flag_baseline, flag_end_of_treatment
from itpcsr.sdtm import Trial
from itpcsr.sdtm.exposure import read_time_points
from itpcsr.sdtm.series import WHO, highest_grade, name_series
from itpcsr.study import Study

# What clinicians recorded beside a term: why an event was serious, and the grade of bleeding.

# SDTM's variables of seriousness; death is said by the outcome.
CRITERIA = {
    "AESHOSP": "hospitalisation",
    "AESLIFE": "life-threatening",
    "AESDISAB": "disability or incapacity",
    "AESCONG": "congenital anomaly or birth defect",
    "AESMIE": "another medically important event",
}


def add_criteria(adae: pd.DataFrame, trial: Trial) -> pd.DataFrame:
    """Return ADAE with AESCRIT: the reasons why an event was serious, parted by "; ", "" for none."""
    ae = read_domain(trial, "AE", ["USUBJID", *CRITERIA], ["AESEQ"]).drop_duplicates(["USUBJID", "AESEQ"])
    marked = [
        (fold(ae[name]) == "Y").map({True: f"{words}; ", False: ""}) for name, words in CRITERIA.items()
    ]
    texts = pd.Series("", index=ae.index, dtype="str")
    for column in marked:
        texts = texts + column.astype("str")
    reasons = ae[["USUBJID", "AESEQ"]].assign(AESCRIT=texts.str.removesuffix("; "))
    joined = adae.merge(reasons, on=["USUBJID", "AESEQ"], how="left", validate="m:1")
    return joined.assign(AESCRIT=joined["AESCRIT"].fillna("").astype("str"))


def select_bleeding(adbleed: pd.DataFrame) -> pd.DataFrame:
    """Return the WHO bleeding grades of ADBLEED: USUBJID, ADY, AVAL, in order of subject and day."""
    grades = adbleed.loc[adbleed["PARAMCD"] == WHO, ["USUBJID", "ADY", "AVAL"]]
    return grades.sort_values(["USUBJID", "ADY"], ignore_index=True)


# ADVS: vital signs with analysis visit, baseline, and the infusion they were taken around.

_TEXT = (
    "STUDYID", "USUBJID", "VSTESTCD", "VSTEST", "VSSTRESU", "VSDTC", "VSTPT", "VSTPTREF", "VISIT",
)  # fmt: skip
_NUMBERS = ("VSSEQ", "VSSTRESN", "VSTPTNUM")
_ORDER = ["ADTM", "VSSEQ"]
_READ = ["BLFL", "ATPTREF", "AELTM"]


def derive_advs(trial: Trial, adsl: pd.DataFrame, adex: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive the vital signs dataset from VS, treated subjects only.

    Variables: PARAMCD, PARAM, AVAL in AVALU, ADT, ADTM, ADY, ATPT and ATPTN (planned time point, "" and NaN
    without one), INFNUM (number of the infusion, from VSTPTREF or else from the administration of the same
    day; NaN for a study without infusions, and where the record names no time point), PREVAL (the last value
    at a time point before that infusion) and CHGPRE (AVAL - PREVAL); BASETYPE (the time point of a study
    without infusions, and position, site and method where a test comes in several of them at one time point;
    "" otherwise), and by parameter and BASETYPE ABLFL, BASE, CHG, AVISITN, AVISIT, ANL01FL and EOTFL as in
    ADLB. Records without a numeric result (a limit such as ``>150`` is none) or a complete date are left out.
    """
    vs = read_domain(trial, "VS", _TEXT, _NUMBERS)
    treated = adsl.loc[adsl["SAFFL"] == "Y"].set_index("USUBJID")
    dates = to_date(vs["VSDTC"])
    exact = vs["VSSTRESN"].notna() & (standard_limits(vs, "VS") == "")
    vs = vs[exact & dates.notna() & vs["USUBJID"].isin(treated.index)]
    infusions = bool(study.design.infusion_days)
    advs = pd.DataFrame(
        {
            "STUDYID": vs["STUDYID"],
            "USUBJID": vs["USUBJID"],
            "VSSEQ": vs["VSSEQ"],
            "PARAMCD": vs["VSTESTCD"],
            "PARAM": vs["VSTEST"] + " (" + vs["VSSTRESU"] + ")",
            "AVAL": vs["VSSTRESN"],
            "AVALU": vs["VSSTRESU"],
            "ADT": dates.loc[vs.index],
            "ADTM": to_datetime(vs["VSDTC"]),
            "VISIT": vs["VISIT"],
            "BASETYPE": name_series(vs, infusions),
        }
    ).join(read_time_points(vs, "VS"))
    advs["INFNUM"] = _infusion_number(vs, advs, adex) if infusions else np.nan
    advs = advs.sort_values(["USUBJID", "PARAMCD", "BASETYPE", *_ORDER], ignore_index=True)
    advs["ADY"] = study_day(advs["ADT"], look_up(treated["TRTSDT"], advs["USUBJID"]))
    return _add_visits(_add_change_around_infusion(advs), treated, study).drop(columns=_READ)


def _infusion_number(vs: pd.DataFrame, advs: pd.DataFrame, adex: pd.DataFrame) -> pd.Series:
    named = vs["VSTPTREF"].str.extract(r"(?i)^INFUSION ([0-9]+)$", expand=False).astype("float64")
    first = adex.drop_duplicates(["USUBJID", "ASTDT"]).set_index(["USUBJID", "ASTDT"])["EXNUM"]
    keys = pd.MultiIndex.from_frame(advs[["USUBJID", "ADT"]])
    same_day = pd.Series(first.reindex(keys).to_numpy("float64"), index=advs.index)
    return named.fillna(same_day).where((vs["VSTPT"] != "") & vs["VSTPTNUM"].notna())


def _add_change_around_infusion(advs: pd.DataFrame) -> pd.DataFrame:
    keys = ["USUBJID", "PARAMCD", "BASETYPE", "INFNUM"]
    before = advs[advs["INFNUM"].notna() & (advs["ATPTN"] < 0)].drop_duplicates(keys, keep="last")
    before = before[[*keys, "AVAL"]].rename(columns={"AVAL": "PREVAL"})
    advs = advs.merge(before, on=keys, how="left", validate="m:1")
    advs["CHGPRE"] = (advs["AVAL"] - advs["PREVAL"]).where(advs["ATPTN"] >= 0)
    return advs


def _add_visits(advs: pd.DataFrame, treated: pd.DataFrame, study: Study) -> pd.DataFrame:
    keys = ["USUBJID", "PARAMCD", "BASETYPE"]
    advs["ABLFL"] = flag_baseline(advs, keys, "VSSEQ", treated, study)
    base = advs.loc[advs["ABLFL"] == "Y", [*keys, "AVAL"]].rename(columns={"AVAL": "BASE"})
    advs = advs.merge(base, on=keys, how="left", validate="m:1")
    advs["CHG"] = advs["AVAL"] - advs["BASE"]
    advs = add_visits(advs, keys, _ORDER, study)
    advs["EOTFL"] = flag_end_of_treatment(advs, keys, study.laboratory.vital_signs_end_week)
    return advs


# ADBLEED: grades of bleeding scales, with baseline, change and week.

_KEYS = ["USUBJID", "PARAMCD"]
_ADBLEED_TEXT = ("USUBJID", "RSTESTCD", "RSTEST", "RSCAT", "RSDTC", "VISIT")


def derive_adbleed(trial: Trial, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive the grades of bleeding from RS, treated subjects only.

    Variables: RSSEQ, PARAMCD (RSTESTCD), PARAM, PARCAT1 (RSCAT in capitals), AVAL (the grade), ADT, ADTM,
    ADY, ABLFL (Y for the baseline, by the one rule of all datasets), BASE, CHG, AVISITN, AVISIT and ANL01FL
    (see ``add_visits``). Records of other scales (see ``sdtm.bleeding_scales``), without a numeric grade or
    without a complete date are left out.
    """
    rs = read_domain(trial, "RS", _ADBLEED_TEXT, ("RSSEQ", "RSSTRESN"))
    first = look_up(adsl.loc[adsl["SAFFL"] == "Y"].set_index("USUBJID")["TRTSDT"], rs["USUBJID"])
    dates = to_date(rs["RSDTC"])
    keep = rs["RSSTRESN"].notna() & highest_grade(rs).notna() & dates.notna() & first.notna()
    adbleed = pd.DataFrame(
        {
            "USUBJID": rs["USUBJID"], "RSSEQ": rs["RSSEQ"], "PARAMCD": rs["RSTESTCD"], "PARAM": rs["RSTEST"],
            "PARCAT1": fold(rs["RSCAT"]), "AVAL": rs["RSSTRESN"], "ADT": dates,
            "ADTM": to_datetime(rs["RSDTC"]), "ADY": study_day(dates, first), "VISIT": rs["VISIT"],
        }
    )[keep]  # fmt: skip
    points = read_time_points(rs, "RS")
    adbleed = adbleed.join(points).sort_values([*_KEYS, "ADTM", "RSSEQ"], ignore_index=True)
    adbleed["ABLFL"] = flag_baseline(adbleed, _KEYS, "RSSEQ", adsl.set_index("USUBJID"), study)
    adbleed = adbleed.drop(columns=list(points))
    base = adbleed.loc[adbleed["ABLFL"] == "Y", [*_KEYS, "AVAL"]].rename(columns={"AVAL": "BASE"})
    adbleed = adbleed.merge(base, on=_KEYS, how="left", validate="m:1")
    adbleed["CHG"] = adbleed["AVAL"] - adbleed["BASE"]
    return add_visits(adbleed, _KEYS, ["ADTM", "RSSEQ"], study)
