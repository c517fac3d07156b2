"""ADMH: what a subject had before the study, and the rescue therapy within it."""

from __future__ import annotations

import pandas as pd

from csrkit.sdtm.labels import fold, fold_label
from csrkit.sdtm.spelling import term_key
from itpcsr.adam.dates import study_day, to_date
from itpcsr.adam.domains import look_up, read_domain
from itpcsr.sdtm import Trial
from itpcsr.study import Study

_COLUMNS = ["USUBJID", "SRCDOM", "SRCSEQ", "ACAT1", "ATERM", "ASTDTC", "AENDTC"]


def derive_admh(trial: Trial, adsl: pd.DataFrame, adcm: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive one record per illness and therapy from MH, CM and PR.

    Variables: ACAT1 (DIAGNOSIS, HISTORY, PRIOR THERAPY, RESCUE THERAPY), ATERM (coded, or as reported where
    nothing is coded), ASTDTC and AENDTC as recorded, ASTDT, AENDT, ASTDY and AENDY (missing for a partial
    date), SRCDOM and SRCSEQ (the record that it comes from). Rescue therapy is that of treated subjects
    which ADCM flags (RESCFL). The diagnosis is the disease that the study file names, or what MHCAT calls
    the primary diagnosis. Other medication isn't part of it.
    """
    parts = [_history(trial, study), _prior(trial, "CM", study), _prior(trial, "PR", study), _rescue(adcm)]
    admh = pd.concat(parts, ignore_index=True)[_COLUMNS]
    first = look_up(adsl.set_index("USUBJID")["TRTSDT"], admh["USUBJID"])
    for name in ("AST", "AEN"):
        admh[f"{name}DT"] = to_date(admh[f"{name}DTC"])
        admh[f"{name}DY"] = study_day(admh[f"{name}DT"], first)
    return admh.sort_values(["USUBJID", "ACAT1", "ASTDTC", "ATERM", "SRCSEQ"], ignore_index=True)


def _records(trial: Trial, domain: str, reported: str) -> pd.DataFrame:
    names = [f"{domain}{part}" for part in ("DECOD", "CAT", "STDTC", "ENDTC")]
    frame = read_domain(trial, domain, ["USUBJID", f"{domain}{reported}", *names], [f"{domain}SEQ"])
    coded = frame[f"{domain}DECOD"].replace("UNCODED", "")
    return pd.DataFrame(
        {
            "USUBJID": frame["USUBJID"],
            "SRCDOM": domain,
            "SRCSEQ": frame[f"{domain}SEQ"],
            "ACAT1": fold(frame[f"{domain}CAT"]),
            "ATERM": coded.where(coded != "", frame[f"{domain}{reported}"]),
            "ASTDTC": frame[f"{domain}STDTC"],
            "AENDTC": frame[f"{domain}ENDTC"],
        }
    )


def _history(trial: Trial, study: Study) -> pd.DataFrame:
    records = _records(trial, "MH", "TERM")
    named = term_key(records["ATERM"]).isin([fold_label(term) for term in study.baseline.diagnosis_terms])
    diagnosis = named | (records["ACAT1"] == "PRIMARY DIAGNOSIS")
    return records.assign(ACAT1=diagnosis.map({True: "DIAGNOSIS", False: "HISTORY"}).astype("str"))


def _prior(trial: Trial, domain: str, study: Study) -> pd.DataFrame:
    category = fold_label(study.baseline.prior_therapy_category)
    records = _records(trial, domain, "TRT")
    return records[(records["ACAT1"] == category) & (category != "")].assign(ACAT1="PRIOR THERAPY")


def _rescue(adcm: pd.DataFrame) -> pd.DataFrame:
    rescue = adcm[adcm["RESCFL"] == "Y"]
    coded = rescue["CMDECOD"].where(rescue["CMDECOD"] != "UNCODED", rescue["CMTRT"])
    return pd.DataFrame(
        {
            "USUBJID": rescue["USUBJID"],
            "SRCDOM": rescue["SRCDOM"],
            "SRCSEQ": rescue["SRCSEQ"],
            "ACAT1": "RESCUE THERAPY",
            "ATERM": coded,
            "ASTDTC": rescue["CMSTDTC"],
            "AENDTC": rescue["CMENDTC"],
        }
    )
