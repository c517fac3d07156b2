"""ADTTE: times to platelet response and from it to its loss, by the primary rule."""

from __future__ import annotations

import pandas as pd

from itpcsr.adam.domains import look_up

COLUMNS = [
    "USUBJID", "SRCDOM", "SRCVAR", "SRCSEQ", "PARAMCD", "PARAM", "STARTDT", "AVAL", "CNSR", "ADT", "ADY",
    "CNSDTDSC",
]  # fmt: skip
_LAST_COUNT = "last platelet count"


def derive_adtte(adsl: pd.DataFrame, adrs: pd.DataFrame) -> pd.DataFrame:
    """Derive times of confirmed response, in days; CNSR is 0 for an event and 1 for none.

    - TTRESP, TTCR: study day of the first count of the confirmed response, or complete response, of every
      subject of the full analysis set. Without one the time ends with the last count (Day 1 where there is
      none), also after rescue therapy: its counts are no response, so the subject stays without one.
    - DURRESP: days from the response's first count to its loss, of responders.
    - TTLOSS: study day of the loss, of responders.

    A response not lost ends, censored, with the last count. STARTDT is the day from which a time is counted,
    ADT and ADY the one on which it ends; SRCDOM, SRCVAR and SRCSEQ name the variable of ADRS that has it
    ("" and NaN where there is no count). No rows for a study without platelet response.
    """
    numbers = adrs.groupby("USUBJID").cumcount() + 1.0  # as ADRS counts its records: ASEQ
    best = adrs.assign(ASEQ=numbers)[adrs["PARAMCD"] == "CBOR"].set_index("USUBJID")
    subjects = adsl.loc[adsl["FASFL"] == "Y", ["USUBJID", "TRTSDT"]]
    if best.empty:
        return pd.DataFrame(columns=COLUMNS)
    of = pd.DataFrame(
        {
            name: look_up(best[name], subjects["USUBJID"])
            for name in ("ADY", "CRDY", "LOSDY", "LASTDY", "ASEQ")
        }
    ).assign(TRTSDT=subjects["TRTSDT"])
    responded = of["ADY"].notna()
    parts = [
        _times(of, "TTRESP", "Time to response", "ADY", 0.0),
        _times(of, "TTCR", "Time to complete response", "CRDY", 0.0),
        _times(of, "DURRESP", "Duration of response", "LOSDY", of["ADY"])[responded],
        _times(of, "TTLOSS", "Time from first infusion to loss of response", "LOSDY", 0.0)[responded],
    ]
    of_all = [part.assign(USUBJID=subjects["USUBJID"].reindex(part.index)) for part in parts]
    return pd.concat(of_all, ignore_index=True)[COLUMNS]


def _times(of: pd.DataFrame, code: str, label: str, event: str, origin: pd.Series | float) -> pd.DataFrame:
    """Return the time from the day ``origin`` (0: it is the study day) to an event or the last count."""
    ended = of[event].isna()
    day = of[event].fillna(of["LASTDY"]).fillna(1.0)
    first = of["TRTSDT"]
    counted = of["LASTDY"].notna() | ~ended
    start = first if isinstance(origin, float) else first + pd.to_timedelta(origin - 1, unit="D")
    return pd.DataFrame(
        {
            "SRCDOM": counted.map({True: "ADRS", False: ""}).astype("str"),
            "SRCVAR": pd.Series(event, of.index, dtype="str").mask(ended, "LASTDY").where(counted, ""),
            "SRCSEQ": of["ASEQ"].where(counted),
            "PARAMCD": code,
            "PARAM": label,
            "STARTDT": start,
            "AVAL": day - origin,
            "CNSR": ended.astype("float64"),
            "ADT": first + pd.to_timedelta(day - 1, unit="D"),
            "ADY": day,
            "CNSDTDSC": pd.Series("", index=of.index, dtype="str").mask(ended, _LAST_COUNT),
        }
    )
