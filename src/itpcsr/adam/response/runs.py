"""Unbroken runs of counts of one subject."""

from __future__ import annotations

import numpy as np
import pandas as pd


def find_runs(counts: pd.DataFrame, flag: pd.Series, days: int) -> pd.DataFrame:
    """Return the runs of flagged counts that last at least ``days`` from the first count to the last.

    A count that isn't flagged ends a run; a missed visit doesn't.

    Parameters
    ----------
    counts
        USUBJID and ADT, in order of subject and time, with a clean index from 0.
    flag
        True where a count belongs to a run.

    Returns
    -------
    DataFrame
        One row per run, in order: USUBJID, and the index of its ``first``, its ``confirming`` (the first one
        at least ``days`` after the first) and its ``last`` count.
    """
    names = ["first", "confirming", "last"]
    if counts.empty:
        return pd.DataFrame({"USUBJID": counts["USUBJID"], **{n: pd.Series(dtype="int64") for n in names}})
    flags = flag.to_numpy(dtype=bool)
    subject = pd.factorize(counts["USUBJID"])[0]
    day = counts["ADT"].to_numpy("datetime64[D]").astype("int64")
    other = np.append(True, subject[1:] != subject[:-1])
    starts = flags & (other | ~np.append(False, flags[:-1]))
    ends = flags & np.append(other[1:] | ~flags[1:], True)
    first, last = np.flatnonzero(starts), np.flatnonzero(ends)
    run = np.cumsum(starts) - 1
    late = np.flatnonzero(flags)
    late = late[day[late] - day[first[run[late]]] >= days]
    confirmed, place = np.unique(run[late], return_index=True)
    runs = {"first": first[confirmed], "confirming": late[place], "last": last[confirmed]}
    return pd.DataFrame({"USUBJID": counts["USUBJID"].to_numpy()[runs["first"]], **runs})
