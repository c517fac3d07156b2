"""Who entered the trial: DM says it of a subject in ARMCD, ACTARMCD and ARMNRS."""

from __future__ import annotations

import pandas as pd

# Codes of ACTARMCD, and reasons of ARMNRS (codelist ARMNULRS), of who was never assigned to an arm.
_CODES = ("SCRNFAIL", "NOTASSGN")
_REASONS = ("SCREEN FAILURE", "SCREENING FAILURE", "NOT ASSIGNED")


def is_enrolled(dm: pd.DataFrame) -> pd.Series:
    """Tell of each subject of DM whether nothing says that it was never assigned to an arm.

    Older exports keep the planned cohort in ARMCD and say in ACTARMCD (SCRNFAIL, NOTASSGN) or ARMNRS (SCREEN
    FAILURE, NOT ASSIGNED) that the subject failed screening. ``ASSIGNED, NOT TREATED`` and ``UNPLANNED
    TREATMENT`` are of subjects who were enrolled.
    """
    said = pd.Series(False, index=dm.index)
    for name in ("ARMCD", "ACTARMCD"):
        if name in dm:
            said |= _plain(dm[name]).isin(_CODES)
    if "ARMNRS" in dm:
        said |= _plain(dm["ARMNRS"]).isin(_REASONS)
    return ~said


def _plain(text: pd.Series) -> pd.Series:
    return text.astype("str").str.replace(r"[ \t\n\f\r]+", " ", regex=True).str.strip().str.upper()
