"""Periods of a subject's time in the study: participation, and confirmed platelet response."""

from __future__ import annotations

import pandas as pd

from itpcsr.adam.dates import study_day, to_date
from itpcsr.adam.domains import look_up, read_domain
from itpcsr.sdtm import Trial
from itpcsr.study import Study


def derive_participation(trial: Trial, adsl: pd.DataFrame) -> pd.DataFrame:
    """Return the last day in the study by treated subject: USUBJID, AENDY.

    It is DM.RFPENDTC, else the last date of DS, else the last administration.
    """
    treated = adsl[adsl["SAFFL"] == "Y"]
    dm = read_domain(trial, "DM", ["USUBJID", "RFPENDTC"], [])
    ds = read_domain(trial, "DS", ["USUBJID", "DSSTDTC"], [])
    subject = treated["USUBJID"]
    end = look_up(to_date(dm.set_index("USUBJID")["RFPENDTC"]), subject)
    end = end.fillna(look_up(to_date(ds["DSSTDTC"]).groupby(ds["USUBJID"]).max(), subject))
    end = end.fillna(treated["TRTEDT"])
    days = study_day(end, treated["TRTSDT"])
    return pd.DataFrame({"USUBJID": subject, "AENDY": days}).reset_index(drop=True)


def derive_response_periods(adrs: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the periods of confirmed response: USUBJID, ASTDY, AENDY (first and last qualifying count).

    A period is a run of counts that qualify as response or complete response, without a count in between
    that doesn't, over at least the days that the study asks for. No rows without platelet response.
    """
    columns = ["USUBJID", "ASTDY", "AENDY"]
    counts = adrs[adrs["PARAMCD"] == "OVR"]
    if study.efficacy is None or counts.empty:
        return pd.DataFrame(
            {name: pd.Series(dtype="str" if name == "USUBJID" else "float64") for name in columns}
        )
    counts = counts.sort_values(["USUBJID", "ADT"], kind="stable")
    failed = ~counts["AVALC"].isin(["CR", "R"])
    runs = counts.assign(run=failed.groupby(counts["USUBJID"]).cumsum())[~failed]
    ends = runs.groupby(["USUBJID", "run"])["ADY"].agg(["min", "max"]).reset_index()
    # study days skip 0, but a period within treatment has only positive ones
    ends = ends[ends["max"] - ends["min"] >= study.efficacy.confirmation_days]
    return ends.set_axis(["USUBJID", "run", "ASTDY", "AENDY"], axis=1)[columns].reset_index(drop=True)
