"""ADEX: one record per administration of study treatment."""

from __future__ import annotations

import pandas as pd

from itpcsr.adam.dates import study_day, to_date
from itpcsr.adam.domains import given_doses, look_up
from itpcsr.sdtm import Trial


def derive_adex(trial: Trial, adsl: pd.DataFrame) -> pd.DataFrame:
    """Derive the exposure dataset from EX.

    Added variables: ASTDT, AENDT, ASTDY and EXNUM (1 for a subject's first administration, by start).
    """
    ex = given_doses(trial["EX"])
    ends = ex.get("EXENDTC", pd.Series("", index=ex.index, dtype="str"))
    adex = ex.copy()
    adex["ASTDT"], adex["AENDT"] = to_date(ex["EXSTDTC"]), to_date(ends)
    adex["ASTDY"] = study_day(adex["ASTDT"], look_up(adsl.set_index("USUBJID")["TRTSDT"], adex["USUBJID"]))
    adex = adex.sort_values(["USUBJID", "EXSTDTC", "EXSEQ"], ignore_index=True)
    adex["EXNUM"] = adex.groupby("USUBJID").cumcount() + 1.0
    return adex
