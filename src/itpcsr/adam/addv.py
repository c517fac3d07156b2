"""ADDV: one record per protocol deviation."""

from __future__ import annotations

import pandas as pd

from itpcsr.adam.domains import read_domain
from itpcsr.sdtm import Trial


def derive_addv(trial: Trial) -> pd.DataFrame:
    """Derive the deviations from DV.

    DVDECOD is the coded term, or the reported one (DVTERM) where nothing is coded; DVCAT is the category
    in capitals, empty where there is none.
    """
    addv = read_domain(trial, "DV", ["USUBJID", "DVTERM", "DVDECOD", "DVCAT", "DVSTDTC"], ["DVSEQ"])
    addv["DVDECOD"] = addv["DVDECOD"].where(addv["DVDECOD"] != "", addv["DVTERM"])
    addv["DVCAT"] = addv["DVCAT"].str.upper()
    return addv.sort_values(["USUBJID", "DVSEQ"], ignore_index=True)
