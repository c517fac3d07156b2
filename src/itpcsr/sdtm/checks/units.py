"""Units: values aren't converted here, so each has to come in the unit that the report prints."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from itpcsr.sdtm.checks import terms
from itpcsr.sdtm.checks.findings import ERROR, WARNING, listed, overall, values
from itpcsr.sdtm.checks.keys import FINDINGS
from itpcsr.sdtm.checks.rules import PROTOCOL, REPORT, SDTM, rule
from itpcsr.sdtm.checks.tables import Tables
from itpcsr.study import Study


@rule("UNIT-01", ERROR, "Platelets, weight and height are in the report's units", REPORT)
def _other_units(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, test, allowed in _wanted(study):
        result, unit, code = f"{name}STRESN", f"{name}STRESU", f"{name}TESTCD"
        if all(tables.has(f"{name}.{variable}") for variable in (result, unit, code)):
            table = tables.get(name, code, result, unit)
            rows = table[(table[code] == test) & table[result].notna()]
            other = rows[~rows[unit].str.upper().isin(allowed)]
            text = f"{test} needs one of {', '.join(sorted(allowed))}. Convert {result} and {unit}."
            yield values(name, other, unit, text)


def _wanted(study: Study) -> list[tuple[str, str, frozenset[str]]]:
    wanted = [("VS", test, frozenset({unit})) for test, (_, _, unit) in terms.PERSON.items()]
    if study.efficacy is not None:
        wanted.append(("LB", study.efficacy.platelet_test, terms.COUNT_UNITS))
    return wanted


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


@rule(
    "UNIT-04",
    ERROR,
    "Concentrations are in the study's unit",
    PROTOCOL,
    "PC.PCSTRESN PC.PCSTRESU PC.PCTESTCD",
)
def _other_concentration_units(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    wanted = study.sampling.concentration_unit
    if wanted:
        pc = tables.get("PC", "PCTESTCD", "PCSTRESN", "PCSTRESU")
        own = pc["PCSTRESN"].notna() & (pc["PCTESTCD"] == study.sampling.concentration_test)
        other = pc[own & (pc["PCSTRESU"].str.upper() != wanted.upper())]
        yield values("PC", other, "PCSTRESU", f"the study's unit is {wanted}. Convert PCSTRESN and PCSTRESU.")
