"""What parts the vital signs of one test into series: the same sign, measured another way."""

from __future__ import annotations

import pandas as pd

from csrkit.sdtm.labels import fold

# What makes the same vital sign another measurement, where the data have more than one of it.
_MANNERS = ("VSPOS", "VSLOC", "VSLAT", "VSMETHOD")


def name_series(vs: pd.DataFrame, infusions: bool) -> pd.Series:
    """Return what parts the records of a test into series, each with its own baseline.

    ``vs`` has VSTESTCD and VSTPT. The time point of a study without infusions makes a series, and so do
    position, site and method where a test comes in several of them at one time point; "" where nothing does.
    """
    none = pd.Series("", index=vs.index, dtype="str")
    series = none if infusions else vs["VSTPT"]
    for name in _MANNERS:
        manner = fold(vs[name]) if name in vs else none
        rows = pd.DataFrame({"test": vs["VSTESTCD"], "point": vs["VSTPT"], "manner": manner[manner != ""]})
        several = rows.groupby(["test", "point"])["manner"].transform("nunique") > 1
        joined = series.str.cat(manner, sep=", ").where(series != "", manner)
        series = series.mask(several & (manner != ""), joined)
    return series.astype("str")
