"""ADTTE: times to platelet response and from it to its loss, by the primary rule."""

from __future__ import annotations

import pandas as pd

from itpcsr.adam.domains import look_up

COLUMNS = ["USUBJID", "PARAMCD", "PARAM", "AVAL", "CNSR", "ADY", "CNSDTDSC"]
_LAST_COUNT = "last platelet count"


def derive_adtte(adsl: pd.DataFrame, adrs: pd.DataFrame) -> pd.DataFrame:
    """Derive times of confirmed response, in days; CNSR is 0 for an event and 1 for none.

    - TTRESP, TTCR: study day of the first count of the confirmed response, or complete response, of every
      subject of the full analysis set. Without one the time ends with the last count (Day 1 where there is
      none), also after rescue therapy: its counts are no response, so the subject stays without one.
    - DURRESP: days from the response's first count to its loss, of responders.
    - TTLOSS: study day of the loss, of responders.

    A response not lost ends, censored, with the last count. No rows for a study without platelet response.
    """
    best = adrs[adrs["PARAMCD"] == "BOR"]
    subjects = adsl.loc[adsl["FASFL"] == "Y", ["USUBJID"]]
    if best.empty:
        return pd.DataFrame(columns=COLUMNS)
    of = {
        name: look_up(best.set_index("USUBJID")[name], subjects["USUBJID"])
        for name in ("ADY", "CRDY", "LOSDY", "LASTDY")
    }
    last = of["LASTDY"].fillna(1.0)
    start = of["ADY"]
    parts = [
        _times(subjects, "TTRESP", "Time to response", start, last),
        _times(subjects, "TTCR", "Time to complete response", of["CRDY"], last),
    ]
    responded = start.notna()
    for code, label, origin in (
        ("DURRESP", "Duration of response", start),
        ("TTLOSS", "Time from first infusion to loss of response", 0.0),
    ):
        times = _times(subjects, code, label, of["LOSDY"] - origin, last - origin)
        parts.append(times.assign(ADY=of["LOSDY"].fillna(last))[responded])
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def _times(subjects: pd.DataFrame, code: str, label: str, event: pd.Series, last: pd.Series) -> pd.DataFrame:
    ended = event.isna()
    return subjects.assign(
        PARAMCD=code,
        PARAM=label,
        AVAL=event.fillna(last),
        CNSR=ended.astype("float64"),
        ADY=event.fillna(last),
        CNSDTDSC=pd.Series("", index=subjects.index, dtype="str").mask(ended, _LAST_COUNT),
    )
