"""Bleeding by its scales: grades that the scales have, and what else tells of the bleeding."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from csrkit.sdtm.labels import fold, fold_label
from itpcsr.sdtm.bleeding_scales import WHO, highest_grade, is_grade
from itpcsr.sdtm.checks.findings import ERROR, NOTE, WARNING, values
from itpcsr.sdtm.checks.rules import REPORT, SDTM, rule
from itpcsr.sdtm.checks.tables import Tables, look_up
from itpcsr.study import Study


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
