"""ADEX: one record per administration of study treatment."""

from __future__ import annotations

import pandas as pd

from itpcsr.adam.dates import study_day, to_date, to_datetime
from itpcsr.adam.domains import look_up
from itpcsr.adam.flags import yes_no
from itpcsr.sdtm import Trial
from itpcsr.study import Study


def derive_adex(trial: Trial, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive the exposure dataset from EX as analysed: what was given, an infusion in parts as one record.

    Added variables: ASTDT, AENDT; ASTDTM, AENDTM (NaT without a time of day); ASTDY, AENDY; ADURM (minutes
    from start to end; NaN unless both times are known and in this order); EXNUM (1 for a subject's first
    administration, by start); PLANDOSE, the dose that the study plans for the subject's arm as given
    (SAFARMCD; NaN for none); ADJFL (Y where EXADJ gives a reason for an interruption or another adjustment,
    else N; empty throughout where the data have no EXADJ).
    """
    ex = trial["EX"]
    ends = ex.get("EXENDTC", pd.Series("", index=ex.index, dtype="str"))
    adex = ex.copy()
    adex["ASTDT"], adex["AENDT"] = to_date(ex["EXSTDTC"]), to_date(ends)
    adex["ASTDTM"], adex["AENDTM"] = _timed(ex["EXSTDTC"]), _timed(ends)
    subject = adsl.set_index("USUBJID")
    first = look_up(subject["TRTSDT"], adex["USUBJID"])
    adex["ASTDY"], adex["AENDY"] = study_day(adex["ASTDT"], first), study_day(adex["AENDT"], first)
    minutes = (adex["AENDTM"] - adex["ASTDTM"]).dt.total_seconds() / 60
    adex["ADURM"] = minutes.where(minutes >= 0)
    doses = {arm.code: arm.dose for arm in study.design.arms}
    adex["PLANDOSE"] = look_up(subject["SAFARMCD"].map(doses).astype("float64"), adex["USUBJID"])
    if "EXADJ" not in adex:
        adex["EXADJ"], adex["ADJFL"] = "", ""
    else:
        adex["ADJFL"] = yes_no(adex["EXADJ"] != "")
    adex = adex.sort_values(["USUBJID", "EXSTDTC", "EXSEQ"], ignore_index=True)
    adex["EXNUM"] = adex.groupby("USUBJID").cumcount() + 1.0
    return adex


def _timed(text: pd.Series) -> pd.Series:
    return to_datetime(text).where(text.str.len() >= 16)
