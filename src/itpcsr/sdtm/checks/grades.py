"""Grades of adverse events and of bleeding: in agreement with what else is recorded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from csrkit.sdtm.labels import fold, fold_label
from csrkit.sdtm.units import read_cutoffs
from itpcsr.sdtm.checks.rules import ERROR, NOTE, REPORT, SDTM, WARNING, Tables, look_up, rule, values
from itpcsr.sdtm.series import WHO, highest_grade, is_grade
from itpcsr.study import Study

# Grades of adverse events: in agreement with what else the record says, and with laboratory values.

_NAME = "{AEDECOD!r}"
_LIFE_THREATENING = 4
_BY_SEVERITY = {"MILD": (1, 1), "MODERATE": (2, 2), "SEVERE": (3, 5)}
# Preferred terms of MedDRA for what CTCAE grades by a count alone.
_TERMS = {
    "PLAT": ("PLATELET COUNT DECREASED", "THROMBOCYTOPENIA"),
    "NEUT": ("NEUTROPHIL COUNT DECREASED", "NEUTROPENIA"),
    "WBC": ("WHITE BLOOD CELL COUNT DECREASED", "WHITE BLOOD CELL DECREASED", "LEUKOPENIA"),
    "LYM": ("LYMPHOCYTE COUNT DECREASED", "LYMPHOPENIA"),
    "HGB": ("ANAEMIA", "ANEMIA", "HAEMOGLOBIN DECREASED", "HEMOGLOBIN DECREASED"),
}
_NEAR = 1  # grades by which an event and a value of its days may differ


def _graded(tables: Tables, *variables: str) -> pd.DataFrame:
    """Return the events with ``grade``, NaN for none."""
    ae = tables.get("AE", "AEDECOD", "AETOXGR", *variables)
    return ae.assign(grade=ae["AETOXGR"].str.strip().str.extract(r"([1-5])$")[0].astype("float64"))


@rule("AE-04", WARNING, "Grade 5 is a fatal outcome", "CTCAE", "AE.AETOXGR")
def _grade_five(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if tables.has("AE.AEOUT") or tables.has("AE.AESDTH"):
        ae = _graded(tables, "AEOUT", "AESDTH")
        fatal = (fold(ae["AEOUT"]) == "FATAL") | (fold(ae["AESDTH"]) == "Y")
        apart = ae[ae["grade"].notna() & ((ae["grade"] == 5) != fatal)]
        text = f"but the outcome of {_NAME} is {{AEOUT!r}}, and AESDTH {{AESDTH!r}}. Correct one of them."
        yield values("AE", apart, "AETOXGR", text)


@rule("AE-21", WARNING, "A life-threatening event is of grade 4 or 5", "CTCAE", "AE.AETOXGR AE.AESLIFE")
def _lower_than_life_threatening(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    ae = _graded(tables, "AESLIFE")
    low = ae[(fold(ae["AESLIFE"]) == "Y") & (ae["grade"] < _LIFE_THREATENING)]
    yield values("AE", low, "AETOXGR", f"but AESLIFE is Y for {_NAME}. Correct one of them.")


@rule("AE-22", WARNING, "Grade and severity of an event agree", "CTCAE", "AE.AETOXGR AE.AESEV")
def _other_severities(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    ae = _graded(tables, "AESEV")
    limits = fold(ae["AESEV"]).map(_BY_SEVERITY)
    low, high = (limits.str[place].astype("float64") for place in (0, 1))
    apart = ae[(ae["grade"] < low) | (ae["grade"] > high)]
    text = f"but AESEV of {_NAME} is {{AESEV!r}}. The report reads {study.safety.severity_variable}."
    yield values("AE", apart, "AETOXGR", f"{text} Correct one of them.")


@rule(
    "AE-23",
    WARNING,
    "The grade of a fallen count goes with the counts of its days",
    "CTCAE",
    "AE.AETOXGR AE.AESTDTC LB.LBTESTCD LB.LBSTRESN LB.LBSTRESU LB.LBDTC",
)
def _grades_apart_from_counts(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    criteria = study.laboratory.toxicity_criteria
    if criteria:
        ae = _graded(tables, "AESTDTC", "AEENDTC").assign(term=lambda frame: fold(frame["AEDECOD"]))
        ae["start"] = tables.day("AE", "AESTDTC")
        ae["end"] = tables.day("AE", "AEENDTC").fillna(ae["start"])
        for test, terms in _TERMS.items():
            named = [*terms, *_own_terms(study, test)]
            events = ae[ae["term"].isin(named) & (ae["grade"] < 5) & ae["start"].notna()]
            lowest = _lowest(tables, _code(study, test), events)
            graded = events.assign(lowest=lowest, by_count=_grade(lowest, test, criteria))
            apart = graded[(graded["grade"] - graded["by_count"]).abs() > _NEAR]
            text = f"but the lowest {test} of {_NAME} is {{lowest:g}}, grade {{by_count:g}}. Correct one."
            yield values("AE", apart, "AETOXGR", text)


def _code(study: Study, test: str) -> str:
    return study.efficacy.platelet_test if test == "PLAT" and study.efficacy else test


def _own_terms(study: Study, test: str) -> list[str]:
    return [fold_label(term) for term in study.safety.platelet_terms] if test == "PLAT" else []


def _lowest(tables: Tables, code: str, events: pd.DataFrame) -> pd.Series:
    """Return the lowest result of the days of each event, in the unit of most; NaN where there is none."""
    lb = tables.get("LB", "LBTESTCD", "LBSTRESN", "LBSTRESU", "LBSPEC").assign(day=tables.day("LB", "LBDTC"))
    lb = lb[(lb["LBTESTCD"] == code) & lb["LBSTRESN"].notna() & (fold(lb["LBSPEC"]) != "URINE")]
    lb = lb[lb["LBSTRESU"].isin(["10^9/L", "g/L"])]
    pairs = events[["USUBJID", "start", "end"]].reset_index().merge(lb, on="USUBJID")
    during = pairs["day"].between(pairs["start"], pairs["end"])
    return pairs[during].groupby("index")["LBSTRESN"].min().reindex(events.index)


def _grade(counts: pd.Series, test: str, criteria: str) -> pd.Series:
    """Return the grade by the numbers of the criteria; grade 1, which begins at the range's limit, as 1."""
    table = read_cutoffs(criteria)
    row = table[
        (table["test"] == test) & (table["side"] == "L") & table["unit"].isin(["10^9/L", "g/L"])
    ].iloc[0]
    limits = [float(row[name]) for name in ("grade2", "grade3", "grade4") if row[name]]
    reached = (counts.to_numpy()[:, None] < np.array(limits)[None, :]).sum(axis=1)
    return pd.Series(1.0 + reached, index=counts.index).where(counts.notna())


# Bleeding by its scales: grades that the scales have, and what else tells of the bleeding.


def _scores(tables: Tables) -> pd.DataFrame:
    """Return the records of RS with ``highest``, the highest grade of their scale, and their ``day``."""
    rs = tables.get("RS", "RSTESTCD", "RSCAT", "RSSTRESN", "RSSTRESC", "RSORRES", "RSSTAT", "RSDTC")
    return rs.assign(highest=highest_grade(rs), day=tables.day("RS", "RSDTC"))


@rule("RS-01", ERROR, "The WHO bleeding grade is 0 to 4", "WHO bleeding scale", "RS.RSTESTCD RS.RSSTRESN")
def _odd_grades(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    grades = _scores(tables)
    text = "the WHO grade of bleeding ({RSDTC}) is 0, 1, 2, 3 or 4. Correct it."
    yield values("RS", _odd(grades[grades["RSTESTCD"] == WHO]), "RSSTRESN", text)


@rule(
    "RS-03",
    ERROR,
    "The grades of ITP-BAT are those of its scales",
    "ITP-BAT, Blood 121:2596",
    "RS.RSTESTCD RS.RSSTRESN",
)
def _odd_tool_grades(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    grades = _scores(tables)
    text = "{RSTESTCD} of ITP-BAT ({RSDTC}) is a whole number from 0 to {highest:g}. Correct it."
    odd = _odd(grades[(grades["RSTESTCD"] != WHO) & grades["highest"].notna()])
    for _, rows in odd.groupby("RSTESTCD", sort=True):
        yield values("RS", rows, "RSSTRESN", text)


def _odd(grades: pd.DataFrame) -> pd.DataFrame:
    return grades[grades["RSSTRESN"].notna() & ~is_grade(grades["RSSTRESN"], grades["highest"])]


@rule("RS-05", ERROR, "A grade of bleeding is a number", REPORT, "RS.RSTESTCD RS.RSSTRESN")
def _grades_in_words(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    grades = _scores(tables)
    said = grades["RSSTRESC"].where(grades["RSSTRESC"].str.strip() != "", grades["RSORRES"])
    done = fold(grades["RSSTAT"]) != "NOT DONE"
    words = grades["highest"].notna() & grades["RSSTRESN"].isna() & (said.str.strip() != "") & done
    text = (
        "{RSTESTCD} of {RSDTC} has no number (RSSTRESN), so this bleeding would be left out. Give the "
        "grade, or set RSSTAT to NOT DONE if there is none."
    )
    for _, rows in grades.assign(RSSTRESC=said)[words].groupby("RSTESTCD", sort=True):
        yield values("RS", rows, "RSSTRESC", text)


@rule("RS-06", WARNING, "The scales of bleeding are those that the report reads", REPORT, "RS.RSTESTCD")
def _other_scales(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    scores = _scores(tables)
    text = f"neither {WHO} nor a test of ITP-BAT: no table shows it. Correct the code if it is one of them."
    other = scores[scores["highest"].isna() & (scores["RSTESTCD"] != "")]
    for _, rows in other.groupby("RSTESTCD", sort=True):
        yield values("RS", rows, "RSTESTCD", text)


@rule(
    "RS-02",
    NOTE,
    "Bleeding on the scale is an adverse event too",
    REPORT,
    "RS.RSTESTCD RS.RSSTRESN RS.RSDTC AE.AEDECOD AE.AESTDTC EX.EXSTDTC",
)
def _bleeding_without_event(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.efficacy is None:
        return
    terms_of_bleeding = [fold_label(term) for term in study.efficacy.bleeding_terms]
    ae = tables.get("AE", "AEDECOD")
    ae = ae.assign(start=tables.day("AE", "AESTDTC"), end=tables.day("AE", "AEENDTC"))
    ae = ae[fold(ae["AEDECOD"]).isin(terms_of_bleeding)]
    grades = _scores(tables)
    grades = grades[grades["RSTESTCD"] == WHO]
    after = grades["day"] > look_up(tables.first_day, grades["USUBJID"])
    bled = grades[(grades["RSSTRESN"] >= 2) & after]
    pairs = bled.reset_index().merge(ae[["USUBJID", "start", "end"]], on="USUBJID")
    during = ~(pairs["start"] > pairs["day"]) & ~(pairs["end"] < pairs["day"] - pd.Timedelta(days=7))
    lacking = bled[~bled.index.isin(pairs.loc[during, "index"])]
    text = "a bleeding of this WHO grade on {RSDTC}, but no bleeding event then in AE. Check AE."
    yield values("RS", lacking, "RSSTRESN", text)


@rule("RS-04", WARNING, "A grade's text is its number", SDTM, "RS.RSSTRESC RS.RSSTRESN RS.RSORRES")
def _other_grades(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    rs = tables.get("RS", "RSTESTCD", "RSSTRESC", "RSORRES", "RSSTRESN")
    written = pd.to_numeric(rs["RSORRES"], errors="coerce")
    wrong = rs[written.notna() & rs["RSSTRESN"].notna() & (written != rs["RSSTRESN"])]
    yield values("RS", wrong, "RSSTRESN", "but RSORRES of {RSTESTCD} is {RSORRES!r}. Correct one of them.")
