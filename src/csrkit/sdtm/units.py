"""Units and results: what their spellings mean, limits (``<5``), titres, and cut-offs of toxicity."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import product

import numpy as np
import pandas as pd

from csrkit.errors import DataError
from csrkit.limits import read_limits, split_limit, write_limit

# Units: what their spellings mean, and a domain with its standard results in other units.
#
# Spellings stand in an explicit table; the arithmetic is pint's. What a spelling means never depends on the
# test: `G/L` is 10^9 per litre and `g/L` gram per litre. Amounts of substance (mol) and masses are never
# converted into each other, since no molar mass is guessed.

COUNT = "10^9/L"
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


def of_test(unit: str, test: str) -> str:
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


def in_units(frame: pd.DataFrame, domain: str, tests: Mapping[str, str]) -> pd.DataFrame:
    """Return a domain with results in the units that ``tests`` names, as far as they can be converted.

    ``--STRESN`` with its limits, ``--STRESC`` and ``--STRESU`` change; what was recorded stays.
    """
    frame = frame.copy(deep=False)
    code, unit = f"{domain}TESTCD", f"{domain}STRESU"
    pairs = frame.loc[frame[code].isin(list(tests)), [code, unit]].drop_duplicates()
    for test, found in pairs.itertuples(index=False):
        target = tests[test]
        if found in ("", target):
            continue
        try:
            factor, offset = conversion(of_test(found, test), target)
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


# Limits (`<5`) of standard results: from the standard text, else from what was recorded, converted.

_SAME = 0.01  # relative spread of the factors between recorded and standard results of one test


def standard_limits(frame: pd.DataFrame, domain: str) -> pd.Series:
    """Return the limit of each result in its standard unit (``<5``, ``>=2000``), "" for all others.

    ``--STRESC`` says it; where that holds no limit but ``--ORRES`` does, its number is converted: by the
    units, or by the factor between the other results of the test in these units. "" where neither is known; a
    limit that is recorded rules over a number that somebody put in its place.
    """
    names = {part: f"{domain}{part}" for part in ("STRESC", "ORRES", "STRESU", "ORRESU", "TESTCD")}
    text = pd.DataFrame({part: _column(frame, name) for part, name in names.items()})
    standard, original = read_limits(text["STRESC"]), read_limits(text["ORRES"])
    if (standard["sign"] == "").all() and (original["sign"] == "").all():
        return pd.Series("", index=frame.index, dtype="str")
    limits = standard.assign(known=standard["sign"] != "")
    recorded = ~limits["known"] & (original["sign"] != "")
    if recorded.any():
        number = pd.to_numeric(_column(frame, f"{domain}STRESN"), errors="coerce")
        keys = ["TESTCD", "ORRESU", "STRESU"]
        for key, rows in text[recorded].groupby(keys, sort=True):
            same = (text[keys] == list(key)).all(axis=1)
            factor = _factor(str(key[1]), str(key[2]), text.loc[same, "ORRES"], number[same])
            values = original.loc[rows.index, "value"] * factor[0] + factor[1] if factor else None
            if values is not None:
                limits.loc[rows.index, "sign"] = original.loc[rows.index, "sign"]
                limits.loc[rows.index, "value"] = values
                limits.loc[rows.index, "known"] = True
    written = np.full(len(frame), "", dtype="object")
    known = limits["known"].to_numpy()
    pairs = zip(limits.loc[known, "sign"], limits.loc[known, "value"], strict=True)
    written[known] = [write_limit(sign, value) for sign, value in pairs]
    return pd.Series(written, index=frame.index, dtype="str")


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    return frame[name] if name in frame else pd.Series("", index=frame.index, dtype="str")


def _factor(unit: str, target: str, recorded: pd.Series, number: pd.Series) -> tuple[float, float] | None:
    if unit in ("", target) or target == "":
        return 1.0, 0.0
    try:
        return conversion(unit, target)
    except DataError:
        factors = (number / pd.to_numeric(recorded, errors="coerce")).replace([float("inf")], float("nan"))
        factors = factors.dropna()
        middle = float(factors.median()) if len(factors) else 0.0
        same = middle > 0 and bool(((factors / middle - 1).abs() <= _SAME).all())
        return (middle, 0.0) if same else None


# Results of antibody tests: a word, a titre, or something that can't be read.

_POSITIVE = r"(?:POSITIVE|REACTIVE|DETECTED|POS)\b.*"
_NEGATIVE = r"(?:NEGATIVE|NON-?REACTIVE|NOT DETECTED|UNDETECTED|NEG)\b.*"
_NEITHER = r"(?:INDETERMINATE|EQUIVOCAL|INCONCLUSIVE|BORDERLINE|INVALID|NOT DONE|NOT EVALUABLE)"
_TITRE = r"(?P<sign><|>=|>|≥)?[ \t\n\f\r]*(?:1[ \t\n\f\r]*[:/][ \t\n\f\r]*)?(?P<value>[0-9]+(?:\.[0-9]+)?)"
CUTOFF = 1.0  # ratio of signal to cut-off from which an autoantibody is positive
ALLOWED = "POSITIVE, NEGATIVE, INDETERMINATE or a titre such as 1:40, 40, <1:10 or >1:640"


def read_titres(text: pd.Series) -> pd.DataFrame:
    """Read results of antibody tests.

    Parameters
    ----------
    text
        One result each: ``NEGATIVE``, ``POSITIVE CONFIRMATION``, ``1:40``, ``1/40``, ``40``, ``<1:10``,
        ``>1:640``, ``≥1:640`` or empty. Case and blanks at the ends don't matter.

    Returns
    -------
    DataFrame
        ``word``: POSITIVE, NEGATIVE, NEITHER (indeterminate, not done), or "" where the result is no word.
        ``value``: the dilution, 40 for 1:40; for ``<1:10`` and ``>1:640`` the limit itself, NaN where the
        result is no titre. ``sign``: ``<``, ``>`` (also for ``≥``: positive at the highest dilution tested)
        or "". ``readable``: False for what is none of these; a dilution below 1 is no titre. Empty text is
        readable and says nothing.
    """
    plain = text.str.strip().str.upper()
    word = np.select(
        [plain.str.fullmatch(pattern) for pattern in (_POSITIVE, _NEGATIVE, _NEITHER)],
        ["POSITIVE", "NEGATIVE", "NEITHER"],
        default="",
    )
    parts = plain.str.extract(rf"^{_TITRE}$")
    value = pd.to_numeric(parts["value"], errors="coerce").astype("float64")
    value = value.where((value >= 1) & np.isfinite(value))
    sign = parts["sign"].fillna("").replace({">=": ">", "≥": ">"}).where(value.notna(), "").astype("str")
    words = pd.Series(word, index=text.index, dtype="str")
    readable = (plain == "") | (words != "") | value.notna()
    return pd.DataFrame({"word": words, "value": value, "sign": sign, "readable": readable})


# The cut-offs by which criteria of toxicity grade laboratory values.

_FILES = {"CTCAE v5.0": "ctcae5.csv"}


@cache
def read_cutoffs(criteria: str) -> pd.DataFrame:
    """Return the cut-offs of the criteria named: test, unit, side, term, baseline, grade1 to grade4."""
    path = files("csrkit.sdtm") / _FILES[criteria]
    with path.open(encoding="utf-8") as file:
        return pd.read_csv(file, comment="#", dtype="str", keep_default_na=False)


def graded_tests(criteria: str) -> set[str]:
    """Return the tests that the criteria named grade; none for empty."""
    return set(read_cutoffs(criteria)["test"]) if criteria else set()
