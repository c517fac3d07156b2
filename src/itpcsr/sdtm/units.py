"""Units: what their spellings mean, and standard results in the units that the report prints.

Spellings stand in an explicit table; the arithmetic is pint's. What a spelling means never depends on the
test: ``G/L`` is 10^9 per litre and ``g/L`` gram per litre. Amounts of substance (mol) and masses are never
converted into each other, since no molar mass is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from itpcsr.errors import DataError
from itpcsr.limits import split_limit, write_limit
from itpcsr.study import Study

if TYPE_CHECKING:
    from itpcsr.sdtm.read import Trial

_COUNT = "10^9/L"
# Test by domain to the unit of its standard results. Platelets and concentrations come from the study.
_WANTED = {
    "LB": {
        **dict.fromkeys(("PLAT", "WBC", "NEUT", "LYM", "MONO", "EOS", "BASO"), _COUNT),
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
_NUMBERS = ("STRESN", "STNRLO", "STNRHI", "LLOQ", "ULOQ")
_PLAIN = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")

_VOLUMES = {
    "L": "L", "dL": "dL", "mL": "mL", "uL": "uL", "mcL": "uL", "nL": "nL",
    "mm3": "uL", "mm^3": "uL", "cumm": "uL", "cmm": "uL",
}  # fmt: skip
_MASSES = {
    "kg": "kg",
    "g": "g",
    "gm": "g",
    "mg": "mg",
    "ug": "ug",
    "mcg": "ug",
    "ng": "ng",
    "pg": "pg",
    "fg": "fg",
}
_AMOUNTS = ("mol", "mmol", "umol", "nmol", "pmol", "fmol")
# Enzyme units; international units of other substances are their own kind, with no factor between them.
_ACTIVITIES = {
    "U": "U", "kU": "kU", "mU": "mU", "uU": "uU", "IU": "IU", "kIU": "kIU", "mIU": "mIU", "uIU": "uIU",
    "kat": "kat", "mkat": "mkat", "ukat": "ukat", "nkat": "nkat",
}  # fmt: skip
# Counts with a letter or word for the power of ten; with litres alone where G or T could be read otherwise.
_COUNTS = {
    "G/L": "1e9/L", "GI/L": "1e9/L", "Gpt/L": "1e9/L", "T/L": "1e12/L", "TI/L": "1e12/L", "Tpt/L": "1e12/L",
    "Mpt/L": "1e6/L", "GIGA/L": "1e9/L", "BIL/L": "1e9/L", "BILL/L": "1e9/L", "BILLION/L": "1e9/L",
    "TERA/L": "1e12/L",
    **{f"{word}/{volume}": f"{power}/uL"
       for (word, power), volume in product(
           {"K": "1e3", "THOU": "1e3", "千": "1e3", "万": "1e4", "M": "1e6", "MILL": "1e6"}.items(),
           ("uL", "mcL", "mm3", "mm^3", "cumm", "cmm"))},
}  # fmt: skip
_OTHERS = {
    "lb": "lb", "lbs": "lb", "pound": "lb", "pounds": "lb", "oz": "oz",
    "cm": "cm", "m": "m", "mm": "mm", "in": "inch", "inch": "inch", "inches": "inch", "ft": "foot",
    "C": "degC", "°C": "degC", "℃": "degC", "degC": "degC", "Cel": "degC",
    "F": "degF", "°F": "degF", "℉": "degF", "degF": "degF",
    "%": "percent", "FRACTION": "dimensionless", "RATIO": "dimensionless", "1": "dimensionless",
    "mmHg": "mmHg", "kPa": "kPa", "fL": "fL",
    "g/l": "g/L",  # in small letters it can't be 10^9 per litre
    "BEATS/MIN": "1/min", "BREATHS/MIN": "1/min", "bpm": "1/min", "/min": "1/min",
}  # fmt: skip


def _spellings() -> Iterator[tuple[str, str]]:
    yield from _COUNTS.items()
    yield from _OTHERS.items()
    yield from _MASSES.items()
    for volume, meaning in _VOLUMES.items():
        for power, cells in product(
            ("", "1", "#", *(f"10^{n}" for n in range(1, 13))), ("", "cells", "cell")
        ):
            factor = f"1e{power[3:]}" if power.startswith("10^") else "1"
            yield f"{power}{cells}/{volume}", f"{factor}/{meaning}"
        for mass, unit in _MASSES.items():
            yield f"{mass}/{volume}", f"{unit}/{meaning}"
        for unit in _AMOUNTS:
            yield f"{unit}/{volume}", f"{unit}/{meaning}"
        for unit, what in _ACTIVITIES.items():
            yield f"{unit}/{volume}", f"{what}/{meaning}"
    for n in range(1, 10):
        yield f"10^{n}cells/kg", f"1e{n}/kg"
        yield f"10^{n}/kg", f"1e{n}/kg"


_SPELLINGS = dict(_spellings())
# In capitals, as much of SDTM is written; where two spellings then are one, neither is taken.
_FOLDED: dict[str, str | None] = {}
for _text, _meaning in _SPELLINGS.items():
    _FOLDED[_text.casefold()] = _meaning if _FOLDED.get(_text.casefold(), _meaning) == _meaning else None

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_POWER = re.compile(r"^(?:[xX×*]?10(?:(?:\^|\*\*?|[eE]\+?)(\d+)|\((\d+)\))|1[eE]\+?(\d+))")
# Full-width letters, digits and signs of East Asian keyboards, and a slash that looks like one.
_FULL_WIDTH: dict[int, int | str] = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    0x3000: " ",
    0x2215: "/",
}
# An equivalent of these ions, which have one charge, is a mole; the test tells, the unit doesn't.
_MONOVALENT = ("K", "SODIUM", "NA", "CL", "BICARB", "HCO3")
_EQUIVALENT = re.compile(r"[mM][eE][qQ]/[lL]")


class UnitFault(NamedTuple):
    """A result whose unit the report can't use: where it stands, and the sentence that says what to do."""

    domain: str
    subject: str
    variable: str
    value: str
    message: str


def is_known(text: str) -> bool:
    """Tell whether a spelling stands in the table."""
    return _meaning_of(text) is not None


def _meaning_of(text: str) -> str | None:
    """Return pint's expression for a spelling; None for one that isn't in the table."""
    plain = text.translate(_FULL_WIDTH)
    plain = re.sub(r"\s+", "", plain.replace("µ", "u").replace("μ", "u"))
    plain = re.sub(r"10([⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda found: "10^" + found[1].translate(_SUPERSCRIPTS), plain)
    plain = _POWER.sub(
        lambda found: f"10^{int(found[1] or found[2] or found[3])}", plain.translate(_SUPERSCRIPTS)
    )
    return _SPELLINGS.get(plain) or _FOLDED.get(plain.casefold())


def _of_test(unit: str, test: str) -> str:
    """Return mmol/L for mEq/L of an ion with one charge; any other unit as it stands."""
    plain = re.sub(r"\s+", "", unit.translate(_FULL_WIDTH))
    return "mmol/L" if test in _MONOVALENT and _EQUIVALENT.fullmatch(plain) else unit


@cache
def _registry():  # type: ignore[no-untyped-def]  # pint carries no types that are followed here
    import pint  # a second of start-up that the command line shouldn't pay for --help

    registry = pint.UnitRegistry(autoconvert_offset_to_baseunit=True)
    registry.define("IU = [international_unit]")
    return registry


@cache
def conversion(unit: str, target: str) -> tuple[float, float]:
    """Return factor and offset that turn a value in ``unit`` into one in ``target``: value * factor + offset.

    Raises DataError, with what to do, for a spelling that isn't in the table and for units of another kind.
    """
    meanings = [_meaning_of(text) for text in (unit, target)]
    if None in meanings:
        raise DataError(
            f"is in {unit!r}, which is no known unit; say what it means under `units` in a mapping file"
        )
    if meanings[0] == meanings[1]:
        return 1.0, 0.0
    import pint

    registry = _registry()
    try:
        theirs, ours = (registry.parse_expression(meaning) for meaning in meanings)
        zero, one = (
            registry.Quantity(number * theirs.magnitude, theirs.units).to(ours.units).magnitude
            / ours.magnitude
            for number in (0.0, 1.0)
        )
    except pint.DimensionalityError:
        raise DataError(
            f"is in {unit!r}, which can't be converted to {target}; give it in {target}"
        ) from None
    return float(f"{one - zero:.13g}"), float(f"{zero:.13g}")


def standardise_units(trial: Trial, study: Study) -> Trial:
    """Return the trial with standard results in the units that the report prints.

    ``--STRESN`` with its limits (``--STNRLO``, ``--STNRHI``, ``--LLOQ``, ``--ULOQ``), ``--STRESC`` and
    ``--STRESU`` of the tests that the report reads are converted; spellings of the same unit become one
    (``10*9/L`` is ``10^9/L``). What was recorded (``--ORRES``, ``--ORRESU``) stays. A value whose unit
    can't be converted stays as it is: ``unit_faults`` names it.
    """
    wanted = _wanted(study)
    converted = {
        domain: _standardise(trial[domain], domain, tests)
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
        return "known; not converted" if is_known(_of_test(unit, test)) else "not known; not converted"
    try:
        factor, offset = conversion(_of_test(unit, test), target)
    except DataError:
        return f"not converted to {target}" if is_known(unit) else "not known"
    if (factor, offset) == (1.0, 0.0):
        return target
    return f"{target}, times {factor:g}" + (f" plus {offset:g}" if offset else "")


def _wanted(study: Study) -> dict[str, dict[str, str]]:
    wanted = {domain: dict(tests) for domain, tests in _WANTED.items()}
    if study.efficacy is not None:
        wanted["LB"][study.efficacy.platelet_test] = _COUNT
    if study.sampling.concentration_test and study.sampling.concentration_unit:
        wanted["PC"] = {study.sampling.concentration_test: study.sampling.concentration_unit}
    return wanted


def _standardise(frame: pd.DataFrame, domain: str, tests: dict[str, str]) -> pd.DataFrame:
    frame = frame.copy(deep=False)
    code, unit = f"{domain}TESTCD", f"{domain}STRESU"
    pairs = frame.loc[frame[code].isin(list(tests)), [code, unit]].drop_duplicates()
    for test, found in pairs.itertuples(index=False):
        target = tests[test]
        if found in ("", target):
            continue
        try:
            factor, offset = conversion(_of_test(found, test), target)
        except DataError:
            continue
        rows = (frame[code] == test) & (frame[unit] == found)
        frame[unit] = frame[unit].mask(rows, target)
        if (factor, offset) != (1.0, 0.0):
            _convert(frame, rows, domain, factor, offset)
    return frame


def _convert(frame: pd.DataFrame, rows: pd.Series, domain: str, factor: float, offset: float) -> None:
    for name in (f"{domain}{part}" for part in _NUMBERS):
        if name in frame:
            frame[name] = frame[name].mask(rows, _scaled(frame[name], factor, offset))
    text = f"{domain}STRESC"
    if text in frame:
        converted = frame.loc[rows, text].map(lambda value: _scaled_text(value, factor, offset))
        frame[text] = frame[text].mask(rows, converted.astype("str"))


def _scaled(values: pd.Series, factor: float, offset: float) -> pd.Series:
    """Multiply, or divide where the divisor is whole: 29000 / 1000 is exact, 29000 * 0.001 need not be."""
    divisor = 1 / factor
    if abs(divisor - round(divisor)) < 1e-9 * divisor and round(divisor) > 1:
        return values / round(divisor) + offset
    return values * factor + offset


def _scaled_text(text: str, factor: float, offset: float) -> str:
    """Convert a number written as text, with the sign of a limit before it; leave words as they are."""
    sign, number = split_limit(text)
    found = _PLAIN.fullmatch(text.strip())
    if not sign and not found:
        return text
    value = _scaled(pd.Series([number if sign else float(text)]), factor, offset).iloc[0]
    return write_limit(sign, value)


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
