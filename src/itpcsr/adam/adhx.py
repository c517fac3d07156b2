"""ADHX: what a subject had before the study, and the rescue therapy within it."""

from __future__ import annotations

import pandas as pd

from csrkit.sdtm.labels import fold, fold_label
from csrkit.sdtm.spelling import term_key
from itpcsr.adam.dates import study_day, to_date
from itpcsr.adam.domains import look_up, read_domain
from itpcsr.sdtm import Trial
from itpcsr.study import Study

_COLUMNS = ["USUBJID", "CAT", "TERM", "STDTC", "ENDTC", "SEQ"]


def derive_adhx(trial: Trial, adsl: pd.DataFrame, adcm: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive one record per illness and therapy from MH, CM and PR.

    Variables: CAT (DIAGNOSIS, HISTORY, PRIOR THERAPY, RESCUE THERAPY), TERM (coded, or as reported where
    nothing is coded), STDTC and ENDTC as recorded, ASTDY and AENDY (NaN for a partial date). Rescue therapy
    is that of treated subjects which ADCM flags (RESCFL). The diagnosis
    is the disease that the study file names, or what MHCAT calls the primary diagnosis. Other medication
    isn't part of it.
    """
    parts = [_history(trial, study), _prior(trial, "CM", study), _prior(trial, "PR", study), _rescue(adcm)]
    adhx = pd.concat(parts, ignore_index=True)[_COLUMNS]
    first = look_up(adsl.set_index("USUBJID")["TRTSDT"], adhx["USUBJID"])
    adhx["ASTDY"] = study_day(to_date(adhx["STDTC"]), first)
    adhx["AENDY"] = study_day(to_date(adhx["ENDTC"]), first)
    return adhx.sort_values(["USUBJID", "CAT", "STDTC", "TERM", "SEQ"], ignore_index=True)


def _records(trial: Trial, domain: str, reported: str) -> pd.DataFrame:
    names = [f"{domain}{part}" for part in ("DECOD", "CAT", "STDTC", "ENDTC")]
    frame = read_domain(trial, domain, ["USUBJID", f"{domain}{reported}", *names], [f"{domain}SEQ"])
    coded = frame[f"{domain}DECOD"].replace("UNCODED", "")
    return pd.DataFrame(
        {
            "USUBJID": frame["USUBJID"],
            "CAT": fold(frame[f"{domain}CAT"]),
            "TERM": coded.where(coded != "", frame[f"{domain}{reported}"]),
            "STDTC": frame[f"{domain}STDTC"],
            "ENDTC": frame[f"{domain}ENDTC"],
            "SEQ": frame[f"{domain}SEQ"],
        }
    )


def _history(trial: Trial, study: Study) -> pd.DataFrame:
    records = _records(trial, "MH", "TERM")
    named = term_key(records["TERM"]).isin([fold_label(term) for term in study.baseline.diagnosis_terms])
    diagnosis = named | (records["CAT"] == "PRIMARY DIAGNOSIS")
    return records.assign(CAT=diagnosis.map({True: "DIAGNOSIS", False: "HISTORY"}).astype("str"))


def _prior(trial: Trial, domain: str, study: Study) -> pd.DataFrame:
    category = fold_label(study.baseline.prior_therapy_category)
    records = _records(trial, domain, "TRT")
    return records[(records["CAT"] == category) & (category != "")].assign(CAT="PRIOR THERAPY")


def _rescue(adcm: pd.DataFrame) -> pd.DataFrame:
    rescue = adcm[adcm["RESCFL"] == "Y"]
    coded = rescue["CMDECOD"].where(rescue["CMDECOD"] != "UNCODED", rescue["CMTRT"])
    return pd.DataFrame(
        {
            "USUBJID": rescue["USUBJID"],
            "CAT": "RESCUE THERAPY",
            "TERM": coded,
            "STDTC": rescue["CMSTDTC"],
            "ENDTC": rescue["CMENDTC"],
            "SEQ": rescue["ASEQ"],
        }
    )
