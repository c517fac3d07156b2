"""Death by subject, from all domains that tell of it: the one place that knows who died, and when."""

from __future__ import annotations

import pandas as pd

from csrkit.sdtm.deaths import choose_dates, find_deaths
from itpcsr.adam.dates import impute_start, study_day
from itpcsr.adam.domains import look_up
from itpcsr.sdtm import Trial


def add_deaths(adsl: pd.DataFrame, trial: Trial) -> pd.DataFrame:
    """Add death to ADSL: DTHFL (Y or ""), DTHDTC (the date as recorded), DTHDT with its
    flag DTHDTF, DTHADY (its study day), DTHSRC.

    The date is chosen as ``sdtm.deaths.choose_dates`` does. DTHDT completes a partial
    date to its earliest day on or after the last dose; NaT where no date is known. DTHSRC names the domains
    that tell of the death ("DM, DS").
    """
    said = choose_dates(find_deaths(trial))
    subject = adsl["USUBJID"]
    date = look_up(said["DTC"], subject).fillna("").astype("str")
    day, flag = impute_start(date, adsl["TRTEDT"])
    dead = subject.isin(said.index)
    return adsl.assign(
        DTHFL=dead.map({True: "Y", False: ""}).astype("str"),
        DTHDTC=date,
        DTHDT=day,
        DTHADY=study_day(day, adsl["TRTSDT"]),
        DTHDTF=flag,
        DTHSRC=look_up(said["SOURCES"], subject).fillna("").astype("str"),
    )
