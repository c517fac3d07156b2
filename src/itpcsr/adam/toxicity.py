"""Toxicity grades of laboratory values, by the cut-offs of the CTCAE."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from csrkit.errors import DataError
from csrkit.limits import constant, exceeds, span_of
from csrkit.sdtm.cutoffs import read_cutoffs
from csrkit.sdtm.units import conversion

_LIMIT = re.compile(
    r"(?P<equal>>= )?(?:(?P<factor>[\d.]+) )?(?P<name>LLN|ULN|BASE)(?: \+ (?P<more>[\d.]+))?"
    r"|(?P<number>[\d.]+)"
)
_VARIABLES = {"LLN": "ANRLO", "ULN": "ANRHI", "BASE": "BASE"}
GRADES = ("1", "2", "3", "4")
# A limit is reached or not on the decimal value: three times 0.1 is 0.3.
_NOISE = 1e-9


def add_grades(adlb: pd.DataFrame, criteria: str) -> pd.DataFrame:
    """Add the toxicity grade of each value, low and high side apart, and the one at baseline.

    Parameters
    ----------
    adlb
        PARAMCD, AVAL, AVALU, ANRLO, ANRHI, BASE, BNRIND, ONTRTFL and ABLFL; AVALC and BASEC where results
        can be limits (``<5``).
    criteria
        ``CTCAE v5.0``; empty grades nothing.

    Returns
    -------
    DataFrame
        With text columns ATOXDSCL, ATOXDSCH (the term of each side; "" where the criteria grade no such
        value, or not in this unit), ATOXGRL, ATOXGRH (0 to 4; "" where the limits of normal that grade 1
        needs are missing), BTOXGRL, BTOXGRH (of the baseline record), ATOXGR and ATOXDIR (the higher of the
        two grades and its side L or H; side "" for grade 0). Values before treatment are graded as with a
        normal baseline: a baseline isn't compared with itself. Values after a baseline above the upper limit
        count multiples of the baseline where the criteria say so, so that an unchanged value is grade 0.
        A limit has the lowest grade that it allows (``<30`` platelets are grade 3 at least), and none where
        it allows grade 0 and higher ones; ATOXUNL, ATOXUNH name the grades between which it doesn't decide
        (``3 to 4``), else "".

    Notes ----- Criteria that are multiples of a limit of normal or of baseline alone hold in any unit;
    numbers hold in the unit of the criteria, and in others after conversion.
    """
    names = [f"{name}{side}" for name in ("ATOXDSC", "ATOXGR", "ATOXUN") for side in ("L", "H")]
    # objects until all are there: to set some texts of a column makes the whole column anew
    texts = {name: np.full(len(adlb), "", dtype="object") for name in names}
    table: list[dict[str, str]] = []
    if criteria:
        table = read_cutoffs(criteria).to_dict("records")  # type: ignore[assignment]
    for row in table:
        for unit in _units_of(adlb, row, table):
            chosen = _rows_of(adlb, row["test"], unit, row["baseline"])
            if chosen.any():
                side, factor = row["side"], _factor(unit, row) or 1.0
                limits = [row[f"grade{grade}"] for grade in GRADES]
                found = _grade(adlb[chosen], side, limits, factor)
                places = chosen.to_numpy("bool")
                texts[f"ATOXDSC{side}"][places] = row["term"]
                for name in found:
                    texts[f"{name}{side}"][places] = found[name].to_numpy("object")
    added = {name: pd.Series(values, index=adlb.index, dtype="str") for name, values in texts.items()}
    return _add_worse_side(_add_baseline_grades(adlb.assign(**added)))


def _units_of(adlb: pd.DataFrame, row: Mapping[str, str], table: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the units of the test's values to which a row of the criteria applies.

    A unit that has a row of its own for this side and baseline isn't converted into another row's.
    """
    keys = ("test", "side", "baseline")
    own = {other["unit"] for other in table if all(other[key] == row[key] for key in keys)}
    found = sorted(set(adlb.loc[adlb["PARAMCD"] == row["test"], "AVALU"]))
    return [
        unit for unit in found if unit == row["unit"] or (unit not in own and _factor(unit, row) is not None)
    ]


def _factor(unit: str, row: Mapping[str, str]) -> float | None:
    """Return what turns a value in a unit into the unit of the criteria; None where nothing does."""
    parts = [part for grade in GRADES for part in row[f"grade{grade}"].split(" | ") if part]
    if unit == row["unit"] or all(_is_multiple(part) for part in parts):
        return 1.0
    try:
        factor, offset = conversion(unit, row["unit"])
    except DataError:
        return None
    return factor if offset == 0 else None


def _is_multiple(text: str) -> bool:
    found = _LIMIT.fullmatch(text)
    return found is not None and not found["number"] and not found["more"]


def _rows_of(adlb: pd.DataFrame, test: str, unit: str, baseline: str) -> pd.Series:
    chosen = (adlb["PARAMCD"] == test) & (adlb["AVALU"] == unit)
    raised = (adlb["BNRIND"] == "HIGH") & (adlb["ONTRTFL"] == "Y")
    return {"any": chosen, "normal": chosen & ~raised, "abnormal": chosen & raised}[baseline]


def _grade(values: pd.DataFrame, side: str, limits: list[str], factor: float) -> dict[str, pd.Series]:
    """Return ATOXGR, the highest grade whose limit the value lies beyond, and ATOXUN.

    ATOXGR is "" where grade 1 can't be told.
    """
    before = values["ONTRTFL"] == "N"
    known = values.assign(BASE=values["BASE"].mask(before))
    if "BASEC" in known:
        known["BASEC"] = known["BASEC"].mask(before, "")
    sure = pd.Series("0", index=values.index, dtype="str")
    most, untold = sure, pd.Series(False, index=values.index)
    for grade, text in zip(GRADES, limits, strict=True):
        for part in text.split(" | ") if text else ():
            beyond, maybe, missing = _beyond(known, side, part, factor)
            untold |= missing & (grade == "1")
            sure, most = sure.mask(beyond, grade), most.mask(maybe, grade)
    between = (sure + " to " + most).where(sure != most, "")
    ungraded = (sure == "0") & (untold | (between != "")) | ~span_of(values).known
    return {"ATOXGR": sure.mask(ungraded, ""), "ATOXUN": between}


def _beyond(
    values: pd.DataFrame, side: str, text: str, factor: float
) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Return where values certainly and possibly lie beyond a limit, and where the limit is missing."""
    found = _LIMIT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no limit of a grade; see the head of the table of cut-offs.")
    if found["number"]:
        limit = constant(float(found["number"]), len(values))
    else:
        name = _VARIABLES[found["name"]]
        own = span_of(values, name, "BASEC" if name == "BASE" else "")
        limit = own.scaled(factor * float(found["factor"] or 1), float(found["more"] or 0))
    value, equal = span_of(values).scaled(factor), bool(found["equal"])
    above = (value, limit) if side == "H" else (limit, value)
    sure, may = exceeds(*above, equal=equal, noise=_NOISE)
    index = values.index
    return pd.Series(sure, index), pd.Series(may, index), pd.Series(~limit.known.to_numpy(), index)


def _add_baseline_grades(graded: pd.DataFrame) -> pd.DataFrame:
    keys = ["USUBJID", "PARAMCD"]
    names = {"ATOXGRL": "BTOXGRL", "ATOXGRH": "BTOXGRH"}
    base = graded.loc[graded["ABLFL"] == "Y", [*keys, *names]].rename(columns=names)
    graded = graded.merge(base, on=keys, how="left", validate="m:1")
    for name in names.values():
        graded[name] = graded[name].fillna("").astype("str")
    return graded


def _add_worse_side(graded: pd.DataFrame) -> pd.DataFrame:
    low, high = (pd.to_numeric(graded[name], errors="coerce") for name in ("ATOXGRL", "ATOXGRH"))
    is_low = low.fillna(-1) >= high.fillna(-1)
    graded["ATOXGR"] = graded["ATOXGRL"].where(is_low, graded["ATOXGRH"])
    side = pd.Series(np.where(is_low, "L", "H"), index=graded.index, dtype="str")
    graded["ATOXDIR"] = side.where(graded["ATOXGR"].isin(GRADES), "")
    return graded
