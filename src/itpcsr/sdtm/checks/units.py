"""Units: what could not be converted to the unit that the report prints, and what is mixed."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from csrkit.sdtm.read import Trial
from itpcsr.sdtm.checks.findings import ERROR, WARNING, listed, overall, values
from itpcsr.sdtm.checks.keys import FINDINGS
from itpcsr.sdtm.checks.rules import PROTOCOL, REPORT, SDTM, rule
from itpcsr.sdtm.checks.tables import Tables
from itpcsr.sdtm.report_units import UnitFault, unit_faults
from itpcsr.study import Study


@rule("UNIT-01", ERROR, "Results that the report reads are in units that it can convert", REPORT)
def _other_units(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    trial = Trial({name: tables[name] for name in tables.names})
    faults = pd.DataFrame(unit_faults(trial, study), columns=UnitFault._fields)
    where = faults["domain"] + ": " + faults["variable"] + " of " + faults["subject"] + ": "
    yield faults.assign(message=where + faults["message"])


@rule("UNIT-02", ERROR, "Doses are in the study's unit", PROTOCOL, "EX.EXDOSE EX.EXDOSU")
def _other_dose_units(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    ex = tables.get("EX", "EXDOSE", "EXDOSU")
    other = ex["EXDOSE"].notna() & (ex["EXDOSU"].str.upper() != study.design.dose_unit.upper())
    text = f"the study's dose unit is {study.design.dose_unit}. Convert EXDOSE and EXDOSU."
    yield values("EX", ex[other], "EXDOSU", text)


@rule("UNIT-03", WARNING, "A test comes in one unit", SDTM)
def _several_units(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in FINDINGS:
        code, unit, result = f"{name}TESTCD", f"{name}STRESU", f"{name}STRESN"
        if all(tables.has(f"{name}.{variable}") for variable in (code, unit, result)):
            table = tables[name]
            ways = [code, *(f"{name}{part}" for part in ("SPEC", "CAT") if f"{name}{part}" in table)]
            pairs = (
                table.loc[table[result].notna(), [*ways, unit]].drop_duplicates().sort_values([*ways, unit])
            )
            for test, units in pairs[pairs.duplicated(ways, keep=False)].groupby(code)[unit]:
                shown = listed(map(repr, sorted(set(units))))
                sentence = f"{unit} of {test} is {shown}; one test has one unit. Convert what differs."
                yield overall(name, unit, f"{test}: {shown}", sentence)
