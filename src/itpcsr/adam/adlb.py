"""ADLB: laboratory values with analysis visit, baseline, change, normal range and toxicity grade."""

from __future__ import annotations

import pandas as pd

from csrkit.sdtm.labels import fold
from csrkit.sdtm.standard_limits import standard_limits
from itpcsr.adam.baseline import flag_baseline
from itpcsr.adam.dates import study_day, to_date, to_datetime
from itpcsr.adam.domains import look_up, read_domain
from itpcsr.adam.flags import yes_no
from itpcsr.adam.ranges import add_ranges, flag_most_deviating
from itpcsr.adam.toxicity import add_grades
from itpcsr.adam.visits import add_visits, flag_end_of_treatment
from itpcsr.sdtm import Trial
from itpcsr.sdtm.first_dose import before_treatment, read_time_points
from itpcsr.sdtm.specimens import name_parameters, tests_of_blood
from itpcsr.study import Study

_TEXT = (
    "STUDYID", "USUBJID", "LBTESTCD", "LBTEST", "LBCAT", "LBSTRESU", "LBDTC", "LBNRIND", "LBCLSIG",
    "LBSPEC", "LBMETHOD", "VISIT",
)  # fmt: skip
_NUMBERS = ("LBSEQ", "LBSTRESN", "LBSTNRLO", "LBSTNRHI")
_KEYS = ["USUBJID", "PARAMCD"]
_READ = ["BLFL", "ATPT", "ATPTN", "ATPTREF", "AELTM", "LBNRIND"]


def derive_adlb(trial: Trial, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive the laboratory dataset from LB, treated subjects only.

    Variables: PARAMCD, PARAM (see ``name_parameters``: urine isn't serum), PARCAT1 (LBCAT), AVAL in AVALU,
    AVALC (``<5`` where the result is a limit, of which AVAL is NaN; else ""), ADT, ADTM, ADY, ONTRTFL (N:
    taken before the first dose, see ``before_treatment``), ABLFL (Y for the baseline record, see
    ``flag_baseline``), BASE and BASEC (its AVAL and AVALC), CHG (AVAL - BASE), R2BASE (AVAL / BASE; NaN for a
    baseline of 0), all NaN without baseline; AVISITN, AVISIT and ANL01FL (see ``add_visits``); EOTFL (Y for
    the last planned visit of treatment, where the study names its week); ANRIND, LIMIND, BNRIND, BLIMIND (see
    ``add_ranges``); WORSTFL (see ``flag_most_deviating``); toxicity grades (see ``add_grades``); CLSIGFL (Y
    where LBCLSIG says clinically significant). Records with neither a number nor a limit, or without a
    complete date, are left out.
    """
    treated = adsl.loc[adsl["SAFFL"] == "Y"].set_index("USUBJID")
    adlb = _read_results(trial, treated, study)
    adlb["ADY"] = study_day(adlb["ADT"], look_up(treated["TRTSDT"], adlb["USUBJID"]))
    adlb["ONTRTFL"] = yes_no(~before_treatment(adlb, treated))
    adlb["ABLFL"] = flag_baseline(adlb, _KEYS, "LBSEQ", treated, study)
    adlb = add_visits(_add_baseline(adlb), _KEYS, ["ADTM", "LBSEQ"], study)
    return _add_safety(adlb, study).drop(columns=_READ)


def _read_results(trial: Trial, treated: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the results of treated subjects that have a value and a date, in order; nothing derived yet."""
    lb = read_domain(trial, "LB", _TEXT, _NUMBERS)
    dates, limits = to_date(lb["LBDTC"]), standard_limits(lb, "LB")
    measured = lb["LBSTRESN"].notna() | (limits != "")
    kept = measured & dates.notna() & lb["USUBJID"].isin(treated.index)
    parameters = name_parameters(lb, tests_of_blood(study))
    # filtered when what is read of it stands: LB has many other variables, and millions of records
    results = pd.DataFrame(
        {
            "STUDYID": lb["STUDYID"],
            "USUBJID": lb["USUBJID"],
            "LBSEQ": lb["LBSEQ"],
            "PARAMCD": parameters["PARAMCD"],
            "PARAM": parameters["PARAM"],
            "PARCAT1": fold(lb["LBCAT"]),
            "AVAL": lb["LBSTRESN"].mask(limits != ""),
            "AVALC": limits,
            "AVALU": lb["LBSTRESU"],
            "ADT": dates,
            "ADTM": to_datetime(lb["LBDTC"]),
            "VISIT": lb["VISIT"],
            "LBNRIND": lb["LBNRIND"],
            "CLSIGFL": yes_no(fold(lb["LBCLSIG"]) == "Y"),
            "ANRLO": lb["LBSTNRLO"],
            "ANRHI": lb["LBSTNRHI"],
        }
    ).join(read_time_points(lb, "LB"))
    return results[kept].sort_values([*_KEYS, "ADTM", "LBSEQ"], ignore_index=True)


def _add_safety(adlb: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Add what the safety displays read: end of treatment, status against the ranges, toxicity grades."""
    rules = study.laboratory
    adlb["EOTFL"] = flag_end_of_treatment(adlb, _KEYS, rules.laboratory_end_week)
    adlb = add_ranges(adlb, adlb["LBNRIND"], rules)
    adlb["WORSTFL"] = flag_most_deviating(adlb, rules)
    return add_grades(adlb, rules.toxicity_criteria)


def _add_baseline(adlb: pd.DataFrame) -> pd.DataFrame:
    base = adlb.loc[adlb["ABLFL"] == "Y", [*_KEYS, "AVAL", "AVALC"]]
    base = base.rename(columns={"AVAL": "BASE", "AVALC": "BASEC"})
    adlb = adlb.merge(base, on=_KEYS, how="left", validate="m:1")
    adlb["BASEC"] = adlb["BASEC"].fillna("").astype("str")
    adlb["CHG"] = adlb["AVAL"] - adlb["BASE"]
    adlb["R2BASE"] = adlb["AVAL"] / adlb["BASE"].where(adlb["BASE"] > 0)
    return adlb
