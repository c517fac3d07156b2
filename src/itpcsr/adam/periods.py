"""Periods of a subject's time in the study: participation, and confirmed platelet response.

Both are derived elsewhere (ADSL by ``participation``, ADRS by ``response``) and only read here.
"""

from __future__ import annotations

import pandas as pd


def derive_participation(adsl: pd.DataFrame) -> pd.DataFrame:
    """Return the last day in the study by treated subject: USUBJID, AENDY (ADSL.STUDYD)."""
    treated = adsl.loc[adsl["SAFFL"] == "Y", ["USUBJID", "STUDYD"]]
    return treated.rename(columns={"STUDYD": "AENDY"}).reset_index(drop=True)


def derive_response_periods(adrs: pd.DataFrame) -> pd.DataFrame:
    """Return the periods of confirmed response: USUBJID, ASTDY, AENDY.

    They run from the first count of the response to its loss, or to the last count where it isn't lost
    (ADRS, PARAMCD RESPPER; the first one is that of CBOR and ADTTE). No rows without platelet response.
    """
    periods = adrs[adrs["PARAMCD"] == "RESPPER"]
    ends = periods["LOSDY"].fillna(periods["LASTDY"]).astype("float64")
    return pd.DataFrame(
        {"USUBJID": periods["USUBJID"], "ASTDY": periods["ADY"].astype("float64"), "AENDY": ends}
    ).reset_index(drop=True)
