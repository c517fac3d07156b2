"""ADDV: one record per protocol deviation."""

from __future__ import annotations

import pandas as pd

from csrkit.sdtm.labels import fold
from itpcsr.adam.dates import study_day, to_date
from itpcsr.adam.domains import look_up, read_domain
from itpcsr.sdtm import Trial

_TEXT = ["USUBJID", "DVTERM", "DVDECOD", "DVCAT", "DVSTDTC"]


def derive_addv(trial: Trial, adsl: pd.DataFrame) -> pd.DataFrame:
    """Derive the deviations from DV.

    DVDECOD is the coded term, or the reported one (DVTERM) where nothing is coded; DVCAT is the category
    in capitals, empty where there is none; ASTDT the day (NaT for a partial date), ASTDY the study day (NaN
    for subjects who weren't treated, too).
    """
    addv = read_domain(trial, "DV", _TEXT, ["DVSEQ"])[[*_TEXT, "DVSEQ"]]
    addv["DVDECOD"] = addv["DVDECOD"].where(addv["DVDECOD"] != "", addv["DVTERM"])
    addv["DVCAT"] = fold(addv["DVCAT"])
    first = look_up(adsl.set_index("USUBJID")["TRTSDT"], addv["USUBJID"])
    addv["ASTDT"] = to_date(addv["DVSTDTC"])
    addv["ASTDY"] = study_day(addv["ASTDT"], first)
    return addv.sort_values(["USUBJID", "DVSEQ"], ignore_index=True)
