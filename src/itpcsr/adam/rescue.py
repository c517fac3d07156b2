"""Rescue therapy: its first day, and which laboratory values were taken from then on.

All that leaves counts after rescue out asks here, so that response, course, tests and the choice of a dose
leave out the same.
"""

from __future__ import annotations

import pandas as pd

from itpcsr.adam.domains import look_up
from itpcsr.adam.flags import yes_no


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
