"""What must hold of trial data before anything is derived from them."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from itpcsr.errors import DataError
from itpcsr.sdtm.read import Trial
from itpcsr.study import Study

# Without these domains there are no subjects or no treatment, so there is no report.
REQUIRED_DOMAINS = ("DM", "EX")
# What the derivations read and can't do without, where the domain is there at all.
REQUIRED_COLUMNS = {
    "DM": ("STUDYID", "USUBJID", "ARMCD", "ARM", "AGE", "SEX"),
    "EX": ("USUBJID", "EXSEQ", "EXTRT", "EXDOSE", "EXSTDTC"),
    "AE": ("USUBJID", "AESEQ", "AETERM", "AEDECOD", "AEBODSYS", "AESTDTC", "AESER"),
    "LB": ("USUBJID", "LBSEQ", "LBTESTCD", "LBTEST", "LBSTRESN", "LBSTRESU", "LBDTC"),
    "VS": ("USUBJID", "VSSEQ", "VSTESTCD", "VSSTRESN", "VSSTRESU", "VSDTC"),
    "DS": ("USUBJID", "DSSEQ", "DSDECOD", "DSCAT", "DSSTDTC"),
    "MH": ("USUBJID", "MHSEQ", "MHTERM"),
    "CM": ("USUBJID", "CMSEQ", "CMTRT"),
    "PR": ("USUBJID", "PRSEQ", "PRTRT"),
    "SUPPAE": ("USUBJID", "RDOMAIN", "IDVAR", "IDVARVAL", "QNAM", "QVAL"),
}


def check_trial(trial: Trial, study: Study) -> None:
    """Stop on data from which no honest report can be made; all faults at once.

    Raises
    ------
    DataError
        A required domain or column is missing; a key isn't unique; a record's subject isn't in DM; DM
        names no arm of the study.
    """
    faults = [
        *_missing_domains(trial),
        *_missing_columns(trial),
    ] or [
        *_repeated_subjects(trial["DM"]),
        *_unknown_subjects(trial),
        *_repeated_keys(trial),
        *_no_known_arm(trial["DM"], study),
    ]
    if faults:
        raise DataError("The trial data can't be used:\n" + "\n".join(f"  {fault}" for fault in faults))


def _missing_domains(trial: Trial) -> list[str]:
    return [
        f"Domain {name} is missing; it is required. Found: {', '.join(sorted(trial.domains)) or 'nothing'}."
        for name in REQUIRED_DOMAINS
        if name not in trial
    ]


def _missing_columns(trial: Trial) -> list[str]:
    return [
        f"{trial.sources.get(name, name)}: domain {name} lacks {', '.join(missing)}."
        for name, required in REQUIRED_COLUMNS.items()
        if name in trial and (missing := [column for column in required if column not in trial[name]])
    ]


def _repeated_subjects(dm: pd.DataFrame) -> list[str]:
    twice = dm.loc[dm["USUBJID"].duplicated(), "USUBJID"].unique()
    return [f"DM: more than one record for {_some(twice)}; a subject has one."] if len(twice) else []


def _unknown_subjects(trial: Trial) -> list[str]:
    known = set(trial["DM"]["USUBJID"])
    return [
        f"{name}: records of {_some(strangers)}, who {'are' if len(strangers) > 1 else 'is'} not in DM."
        for name, frame in sorted(trial.domains.items())
        if "USUBJID" in frame and (strangers := sorted(set(frame["USUBJID"]) - known - {""}))
    ]


def _repeated_keys(trial: Trial) -> list[str]:
    faults = []
    for name, frame in sorted(trial.domains.items()):
        keys = ["USUBJID", f"{name}SEQ"]
        if set(keys) <= set(frame.columns):
            twice = frame.loc[frame.duplicated(keys), "USUBJID"].unique()
            if len(twice):
                faults.append(f"{name}: {name}SEQ stands twice for {_some(twice)}; it must be unique.")
    return faults


def _no_known_arm(dm: pd.DataFrame, study: Study) -> list[str]:
    codes = {arm.code for arm in study.design.arms}
    if dm.empty or dm["ARMCD"].isin(codes).any():
        return []
    return [
        f"DM: no subject's ARMCD is an arm of the study ({', '.join(sorted(codes))}); "
        f"found {_some(sorted(set(dm['ARMCD'])))}."
    ]


def _some(names: Iterable[str]) -> str:
    """List the first five names and say how many more there are."""
    names = list(names)
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
