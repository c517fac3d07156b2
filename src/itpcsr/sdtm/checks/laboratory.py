"""Results: possible, in units that can be converted, and the same however they are written."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from csrkit.limits import constant, exceeds, span_of, write_limit
from csrkit.sdtm.read import Trial
from csrkit.sdtm.units import CUTOFF, read_titres, standard_limits
from itpcsr.sdtm.checks import known_labels
from itpcsr.sdtm.checks.keys import FINDINGS
from itpcsr.sdtm.checks.rules import (
    ERROR,
    IWG,
    NOTE,
    PROTOCOL,
    REALITY,
    REPORT,
    SDTM,
    WARNING,
    Tables,
    listed,
    overall,
    rule,
    sentences,
    values,
)
from itpcsr.sdtm.report_units import UnitFault, unit_faults
from itpcsr.study import Study

# Results: possible, and the same however they are written.

_PLAIN_NUMBER = r"[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?"
# Tests that the criteria grade by numbers, not by multiples of a limit, and the units of these numbers.
_GRADED_BY_NUMBER = {
    **dict.fromkeys(("PLAT", "WBC", "NEUT", "LYM"), ("10^9/L",)),
    **dict.fromkeys(("K", "SODIUM"), ("mmol/L",)),
    "HGB": ("g/L", "mmol/L"),
}
_CLOSE = 1e-6  # relative; files carry numbers in another base than they show
_ROUNDED = 0.05  # relative difference that rounding the original to a few digits can make
_LIMIT_ROUNDED = 0.005  # relative; limits are often rounded when units are converted


@rule("VAL-02", ERROR, "Platelet counts are possible", REALITY, "LB.LBTESTCD LB.LBSTRESN LB.LBSTRESU")
def _impossible_platelets(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.efficacy is not None:
        lb = tables.get("LB", "LBTESTCD", "LBSTRESN", "LBSTRESU")
        low, high = known_labels.PLATELETS
        counted = (lb["LBTESTCD"] == study.efficacy.platelet_test) & lb["LBSTRESU"].str.upper().isin(
            known_labels.COUNT_UNITS
        )
        wrong = lb[counted & ((lb["LBSTRESN"] < low) | (lb["LBSTRESN"] > high))]
        text = "no platelet count in 10^9/L that a person can have. Was it counted per µL? Correct it."
        yield values("LB", wrong, "LBSTRESN", text)


@rule("VAL-03", ERROR, "Weight and height are possible", REALITY, "VS.VSTESTCD VS.VSSTRESN VS.VSSTRESU")
def _impossible_bodies(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    vs = tables.get("VS", "VSTESTCD", "VSSTRESN", "VSSTRESU")
    for test, (low, high, unit) in known_labels.PERSON.items():
        own = vs[(vs["VSTESTCD"] == test) & (vs["VSSTRESU"].str.upper() == unit)]
        wrong = own[(own["VSSTRESN"] < low) | (own["VSSTRESN"] > high)]
        yield values("VS", wrong, "VSSTRESN", f"{test} is {low:g} to {high:g} {unit.lower()}. Correct it.")


@rule("VAL-04", WARNING, "Other results are possible", REALITY)
def _impossible_results(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in ("LB", "VS"):
        code, result, unit = f"{name}TESTCD", f"{name}STRESN", f"{name}STRESU"
        if not all(tables.has(f"{name}.{variable}") for variable in (code, result, unit)):
            continue
        table = tables.get(name, code, result, unit)
        for (domain, test), (low, high, units) in known_labels.POSSIBLE.items():
            if domain == name:
                own = table[(table[code] == test) & ((table[result] < low) | (table[result] > high))]
                wrong = own[own[unit].str.upper().isin(units)]
                yield values(
                    name, wrong, result, f"{test} lies in {low:g} to {high:g} {{{unit}}}. Correct it."
                )


@rule("VAL-05", WARNING, "Concentrations, percentages and counts aren't negative", REALITY)
def _negative_results(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in ("PC", "CP", "IS", "MB"):
        result = f"{name}STRESN"
        if tables.has(f"{name}.{result}"):
            table = tables.get(name, f"{name}TESTCD", result)
            wrong = table[table[result] < 0]
            yield values(name, wrong, result, f"{{{name}TESTCD}} can't be negative. Correct it.")


@rule("VAL-06", WARNING, "Percentages are 0 to 100", REALITY, "CP.CPSTRESN CP.CPSTRESU")
def _impossible_percentages(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    cp = tables.get("CP", "CPTESTCD", "CPSTRESN", "CPSTRESU")
    wrong = cp[(cp["CPSTRESU"] == "%") & (cp["CPSTRESN"] > 100)]
    yield values("CP", wrong, "CPSTRESN", "{CPTESTCD} is a percentage. Correct value or unit.")


@rule("VAL-07", WARNING, "A result's number is its text", SDTM)
def _other_numbers(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in FINDINGS:
        number, text = f"{name}STRESN", f"{name}STRESC"
        if tables.has(f"{name}.{number}") and tables.has(f"{name}.{text}"):
            table = tables.get(name, number, text)
            written = to_numbers(table[text])
            wrong = table[_apart(written, table[number], _CLOSE) | (written.notna() & table[number].isna())]
            sentence = f"but {text} is {{{text}!r}}. The number is used; correct one of them."
            yield values(name, wrong, number, sentence)


@rule("VAL-08", WARNING, "In the same unit, the standard result is the original one", SDTM)
def _other_originals(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in FINDINGS:
        parts = ("STRESN", "ORRES", "STRESU", "ORRESU")
        number, original, unit, was = (f"{name}{part}" for part in parts)
        if all(tables.has(f"{name}.{variable}") for variable in (number, original, unit, was)):
            table = tables.get(name, number, original, unit, was)
            wrong = table[
                (table[unit] == table[was]) & _apart(to_numbers(table[original]), table[number], _ROUNDED)
            ]
            sentence = f"but {original} is {{{original}!r}} in the same unit. Correct one of them."
            yield values(name, wrong, number, sentence)


def to_numbers(text: pd.Series) -> pd.Series:
    """Return texts that are plain numbers as numbers, NaN for all others; each text is looked at once."""
    codes, unique = pd.factorize(text)
    different = pd.Series(unique, dtype="str")
    numbers = pd.to_numeric(different.where(different.str.fullmatch(_PLAIN_NUMBER)), errors="coerce")
    return pd.Series(numbers.astype("float64").to_numpy()[codes], index=text.index)


def _apart(first: pd.Series, second: pd.Series, tolerance: float) -> pd.Series:
    return (first - second).abs() > tolerance * first.abs().clip(lower=1e-9)


@rule("VAL-09", WARNING, "A reference range rises", SDTM, "LB.LBSTNRLO LB.LBSTNRHI")
def _reversed_ranges(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    lb = tables.get("LB", "LBTESTCD", "LBSTNRLO", "LBSTNRHI")
    wrong = lb[lb["LBSTNRLO"] > lb["LBSTNRHI"]]
    yield values(
        "LB", wrong, "LBSTNRLO", "above the upper limit of {LBTESTCD}, {LBSTNRHI:g}. Correct the range."
    )


@rule(
    "VAL-10", WARNING, "The reference range indicator follows from the range", SDTM, "LB.LBNRIND LB.LBSTRESN"
)
def _other_indicators(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    lb = tables.get("LB", "LBTESTCD", "LBSTRESN", "LBSTNRLO", "LBSTNRHI", "LBNRIND")
    low = lb["LBSTRESN"] < lb["LBSTNRLO"] * (1 - _LIMIT_ROUNDED)
    high = lb["LBSTRESN"] > lb["LBSTNRHI"] * (1 + _LIMIT_ROUNDED)
    not_low, not_high = lb["LBSTRESN"] > lb["LBSTNRLO"], lb["LBSTRESN"] < lb["LBSTNRHI"]
    said = lb["LBNRIND"].str.upper()
    ranged = lb["LBSTRESN"].notna() & lb["LBSTNRLO"].notna() & lb["LBSTNRHI"].notna()
    normal_said, high_said, low_said = (
        said == "NORMAL",
        said.str.startswith("HIGH"),
        said.str.startswith("LOW"),
    )
    wrong = (normal_said & (low | high)) | (high_said & not_high) | (low_said & not_low)
    text = "but {LBTESTCD} is {LBSTRESN:g}, and the range {LBSTNRLO:g} to {LBSTNRHI:g}. Correct one of them."
    yield values("LB", lb[wrong & ranged], "LBNRIND", text)


@rule("VAL-11", NOTE, "Platelet counts are numbers", REPORT, "LB.LBTESTCD LB.LBSTRESN LB.LBSTRESC")
def _counts_in_words(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.efficacy is not None:
        lb = tables.get("LB", "LBTESTCD", "LBSTRESN", "LBSTRESC", "LBORRES", "LBORRESU", "LBSTRESU")
        limited = standard_limits(lb, "LB") != ""
        own = (lb["LBTESTCD"] == study.efficacy.platelet_test) & lb["LBSTRESN"].isna() & ~limited
        words = lb[own & (lb["LBSTRESC"] != "") & to_numbers(lb["LBSTRESC"]).isna()]
        yield values("LB", words, "LBSTRESC", "a platelet count that is no number and is left out.")


@rule("VAL-20", NOTE, "A laboratory test comes from one specimen", SDTM, "LB.LBTESTCD LB.LBSPEC")
def _several_specimens(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    lb = tables.get("LB", "LBTESTCD", "LBSPEC")
    pairs = lb[lb["LBSPEC"] != ""].drop_duplicates(["LBTESTCD", "LBSPEC"])
    for test, rows in pairs.groupby("LBTESTCD", sort=True):
        if len(rows) > 1:
            shown = listed(sorted(rows["LBSPEC"]))
            text = (
                f"LBSPEC of {test} is {shown}; what isn't blood, serum or plasma is a parameter of its own, "
                "with its own baseline and without grade."
            )
            yield overall("LB", "LBSPEC", f"{test}: {shown}", text)


@rule(
    "UNIT-04",
    WARNING,
    "Values graded by numbers are in the unit of the criteria",
    REPORT,
    "LB.LBTESTCD LB.LBSTRESU",
)
def _ungraded_units(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.laboratory.toxicity_criteria:
        lb = tables.get("LB", "LBTESTCD", "LBSTRESN", "LBSTRESU", "LBSPEC")
        lb = lb[lb["LBSTRESN"].notna() & ~lb["LBSPEC"].str.upper().isin(["URINE"])]
        for test, units in _GRADED_BY_NUMBER.items():
            other = lb[(lb["LBTESTCD"] == test) & ~lb["LBSTRESU"].isin(units)]
            for unit in sorted(set(other["LBSTRESU"])):
                criteria = study.laboratory.toxicity_criteria
                text = (
                    f"{test} is in {unit!r}, but {criteria} grades it in {units[0]}; these values have no "
                    "grade. Convert them by a mapping file or in the data."
                )
                yield overall("LB", "LBSTRESU", f"{test}: {unit}", text)


@rule("VAL-12", NOTE, "A sample has results", SDTM)
def _no_results(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in FINDINGS:
        number, text = f"{name}STRESN", f"{name}STRESC"
        if tables.has(f"{name}.{text}"):
            table = tables.get(name, f"{name}TESTCD", number, text, f"{name}ORRES", f"{name}STAT")
            empty = (table[[text, f"{name}ORRES", f"{name}STAT"]] == "").all(axis=1) & table[number].isna()
            sentence = (
                "{variable} is empty in {records} record(s) of {subject}{where}, and nothing says NOT DONE."
            )
            yield sentences(name, table[empty], text, sentence)


# Results that are only known to lie beyond a limit (`<5`, `>2000`): which there are, how they count.

_OF_LABORATORY = "It counts where that decides (grade, status, response, baseline), and is left out of means"
_OF_VITALS = "It is left out: of baseline, means and changes"
_OF_RATIOS = "It is positive or negative where the limit decides, and the limit is taken as its ratio"
_OF_TITRES = "The highest dilution is taken as its value; a rise that depends on it counts as not known"


def limited(tables: Tables, name: str) -> pd.DataFrame:
    """Return the results of a domain with ``limit`` (``<5``), "" for those that are no limit."""
    return tables.once(f"limits of {name}", lambda: _limited(tables, name))


def _limited(tables: Tables, name: str) -> pd.DataFrame:
    parts = ("TESTCD", "STRESN", "STRESC", "ORRES", "ORRESU", "STRESU", "DTC")
    table = tables.get(name, *(f"{name}{part}" for part in parts))
    return table.assign(limit=standard_limits(table, name))


@rule("VAL-18", NOTE, "Results lie within the measuring range", REPORT)
def _beyond_the_range(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in ("LB", "VS", "CP", "IS"):
        if tables.has(f"{name}.{name}TESTCD"):
            table = limited(tables, name)
            if name == "IS":
                table = table.assign(limit=table["limit"].mask(table["limit"] == "", _highest(table, study)))
            known = (table["limit"] != "") | table[f"{name}STRESN"].notna()
            numbers = table[known].groupby(f"{name}TESTCD")["limit"].size()
            for test, rows in table[table["limit"] != ""].groupby(f"{name}TESTCD", sort=True):
                yield from _told(study, name, str(test), rows, int(numbers[test]))


def _told(study: Study, name: str, test: str, rows: pd.DataFrame, number: int) -> Iterator[pd.DataFrame]:
    """Yield how the limits of one test count: by subject, and once for a marker, by the study's own rule."""
    share = f"({len(rows)} of {number} results of this test)"
    if fate := _fate(study, name, test):
        text = f"{test} of {{{name}DTC}} is only known to be {{limit}} {{{name}STRESU}}. {fate} {share}."
        yield values(name, rows, f"{name}STRESC", text)
    if _is_marker(study, name, test):
        text = (
            f"results of {test} that are only known to lie beyond a limit: {len(rows)} of {number}. In means "
            f"of markers {study.immune.below_limit_factor:g} times the limit replaces a value below it, and "
            "the limit for a value above it."
        )
        yield overall(name, f"{name}STRESC", test, text)


def _highest(table: pd.DataFrame, study: Study) -> pd.Series:
    """Return titres above the highest dilution as limits, "" for all else; ``<1:10`` is a negative result."""
    donor = [test.code for test in study.antibody.antibody_tests if test.kind == "donor"]
    said = table["ISSTRESC"].where(table["ISSTRESC"].str.strip() != "", table["ISORRES"])
    titres = read_titres(said.where(table["ISTESTCD"].isin(donor), ""))
    above = titres["sign"] == ">"
    return titres["value"].map(lambda value: write_limit(">", value)).where(above, "").astype("str")


def _is_marker(study: Study, name: str, test: str) -> bool:
    return any(marker.domain == name and marker.code == test for marker in study.markers)


def _fate(study: Study, name: str, test: str) -> str:
    """Say how a limit counts beside the means of markers; "" where no other dataset takes the test."""
    if name == "IS":
        kinds = {antibody.code: antibody.kind for antibody in study.antibody.antibody_tests}
        return {"donor": _OF_TITRES, "autoantibody": _OF_RATIOS}.get(kinds.get(test, ""), "")
    if name == "LB" and not _is_marker(study, name, test):
        return _OF_LABORATORY
    return _OF_VITALS if name == "VS" else ""


@rule(
    "VAL-19",
    WARNING,
    "A platelet count beyond the range is above or below the response count",
    IWG,
    "LB.LBTESTCD LB.LBSTRESC",
)
def _undecided_counts(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.efficacy is not None:
        lb = limited(tables, "LB")
        lb = lb[lb["LBTESTCD"] == study.efficacy.platelet_test]
        text = (
            f"whether the count of {{LBDTC}} reaches {study.efficacy.response_count:g} isn't known. "
            "A response that hangs on it is not evaluable. Give the number if the laboratory has it."
        )
        yield values("LB", lb[_undecided(lb, study.efficacy.response_count)], "LBSTRESC", text)


@rule("IS-04", WARNING, "A ratio beyond the range is above or below the cut-off", REPORT, "IS.ISTESTCD")
def _undecided_ratios(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    codes = [test.code for test in study.antibody.antibody_tests if test.kind == "autoantibody"]
    table = limited(tables, "IS")
    table = table[table["ISTESTCD"].isin(codes)]
    words = read_titres(table["ISSTRESC"])["word"] + read_titres(table["ISORRES"])["word"]
    text = (
        f"whether the ratio of {{ISTESTCD}} on {{ISDTC}} reaches the cut-off of {CUTOFF:g} isn't known, so "
        "the sample has no result. Give the number, or POSITIVE or NEGATIVE."
    )
    yield values("IS", table[_undecided(table, CUTOFF) & (words == "")], "ISSTRESC", text)


def _undecided(table: pd.DataFrame, limit: float) -> pd.Series:
    spans = span_of(table.assign(number=float("nan")), "number", "limit")
    sure, may = exceeds(spans, constant(limit, len(table)), equal=True)
    return pd.Series(may & ~sure, index=table.index)


@rule("PC-13", WARNING, "Concentrations lie below the upper limit of the assay", REPORT, "PC.PCTESTCD")
def _above_the_assay(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    pc = limited(tables, "PC")
    above = pc["limit"].str.startswith(">") & (pc["PCTESTCD"] == study.sampling.concentration_test)
    text = (
        f"the concentration of {{PCDTC}} is only known to be {{limit}} {{PCSTRESU}}. It is left out "
        f"({int(above.sum())} samples in all), so maximum and area may be too low. Give the number after "
        "dilution if there is one."
    )
    yield values("PC", pc[above], "PCSTRESC", text)


# Units: what could not be converted to the unit that the report prints, and what is mixed.


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
