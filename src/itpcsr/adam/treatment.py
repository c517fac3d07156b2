"""ADEX, ADCM and ADDV: infusions, medication and rescue therapy, and protocol deviations."""

from __future__ import annotations

import pandas as pd

from csrkit.sdtm.dates import to_date
from csrkit.sdtm.labels import fold, fold_label
from itpcsr.adam.dates import place_in_time, study_day, to_datetime
from itpcsr.adam.domains import look_up, read_domain, yes_no
from itpcsr.sdtm import Trial
from itpcsr.study import Study

# Rescue therapy: its first day, and which laboratory values were taken from then on.
#
# All that leaves counts after rescue out asks here, so that response, course, tests and the choice of a dose
# leave out the same.


def first_rescue(adcm: pd.DataFrame) -> pd.Series:
    """Return the first day of rescue therapy by subject: what ADCM says of it (RESCFL)."""
    rescue = adcm[adcm["RESCFL"] == "Y"]
    return rescue.groupby("USUBJID")["ASTDT"].min()


def flag_after_rescue(adlb: pd.DataFrame, adcm: pd.DataFrame) -> pd.DataFrame:
    """Return ADLB with ARESCFL: Y for a value taken on the first day of rescue therapy or later, else N.

    A value before the first dose is never after rescue, even where rescue began on the same day: it is what
    the later ones are set against.
    """
    late = adlb["ADT"] >= look_up(first_rescue(adcm), adlb["USUBJID"])
    return adlb.assign(ARESCFL=yes_no(late & (adlb["ONTRTFL"] == "Y")))


# ADCM: medication and rescue procedures, prior, concomitant and rescue.

NOT_CODED = "Not coded"
_RELATIVE = ("STRTPT", "STTPT", "ENRTPT", "ENTPT", "STRF", "ENRF")
_COLUMNS = [
    "USUBJID", "SRCSEQ", "CMTRT", "CMDECOD", "CMCLAS", "CMCAT", "CMINDC", "CMSTDTC", "CMENDTC", "SRCDOM",
    "AENDT", "AENDTF", "ASTDT", "ASTDTF", "ASTDY", "AENDY", "RESCFL", "PREFL", "CONFL",
]  # fmt: skip


def derive_adcm(trial: Trial, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive the medication dataset from CM and the rescue procedures of PR, treated subjects only.

    Variables: SRCDOM (CM or PR), SRCSEQ (its number there), CMTRT, CMDECOD (the reported name where nothing
    is coded), CMCLAS (the class; CMDECOD where the data know no classes, "Procedure" for PR, "Not coded"
    where a class is missing or UNCODED), CMCAT, CMINDC (the indication), CMSTDTC and CMENDTC as recorded,
    ASTDT, AENDT with their imputation flags, ASTDY, AENDY, and flags Y or N: RESCFL (of the rescue category,
    not known to have begun before the first dose, see ``onset``; rescue without any date counts from Day 1
    on, the earliest day possible), PREFL (started before the first dose; without any start date: taken as
    before) and CONFL (not known to have ended before the first dose, and no rescue). A medicine that went on
    is prior and concomitant. All that asks who had rescue, and when, reads RESCFL.
    """
    parts = [_records(trial, "CM"), _records(trial, "PR")]
    adcm = pd.concat(parts, ignore_index=True)
    rescue = fold_label(study.efficacy.rescue_category) if study.efficacy is not None else ""
    of_rescue = (fold(adcm["CMCAT"]) == rescue) & (rescue != "")
    treated = adsl.loc[adsl["SAFFL"] == "Y"].set_index("USUBJID")["TRTSDT"]
    keep = adcm["USUBJID"].isin(treated.index) & ((adcm["SRCDOM"] == "CM") | of_rescue)
    adcm = adcm[keep].reset_index(drop=True)
    first = look_up(treated, adcm["USUBJID"])
    placed = place_in_time(adcm, "CM", adsl)
    for name in ("AENDT", "AENDTF", "ASTDT", "ASTDTF"):
        adcm[name] = placed[name]
    of_rescue = of_rescue[keep].reset_index(drop=True)
    adcm["RESCFL"] = yes_no(of_rescue & ~placed["BEFORE"])
    undated = (adcm["RESCFL"] == "Y") & adcm["ASTDT"].isna()
    adcm["ASTDT"] = adcm["ASTDT"].mask(undated, first)
    adcm["ASTDTF"] = adcm["ASTDTF"].mask(undated, "Y")
    adcm["PREFL"] = yes_no(placed["BEFORE"] | (adcm["ASTDT"].isna() & (adcm["RESCFL"] == "N")))
    adcm["CONFL"] = yes_no(~placed["ENDED"] & (adcm["RESCFL"] == "N"))
    adcm["ASTDY"], adcm["AENDY"] = study_day(adcm["ASTDT"], first), study_day(adcm["AENDT"], first)
    return adcm[_COLUMNS].sort_values(["USUBJID", "SRCDOM", "SRCSEQ"], ignore_index=True)


def _records(trial: Trial, domain: str) -> pd.DataFrame:
    """Return one domain's records under the names of CM."""
    parts = ("TRT", "DECOD", "CLAS", "CAT", "INDC", "STDTC", "ENDTC", *_RELATIVE)
    names = [f"{domain}{part}" for part in parts]
    frame = read_domain(trial, domain, ["USUBJID", *names], [f"{domain}SEQ"])
    records = frame[["USUBJID", f"{domain}SEQ", *names]].set_axis(
        ["USUBJID", "SRCSEQ", *(f"CM{part}" for part in parts)], axis=1
    )
    records["CMDECOD"] = records["CMDECOD"].where(records["CMDECOD"] != "", records["CMTRT"])
    if domain == "PR":
        records["CMCLAS"] = "Procedure"
    elif f"{domain}CLAS" in trial[domain]:
        records["CMCLAS"] = records["CMCLAS"].replace({"": NOT_CODED, "UNCODED": NOT_CODED})
    else:
        records["CMCLAS"] = records["CMDECOD"]
    return records.assign(SRCDOM=domain)


# ADEX: one record per administration of study treatment.

_TEXT = [
    "USUBJID", "EXTRT", "EXDOSU", "EXDOSFRM", "EXDOSFRQ", "EXROUTE", "EXADJ", "VISIT", "EXSTDTC", "EXENDTC",
]  # fmt: skip
_NUMBERS = ["EXSEQ", "EXDOSE"]


def derive_adex(trial: Trial, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive the exposure dataset from EX as analysed: what was given, an infusion in parts as one record.

    Variables: those of EX that are read ("" and NaN where the data lack one); ASTDT, AENDT; ASTDTM, AENDTM
    (NaT without a time of day); ASTDY, AENDY; ADURM (minutes from start to end; NaN unless both times are
    known and in this order); EXNUM (1 for a subject's first administration, by start); PLANDOSE, the dose
    that the study plans for the subject's arm as given (SAFARMCD; NaN for none); ADJFL (Y where EXADJ gives
    a reason for an interruption or another adjustment, else N; empty throughout where the data have no
    EXADJ).
    """
    adex = read_domain(trial, "EX", _TEXT, _NUMBERS)[[*_TEXT, *_NUMBERS]]
    starts, ends = adex["EXSTDTC"], adex["EXENDTC"]
    adex["ASTDT"], adex["AENDT"] = to_date(starts), to_date(ends)
    adex["ASTDTM"], adex["AENDTM"] = _timed(starts), _timed(ends)
    subject = adsl.set_index("USUBJID")
    first = look_up(subject["TRTSDT"], adex["USUBJID"])
    adex["ASTDY"], adex["AENDY"] = study_day(adex["ASTDT"], first), study_day(adex["AENDT"], first)
    minutes = (adex["AENDTM"] - adex["ASTDTM"]).dt.total_seconds() / 60
    adex["ADURM"] = minutes.where(minutes >= 0)
    doses = {arm.code: arm.dose for arm in study.design.arms}
    adex["PLANDOSE"] = look_up(subject["SAFARMCD"].map(doses).astype("float64"), adex["USUBJID"])
    adex["ADJFL"] = yes_no(adex["EXADJ"] != "") if "EXADJ" in trial["EX"] else ""
    adex = adex.sort_values(["USUBJID", "EXSTDTC", "EXSEQ"], ignore_index=True)
    adex["EXNUM"] = adex.groupby("USUBJID").cumcount() + 1.0
    return adex


def _timed(text: pd.Series) -> pd.Series:
    return to_datetime(text).where(text.str.len() >= 16)


# ADDV: one record per protocol deviation.

_ADDV_TEXT = ["USUBJID", "DVTERM", "DVDECOD", "DVCAT", "DVSTDTC"]


def derive_addv(trial: Trial, adsl: pd.DataFrame) -> pd.DataFrame:
    """Derive the deviations from DV.

    DVDECOD is the coded term, or the reported one (DVTERM) where nothing is coded; DVCAT is the category
    in capitals, empty where there is none; ASTDT the day (NaT for a partial date), ASTDY the study day (NaN
    for subjects who weren't treated, too).
    """
    addv = read_domain(trial, "DV", _ADDV_TEXT, ["DVSEQ"])[[*_ADDV_TEXT, "DVSEQ"]]
    addv["DVDECOD"] = addv["DVDECOD"].where(addv["DVDECOD"] != "", addv["DVTERM"])
    addv["DVCAT"] = fold(addv["DVCAT"])
    first = look_up(adsl.set_index("USUBJID")["TRTSDT"], addv["USUBJID"])
    addv["ASTDT"] = to_date(addv["DVSTDTC"])
    addv["ASTDY"] = study_day(addv["ASTDT"], first)
    return addv.sort_values(["USUBJID", "DVSEQ"], ignore_index=True)
