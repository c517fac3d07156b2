"""Which parameter or series a result belongs to: specimen, manner of measurement, scale of bleeding."""

from __future__ import annotations

from collections.abc import Collection
from string import ascii_uppercase, digits

import pandas as pd

from csrkit.sdtm.labels import fold
from csrkit.sdtm.units import graded_tests
from itpcsr.study import Study

# Which parameter a laboratory result belongs to: the test alone doesn't say in what it was measured.

# Values of LBSPEC (codelist SPECTYPE) that stand for the circulating blood; empty ones are taken as such.
SYSTEMIC = (
    "", "BLOOD", "WHOLE BLOOD", "SERUM", "PLASMA", "SERUM OR PLASMA", "SERUM/PLASMA", "VENOUS BLOOD",
    "ARTERIAL BLOOD", "CAPILLARY BLOOD", "BLOOD, VENOUS", "BLOOD, ARTERIAL", "BLOOD, CAPILLARY",
)  # fmt: skip
_URINARY = ("URINALYSIS", "URINE")
_LONGEST = 8  # characters of a PARAMCD


def read_specimens(lb: pd.DataFrame) -> pd.Series:
    """Return the specimen of each record where it isn't the circulating blood, "" where it is.

    Without LBSPEC the category urinalysis says that it is urine.
    """
    specimen = fold(lb["LBSPEC"])
    urine = (specimen == "") & fold(lb["LBCAT"]).isin(_URINARY)
    return specimen.mask(specimen.isin(SYSTEMIC), "").mask(urine, "URINE")


def name_parameters(lb: pd.DataFrame, of_blood: Collection[str]) -> pd.DataFrame:
    """Return PARAMCD and PARAM of each record (LBTESTCD, LBTEST, LBCAT, LBSPEC, LBMETHOD, LBSTRESU, LBDTC).

    A test is a parameter under its own code. Another specimen than blood, serum or plasma makes another one
    where the data have the test in blood, too, or where it is one of the tests ``of_blood`` (those whose
    values in blood are graded or judged): SODIUM_U is ``Sodium, urine``. So do methods that stand side by
    side in one sample: the one with the most records (the first by name of several) keeps the code.
    """
    code, specimen = lb["LBTESTCD"], read_specimens(lb)
    both = set(code[specimen == ""]) | set(of_blood)
    kind = specimen.where(code.isin(sorted(both)), "")
    method = _parallel_methods(lb, code, kind)
    variants = kind.str.cat(method, sep=" | ").where((kind != "") | (method != ""), "")
    codes, labels = code.copy(), lb["LBTEST"].copy()
    taken = set(code)
    named = pd.DataFrame({"code": code, "kind": kind, "method": method})[variants != ""]
    for (test, spec, way), rows in named.groupby(["code", "kind", "method"], sort=True):
        new = _free_code(str(test), str(spec or way), taken)
        taken.add(new)
        codes.loc[rows.index] = new
        words = ", ".join(part.lower() for part in (str(spec), str(way)) if part)
        labels.loc[rows.index] = labels.loc[rows.index] + ", " + words
    return pd.DataFrame({"PARAMCD": codes, "PARAM": labels + " (" + lb["LBSTRESU"] + ")"})


def tests_of_blood(study: Study) -> set[str]:
    """Return the tests whose values in blood are graded, or judged as response.

    No other specimen stands for them.
    """
    platelets = set() if study.efficacy is None else {study.efficacy.platelet_test}
    return graded_tests(study.laboratory.toxicity_criteria) | platelets


def _parallel_methods(lb: pd.DataFrame, code: pd.Series, kind: pd.Series) -> pd.Series:
    """Return the method where one sample was measured by several, "" for the method used most."""
    method = fold(lb["LBMETHOD"])
    none = pd.Series("", index=lb.index, dtype="str")
    if (method == "").all():
        return none
    rows = pd.DataFrame(
        {"subject": lb["USUBJID"], "code": code, "kind": kind, "at": lb["LBDTC"], "method": method}
    )
    rows = rows[(rows["method"] != "") & (rows["at"] != "")]
    several = rows.groupby(["subject", "code", "kind", "at"])["method"].transform("nunique") > 1
    for (test, spec), _ in rows[several].groupby(["code", "kind"], sort=True):
        own = (code == test) & (kind == spec) & (method != "")
        counts = method[own].value_counts()
        main = min(counts.index[counts == counts.max()])
        none = none.mask(own & (method != main), method)
    return none


def _free_code(test: str, variant: str, taken: Collection[str]) -> str:
    letters = [letter for letter in variant if letter in ascii_uppercase]
    for suffix in (*letters, *digits, *ascii_uppercase):
        code = f"{test[: _LONGEST - 2]}_{suffix}"
        if code not in taken:
            return code
    raise ValueError(f"{test} comes in more specimens and methods than there are codes for.")


# What parts the vital signs of one test into series: the same sign, measured another way.

# What makes the same vital sign another measurement, where the data have more than one of it.
_MANNERS = ("VSPOS", "VSLOC", "VSLAT", "VSMETHOD")


def name_series(vs: pd.DataFrame, infusions: bool) -> pd.Series:
    """Return what parts the records of a test into series, each with its own baseline.

    ``vs`` has VSTESTCD and VSTPT. The time point of a study without infusions makes a series, and so do
    position, site and method where a test comes in several of them at one time point; "" where nothing does.
    """
    none = pd.Series("", index=vs.index, dtype="str")
    series = none if infusions else vs["VSTPT"]
    for name in _MANNERS:
        manner = fold(vs[name]) if name in vs else none
        rows = pd.DataFrame({"test": vs["VSTESTCD"], "point": vs["VSTPT"], "manner": manner[manner != ""]})
        several = rows.groupby(["test", "point"])["manner"].transform("nunique") > 1
        joined = series.str.cat(manner, sep=", ").where(series != "", manner)
        series = series.mask(several & (manner != ""), joined)
    return series.astype("str")


# The scales of bleeding that the report reads, and the grades that each has.

WHO = "WHOBLEED"  # RSTESTCD of the bleeding scale of the WHO
TOOL = "ITP-BAT"  # RSCAT of the ITP bleeding assessment tool
# Highest grade by RSTESTCD. WHO: Miller 1981, Cancer 47:207; ITP-BAT: Rodeghiero 2013, Blood 121:2596.
_HIGHEST = {WHO: 4.0, "ITPSKIN": 3.0, "ITPMUCOS": 3.0, "ITPORGAN": 4.0}


def highest_grade(rs: pd.DataFrame) -> pd.Series:
    """Return the highest grade of each record's scale; NaN for a scale that isn't one of bleeding.

    ``rs`` has RSTESTCD and RSCAT. Grades are whole numbers from 0 on. A domain of ITP-BAT under another code
    than those known reaches 4.
    """
    known = rs["RSTESTCD"].map(_HIGHEST).astype("float64")
    return known.mask(known.isna() & (fold(rs["RSCAT"]) == TOOL), 4.0)


def is_grade(values: pd.Series, highest: pd.Series) -> pd.Series:
    """Tell of each value whether it is a grade of a scale with this highest one; a missing one is none."""
    return values.between(0, highest) & (values % 1 == 0)
