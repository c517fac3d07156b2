"""ADAE: one record per adverse event, with onset relative to treatment, relation, severity and flags."""

from __future__ import annotations

import pandas as pd

from csrkit.sdtm.deaths import is_fatal
from csrkit.sdtm.labels import fold, fold_label
from itpcsr.adam.dates import study_day
from itpcsr.adam.domains import look_up, read_domain
from itpcsr.adam.flags import yes_no
from itpcsr.adam.onset import place_in_time
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
    1 to 5, NaN if not recorded) and flags Y or N: TRTEMFL (not known to have begun before the
    first dose, see ``onset``, and within the study's window after the last one), PREFL (known to have begun
    before it), RELFL (related to treatment), SEVFL (severity from the study's
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
    placed = place_in_time(supplied, "AE", adsl)
    for name in ("AENDT", "AENDTF", "ASTDT", "ASTDTF"):
        adae[name] = placed[name]
    adae["ASTDY"], adae["AENDY"] = study_day(adae["ASTDT"], first), study_day(adae["AENDT"], first)
    adae["ASEVN"] = _severity(adae, study)
    known = (adae["ASTDTF"] == "") & (adae["AENDTF"] == "")
    adae["ADURN"] = ((adae["AENDT"] - adae["ASTDT"]).dt.days + 1.0).where(known)
    reported = (NOT_CODED + ": " + adae["AETERM"]).where(adae["AETERM"] != "", NOT_CODED)
    adae["AEDECOD"] = adae["AEDECOD"].where(adae["AEDECOD"] != "", reported)
    adae["AEBODSYS"] = adae["AEBODSYS"].replace("", NOT_CODED)
    adae["PREFL"] = yes_no(placed["BEFORE"])
    adae["TRTEMFL"] = yes_no(_treatment_emergent(adae, placed["BEFORE"], first, last, study))
    related = [fold_label(value) for value in study.safety.related_values]
    adae["RELFL"] = yes_no(fold(adae["AEREL"]).isin(related))
    adae["SEVFL"] = yes_no(adae["ASEVN"] >= study.safety.severe_grade)
    adae["SERFL"] = yes_no(adae["AESER"] == "Y")
    action = fold(adae["AEACN"])
    adae["INTRFL"] = yes_no(action == "DRUG INTERRUPTED")
    adae["DISCFL"] = yes_no(action == "DRUG WITHDRAWN")
    fatal = is_fatal(adae)
    adae["FATALFL"] = yes_no(fatal)
    if (adae[["AESDTH", "AEOUT"]] == "").all(axis=None) and not fatal.any():
        adae["FATALFL"] = ""
    for name, qualifier in (("DLTFL", "AEDLT"), ("INFRFL", "AEINFRN")):
        marked = supplied.get(qualifier, pd.Series("", index=adae.index)) == "Y"
        adae[name] = yes_no(marked) if "SUPPAE" in trial else ""
    return adae


def _severity(adae: pd.DataFrame, study: Study) -> pd.Series:
    if study.safety.severity_variable == "AESEV":
        return fold(adae["AESEV"]).map(_SEVERITY).astype("float64")
    grades = adae["AETOXGR"]
    return grades.str[-1:].where(grades.str.fullmatch(GRADE)).astype("float64")


def _treatment_emergent(
    adae: pd.DataFrame, before: pd.Series, first: pd.Series, last: pd.Series, study: Study
) -> pd.Series:
    """Of a treated subject, not known to begin before the first dose, and not too long after the last."""
    emergent = first.notna() & ~before
    window = study.safety.treatment_emergent_days
    if window is None:
        return emergent
    return emergent & ~(adae["ASTDT"] > last + pd.Timedelta(days=window))
