"""Actual against nominal times of the samples."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.rows import absent_rows, make_rows
from csrkit.stats.summaries import NO_VALUES
from itpcsr.analysis.pharmacokinetics.samples import name_time, nominal_times
from itpcsr.analysis.pharmacokinetics.sets import POPULATION, why_absent
from itpcsr.study import Study

_NO_NOMINAL = "No sample that can be analysed has a nominal and an actual time."


def analyse_times(adsl: pd.DataFrame, adpc: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Describe actual less nominal time in minutes, by nominal time and over all of them.

    ``visit`` is the nominal time, "" for all. Statistics: n, median, min, max.
    """
    display = "fig-pk-times"
    if sentence := why_absent(adsl, adpc, study):
        return absent_rows(display, sentence)
    used = adpc[(adpc["ANL01FL"] == "Y") & adpc["USUBJID"].isin(adsl.loc[adsl["PKFL"] == "Y", "USUBJID"])]
    off = (60 * used["TDEV"]).dropna()
    if off.empty:
        return absent_rows(display, _NO_NOMINAL)
    parts = [_describe(off).assign(visit="")]
    for hour in nominal_times(adpc, study):
        parts.append(_describe(off[used["ATPTN"] == hour]).assign(visit=name_time(hour)))
    rows = pd.concat(parts, ignore_index=True).assign(analysis="deviation", unit="min")
    return make_rows(rows, display=display, population=POPULATION, dataset="ADPC")


def _describe(minutes: pd.Series) -> pd.DataFrame:
    values = minutes.to_numpy("float64")
    found = [np.median(values), values.min(), values.max()] if len(values) else [np.nan] * 3
    return pd.DataFrame(
        {
            "statistic": ["n", "median", "min", "max"],
            "value": [float(len(values)), *found],
            "reason": ["", *[NO_VALUES if not len(values) else ""] * 3],
        }
    )
