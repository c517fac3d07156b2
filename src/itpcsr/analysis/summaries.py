"""Summary statistics of a continuous variable by group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

# Quartiles follow SAS (PCTLDEF=5, averaging at discontinuities), which is R's type 2; R's default, type 7,
# interpolates and gives other quartiles in small groups. The median is the same in both.
QUARTILES = "quartiles by averaging at discontinuities (SAS PCTLDEF=5, R type 2)"
STATISTICS = ("n", "mean", "sd", "median", "q1", "q3", "min", "max")
NO_VALUES = "no values in this group"
FEW_VALUES = "fewer than 3 values"


def summarize(
    records: pd.DataFrame, members: pd.DataFrame, variable: str, visits: Sequence[str] | None = None
) -> pd.DataFrame:
    """Summarise a variable by group, and by visit where visits are given.

    Parameters
    ----------
    records
        USUBJID and the variable (NaN is left out), one record per subject, or per subject and AVISIT.
    members
        Subjects by group, from ``assign_groups``.
    variable
        The column to summarise.
    visits
        Values of AVISIT to show, in their order; None for records without visits.

    Returns
    -------
    DataFrame
        group, visit, statistic, value, method, reason. With fewer than 3 values there is no SD; with none
        there is only n = 0, and the rest says why.
    """
    frame = records.dropna(subset=[variable]).merge(members, on="USUBJID")
    frame["visit"] = frame["AVISIT"] if visits is not None else ""
    groups = list(members["group"].cat.categories)
    values = {
        key: part[variable].to_numpy("float64")
        for key, part in frame.groupby(["visit", "group"], observed=True)
    }
    parts = [
        _describe(values.get((visit, group), np.array([]))).assign(visit=visit, group=group)
        for visit in (visits if visits is not None else [""])
        for group in groups
    ]
    return pd.concat(parts, ignore_index=True)


def _describe(values: np.ndarray) -> pd.DataFrame:
    """Return statistic, value, method and reason of one sample."""
    size = len(values)
    if size == 0:
        numbers = [0.0] + [np.nan] * (len(STATISTICS) - 1)
    else:
        q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75], method="averaged_inverted_cdf")
        spread = values.std(ddof=1) if size > 2 else np.nan
        numbers = [size, values.mean(), spread, median, q1, q3, values.min(), values.max()]
    reason = NO_VALUES if size == 0 else FEW_VALUES
    return pd.DataFrame(
        {
            "statistic": STATISTICS,
            "value": numbers,
            "method": [QUARTILES if name in ("q1", "q3") else "" for name in STATISTICS],
            "reason": [reason if np.isnan(number) else "" for number in numbers],
        }
    )
