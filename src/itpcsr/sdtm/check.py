"""What must hold of trial data before anything is derived from them."""

from __future__ import annotations

import re
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
# The same count of cells per volume by other names; none of them needs a conversion.
_COUNT_UNITS = {"10^9/L", "10*9/L", "G/L", "GI/L", "10^3/UL", "10*3/UL", "K/UL", "10E9/L", "10E3/UL"}
GRADE = r"(?:GRADE\s*)?[1-5]"  # a CTCAE grade, with or without the word
_SEVERITIES = {"AETOXGR": "the grades 1 to 5", "AESEV": "MILD, MODERATE and SEVERE"}
# Complete or partial dates with or without time; a hyphen stands for an unknown part. Times are local: one
# with a time zone couldn't be compared with one without.
_ISO_8601 = re.compile(
    r"^(?:|(?:\d{4}|-)(?:-(?:\d{2}|-)(?:-(?:\d{2}|-))?)?"
    r"|\d{4}-\d{2}-\d{2}T(?:\d{2}|-)(?::(?:\d{2}|-)(?::\d{2}(?:\.\d+)?)?)?)$"
)


def check_trial(trial: Trial, study: Study) -> None:
    """Stop on data from which no honest report can be made; all faults at once.

    Raises
    ------
    DataError
        A required domain or column is missing; a key isn't unique; a record's subject isn't in DM; a
        treated subject has no arm of the study; a date isn't ISO 8601; an administration has no complete
        date; a unit or a severity isn't one that the derivations can read.
    """
    faults = [
        *_missing_domains(trial),
        *_missing_columns(trial),
    ] or [
        *_repeated_subjects(trial["DM"]),
        *_unknown_subjects(trial),
        *_repeated_keys(trial),
        *_no_known_arm(trial["DM"], study),
        *_treated_without_arm(trial, study),
        *_unreadable_dates(trial),
        *_faulty_doses(trial["EX"]),
        *_other_answers(trial),
        *_several_studies(trial["DM"]),
        *_other_units(trial, study),
        *_unknown_severity(trial["AE"], study),
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
        if "USUBJID" in frame and (strangers := sorted(set(frame["USUBJID"]) - known))
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


def _treated_without_arm(trial: Trial, study: Study) -> list[str]:
    codes = {arm.code for arm in study.design.arms}
    dm = trial["DM"]
    stray = dm[dm["USUBJID"].isin(trial["EX"]["USUBJID"]) & ~dm["ARMCD"].isin(codes)]
    if stray.empty:
        return []
    named = _some(f"{name} ({arm!r})" for name, arm in zip(stray["USUBJID"], stray["ARMCD"], strict=True))
    return [
        f"DM: {named} got treatment in EX, but ARMCD is no arm of the study ({', '.join(sorted(codes))})."
    ]


def _unreadable_dates(trial: Trial) -> list[str]:
    return [
        f"{name}: {column} of {_some(wrong['USUBJID'])} is {_some(map(repr, wrong[column]))}; "
        "dates are ISO 8601 in local time, e.g. 2020-03-10T08:30, 2020-03-10 or 2020-03."
        for name, frame in sorted(trial.domains.items())
        if "USUBJID" in frame
        for column in frame.columns.astype(str)
        if column.endswith("DTC") and len(wrong := frame[~_is_date(frame[column])])
    ]


def _is_date(text: pd.Series) -> pd.Series:
    """True for ISO 8601 dates, partial ones included, that the calendar has."""
    days = text.str[:10].where(text.str.match(r"^\d{4}-\d{2}-\d{2}"))
    exists = pd.to_datetime(days, format="%Y-%m-%d", errors="coerce").notna() | days.isna()
    return text.str.match(_ISO_8601) & exists


def _faulty_doses(ex: pd.DataFrame) -> list[str]:
    starts, ends = ex["EXSTDTC"].str[:10], ex.get("EXENDTC", ex["EXSTDTC"]).str[:10]
    faults = {
        "EXSTDTC is no complete date; study days can't be counted": starts.str.len() < 10,
        "EXENDTC lies before EXSTDTC": (starts.str.len() == 10) & (ends.str.len() == 10) & (ends < starts),
        "EXDOSE is negative": ex["EXDOSE"] < 0,
    }
    return [
        f"EX: {fault} ({_some(ex.loc[wrong, 'USUBJID'].unique())})."
        for fault, wrong in faults.items()
        if wrong.any()
    ]


def _other_answers(trial: Trial) -> list[str]:
    """Yes-or-no variables hold Y, N or nothing: "Yes" would silently count as no."""
    wanted = [("AE", "AESER"), ("AE", "AESDTH"), ("EX", "EXOCCUR")]
    faults = []
    for domain, variable in wanted:
        frame = trial[domain]
        if variable in frame and len(wrong := frame[~frame[variable].isin(["Y", "N", ""])]):
            found = _some(map(repr, sorted(set(wrong[variable]))))
            faults.append(f"{domain}: {variable} of {_some(wrong['USUBJID'].unique())} is {found}; Y or N.")
    supplement = trial["SUPPAE"]
    if len(supplement):
        flags = supplement[supplement["QNAM"].isin(["AEDLT", "AEINFRN"])]
        if len(wrong := flags[~flags["QVAL"].isin(["Y", "N"])]):
            found = _some(map(repr, sorted(set(wrong["QVAL"]))))
            faults.append(f"SUPPAE: QVAL of {_some(wrong['QNAM'].unique())} is {found}; Y or N.")
    return faults


def _several_studies(dm: pd.DataFrame) -> list[str]:
    studies = sorted(set(dm["STUDYID"]))
    return [f"DM: holds several studies ({_some(studies)}). Keep one."] if len(studies) > 1 else []


def _other_units(trial: Trial, study: Study) -> list[str]:
    """Values are never converted, so each has to come in the unit that the report prints."""
    wanted = [
        ("VS", "VSTESTCD", "WEIGHT", "VSSTRESN", "VSSTRESU", {"KG"}),
        ("VS", "VSTESTCD", "HEIGHT", "VSSTRESN", "VSSTRESU", {"CM"}),
    ]
    if study.efficacy is not None:
        test = study.efficacy.platelet_test
        wanted.append(("LB", "LBTESTCD", test, "LBSTRESN", "LBSTRESU", _COUNT_UNITS))
    faults = []
    for domain, code, test, result, unit, allowed in wanted:
        if domain in trial:
            frame = trial[domain]
            rows = frame[(frame[code] == test) & frame[result].notna()]
            other = rows[~rows[unit].str.upper().isin(allowed)]
            if len(other):
                found = _some(map(repr, sorted(set(other[unit]))))
                faults.append(
                    f"{domain}: {test} of {_some(other['USUBJID'].unique())} is in {found}; "
                    f"needed is one of {', '.join(sorted(allowed))}. Convert {result} and {unit}."
                )
    ex = trial["EX"]
    if "EXDOSU" in ex:
        units = sorted(set(ex.loc[ex["EXDOSE"].notna(), "EXDOSU"]))
        if any(unit.upper() != study.design.dose_unit.upper() for unit in units):
            faults.append(f"EX: EXDOSU is {_some(units)}; the study's dose unit is {study.design.dose_unit}.")
    return faults


def _unknown_severity(ae: pd.DataFrame, study: Study) -> list[str]:
    variable = study.safety.severity_variable
    if variable not in ae:
        return []
    pattern = f"^$|^{GRADE}$" if variable == "AETOXGR" else "^$|^MILD$|^MODERATE$|^SEVERE$"
    wrong = ae[~ae[variable].str.match(pattern)]
    if wrong.empty:
        return []
    found = _some(map(repr, sorted(set(wrong[variable]))))
    who = _some(wrong["USUBJID"].unique())
    return [f"AE: {variable} of {who} is {found}; allowed are {_SEVERITIES[variable]}."]


def _some(names: Iterable[str]) -> str:
    """List the first five names and say how many more there are."""
    names = list(names)
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
