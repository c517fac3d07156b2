"""Toxicity grades of laboratory values, by the cut-offs of the CTCAE."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd

_FILES = {"CTCAE v5.0": "ctcae5.csv"}
_LIMIT = re.compile(
    r"(?P<equal>>= )?(?:(?P<factor>[\d.]+) )?(?P<name>LLN|ULN|BASE)(?: \+ (?P<more>[\d.]+))?"
    r"|(?P<number>[\d.]+)"
)
_VARIABLES = {"LLN": "ANRLO", "ULN": "ANRHI", "BASE": "BASE"}
GRADES = ("1", "2", "3", "4")
# A limit is reached or not on the decimal value: three times 0.1 is 0.3.
_NOISE = 1e-9


@cache
def read_cutoffs(criteria: str) -> pd.DataFrame:
    """Return the cut-offs of the criteria named: test, unit, side, term, baseline, grade1 to grade4."""
    path = files("itpcsr.adam") / _FILES[criteria]
    with path.open(encoding="utf-8") as file:
        return pd.read_csv(file, comment="#", dtype="str", keep_default_na=False)


def add_grades(adlb: pd.DataFrame, criteria: str) -> pd.DataFrame:
    """Add the toxicity grade of each value, low and high side apart, and the one at baseline.

    Parameters
    ----------
    adlb
        PARAMCD, AVAL, AVALU, ANRLO, ANRHI, BASE, BNRIND, ONTRTFL and ABLFL.
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
    """
    graded = adlb.copy()
    for side in ("L", "H"):
        graded[f"ATOXDSC{side}"] = pd.Series("", index=adlb.index, dtype="str")
        graded[f"ATOXGR{side}"] = pd.Series("", index=adlb.index, dtype="str")
    for row in read_cutoffs(criteria).to_dict("records") if criteria else ():
        chosen = _rows_of(adlb, row["test"], row["unit"], row["baseline"])
        if chosen.any():
            side = row["side"]
            graded.loc[chosen, f"ATOXDSC{side}"] = row["term"]
            grades = _grade(adlb[chosen], side, [row[f"grade{grade}"] for grade in GRADES])
            graded.loc[chosen, f"ATOXGR{side}"] = grades
    return _add_worse_side(_add_baseline_grades(graded))


def _rows_of(adlb: pd.DataFrame, test: str, unit: str, baseline: str) -> pd.Series:
    chosen = (adlb["PARAMCD"] == test) & (adlb["AVALU"] == unit)
    raised = (adlb["BNRIND"] == "HIGH") & (adlb["ONTRTFL"] == "Y")
    return {"any": chosen, "normal": chosen & ~raised, "abnormal": chosen & raised}[baseline]


def _grade(values: pd.DataFrame, side: str, limits: list[str]) -> pd.Series:
    """Return the highest grade whose limit the value lies beyond; "" where grade 1 can't be told."""
    before = values["ONTRTFL"] == "N"
    known = values.assign(BASE=values["BASE"].mask(before))
    grades = pd.Series("0", index=values.index, dtype="str")
    for grade, text in zip(GRADES, limits, strict=True):
        for part in text.split(" | ") if text else ():
            beyond, missing = _beyond(known, side, part)
            if grade == "1":
                grades = grades.mask(missing, "")
            grades = grades.mask(beyond, grade)
    return grades.mask(values["AVAL"].isna(), "")


def _beyond(values: pd.DataFrame, side: str, text: str) -> tuple[pd.Series, pd.Series]:
    """Return where values lie beyond a limit, and where the limit is missing."""
    found = _LIMIT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no limit of a grade; see the head of the table of cut-offs.")
    if found["number"]:
        limit = pd.Series(float(found["number"]), index=values.index)
    else:
        limit = values[_VARIABLES[found["name"]]] * float(found["factor"] or 1) + float(found["more"] or 0)
    distance = (values["AVAL"] - limit) * (1 if side == "H" else -1)
    noise = limit.abs() * _NOISE
    return (distance >= -noise if found["equal"] else distance > noise), limit.isna()


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
