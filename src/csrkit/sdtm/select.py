"""Select from trial data: what took place, the cohorts reported on, what was known at the data cut-off."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pandas as pd

from csrkit.design import Described
from csrkit.sdtm.labels import fold
from csrkit.sdtm.participation import find_deaths, is_fatal
from csrkit.sdtm.read import Trial

# Select from trial data: the cohorts reported on, and what was known at the data cut-off.

# Domains that describe the trial or supplement other records; they carry no time of their own.
_TIMELESS = ("TA", "TE", "TI", "TS", "TV", "RELREC")
# DS.DSDECOD of the day on which a subject gets an arm, and what DM says before it (SDTMIG 3.4, ARMNRS)
_ALLOCATIONS = ("ENROLLED", "RANDOMIZED")
_NOT_ASSIGNED = {
    "ARMCD": "NOTASSGN", "ARM": "Not Assigned", "ACTARMCD": "NOTASSGN", "ACTARM": "Not Assigned"
}  # fmt: skip


def keep_reported(trial: Trial, study: Described) -> Trial:
    """Return the trial without the subjects of arms that the report doesn't show.

    Subjects who never got an arm of the study (screening failures) stay: disposition counts them.
    """
    dm = trial["DM"]
    hidden = {arm.code for arm in study.design.arms} - set(study.design.reported_arms)
    if not hidden:
        return trial
    gone = set(dm.loc[dm["ARMCD"].isin(hidden), "USUBJID"])
    domains = {
        name: frame[~frame["USUBJID"].isin(gone)].reset_index(drop=True) if "USUBJID" in frame else frame
        for name, frame in trial.domains.items()
    }
    return replace(trial, domains=domains)


def cut_trial(trial: Trial, cutoff: dt.date | None) -> Trial:
    """Return the trial as it was known at the end of the day ``cutoff``; None changes nothing.

    A record stays when its start (``--STDTC``, else ``--DTC``) is on or before the cut-off, or has no
    date. A partial date stays when it could lie before the cut-off. An end after the cut-off is emptied,
    so the event or treatment is ongoing at the cut, and the outcome of such an adverse event is not yet
    known to be other than that; a later death leaves DM and the events that tell of it. What else a record
    says (severity, seriousness) can't be taken back to what it was at the cut. Subjects who had given no
    consent and started no treatment by then leave DM, and all that belongs to records left out goes with
    them; those who were in screening, with the enrolment or randomisation in DS after the cut, have no arm
    yet.
    """
    if cutoff is None:
        return trial
    day = cutoff.isoformat()
    dm = trial["DM"]
    entered = dm[_known(_first_date(dm), day)]
    subjects = set(entered["USUBJID"])
    domains = {
        name: frame if name in _TIMELESS else _cut_domain(name, frame, day, subjects)
        for name, frame in trial.domains.items()
    }
    entered = entered.reset_index(drop=True)
    dates = [column for column in entered.columns.astype(str) if column.endswith("DTC")]
    domains["DM"] = _without_later_arm(_blank_after(entered, dates, day), trial, day)
    _forget_later_deaths(domains, trial, day)
    for name in [name for name in domains if name.startswith("SUPP")]:
        domains[name] = _supplements_of(domains[name], domains.get(name[4:], pd.DataFrame()))
    return replace(trial, domains=domains)


def _without_later_arm(dm: pd.DataFrame, trial: Trial, day: str) -> pd.DataFrame:
    """Take the arm from subjects whose allocation (DS) lies after the cut and who have no start by then."""
    ds = trial.domains.get("DS")
    if ds is None or "DSSTDTC" not in ds:
        return dm
    allocations = ds[fold(ds["DSDECOD"]).isin(_ALLOCATIONS)]
    known = _known(allocations["DSSTDTC"], day)
    later = set(allocations.loc[~known, "USUBJID"]) - set(allocations.loc[known, "USUBJID"])
    open_still = dm["USUBJID"].isin(later)
    if "RFSTDTC" in dm:
        open_still &= dm["RFSTDTC"] == ""
    values = {name: text for name, text in _NOT_ASSIGNED.items() if name in dm}
    return dm.assign(**{name: dm[name].mask(open_still, text) for name, text in values.items()})


def _forget_later_deaths(domains: dict[str, pd.DataFrame], trial: Trial, day: str) -> None:
    """Take back what tells of deaths after the cut: the flag of DM, and fatal marks of events before it.

    A death is later where it is dated, in DM, disposition or by an event's end, and no date is up to the cut.
    """
    said = find_deaths(trial)
    dated = said[said["DTC"] != ""]
    known = _known(dated["DTC"], day)
    later = set(dated.loc[~known, "USUBJID"]) - set(dated.loc[known, "USUBJID"])
    if not later:
        return
    if "DTHFL" in domains["DM"]:
        dm = domains["DM"]
        domains["DM"] = dm.assign(DTHFL=dm["DTHFL"].mask(dm["USUBJID"].isin(later), ""))
    if "AE" in domains:
        ae = domains["AE"]
        fatal = is_fatal(ae) & ae["USUBJID"].isin(later)
        unknown = {"AEOUT": "NOT RECOVERED/NOT RESOLVED", "AESDTH": "", "AETOXGR": ""}
        told = {name: fatal & (ae[name].astype("str").str.strip() != "") for name in unknown if name in ae}
        if "AETOXGR" in told:
            told["AETOXGR"] &= ae["AETOXGR"].str.endswith("5")
        domains["AE"] = ae.assign(**{name: ae[name].mask(rows, unknown[name]) for name, rows in told.items()})


def _first_date(dm: pd.DataFrame) -> pd.Series:
    """Date of consent, else reference start, else date of collection; empty where DM has none."""
    first = pd.Series("", index=dm.index, dtype="str")
    for name in ("RFICDTC", "RFSTDTC", "DMDTC"):
        if name in dm:
            first = first.where(first != "", dm[name])
    return first


def _cut_domain(name: str, frame: pd.DataFrame, day: str, subjects: set[str]) -> pd.DataFrame:
    if "USUBJID" in frame:
        frame = frame[frame["USUBJID"].isin(subjects)]
    start = next((c for c in (f"{name}STDTC", f"{name}DTC") if c in frame), None)
    if start is not None:
        frame = frame[_known(frame[start], day)]
    frame = frame.reset_index(drop=True)
    end = f"{name}ENDTC"
    cut = _blank_after(frame, [end] if end in frame else [], day)
    if name == "AE" and end in frame:
        open_ended = (frame[end] != "") & (cut[end] == "")
        for variable, value in (("AEOUT", "NOT RECOVERED/NOT RESOLVED"), ("AESDTH", "")):
            if variable in cut:
                cut[variable] = cut[variable].mask(open_ended, value)
    return cut


def _known(dates: pd.Series, day: str) -> pd.Series:
    """True where a date, cut to its own precision, isn't after the day."""
    lengths = dates.str[:10].str.len()
    limits = lengths.map(lambda length: day[: int(length)]).astype("str")
    return (dates == "") | (dates.str[:10] <= limits)


def _blank_after(frame: pd.DataFrame, columns: list[str], day: str) -> pd.DataFrame:
    frame = frame.copy()
    for column in columns:
        known = _known(frame[column], day)
        frame[column] = frame[column].where(known, "")
        study_day = f"{column.removesuffix('DTC')}DY"
        if study_day in frame:  # the day would give the date away
            frame[study_day] = frame[study_day].where(known)
    return frame.reset_index(drop=True)


def _supplements_of(supplement: pd.DataFrame, parent: pd.DataFrame) -> pd.DataFrame:
    if supplement.empty or "IDVAR" not in supplement:
        return supplement
    keep = supplement["IDVAR"] == ""
    for variable in sorted(set(supplement["IDVAR"]) - {""}):
        if variable in parent:
            keys = set(zip(parent["USUBJID"], key_text(parent[variable]), strict=True))
            rows = zip(supplement["USUBJID"], key_text(supplement["IDVARVAL"]), strict=True)
            keep |= (supplement["IDVAR"] == variable) & pd.Series(
                [row in keys for row in rows], index=supplement.index
            )
    return supplement[keep].reset_index(drop=True)


def key_text(values: pd.Series) -> pd.Series:
    """Return keys as text without a trailing ``.0``, so that 3, 3.0 and "3" are the same key."""
    return values.astype("str").str.strip().str.replace(r"\.0$", "", regex=True)


# What took place: records that say of themselves that nothing happened are no data of a subject.
#
# SDTM keeps the answer to a question that was asked beforehand: `--PRESP` Y with `--OCCUR` N is a
# medicine that wasn't taken, `--STAT` NOT DONE a sample that wasn't drawn, EXDOSE 0 an infusion that
# wasn't given.

_NOT_DONE = "NOT DONE"
_NO = ("N", "NO")
_YES = ("Y", "YES")
# SDTMIG 3.4, EXDOSE: a placebo is given with a dose of 0; of anything else 0 is nothing.
_WITHOUT_DOSE = r"PLACEBO|SHAM|VEHICLE|SALINE|DUMMY"


def keep_performed(trial: Trial) -> Trial:
    """Return the trial without records of what didn't take place, and without their supplements.

    Left out are records with ``--STAT`` NOT DONE, with ``--OCCUR`` N, those whose occurrence isn't known and
    that have no date (see ``is_unknown``), and in EX those with a dose of 0 of anything but a placebo.
    """
    domains = dict(trial.domains)
    for name, frame in trial.domains.items():
        gone = ~is_performed(name, frame)
        if gone.any():
            domains[name] = frame[~gone].reset_index(drop=True)
            supplement = f"SUPP{name}"
            if supplement in domains:
                domains[supplement] = _without(domains[supplement], frame[gone])
    return replace(trial, domains=domains)


def is_performed(name: str, frame: pd.DataFrame) -> pd.Series:
    """Tell of each record of a domain whether it says that something took place."""
    done = pd.Series(True, index=frame.index)
    if f"{name}STAT" in frame:
        done &= _plain(frame[f"{name}STAT"]) != _NOT_DONE
    if f"{name}OCCUR" in frame:
        undated = (_dates(name, frame) == "").all(axis=1)
        done &= ~_plain(frame[f"{name}OCCUR"]).isin(_NO) & ~(is_unknown(name, frame) & undated)
    if name == "EX" and {"EXDOSE", "EXTRT"} <= set(frame.columns):
        dose = pd.to_numeric(frame["EXDOSE"], errors="coerce")
        done &= (dose != 0) | _plain(frame["EXTRT"]).str.contains(_WITHOUT_DOSE, regex=True)
    return done


def is_unknown(name: str, frame: pd.DataFrame) -> pd.Series:
    """Tell of each record whether it was asked for beforehand and nobody knows whether it happened.

    ``--OCCUR`` U, or empty where ``--PRESP`` is Y; without the variable ``--OCCUR`` only what happened was
    recorded. With a date of its own such a record counts as having happened, without one it doesn't.
    """
    if f"{name}OCCUR" not in frame:
        return pd.Series(False, index=frame.index)
    occurred = _plain(frame[f"{name}OCCUR"])
    asked = pd.Series(False, index=frame.index)
    if f"{name}PRESP" in frame:
        asked = _plain(frame[f"{name}PRESP"]).isin(_YES)
    return ~occurred.isin([*_NO, *_YES]) & ((occurred != "") | asked)


def _dates(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    return frame[[date for date in (f"{name}STDTC", f"{name}ENDTC") if date in frame]]


def _plain(text: pd.Series) -> pd.Series:
    return text.astype("str").str.strip().str.upper()


def _without(supplement: pd.DataFrame, gone: pd.DataFrame) -> pd.DataFrame:
    """Leave out the supplements of records left out; one without a parent at all is another fault."""
    if not {"IDVAR", "IDVARVAL", "USUBJID"} <= set(supplement.columns):
        return supplement
    drop = pd.Series(False, index=supplement.index)
    values = key_text(supplement["IDVARVAL"])
    for variable in supplement["IDVAR"].unique():
        if variable in gone:
            keys = pd.MultiIndex.from_arrays([gone["USUBJID"], key_text(gone[variable])])
            rows = pd.MultiIndex.from_arrays([supplement["USUBJID"], values])
            drop |= (supplement["IDVAR"] == variable) & rows.isin(keys)
    return supplement[~drop].reset_index(drop=True)
