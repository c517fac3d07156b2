"""ADPC: concentrations around infusion 1 with nominal and actual times, and who is in the PK set."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.limits import read_limits
from csrkit.sdtm.standard_limits import standard_limits
from itpcsr.adam.dates import study_day, to_date, to_datetime
from itpcsr.adam.domains import look_up, read_domain
from itpcsr.adam.flags import yes_no
from itpcsr.sdtm import Trial
from itpcsr.study import Study

_TEXT = (
    "STUDYID", "USUBJID", "PCTESTCD", "PCTEST", "PCSTRESC", "PCORRES", "PCSTRESU", "PCDTC", "PCTPT",
)  # fmt: skip
_NUMBERS = ("PCSEQ", "PCSTRESN", "PCLLOQ", "PCTPTNUM")
# A result below the limit of quantification: "<120", or one of these codes.
_BELOW = r"^(?:<.*|BLQ|BLOQ|BQL|LLOQ|BLLOQ|ND|NOT DETECTED|BELOW.*)$"


def derive_adpc(trial: Trial, adsl: pd.DataFrame, adex: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive the concentration dataset from PC and infusion 1 of ADEX: the test that the study names.

    Variables: AVAL and AVALU (NaN where the result lies beyond a limit), BLQFL (Y below the limit of
    quantification ALLOQ: PCLLOQ, or the study's), ADT, ADY, ADTM (NaT without a time of day), ATPTN and ATPT
    (nominal time, hours before the start or after the end of infusion 1), AFRLT and AERLT (actual hours
    since its start and since its end), TDEV (actual less nominal time, hours), DUR1 (its duration, hours),
    DOSE1 and DOSE1U (what was given), ANL01FL (Y where the sample can be analysed) and ANL01RS, which says
    why not. Of samples at the same time the first counts; those after the start of infusion 2 don't.
    """
    pc = read_domain(trial, "PC", _TEXT, _NUMBERS)
    pc = pc[(pc["PCTESTCD"] == study.sampling.concentration_test) & (pc["PCTESTCD"] != "")]
    adpc = _results(pc, study).sort_values(["USUBJID", "ADTM", "PCSEQ"], ignore_index=True)
    adpc["ADY"] = study_day(adpc["ADT"], look_up(adsl.set_index("USUBJID")["TRTSDT"], adpc["USUBJID"]))
    doses = adex.sort_values(["USUBJID", "EXNUM"]).set_index("USUBJID")
    first, second = doses[doses["EXNUM"] == 1], doses[doses["EXNUM"] == 2]
    start, end = (look_up(first[name], adpc["USUBJID"]) for name in ("ASTDTM", "AENDTM"))
    adpc["AFRLT"], adpc["AERLT"] = _hours(adpc["ADTM"] - start), _hours(adpc["ADTM"] - end)
    adpc["TDEV"] = adpc["AFRLT"].where(adpc["ATPTN"] < 0, adpc["AERLT"]) - adpc["ATPTN"]
    adpc["DUR1"] = _hours(end - start)
    adpc["DOSE1"] = look_up(first["EXDOSE"], adpc["USUBJID"])
    adpc["DOSE1U"] = look_up(first["EXDOSU"], adpc["USUBJID"]).fillna("").astype("str")
    later = look_up(second["ASTDTM"].fillna(second["ASTDT"]), adpc["USUBJID"])
    adpc["ANL01RS"] = _why_not(adpc, adsl, later)
    adpc["ANL01FL"] = yes_no(adpc["ANL01RS"] == "")
    return adpc.drop(columns="ABOVE")


def add_pk_set(adsl: pd.DataFrame, adpc: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Add the pharmacokinetic set to ADSL: PKFL, and PKREAS, which says why a subject is outside.

    In the set are treated subjects of the sex sampled with a sample after the start of infusion 1 that can
    be analysed. PKREAS is NOT TREATED, NOT PLANNED, SEX NOT SAMPLED, NO SAMPLE or NO USABLE SAMPLE.
    """
    sex = study.sampling.concentration_sex
    sampled = adsl["USUBJID"].isin(adpc["USUBJID"])
    known = adsl["SEX"] if "SEX" in adsl else pd.Series("", index=adsl.index)
    usable = adsl["USUBJID"].isin(adpc.loc[(adpc["ANL01FL"] == "Y") & (adpc["AFRLT"] > 0), "USUBJID"])
    cases = {
        "NOT TREATED": adsl["SAFFL"] != "Y",
        "NOT PLANNED": pd.Series(not study.sampling.concentration_test, index=adsl.index),
        "SEX NOT SAMPLED": known.isin(["F", "M"]) & (known != sex) & (sex != ""),
        "NO SAMPLE": ~sampled,
        "NO USABLE SAMPLE": ~usable,
    }
    reason = np.select([case.to_numpy("bool") for case in cases.values()], list(cases), "")
    reasons = pd.Series(reason, index=adsl.index, dtype="str")
    return adsl.assign(PKFL=yes_no(reasons == ""), PKREAS=reasons)


def _results(pc: pd.DataFrame, study: Study) -> pd.DataFrame:
    text = pc["PCSTRESC"].where(pc["PCSTRESC"] != "", pc["PCORRES"]).str.strip().str.upper()
    limit = pc["PCLLOQ"].fillna(study.sampling.concentration_limit or np.nan)
    value, sign = pc["PCSTRESN"], read_limits(standard_limits(pc, "PC"))["sign"]
    above = sign.str.startswith(">")
    below = (
        text.str.contains(_BELOW, regex=True)
        | sign.str.startswith("<")
        | (value < limit) & (value >= 0)
        | (value == 0)
    )
    return pd.DataFrame(
        {
            "STUDYID": pc["STUDYID"],
            "USUBJID": pc["USUBJID"],
            "PCSEQ": pc["PCSEQ"],
            "PARAMCD": pc["PCTESTCD"],
            "PARAM": pc["PCTEST"],
            "AVAL": value.mask(below | above),
            "AVALU": pc["PCSTRESU"],
            "BLQFL": yes_no(below),
            "ALLOQ": limit,
            "ADT": to_date(pc["PCDTC"]),
            "ADTM": to_datetime(pc["PCDTC"]).where(pc["PCDTC"].str.len() >= 16),
            "ATPTN": pc["PCTPTNUM"],
            "ATPT": pc["PCTPT"],
            "ABOVE": above,
        }
    )


def _hours(span: pd.Series) -> pd.Series:
    return pd.Series(span.dt.total_seconds() / 3600)


def _why_not(adpc: pd.DataFrame, adsl: pd.DataFrame, later: pd.Series) -> pd.Series:
    """Return why a record can't be analysed, "" where it can; ``later`` is the start of infusion 2."""
    treated = adsl.loc[adsl["SAFFL"] == "Y", "USUBJID"]
    unit = adpc["AVALU"].mode()
    cases = {
        "subject not treated": ~adpc["USUBJID"].isin(treated),
        "above the upper limit of the assay": adpc["ABOVE"],
        "no result": adpc["AVAL"].isna() & (adpc["BLQFL"] != "Y"),
        "negative result": adpc["AVAL"] < 0,
        "no time of day of the sample": adpc["ADTM"].isna(),
        "no time of day of infusion 1": adpc["AFRLT"].isna(),
        "taken after the start of infusion 2": adpc["ADTM"] >= later,
        "not in the unit of the others": adpc["AVALU"] != (unit.iloc[0] if len(unit) else ""),
    }
    reason = np.select([case.to_numpy("bool") for case in cases.values()], list(cases), "")
    reasons = pd.Series(reason, index=adpc.index, dtype="str")
    good = adpc[reasons == ""]
    again = good.index[good.duplicated(["USUBJID", "ADTM"])]
    return reasons.mask(reasons.index.isin(again), "another sample at the same time")
