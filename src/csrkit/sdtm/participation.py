"""When a subject's participation ended, and what says so: one rule for derivations and checks."""

from __future__ import annotations

import pandas as pd

from csrkit.sdtm.deaths import choose_dates, find_deaths
from csrkit.sdtm.iso_dates import to_date
from csrkit.sdtm.labels import fold
from csrkit.sdtm.read import Trial

# DSCAT of an end, and DSSCAT of one that ends the treatment; all others end the study.
DISPOSITION_EVENT = "DISPOSITION EVENT"
DISPOSED_TREATMENT = ("TREATMENT", "STUDY TREATMENT", "END OF TREATMENT")
# Histories and plans: their dates aren't observations of the subject.
_NOT_OBSERVED = ("MH", "TA", "TE", "TI", "TS", "TV", "DM")


def is_ending(ds: pd.DataFrame) -> pd.Series:
    """Tell of each record of DS whether it is an end, of treatment or of the study."""
    return fold(_text(ds, "DSCAT")) == DISPOSITION_EVENT


def ends_treatment(ds: pd.DataFrame) -> pd.Series:
    """Tell of each end whether it is of the treatment; all others are of the study."""
    return fold(_text(ds, "DSSCAT")).isin(DISPOSED_TREATMENT)


def find_end(trial: Trial, subjects: pd.Series, last_dose: pd.Series) -> pd.DataFrame:
    """Return the end of participation of each subject: EOSDT, and EOSSRC, the domain that gives it.

    Parameters
    ----------
    trial
        What took place (``performed.keep_performed``); a domain or variable that isn't there says nothing.
    subjects, last_dose
        USUBJID, each once, and the day of the last dose, NaT for the untreated; of one index.

    Returns
    -------
    DataFrame
        EOSDT is the end of participation in DM (RFPENDTC, EOSSRC DM), else the date of the last disposition
        event of the study (DS), else the day of death (DEATH), else the last day of which there is a record
        (RECORDS); never before the last dose. Only complete dates are used. NaT and "" where nothing is
        known.
    """
    end = _by_subject(_complete(trial["DM"], "RFPENDTC"), subjects)
    source = pd.Series("", index=subjects.index, dtype="str").mask(end.notna(), "DM")
    ds, died = trial["DS"], choose_dates(find_deaths(trial))["DTC"]
    ended = _complete(ds[is_ending(ds) & ~ends_treatment(ds)], "DSSTDTC")
    for name, dates in (("DS", ended), ("DEATH", to_date(died))):
        date = _by_subject(dates, subjects)
        source = source.mask(end.isna() & date.notna(), name)
        end = end.fillna(date)
    if end.isna().any():
        end = end.fillna(_by_subject(_records(trial), subjects))
    end = end.mask(end < last_dose, last_dose).fillna(last_dose)
    return pd.DataFrame({"EOSDT": end, "EOSSRC": source.mask((source == "") & end.notna(), "RECORDS")})


def _records(trial: Trial) -> pd.Series:
    """Return all complete dates of observations, by subject."""
    dates = [
        _complete(frame, str(name))
        for domain, frame in trial.domains.items()
        if domain not in _NOT_OBSERVED
        for name in frame.columns
        if str(name).endswith("DTC")
    ]
    return pd.concat(dates) if dates else _complete(pd.DataFrame(), "")


def _complete(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return the complete dates of a variable by subject, none where the domain lacks one of the two."""
    if "USUBJID" not in frame:
        return to_date(pd.Series([], dtype="str"))
    return to_date(_text(frame, name)).set_axis(frame["USUBJID"].to_numpy())


def _by_subject(dates: pd.Series, subjects: pd.Series) -> pd.Series:
    """Return the latest of each subject's dates, in the order of ``subjects``."""
    latest = dates.groupby(level=0).max()
    return latest.reindex(subjects.to_numpy()).set_axis(subjects.index)


def _text(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame:
        return pd.Series("", index=frame.index, dtype="str")
    return frame[name].astype("str").fillna("")
