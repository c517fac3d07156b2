"""ADAETTE: one record per treated subject and kind of adverse event, with the time to the first one."""

from __future__ import annotations

import pandas as pd

from itpcsr.adam.dates import study_day
from itpcsr.adam.domains import look_up

# PARAMCD: what it is the time to, and the flag of ADAE of such events.
KINDS = {
    "AEANY": ("Time to first adverse event", "TRTEMFL"),
    "AEREL": ("Time to first related adverse event", "RELFL"),
    "AESEV": ("Time to first severe adverse event", "SEVFL"),
    "AESER": ("Time to first serious adverse event", "SERFL"),
}


def derive_adaette(adsl: pd.DataFrame, adae: pd.DataFrame) -> pd.DataFrame:
    """Derive times to the first treatment-emergent adverse event of each kind, for the safety set.

    AVAL counts days from first dose (Day 1) to the day of onset, or to the last day at risk (ADSL.RISKD),
    both included; CNSR is 0 for an event and 1 for none; ADT is the day. An event without any start date
    counts from Day 1, the earliest day possible.
    """
    subjects = adsl.loc[adsl["SAFFL"] == "Y", ["STUDYID", "USUBJID", "TRTSDT", "RISKD"]]
    first = look_up(subjects.set_index("USUBJID")["TRTSDT"], adae["USUBJID"])
    days = study_day(adae["ASTDT"], first).fillna(1.0)
    parts = []
    for code, (label, flag) in KINDS.items():
        chosen = (adae["TRTEMFL"] == "Y") & (adae[flag] == "Y") & first.notna()
        onset = look_up(days[chosen].groupby(adae.loc[chosen, "USUBJID"]).min(), subjects["USUBJID"])
        part = subjects[["STUDYID", "USUBJID"]].assign(PARAMCD=code, PARAM=label, STARTDT=subjects["TRTSDT"])
        part["AVAL"] = onset.fillna(subjects["RISKD"])
        part["CNSR"] = onset.isna().astype("float64")
        part["ADT"] = part["STARTDT"] + pd.to_timedelta(part["AVAL"] - 1, unit="D")
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
