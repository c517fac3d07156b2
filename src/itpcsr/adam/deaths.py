"""Death by subject, from all domains that tell of it: the one place that knows who died, and when."""

from __future__ import annotations

import pandas as pd

from itpcsr.adam.dates import impute_start, study_day
from itpcsr.adam.domains import look_up
from itpcsr.sdtm import Trial
from itpcsr.sdtm.deaths import find_deaths

# Of two dates equally precise the one of DM counts, which is SDTM's variable of the date of death.
_ORDER = {"DM": 0, "DS": 1, "AE": 2, "DD": 3, "SS": 4}
_DAY = 10


def add_deaths(adsl: pd.DataFrame, trial: Trial) -> pd.DataFrame:
    """Add death to ADSL: DTHFL (Y or ""), DTHDTC (the date as recorded), DTHDT with its
    flag DTHDTF, DTHADY (its study day), DTHSRC.

    The date is the most precise one of those recorded (``2022-09-15`` before ``2022-09``), of equally precise
    ones that of DM, then of DS, then of an adverse event's end, then the earliest. DTHDT completes a partial
    date to its earliest day on or after the last dose; NaT where no date is known. DTHSRC names the domains
    that tell of the death ("DM, DS").
    """
    said = find_deaths(trial)
    known = said["DTC"].str[:_DAY]
    rank = known.str.count(r"\d").astype("int64")
    said = said.assign(DTC=known, RANK=-rank, PLACE=said["SOURCE"].map(_ORDER))
    first = said.sort_values(["USUBJID", "RANK", "PLACE", "DTC"]).drop_duplicates("USUBJID")
    sources = said.sort_values(["USUBJID", "PLACE"]).drop_duplicates(["USUBJID", "SOURCE"])
    named = sources.groupby("USUBJID")["SOURCE"].agg(", ".join).astype("str")
    subject = adsl["USUBJID"]
    date = look_up(first.set_index("USUBJID")["DTC"], subject).fillna("").astype("str")
    day, flag = impute_start(date, adsl["TRTEDT"])
    dead = subject.isin(said["USUBJID"])
    return adsl.assign(
        DTHFL=dead.map({True: "Y", False: ""}).astype("str"),
        DTHDTC=date,
        DTHDT=day,
        DTHADY=study_day(day, adsl["TRTSDT"]),
        DTHDTF=flag,
        DTHSRC=look_up(named, subject).fillna("").astype("str"),
    )
