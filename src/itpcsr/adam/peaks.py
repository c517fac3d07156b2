"""The highest concentration of the product in blood by subject."""

from __future__ import annotations

import numpy as np
import pandas as pd

from itpcsr.adam.domains import read_domain
from itpcsr.sdtm import Trial
from itpcsr.study import Study


def derive_peaks(trial: Trial, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return USUBJID, CMAX (highest quantified concentration, NaN for none), CMAXU and REASON, by treated
    subject.

    Samples of the study's ``concentration_test`` at a planned time from the first dose on; a value below the
    limit of quantification is none.
    """
    records = read_domain(trial, "PC", ["USUBJID", "PCTESTCD", "PCSTRESU"], ["PCSTRESN", "PCTPTNUM"])
    test = study.sampling.concentration_test
    records = records[(records["PCTESTCD"] == test) & ~(records["PCTPTNUM"] < 0)]
    limit = study.sampling.concentration_limit or 0.0
    quantified = records[(records["PCSTRESN"] > 0) & (records["PCSTRESN"] >= limit)]
    peaks = adsl.loc[adsl["SAFFL"] == "Y", ["USUBJID"]].reset_index(drop=True)
    highest = quantified.groupby("USUBJID")["PCSTRESN"].max()
    peaks["CMAX"] = highest.reindex(peaks["USUBJID"]).to_numpy("float64")
    reasons = np.select(
        [peaks["CMAX"].notna(), peaks["USUBJID"].isin(records["USUBJID"])],
        ["", "no concentration above the limit of quantification"],
        default="no concentration measured",
    )
    return peaks.assign(
        CMAXU=study.sampling.concentration_unit, REASON=pd.Series(reasons, index=peaks.index, dtype="str")
    )
