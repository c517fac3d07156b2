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
    both included; CNSR is 0 for an event and 1 for none; ADT and ADY are the day. An event without any start
    date counts from Day 1, the earliest day possible. SRCDOM, SRCVAR and SRCSEQ name what the day is taken
    from: the first event in AE, or ADSL.
    """
    subjects = adsl.loc[adsl["SAFFL"] == "Y", ["STUDYID", "USUBJID", "TRTSDT", "RISKD"]]
    first = look_up(subjects.set_index("USUBJID")["TRTSDT"], adae["USUBJID"])
    days = study_day(adae["ASTDT"], first).fillna(1.0)
    parts = []
    for code, (label, flag) in KINDS.items():
        chosen = (adae["TRTEMFL"] == "Y") & (adae[flag] == "Y") & first.notna()
        events = adae.loc[chosen, ["USUBJID", "AESEQ"]].assign(day=days[chosen])
        events = (
            events.sort_values(["USUBJID", "day", "AESEQ"]).drop_duplicates("USUBJID").set_index("USUBJID")
        )
        onset, number = (look_up(events[name], subjects["USUBJID"]) for name in ("day", "AESEQ"))
        of_event = onset.notna()
        part = subjects[["STUDYID", "USUBJID"]].assign(PARAMCD=code, PARAM=label, STARTDT=subjects["TRTSDT"])
        part["SRCDOM"] = of_event.map({True: "AE", False: "ADSL"}).astype("str")
        part["SRCVAR"] = of_event.map({True: "AESTDTC", False: "RISKD"}).astype("str")
        part["SRCSEQ"] = number
        part["AVAL"] = onset.fillna(subjects["RISKD"])
        part["CNSR"] = onset.isna().astype("float64")
        part["ADT"] = part["STARTDT"] + pd.to_timedelta(part["AVAL"] - 1, unit="D")
        part["ADY"] = part["AVAL"]
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
