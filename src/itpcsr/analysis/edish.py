"""Peak ALT against peak bilirubin: who lies where drug-induced liver injury would be seen (eDISH)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.limits import constant, exceeds, span_of, stand_in

# Limits as multiples of the upper limit of normal: FDA guidance on drug-induced liver injury, 2009.
LIMITS = {"ALT": 3.0, "BILI": 2.0}


def select_peaks(adsl: pd.DataFrame, adlb: pd.DataFrame) -> pd.DataFrame:
    """Return peak ALT and peak bilirubin after the first dose as multiples of the upper limit of normal.

    One record per treated subject who has both: USUBJID, ALT, ALTDY, BILI, BILIDY (study days of the
    peaks, the first of several) and QUADRANT: both (ALT at least 3 times and bilirubin more than 2
    times the limit), alt, bilirubin, within. The two peaks needn't be of one day. A value
    beyond the measuring range (``>2000``) stands where its number does; it lies there or farther out.
    """
    values = adlb[(adlb["ONTRTFL"] == "Y") & (adlb["ANRHI"] > 0)]
    values = values.assign(RATIO=stand_in(values) / values["ANRHI"])
    treated = adsl.loc[adsl["SAFFL"] == "Y", ["USUBJID"]]
    for code in ("ALT", "BILI"):
        chosen = values[values["PARAMCD"] == code].sort_values(["USUBJID", "ADY", "LBSEQ"], kind="stable")
        chosen = chosen.assign(HIGH=_beyond(chosen, code))
        peaks = chosen.loc[chosen.groupby("USUBJID")["RATIO"].idxmax(), ["USUBJID", "RATIO", "ADY"]]
        peaks["HIGH"] = peaks["USUBJID"].isin(chosen.loc[chosen["HIGH"], "USUBJID"])
        peaks = peaks.rename(columns={"RATIO": code, "ADY": f"{code}DY", "HIGH": f"{code}HIGH"})
        treated = treated.merge(peaks, on="USUBJID", validate="1:1")
    high_alt, high_bilirubin = treated.pop("ALTHIGH"), treated.pop("BILIHIGH")
    quadrant = np.select(
        [high_alt & high_bilirubin, high_alt, high_bilirubin], ["both", "alt", "bilirubin"], default="within"
    )
    return treated.assign(QUADRANT=pd.Series(quadrant, index=treated.index, dtype="str"))


def _beyond(values: pd.DataFrame, code: str) -> pd.Series:
    """Tell which values certainly reach (ALT) or exceed (bilirubin) the multiple that parts the quadrants."""
    multiple = span_of(values).over(values["ANRHI"])
    sure, _ = exceeds(multiple, constant(LIMITS[code], len(values)), equal=code == "ALT")
    return pd.Series(sure, index=values.index)
