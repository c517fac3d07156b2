"""ADMH: what a subject had before the study, and which events are of the disease studied."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.limits import stand_in
from csrkit.sdtm.dates import to_date
from csrkit.sdtm.labels import fold, fold_label, term_key
from itpcsr.adam.dates import study_day
from itpcsr.adam.domains import look_up, read_domain, yes_no
from itpcsr.sdtm import Trial
from itpcsr.study import Study

# ADMH: what a subject had before the study, and the rescue therapy within it.

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


# Tell events of the disease studied from others, and whether they were worse than before treatment.

# CTCAE v5.0, platelet count decreased: grade 2 below 75, 3 below 50, 4 below 25 (10^9/L).
_PLATELET_LIMITS, _PLATELET_GRADES = [25, 50, 75], np.array([4.0, 3.0, 2.0, 0.0])


def add_disease(adae: pd.DataFrame, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Add DISFL, BTOXGRN and WORSFL to ADAE.

    DISFL: the preferred term is one of the study's ``disease_terms`` (Y or N). BTOXGRN, for these: the
    grade before treatment, which is that of the platelet count at baseline (ADSL.BPLAT) for
    ``platelet_terms``, else the highest grade of the same term among the subject's events that aren't
    treatment-emergent, 0 where there is none. WORSFL: the grade is higher than BTOXGRN; an event or a
    baseline without grade counts as worse (Y), since the opposite can't be shown. Empty for other events.
    """
    term = term_key(adae["AEDECOD"])
    disease = term.isin([fold_label(name) for name in study.safety.disease_terms])
    of_platelets = term.isin([fold_label(name) for name in study.safety.platelet_terms])
    before = _highest_before(adae, term)
    if "BPLAT" in adsl:
        # of a baseline only known as "<10" the number: its grade is that or a higher one
        counts = look_up(stand_in(adsl.set_index("USUBJID"), "BPLAT", "BPLATC"), adae["USUBJID"])
        before = before.mask(of_platelets, platelet_grade(counts))
    grades = before.where(disease)
    worse = yes_no(~(adae["ASEVN"] <= grades))
    return adae.assign(DISFL=yes_no(disease), BTOXGRN=grades, WORSFL=worse.where(disease, ""))


def platelet_grade(counts: pd.Series) -> pd.Series:
    """Return the CTCAE v5.0 grade of platelet counts in 10^9/L, NaN for no count.

    Grade 1 reaches from 75 to the laboratory's lower limit of normal, which isn't known here: it is
    returned as 0, so that a fall from there counts as worse.
    """
    grades = _PLATELET_GRADES[np.searchsorted(_PLATELET_LIMITS, counts.fillna(0), side="right")]
    return pd.Series(grades, index=counts.index).where(counts.notna())


def _highest_before(adae: pd.DataFrame, term: pd.Series) -> pd.Series:
    """Highest grade of the subject's earlier events of the same term: 0 without one, NaN ungraded."""
    keys = pd.DataFrame({"USUBJID": adae["USUBJID"], "TERM": term})
    rows = keys.assign(GRADE=adae["ASEVN"])[adae["TRTEMFL"] == "N"]
    highest = rows.groupby(["USUBJID", "TERM"])["GRADE"].agg(["max", "size"])
    found = highest.reindex(pd.MultiIndex.from_frame(keys)).set_axis(adae.index)
    return found["max"].mask(found["size"].isna(), 0.0)
