"""ADAE: one record per adverse event, with onset relative to treatment, relation, severity and flags."""

from __future__ import annotations

import pandas as pd

from itpcsr.adam.dates import impute_end, impute_start, study_day
from itpcsr.adam.domains import look_up, read_domain
from itpcsr.adam.flags import yes_no
from itpcsr.adam.supplement import add_supplement
from itpcsr.sdtm import Trial
from itpcsr.sdtm.checks.terms import GRADE
from itpcsr.study import Study

_SEVERITY = {"MILD": 1.0, "MODERATE": 2.0, "SEVERE": 3.0}
_KEPT = (
    "STUDYID", "USUBJID", "AESEQ", "AETERM", "AEDECOD", "AEBODSYS", "AESER", "AESDTH", "AEREL", "AEACN",
    "AEOUT", "AESTDTC", "AEENDTC", "AETOXGR", "AESEV",
)  # fmt: skip
NOT_CODED = "Not coded"


def derive_adae(trial: Trial, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive the adverse event dataset from AE and SUPPAE.

    Added variables: ASTDT, AENDT with their imputation flags ASTDTF, AENDTF, ASTDY, AENDY, ASEVN (severity
    1 to 5, NaN if not recorded) and flags Y or N: TRTEMFL (starts on or after first dose, within the
    study's window after the last one), RELFL (related to treatment), SEVFL (severity from the study's
    severe grade on), SERFL, DLTFL and INFRFL (from SUPPAE), INTRFL and DISCFL (led to interruption, or to
    withdrawal of treatment), FATALFL. ADURN is the duration in days, both included (NaN unless both days
    are known). A flag is empty throughout where the data record nothing that it could be taken from.
    An event without preferred term is kept as "Not coded: " and its reported term, one without system organ
    class under "Not coded".
    """
    ae = read_domain(trial, "AE", [name for name in _KEPT if name != "AESEQ"], ["AESEQ"])
    supplied = add_supplement(ae, trial["SUPPAE"], "AE")
    adae = supplied[list(_KEPT)].copy()
    subject = adsl.set_index("USUBJID")
    first, last = (look_up(subject[name], adae["USUBJID"]) for name in ("TRTSDT", "TRTEDT"))
    adae["AENDT"], adae["AENDTF"] = impute_end(adae["AEENDTC"])
    adae["ASTDT"], adae["ASTDTF"] = impute_start(adae["AESTDTC"], first, adae["AENDT"])
    adae["ASTDY"], adae["AENDY"] = study_day(adae["ASTDT"], first), study_day(adae["AENDT"], first)
    adae["ASEVN"] = _severity(adae, study)
    known = (adae["ASTDTF"] == "") & (adae["AENDTF"] == "")
    adae["ADURN"] = ((adae["AENDT"] - adae["ASTDT"]).dt.days + 1.0).where(known)
    reported = (NOT_CODED + ": " + adae["AETERM"]).where(adae["AETERM"] != "", NOT_CODED)
    adae["AEDECOD"] = adae["AEDECOD"].where(adae["AEDECOD"] != "", reported)
    adae["AEBODSYS"] = adae["AEBODSYS"].replace("", NOT_CODED)
    adae["TRTEMFL"] = yes_no(_treatment_emergent(adae, first, last, study))
    adae["RELFL"] = yes_no(
        adae["AEREL"].str.upper().isin([value.upper() for value in study.safety.related_values])
    )
    adae["SEVFL"] = yes_no(adae["ASEVN"] >= study.safety.severe_grade)
    adae["SERFL"] = yes_no(adae["AESER"] == "Y")
    adae["INTRFL"] = yes_no(adae["AEACN"].str.upper() == "DRUG INTERRUPTED")
    adae["DISCFL"] = yes_no(adae["AEACN"].str.upper() == "DRUG WITHDRAWN")
    adae["FATALFL"] = yes_no((adae["AESDTH"] == "Y") | (adae["AEOUT"] == "FATAL"))
    if (adae[["AESDTH", "AEOUT"]] == "").all(axis=None):
        adae["FATALFL"] = ""
    for name, qualifier in (("DLTFL", "AEDLT"), ("INFRFL", "AEINFRN")):
        marked = supplied.get(qualifier, pd.Series("", index=adae.index)) == "Y"
        adae[name] = yes_no(marked) if "SUPPAE" in trial else ""
    return adae


def _severity(adae: pd.DataFrame, study: Study) -> pd.Series:
    if study.safety.severity_variable == "AESEV":
        return adae["AESEV"].map(_SEVERITY).astype("float64")
    grades = adae["AETOXGR"]
    return grades.str[-1:].where(grades.str.fullmatch(GRADE)).astype("float64")


def _treatment_emergent(adae: pd.DataFrame, first: pd.Series, last: pd.Series, study: Study) -> pd.Series:
    """On or after first dose; an event without start date is emergent unless it ended before."""
    start = adae["ASTDT"]
    emergent = (start >= first) | (start.isna() & first.notna() & ~(adae["AENDT"] < first))
    window = study.safety.treatment_emergent_days
    if window is None:
        return emergent
    return emergent & ~(start > last + pd.Timedelta(days=window))
