"""Peak ALT against peak bilirubin: who lies where drug-induced liver injury would be seen (eDISH)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.limits import constant, exceeds, span_of, stand_in
from csrkit.rows import absent_rows, make_rows
from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.proportions import count_subjects
from itpcsr.study import Study

# Limits as multiples of the upper limit of normal: FDA guidance on drug-induced liver injury, 2009.
LIMITS = {"ALT": 3.0, "BILI": 2.0}
QUADRANTS = ("within", "alt", "bilirubin", "both")
_NO_VALUES = (
    "The study's data hold no subject with ALT and bilirubin after the first dose and their upper limits of "
    "normal, so the two can't be set against each other."
)


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


def count_quadrants(adsl: pd.DataFrame, peaks: pd.DataFrame, study: Study, confidence: float) -> pd.DataFrame:
    """Count the subjects of each quadrant by column, of those who have both values."""
    display = "fig-edish"
    if peaks.empty:
        return absent_rows(display, _NO_VALUES)
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    evaluated = members[members["USUBJID"].isin(peaks["USUBJID"])]
    counts = count_subjects(peaks, evaluated, list(QUADRANTS), "QUADRANT", confidence)
    rows = pd.concat([size_rows(members), counts.assign(analysis="quadrant")], ignore_index=True)
    return make_rows(rows, display=display, population="safety set", dataset="ADLB")
