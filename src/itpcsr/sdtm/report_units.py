"""Standard results in the units that the report prints, and those that can't be had in them."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pandas as pd

from csrkit.errors import DataError
from csrkit.sdtm.read import Trial
from csrkit.sdtm.units import COUNT, conversion, in_units, is_known, of_test
from itpcsr.study import Study

# Test by domain to the unit of its standard results. Platelets and concentrations come from the study.
_WANTED = {
    "LB": {
        **dict.fromkeys(("PLAT", "WBC", "NEUT", "LYM", "MONO", "EOS", "BASO"), COUNT),
        **dict.fromkeys(("ALT", "AST", "ALP", "GGT"), "U/L"),
        **dict.fromkeys(("BILI", "CREAT"), "umol/L"),
        **dict.fromkeys(("K", "SODIUM"), "mmol/L"),
        "RBC": "10^12/L",
        "HGB": "g/L",
    },
    "VS": {"WEIGHT": "kg", "HEIGHT": "cm", "TEMP": "C"},
}
# Tests that a derivation reads by value: another unit than the one wanted is always a fault.
_NEEDED = {"VS": {"WEIGHT", "HEIGHT"}}


class UnitFault(NamedTuple):
    """A result whose unit the report can't use: where it stands, and the sentence that says what to do."""

    domain: str
    subject: str
    variable: str
    value: str
    message: str


def standardise_units(trial: Trial, study: Study) -> Trial:
    """Return the trial with standard results in the units that the report prints.

    ``--STRESN`` with its limits (``--STNRLO``, ``--STNRHI``, ``--LLOQ``, ``--ULOQ``), ``--STRESC`` and
    ``--STRESU`` of the tests that the report reads are converted; spellings of the same unit become one
    (``10*9/L`` is ``10^9/L``). What was recorded (``--ORRES``, ``--ORRESU``) stays. A value whose unit
    can't be converted stays as it is: ``unit_faults`` names it.
    """
    wanted = _wanted(study)
    converted = {
        domain: in_units(trial[domain], domain, tests)
        for domain, tests in wanted.items()
        if {f"{domain}TESTCD", f"{domain}STRESU"} <= set(trial[domain].columns)
    }
    return replace(trial, domains={**trial.domains, **converted})


def unit_faults(trial: Trial, study: Study) -> list[UnitFault]:
    """Return, once per subject and unit, the standard results that a standardised trial has in other units.

    Other units of the tests that a derivation reads by value (platelets, weight, height, concentrations)
    are always a fault. Those of other tests are one if their spelling is unknown or the test comes in
    several units; a test that comes throughout in one known unit of another kind (mg/dL for umol/L) isn't.
    """
    faults: list[UnitFault] = []
    for domain, tests in _wanted(study).items():
        frame = trial[domain]
        columns = [f"{domain}TESTCD", "USUBJID", f"{domain}STRESN", f"{domain}STRESU"]
        if set(columns) <= set(frame.columns):
            rows = frame.loc[frame[columns[2]].notna() & frame[columns[0]].isin(list(tests)), columns]
            for test, values in rows.groupby(columns[0]):
                faults += _faults_of(values, domain, str(test), tests[str(test)], study)
    return faults


def list_units(trial: Trial, study: Study) -> pd.DataFrame:
    """Return domain, test and unit as found, the number of results, and what the unit is understood as.

    ``trial`` is as read, before its units are converted. ``understood`` is the unit that the report prints
    where it can be converted; else it says that the unit isn't known, or that nothing is converted.
    """
    wanted = _wanted(study)
    rows = []
    for domain in sorted(trial.domains):
        columns = [f"{domain}TESTCD", f"{domain}STRESU"]
        if not set(columns) <= set(trial[domain].columns):
            continue
        for (test, unit), records in trial[domain].groupby(columns, sort=True):
            target = wanted.get(domain, {}).get(str(test), "")
            rows.append((domain, test, unit, len(records), _understood(str(unit), str(test), target)))
    return pd.DataFrame(rows, columns=["domain", "test", "unit", "records", "understood"])


def _understood(unit: str, test: str, target: str) -> str:
    if not unit:
        return "no unit"
    if not target:
        return "known; not converted" if is_known(of_test(unit, test)) else "not known; not converted"
    try:
        factor, offset = conversion(of_test(unit, test), target)
    except DataError:
        return f"not converted to {target}" if is_known(unit) else "not known"
    if (factor, offset) == (1.0, 0.0):
        return target
    return f"{target}, times {factor:g}" + (f" plus {offset:g}" if offset else "")


def _wanted(study: Study) -> dict[str, dict[str, str]]:
    wanted = {domain: dict(tests) for domain, tests in _WANTED.items()}
    if study.efficacy is not None:
        wanted["LB"][study.efficacy.platelet_test] = COUNT
    if study.sampling.concentration_test and study.sampling.concentration_unit:
        wanted["PC"] = {study.sampling.concentration_test: study.sampling.concentration_unit}
    return wanted


def _faults_of(rows: pd.DataFrame, domain: str, test: str, target: str, study: Study) -> list[UnitFault]:
    unit = f"{domain}STRESU"
    needed = test in _NEEDED.get(domain, ()) or domain == "PC"
    needed = needed or (study.efficacy is not None and (domain, test) == ("LB", study.efficacy.platelet_test))
    mixed = rows[unit].nunique() > 1
    other = rows[rows[unit] != target].drop_duplicates(["USUBJID", unit])
    return [
        UnitFault(domain, subject, unit, found, f"{test} {_reason(found, target)}.")
        for subject, found in zip(other["USUBJID"], other[unit], strict=True)
        if needed or mixed or not is_known(found)
    ]


def _reason(unit: str, target: str) -> str:
    if not unit:
        return f"has a value without unit; give it in {target}"
    try:
        conversion(unit, target)
    except DataError as error:
        return str(error)
    return f"is in {unit!r}; {target} is expected"
