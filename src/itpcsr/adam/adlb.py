"""ADLB: laboratory values with analysis visit, baseline, change and ratio to baseline."""

from __future__ import annotations

import numpy as np
import pandas as pd

from itpcsr.adam.dates import study_day, to_date, to_datetime
from itpcsr.adam.domains import look_up, read_domain
from itpcsr.adam.flags import yes_no
from itpcsr.sdtm import Trial
from itpcsr.study import Study

_TEXT = ("STUDYID", "USUBJID", "LBTESTCD", "LBTEST", "LBSTRESU", "LBDTC", "LBBLFL", "VISIT")
_NUMBERS = ("LBSEQ", "LBSTRESN", "LBSTNRLO", "LBSTNRHI")
_KEYS = ["USUBJID", "PARAMCD"]


def derive_adlb(trial: Trial, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive the laboratory dataset from LB, treated subjects only.

    Variables: PARAMCD, PARAM, AVAL in AVALU, ADT, ADTM, ADY, ONTRTFL (N: taken before the first dose; on its
    day the times decide, without times before), ABLFL (Y for the baseline record), BASE,
    CHG (AVAL - BASE), R2BASE (AVAL / BASE; NaN for a baseline of 0), all NaN without baseline; AVISITN is
    the week (0 baseline; week w is Day 1 + 7 w within the study's window; NaN outside every window),
    AVISIT its name, ANL01FL is Y for the record nearest to the planned day where a window holds several
    (the earlier one of two equally near). Records without a numeric result or a complete date are left out.
    """
    lb = read_domain(trial, "LB", _TEXT, _NUMBERS)
    treated = adsl.loc[adsl["SAFFL"] == "Y"].set_index("USUBJID")
    dates = to_date(lb["LBDTC"])
    lb = lb[lb["LBSTRESN"].notna() & dates.notna() & lb["USUBJID"].isin(treated.index)]
    adlb = pd.DataFrame(
        {
            "STUDYID": lb["STUDYID"],
            "USUBJID": lb["USUBJID"],
            "LBSEQ": lb["LBSEQ"],
            "PARAMCD": lb["LBTESTCD"],
            "PARAM": lb["LBTEST"] + " (" + lb["LBSTRESU"] + ")",
            "AVAL": lb["LBSTRESN"],
            "AVALU": lb["LBSTRESU"],
            "ADT": dates.loc[lb.index],
            "ADTM": to_datetime(lb["LBDTC"]),
            "VISIT": lb["VISIT"],
            "LBBLFL": lb["LBBLFL"],
            "ANRLO": lb["LBSTNRLO"],
            "ANRHI": lb["LBSTNRHI"],
        }
    )
    adlb = adlb.sort_values([*_KEYS, "ADTM", "LBSEQ"], ignore_index=True)
    adlb["ADY"] = study_day(adlb["ADT"], look_up(treated["TRTSDT"], adlb["USUBJID"]))
    adlb["ONTRTFL"] = yes_no(~_before_treatment(adlb, treated))
    adlb["ABLFL"] = _baseline_flag(adlb, study)
    return _add_visits(_add_baseline(adlb), study).drop(columns="LBBLFL")


def _before_treatment(adlb: pd.DataFrame, treated: pd.DataFrame) -> pd.Series:
    """True where the sample was taken before the first dose.

    On the day of the first dose the times decide; without both times the sample counts as taken before.
    """
    dosed = look_up(treated["TRTSDTM"], adlb["USUBJID"])
    timed = (adlb["ADTM"] != adlb["ADT"]) & dosed.notna()
    return (adlb["ADTM"] < dosed).where(timed, adlb["ADT"] <= look_up(treated["TRTSDT"], adlb["USUBJID"]))


def _baseline_flag(adlb: pd.DataFrame, study: Study) -> pd.Series:
    """Mark the last record before the first dose, or the one that the data flag."""
    if study.baseline.baseline_rule == "value flagged in the data":
        candidates = adlb[adlb["LBBLFL"] == "Y"]
    else:
        candidates = adlb[adlb["ONTRTFL"] == "N"]
    last = candidates.drop_duplicates(_KEYS, keep="last").index
    return pd.Series(np.where(adlb.index.isin(last), "Y", ""), index=adlb.index, dtype="str")


def _add_baseline(adlb: pd.DataFrame) -> pd.DataFrame:
    base = adlb.loc[adlb["ABLFL"] == "Y", [*_KEYS, "AVAL"]].rename(columns={"AVAL": "BASE"})
    adlb = adlb.merge(base, on=_KEYS, how="left", validate="m:1")
    adlb["CHG"] = adlb["AVAL"] - adlb["BASE"]
    adlb["R2BASE"] = adlb["AVAL"] / adlb["BASE"].where(adlb["BASE"] > 0)
    return adlb


def _add_visits(adlb: pd.DataFrame, study: Study) -> pd.DataFrame:
    baseline = adlb["ABLFL"] == "Y"
    week = ((adlb["ADY"] - 1) / 7).round()
    distance = (adlb["ADY"] - 1 - 7 * week).abs()
    inside = (week >= 1) & (distance <= study.visits.visit_window_days)
    adlb["AVISITN"] = week.where(inside).mask(baseline, 0.0)
    names = "Week " + adlb["AVISITN"].astype("Int64").astype("str")
    adlb["AVISIT"] = names.mask(adlb["AVISITN"].isna(), "").mask(baseline, "Baseline").astype("str")
    nearest = (
        adlb.assign(distance=distance.mask(baseline, 0.0))[adlb["AVISITN"].notna()]
        .sort_values([*_KEYS, "AVISITN", "distance", "ADTM", "LBSEQ"])
        .drop_duplicates([*_KEYS, "AVISITN"])
        .index
    )
    adlb["ANL01FL"] = pd.Series(np.where(adlb.index.isin(nearest), "Y", ""), dtype="str")
    return adlb
