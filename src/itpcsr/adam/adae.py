"""ADAE: one record per adverse event, with onset relative to treatment, relation, severity and flags."""

from __future__ import annotations

import numpy as np
import pandas as pd

from itpcsr.adam.dates import impute_start, study_day, to_date
from itpcsr.adam.domains import look_up, read_domain
from itpcsr.adam.supplement import add_supplement
from itpcsr.sdtm import Trial
from itpcsr.study import Study

_SEVERITY = {"MILD": 1.0, "MODERATE": 2.0, "SEVERE": 3.0}
_KEPT = (
    "STUDYID", "USUBJID", "AESEQ", "AETERM", "AEDECOD", "AEBODSYS", "AESER", "AESDTH", "AEREL", "AEACN",
    "AEOUT", "AESTDTC", "AEENDTC", "AETOXGR", "AESEV",
)  # fmt: skip
NOT_CODED = "Not coded"


def derive_adae(trial: Trial, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive the adverse event dataset from AE and SUPPAE.

    Added variables: ASTDT with its imputation flag ASTDTF, AENDT, ASTDY, AENDY, ASEVN (severity 1 to 5,
    NaN if not recorded) and flags Y or N: TRTEMFL (starts on or after first dose, within the study's
    window after the last one), RELFL (related to treatment), SEVFL (severity from the study's severe
    grade on), SERFL, DLTFL and INFRFL (from SUPPAE), DISCFL (led to withdrawal of treatment), FATALFL.
    An event without preferred term or system organ class is kept as "Not coded".
    """
    ae = read_domain(trial, "AE", [name for name in _KEPT if name != "AESEQ"], ["AESEQ"])
    supplied = add_supplement(ae, trial["SUPPAE"], "AE")
    adae = supplied[list(_KEPT)].copy()
    subject = adsl.set_index("USUBJID")
    first, last = (look_up(subject[name], adae["USUBJID"]) for name in ("TRTSDT", "TRTEDT"))
    adae["ASTDT"], adae["ASTDTF"] = impute_start(adae["AESTDTC"], first)
    adae["AENDT"] = to_date(adae["AEENDTC"])
    adae["ASTDY"], adae["AENDY"] = study_day(adae["ASTDT"], first), study_day(adae["AENDT"], first)
    adae["ASEVN"] = _severity(adae, study)
    for name in ("AEDECOD", "AEBODSYS"):
        adae[name] = adae[name].replace("", NOT_CODED)
    conditions = {
        "TRTEMFL": _treatment_emergent(adae["ASTDT"], first, last, study),
        "RELFL": adae["AEREL"].isin(study.safety.related_values),
        "SEVFL": adae["ASEVN"] >= study.safety.severe_grade,
        "SERFL": adae["AESER"] == "Y",
        "DLTFL": _supplied(supplied, "AEDLT") == "Y",
        "INFRFL": _supplied(supplied, "AEINFRN") == "Y",
        "DISCFL": adae["AEACN"] == "DRUG WITHDRAWN",
        "FATALFL": (adae["AESDTH"] == "Y") | (adae["AEOUT"] == "FATAL"),
    }
    for name, condition in conditions.items():
        adae[name] = condition.map({True: "Y", False: "N"}).astype("str")
    return adae


def _supplied(frame: pd.DataFrame, name: str) -> pd.Series:
    return frame[name] if name in frame else pd.Series("", index=frame.index, dtype="str")


def _severity(adae: pd.DataFrame, study: Study) -> pd.Series:
    if study.safety.severity_variable == "AESEV":
        return adae["AESEV"].map(_SEVERITY).astype("float64")
    grades = pd.to_numeric(adae["AETOXGR"].replace("", np.nan), errors="coerce").astype("float64")
    return grades.where(grades.between(1, 5))


def _treatment_emergent(start: pd.Series, first: pd.Series, last: pd.Series, study: Study) -> pd.Series:
    """On or after first dose; without any date an event of a treated subject counts as emergent."""
    emergent = (start >= first) | (start.isna() & first.notna())
    window = study.safety.treatment_emergent_days
    if window is None:
        return emergent
    return emergent & ~(start > last + pd.Timedelta(days=window))
