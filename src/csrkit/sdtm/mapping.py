"""The mapping file: what a sponsor's data call otherwise than the study file, variable by variable."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Mapping as Codes
from dataclasses import replace
from pathlib import Path

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, field_validator

from csrkit.bounds import Bounds
from csrkit.errors import DataError
from csrkit.parameters.validation import read_yaml, validate
from csrkit.sdtm.formats.table import Table, number_text
from csrkit.sdtm.units import is_known

_DOMAIN = r"^(?:[A-Z]{2}|SUPP[A-Z]{2}|RELREC)$"
_PLACE = r"^(?:[A-Z]{2}|SUPP[A-Z]{2}|RELREC)\.[A-Z][A-Z0-9]{0,7}$"
_ARMS = ("ARMCD", "ACTARMCD")


class Mapping(BaseModel):
    """Their names on the left, ours on the right; what isn't named stays as it is.

    ``encoding`` is that of text files that aren't UTF-8. ``variables`` renames columns by domain, ``tests``
    gives test codes (``--TESTCD``) by domain, ``units`` the meaning of unit texts (``--STRESU``, ``--DOSU``),
    ``visits`` the names of visits (VISIT), ``arms`` the codes of arms (ARMCD, ACTARMCD), ``values`` those of
    any other variable, named as ``AE.AEREL``. Variables are named as they are called after renaming.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    encoding: str = ""
    variables: dict[str, dict[str, str]] = Field(default={})
    tests: dict[str, dict[str, str]] = {}
    units: dict[str, str] = {}
    visits: dict[str, str] = {}
    arms: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}

    @property
    def domains(self) -> set[str]:
        """The domains that anything is said of."""
        return {*self.variables, *self.tests, *(place.split(".")[0] for place in self.values)}

    @field_validator("units", "visits", "arms", mode="before")
    @classmethod
    def _numbers_as_codes(cls, codes: object) -> object:
        return _keys_as_text(codes)

    @field_validator("tests", "values", mode="before")
    @classmethod
    def _numbers_as_codes_by_place(cls, places: object) -> object:
        if not isinstance(places, dict):
            return places
        return {place: _keys_as_text(codes) for place, codes in places.items()}

    @field_validator("encoding")
    @classmethod
    def _encoding_exists(cls, encoding: str) -> str:
        try:
            return codecs.lookup(encoding).name if encoding else ""
        except LookupError:
            raise ValueError("no encoding has this name; Chinese text is gb18030, Western cp1252") from None

    @field_validator("units")
    @classmethod
    def _units_are_known(cls, units: dict[str, str]) -> dict[str, str]:
        unknown = sorted({ours for ours in units.values() if not is_known(ours)})
        if unknown:
            raise ValueError(
                f"{', '.join(unknown)} on the right is no known unit; write e.g. 10^9/L, g/L or kg"
            )
        return units

    @field_validator("variables", "tests", "values")
    @classmethod
    def _places_exist(cls, places: dict[str, dict[str, str]], info: object) -> dict[str, dict[str, str]]:
        named = getattr(info, "field_name", "")
        form, pattern = ("AE.AEREL", _PLACE) if named == "values" else ("AE", _DOMAIN)
        wrong = [place for place in places if not pd.Series([place]).str.fullmatch(pattern[1:-1]).all()]
        if wrong:
            raise ValueError(f"{', '.join(wrong)} on the left must be written like {form}")
        return places


def _keys_as_text(codes: object) -> object:
    """YAML reads 1 as a number; yes and no, which it reads as truth values, must be quoted."""
    if not isinstance(codes, dict):
        return codes
    truths = [key for key in codes if isinstance(key, bool)]
    if truths:
        raise ValueError(f"YAML reads {str(truths[0])!r} as a truth value; put the code into quotes")
    return {str(key) if isinstance(key, int | float) else key: value for key, value in codes.items()}


def read_mapping(path: Path, bounds: Bounds | None = None) -> Mapping:
    """Read and validate a mapping file within the bounds.

    Raises ParameterError with file, key, value and what is allowed.
    """
    return validate(Mapping, read_yaml(path, bounds), path)


def apply_mapping(table: Table, domain: str, mapping: Mapping, path: Path) -> Table:
    """Return a domain's table in the study's words.

    What the mapping names and the domain lacks is noted, since one mapping may serve several deliveries.
    Raises DataError if a column would get the name of another one.
    """
    table = _rename(table, mapping.variables.get(domain, {}), path)
    frame = table.frame.copy(deep=False)
    notes = []
    for variable, codes, every in _recodings(domain, mapping):
        if variable not in frame:
            if every:
                notes.append(f"The mapping names {domain}.{variable}, which {path.name} doesn't hold.")
            continue
        frame[variable], absent = _recode(frame[variable], codes)
        if absent and every:
            notes.append(f"The mapping names {', '.join(absent)} in {domain}.{variable}, where none occurs.")
    return replace(table, frame=frame).noted(*notes)


def _recodings(domain: str, mapping: Mapping) -> list[tuple[str, Codes[str, str], bool]]:
    """Return variable, codes, and whether every code was named for this variable alone."""
    named = [
        (place.split(".")[1], codes, True)
        for place, codes in mapping.values.items()
        if place.split(".")[0] == domain
    ]
    tests = [(f"{domain}TESTCD", mapping.tests[domain], True)] if domain in mapping.tests else []
    shared = [
        *((variable, mapping.arms, False) for variable in _ARMS),
        ("VISIT", mapping.visits, False),
        *((f"{domain}{unit}", mapping.units, False) for unit in ("STRESU", "DOSU")),
    ]
    return [*named, *tests, *(entry for entry in shared if entry[1])]


def _rename(table: Table, names: Codes[str, str], path: Path) -> Table:
    known = {theirs.upper(): ours.upper() for theirs, ours in names.items()}
    present = {theirs: ours for theirs, ours in known.items() if theirs in table.frame}
    columns = [present.get(name, name) for name in table.frame.columns]
    twice = sorted(name for name, times in Counter(columns).items() if times > 1)
    if twice:
        raise DataError(
            f"{path}: the mapping renames a column to {', '.join(twice)}, which is there already."
        )
    absent = [
        f"The mapping renames {name}, which {path.name} doesn't hold."
        for name in known
        if name not in present
    ]
    variables = {present.get(name, name): variable for name, variable in table.variables.items()}
    return replace(table, frame=table.frame.set_axis(columns, axis=1), variables=variables).noted(*absent)


def _recode(values: pd.Series, codes: Codes[str, str]) -> tuple[pd.Series, list[str]]:
    """Return the values in our codes, all at once, and those of theirs that don't occur."""
    text = values
    if pd.api.types.is_numeric_dtype(values):
        text = number_text(values)
    found = {value: codes[value.strip()] for value in text.unique() if value.strip() in codes}
    recoded = text.map(lambda value: found.get(value, value)).astype("str") if found else values
    return recoded, [code for code in codes if code not in {value.strip() for value in found}]
