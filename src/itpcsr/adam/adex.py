"""ADEX: one record per administration of study treatment."""

from __future__ import annotations

import pandas as pd

from itpcsr.adam.dates import study_day, to_date, to_datetime
from itpcsr.adam.domains import look_up, read_domain
from itpcsr.adam.flags import yes_no
from itpcsr.sdtm import Trial
from itpcsr.study import Study

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
