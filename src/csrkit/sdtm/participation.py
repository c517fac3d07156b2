"""Where trial data say that a subject died, and when participation ended."""

from __future__ import annotations

import pandas as pd

from csrkit.sdtm.dates import to_date
from csrkit.sdtm.labels import fold
from csrkit.sdtm.read import Trial

# Where trial data say that a subject died: DM, disposition, adverse events, death details, status.

_DEAD = ("DEATH", "DIED", "DEAD")
COLUMNS = ["USUBJID", "SOURCE", "DTC"]
# Of two dates equally precise the one of DM counts, which is SDTM's variable of the date of death.
_ORDER = {"DM": 0, "DS": 1, "AE": 2, "DD": 3, "SS": 4}
_DAY = 10


def find_deaths(trial: Trial) -> pd.DataFrame:
    """Return every record that tells of a death: USUBJID, SOURCE (domain), DTC (its date, "" for none).

    DM with DTHFL Y or a date of death; any disposition event DEATH; an adverse event that results in death
    (AESDTH), has a fatal outcome or grade 5, dated by its end; death details (DD) and a subject's status
    DEAD (SS), whose dates are those of the report and not of the death.
    """
    parts = [_in_dm(trial["DM"]), _in_ds(trial["DS"]), _in_ae(trial["AE"]), _in_dd(trial["DD"])]
    parts.append(_in_ss(trial["SS"]))
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def choose_dates(said: pd.DataFrame) -> pd.DataFrame:
    """Return the death of each subject from what ``find_deaths`` found: DTC and SOURCES, by USUBJID.

    DTC is the most precise date (``2022-09-15`` before ``2022-09``), of equally precise ones that of DM, then
    of DS, then of an adverse event's end, then the earliest; "" where no date is known. SOURCES names the
    domains that tell of the death (``DM, DS``).
    """
    known = said["DTC"].str[:_DAY]
    rank = known.str.count(r"[0-9]").astype("int64")
    said = said.assign(DTC=known, RANK=-rank, PLACE=said["SOURCE"].map(_ORDER))
    first = said.sort_values(["USUBJID", "RANK", "PLACE", "DTC"]).drop_duplicates("USUBJID")
    sources = said.sort_values(["USUBJID", "PLACE"]).drop_duplicates(["USUBJID", "SOURCE"])
    named = sources.groupby("USUBJID")["SOURCE"].agg(", ".join).astype("str")
    return first.set_index("USUBJID")[["DTC"]].assign(SOURCES=named)


def is_fatal(ae: pd.DataFrame) -> pd.Series:
    """Tell of each adverse event whether it was fatal: by AESDTH, by outcome, or by grade 5."""
    return (
        (_plain(ae, "AESDTH") == "Y")
        | (_plain(ae, "AEOUT") == "FATAL")
        | _plain(ae, "AETOXGR").str.fullmatch(r"(?:GRADE ?)?5")
    )


def _plain(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame:
        return pd.Series("", index=frame.index, dtype="str")
    return frame[name].astype("str").str.strip().str.upper().str.removesuffix(".0")


def _said(frame: pd.DataFrame, dead: pd.Series, source: str, date: str) -> pd.DataFrame:
    if "USUBJID" not in frame:
        return pd.DataFrame(columns=COLUMNS, dtype="str")
    rows = frame[dead]
    dates = rows[date].astype("str") if date in rows else ""
    return pd.DataFrame({"USUBJID": rows["USUBJID"], "SOURCE": source, "DTC": dates}, dtype="str")


def _in_dm(dm: pd.DataFrame) -> pd.DataFrame:
    return _said(dm, (_plain(dm, "DTHFL") == "Y") | (_plain(dm, "DTHDTC") != ""), "DM", "DTHDTC")


def _in_ds(ds: pd.DataFrame) -> pd.DataFrame:
    coded = _plain(ds, "DSDECOD")
    dead = coded.isin(_DEAD) | ((coded == "") & _plain(ds, "DSTERM").isin(_DEAD))
    return _said(ds, dead, "DS", "DSSTDTC")


def _in_ae(ae: pd.DataFrame) -> pd.DataFrame:
    return _said(ae, is_fatal(ae), "AE", "AEENDTC")


def _in_dd(dd: pd.DataFrame) -> pd.DataFrame:
    return _said(dd, _plain(dd, "DDSTAT") != "NOT DONE", "DD", "")


def _in_ss(ss: pd.DataFrame) -> pd.DataFrame:
    return _said(ss, _plain(ss, "SSSTRESC").isin(_DEAD), "SS", "")


# When a subject's participation ended, and what says so: one rule for derivations and checks.

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
