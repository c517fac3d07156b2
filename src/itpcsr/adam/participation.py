"""How long each treated subject was observed, and how long an adverse event would have counted."""

from __future__ import annotations

import pandas as pd

from itpcsr.adam.dates import to_date
from itpcsr.adam.domains import look_up, read_domain
from itpcsr.sdtm import Trial
from itpcsr.sdtm.checks.terms import DISPOSED_TREATMENT
from itpcsr.study import Study

# Histories and plans: their dates aren't observations of the subject.
_NOT_OBSERVED = ("MH", "TA", "TE", "TI", "TS", "TV", "DM")


def add_participation(adsl: pd.DataFrame, trial: Trial, study: Study) -> pd.DataFrame:
    """Add the end of participation and the days on study and at risk to ADSL.

    EOSDT is the end of participation in DM (RFPENDTC), else the date of the last disposition event of the
    study, else the day of death, else that of the subject's last record; never before the last dose.
    Only complete dates are used. EOSSRC is the domain that gives it: DM, DS, DEATH, or RECORDS
    where it is only the last day of which something is known. Every display of the end of participation,
    and who is still expected at a visit, reads these.
    STUDYD counts the days from first dose to EOSDT, RISKD those of them on which the onset of an adverse
    event would be treatment-emergent; both days included, NaN for the untreated.
    """
    subjects, first, last_dose = adsl["USUBJID"], adsl["TRTSDT"], adsl["TRTEDT"]
    dm = read_domain(trial, "DM", ["RFPENDTC"], [])
    end = look_up(to_date(dm["RFPENDTC"]).set_axis(dm["USUBJID"].to_numpy()), subjects)
    source = pd.Series("", index=adsl.index, dtype="str").mask(end.notna(), "DM")
    died = adsl["DTHDT"].where(adsl["DTHDTF"] == "")
    for name, date in (("DS", _last_disposition(trial, subjects)), ("DEATH", died)):
        source = source.mask(end.isna() & date.notna(), name)
        end = end.fillna(date)
    if end.isna().any():
        end = end.fillna(_last_record(trial, subjects))
    end = end.mask(end < last_dose, last_dose).fillna(last_dose)
    source = source.mask((source == "") & end.notna(), "RECORDS")
    window = study.safety.treatment_emergent_days
    risk_end = end
    if window is not None:
        limit = last_dose + pd.Timedelta(days=window)
        risk_end = end.mask(end > limit, limit)
    days = {"STUDYD": (end - first).dt.days + 1.0, "RISKD": (risk_end - first).dt.days + 1.0}
    return adsl.assign(EOSDT=end, EOSSRC=source, **days)


def ends_treatment(ds: pd.DataFrame) -> pd.Series:
    """Tell of each disposition event whether it is of the treatment; all others are of the study."""
    scope = ds.get("DSSCAT", pd.Series("", index=ds.index, dtype="str"))
    return scope.isin(DISPOSED_TREATMENT)


def _last_disposition(trial: Trial, subjects: pd.Series) -> pd.Series:
    """Return the date of each subject's last disposition event that isn't of the treatment alone."""
    ds = read_domain(trial, "DS", ["USUBJID", "DSCAT", "DSSCAT", "DSSTDTC"], [])
    of_study = (ds["DSCAT"] == "DISPOSITION EVENT") & ~ends_treatment(ds)
    dates = to_date(ds.loc[of_study, "DSSTDTC"])
    return look_up(dates.groupby(ds.loc[of_study, "USUBJID"]).max(), subjects)


def _last_record(trial: Trial, subjects: pd.Series) -> pd.Series:
    parts = [
        to_date(frame[name]).set_axis(frame["USUBJID"].to_numpy())
        for domain, frame in trial.domains.items()
        if domain not in _NOT_OBSERVED and "USUBJID" in frame
        for name in frame.columns
        if name.endswith("DTC")
    ]
    if not parts:
        return pd.Series(pd.NaT, index=subjects.index)
    dates = pd.concat(parts)
    return look_up(dates.groupby(level=0).max(), subjects)
