"""What took place: records that say of themselves that nothing happened are no data of a subject.

SDTM keeps the answer to a question that was asked beforehand: ``--PRESP`` Y with ``--OCCUR`` N is a medicine
that wasn't taken, ``--STAT`` NOT DONE a sample that wasn't drawn, EXDOSE 0 an infusion that wasn't given.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from csrkit.sdtm.read import Trial
from csrkit.sdtm.select import key_text

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
