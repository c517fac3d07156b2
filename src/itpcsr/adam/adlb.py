"""ADLB: laboratory values with analysis visit, baseline, change, normal range and toxicity grade."""

from __future__ import annotations

import numpy as np
import pandas as pd

from itpcsr.adam.dates import study_day, to_date, to_datetime
from itpcsr.adam.domains import look_up, read_domain
from itpcsr.adam.flags import yes_no
from itpcsr.adam.ranges import add_ranges, flag_most_deviating
from itpcsr.adam.toxicity import add_grades
from itpcsr.adam.visits import add_visits, flag_end_of_treatment
from itpcsr.sdtm import Trial
from itpcsr.study import Study

_TEXT = (
    "STUDYID", "USUBJID", "LBTESTCD", "LBTEST", "LBCAT", "LBSTRESU", "LBDTC", "LBBLFL", "LBNRIND", "LBCLSIG",
    "VISIT",
)  # fmt: skip
_NUMBERS = ("LBSEQ", "LBSTRESN", "LBSTNRLO", "LBSTNRHI")
_KEYS = ["USUBJID", "PARAMCD"]


def derive_adlb(trial: Trial, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive the laboratory dataset from LB, treated subjects only.

    Variables: PARAMCD, PARAM, PARCAT1 (LBCAT), AVAL in AVALU, ADT, ADTM, ADY, ONTRTFL (N: taken before the
    first dose; on its day the times decide, without times before), ABLFL (Y for the baseline record), BASE,
    CHG (AVAL - BASE), R2BASE (AVAL / BASE; NaN for a baseline of 0), all NaN without baseline; AVISITN,
    AVISIT and ANL01FL (see ``add_visits``); EOTFL (Y for the last planned visit of treatment, where the
    study names its week); ANRIND, LIMIND, BNRIND, BLIMIND (see ``add_ranges``); WORSTFL (see
    ``flag_most_deviating``); toxicity grades (see ``add_grades``); CLSIGFL (Y where LBCLSIG says clinically
    significant). Records without a numeric result or a complete date are left out.
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
            "PARCAT1": lb["LBCAT"].str.upper(),
            "AVAL": lb["LBSTRESN"],
            "AVALU": lb["LBSTRESU"],
            "ADT": dates.loc[lb.index],
            "ADTM": to_datetime(lb["LBDTC"]),
            "VISIT": lb["VISIT"],
            "LBBLFL": lb["LBBLFL"],
            "LBNRIND": lb["LBNRIND"],
            "CLSIGFL": yes_no(lb["LBCLSIG"] == "Y"),
            "ANRLO": lb["LBSTNRLO"],
            "ANRHI": lb["LBSTNRHI"],
        }
    )
    adlb = adlb.sort_values([*_KEYS, "ADTM", "LBSEQ"], ignore_index=True)
    adlb["ADY"] = study_day(adlb["ADT"], look_up(treated["TRTSDT"], adlb["USUBJID"]))
    adlb["ONTRTFL"] = yes_no(~before_treatment(adlb, treated))
    adlb["ABLFL"] = _baseline_flag(adlb, study)
    adlb = add_visits(_add_baseline(adlb), _KEYS, ["ADTM", "LBSEQ"], study)
    return _add_safety(adlb, study).drop(columns=["LBBLFL", "LBNRIND"])


def _add_safety(adlb: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Add what the safety displays read: end of treatment, status against the ranges, toxicity grades."""
    rules = study.laboratory
    adlb["EOTFL"] = flag_end_of_treatment(adlb, _KEYS, rules.laboratory_end_week)
    adlb = add_ranges(adlb, adlb["LBNRIND"], rules)
    adlb["WORSTFL"] = flag_most_deviating(adlb, rules)
    return add_grades(adlb, rules.toxicity_criteria)


def before_treatment(adlb: pd.DataFrame, treated: pd.DataFrame) -> pd.Series:
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
