"""What clinicians recorded beside a term: why an event was serious, and the grade of bleeding."""

from __future__ import annotations

import pandas as pd

from csrkit.sdtm.labels import fold
from itpcsr.adam.domains import read_domain
from itpcsr.sdtm import Trial
from itpcsr.sdtm.bleeding_scales import WHO

# SDTM's variables of seriousness; death is said by the outcome.
CRITERIA = {
    "AESHOSP": "hospitalisation",
    "AESLIFE": "life-threatening",
    "AESDISAB": "disability or incapacity",
    "AESCONG": "congenital anomaly or birth defect",
    "AESMIE": "another medically important event",
}


def add_criteria(adae: pd.DataFrame, trial: Trial) -> pd.DataFrame:
    """Return ADAE with AESCRIT: the reasons why an event was serious, parted by "; ", "" for none."""
    ae = read_domain(trial, "AE", ["USUBJID", *CRITERIA], ["AESEQ"]).drop_duplicates(["USUBJID", "AESEQ"])
    marked = [
        (fold(ae[name]) == "Y").map({True: f"{words}; ", False: ""}) for name, words in CRITERIA.items()
    ]
    texts = pd.Series("", index=ae.index, dtype="str")
    for column in marked:
        texts = texts + column.astype("str")
    reasons = ae[["USUBJID", "AESEQ"]].assign(AESCRIT=texts.str.removesuffix("; "))
    joined = adae.merge(reasons, on=["USUBJID", "AESEQ"], how="left", validate="m:1")
    return joined.assign(AESCRIT=joined["AESCRIT"].fillna("").astype("str"))


def select_bleeding(adbleed: pd.DataFrame) -> pd.DataFrame:
    """Return the WHO bleeding grades of ADBLEED: USUBJID, ADY, AVAL, in order of subject and day."""
    grades = adbleed.loc[adbleed["PARAMCD"] == WHO, ["USUBJID", "ADY", "AVAL"]]
    return grades.sort_values(["USUBJID", "ADY"], ignore_index=True)
