"""Viruses, antibodies, immune cells and bleeding: the planned samples, and what they tell."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from csrkit.sdtm.titres import ALLOWED, read_titres
from itpcsr.sdtm.checks import terms
from itpcsr.sdtm.checks.findings import ERROR, NOTE, WARNING, sentences, values
from itpcsr.sdtm.checks.rules import PROTOCOL, REPORT, SDTM, rule
from itpcsr.sdtm.checks.tables import Tables, look_up
from itpcsr.sdtm.checks.visits import missed_weeks
from itpcsr.study import Study

_RESULTS = ("NEGATIVE", "POSITIVE", "INDETERMINATE", "NOT DETECTED", "DETECTED", "")


@rule(
    "MB-01", WARNING, "Viruses are tested in the planned weeks", PROTOCOL, "MB.MBTESTCD MB.MBDTC EX.EXSTDTC"
)
def _missed_viruses(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    weeks, mb = study.sampling.virus_weeks, tables.get("MB", "MBTESTCD")
    if not (weeks and study.sampling.virus_tests):
        return
    missed = [
        missed_weeks(tables, study, "MB", mb[mb["MBTESTCD"] == test], weeks).assign(test=test)
        for test in study.sampling.virus_tests
    ]
    together = pd.concat(missed).groupby(["USUBJID", "weeks"], sort=True)["test"]
    lacking = together.agg(", ".join).rename("tests").reset_index()
    text = "no {tests} of {subject} near week(s) {weeks}. Add the results or record a deviation."
    yield sentences("MB", lacking, "tests", text).assign(variable="MBTESTCD")


@rule("MB-02", WARNING, "No virus is found", REPORT, "MB.MBTESTCD MB.MBSTRESC")
def _positive_viruses(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    mb = tables.get("MB", "MBTESTCD", "MBSTRESC", "MBDTC")
    found = mb[mb["MBSTRESC"].str.upper().isin(terms.POSITIVE)]
    yield values("MB", found, "MBSTRESC", "{MBTESTCD} on {MBDTC}: a safety finding. Confirm it.")


@rule(
    "MB-03", NOTE, "Viruses are tested before the first infusion", PROTOCOL, "MB.MBTESTCD MB.MBDTC EX.EXSTDTC"
)
def _no_virus_baseline(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.sampling.virus_tests:
        mb = tables.get("MB", "MBTESTCD", "MBDTC")
        before = mb[tables.day("MB", "MBDTC") <= look_up(tables.first_day, mb["USUBJID"])]
        treated = tables.infusions.drop_duplicates("USUBJID")[["USUBJID"]]
        lacking = treated[~treated["USUBJID"].isin(before["USUBJID"].unique())]
        text = "no virus test of {subject} before infusion 1; a later finding can't be told from an old one."
        yield sentences("MB", lacking, "MBTESTCD", text)


@rule("MB-04", NOTE, "Results of virus tests are terms or numbers", SDTM, "MB.MBTESTCD MB.MBSTRESC")
def _odd_virus_results(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    mb = tables.get("MB", "MBTESTCD", "MBSTRESC")
    known = mb["MBSTRESC"].str.upper().isin(_RESULTS) | mb["MBSTRESC"].str.contains(r"[0-9]", regex=True)
    yield values("MB", mb[~known], "MBSTRESC", "neither NEGATIVE, POSITIVE nor a number. Correct it.")


@rule(
    "IS-01", NOTE, "Antibodies to HLA and donor are of the first subjects", PROTOCOL, "IS.ISTESTCD EX.EXSTDTC"
)
def _other_antibody_subjects(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.sampling.antibody_subjects is not None:
        first = _first_treated(tables, study.sampling.antibody_subjects)
        table = _donor_antibodies(tables)
        extra = table[~table["USUBJID"].isin(first)]
        text = f"records of {{subject}} ({{records}}), who isn't among the first {len(first)} treated."
        yield sentences("IS", extra, "ISTESTCD", text)


@rule(
    "IS-02",
    WARNING,
    "The first subjects have antibodies before and after treatment",
    PROTOCOL,
    "IS.ISDTC EX.EXSTDTC",
)
def _half_antibodies(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.sampling.antibody_subjects is None:
        return
    table = _donor_antibodies(tables)
    after = table["day"] > look_up(tables.first_day, table["USUBJID"])
    dated = table["day"].notna()
    first = pd.DataFrame({"USUBJID": _first_treated(tables, study.sampling.antibody_subjects)}, dtype="str")
    for found, when in ((dated & ~after, "before"), (dated & after, "after")):
        lacking = first[~first["USUBJID"].isin(table.loc[found, "USUBJID"])]
        text = f"no antibody sample of {{subject}} {when} treatment; a change can't be estimated. Add it."
        yield sentences("IS", lacking, "ISDTC", text).assign(value=when)


@rule("IS-03", ERROR, "Results of antibodies are words or titres", REPORT, "IS.ISTESTCD IS.ISSTRESC")
def _unread_antibodies(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    codes = [test.code for test in study.antibody.antibody_tests if test.kind == "donor"]
    table = tables.get("IS", "ISTESTCD", "ISSTRESC", "ISORRES", "ISSTRESN")
    standard, original = (read_titres(table[name]) for name in ("ISSTRESC", "ISORRES"))
    word = (standard["word"] != "") | (original["word"] != "")
    titre = standard["value"].notna() | original["value"].notna() | (table["ISSTRESN"] >= 1)
    silent = ((table["ISSTRESC"] + table["ISORRES"]).str.strip() == "") & table["ISSTRESN"].isna()
    wrong = table[table["ISTESTCD"].isin(codes) & ~word & ~titre & ~silent]
    yield values("IS", wrong, "ISSTRESC", f"allowed are {ALLOWED}. Correct it.")


def _donor_antibodies(tables: Tables) -> pd.DataFrame:
    """Return antibodies to HLA and to the donor; those to the subject's own platelets are of everyone."""
    table = tables.get("IS", "ISTESTCD", "ISCAT")
    table["day"] = tables.day("IS", "ISDTC")
    words = table["ISTESTCD"] + " " + table["ISCAT"].str.upper()
    return table[words.str.contains("HLA|DONOR|DSA", regex=True)]


def _first_treated(tables: Tables, number: int) -> list[str]:
    """Return the subjects treated first; the registry takes the first ones for antibodies."""
    order = tables.infusions.drop_duplicates("USUBJID").sort_values(["EXSTDTC", "USUBJID"], kind="stable")
    return order["USUBJID"].head(number).tolist()


@rule(
    "CP-01",
    NOTE,
    "Immune cells are measured in the planned weeks",
    PROTOCOL,
    "CP.CPTESTCD CP.CPDTC EX.EXSTDTC",
)
def _missed_phenotypes(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.sampling.immune_weeks:
        rows = tables.get("CP", "CPDTC")
        missed = missed_weeks(tables, study, "CP", rows, study.sampling.immune_weeks)
        text = "no cell phenotypes of {subject} near week(s) {weeks}. They are shown as missing."
        yield sentences("CP", missed, "weeks", text).assign(variable="CPTESTCD")


@rule("CP-02", NOTE, "Cytokines are measured in the planned weeks", PROTOCOL, "LB.LBCAT LB.LBDTC EX.EXSTDTC")
def _missed_cytokines(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    lb = tables.get("LB", "LBCAT", "LBDTC")
    rows = lb[lb["LBCAT"].str.upper() == "CYTOKINE"]
    if study.sampling.immune_weeks and len(rows):
        missed = missed_weeks(tables, study, "LB", rows, study.sampling.immune_weeks)
        text = "no cytokines of {subject} near week(s) {weeks}. They are shown as missing."
        yield sentences("LB", missed, "weeks", text).assign(variable="LBCAT")


@rule(
    "CP-03",
    WARNING,
    "Immune cells are measured before the first infusion",
    PROTOCOL,
    "CP.CPTESTCD CP.CPDTC EX.EXSTDTC",
)
def _no_phenotype_baseline(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.sampling.immune_weeks:
        cp = tables.get("CP", "CPDTC")
        before = cp[tables.day("CP", "CPDTC") <= look_up(tables.first_day, cp["USUBJID"])]
        lacking = tables.infusions.drop_duplicates("USUBJID")[["USUBJID"]]
        lacking = lacking[~lacking["USUBJID"].isin(before["USUBJID"].unique())]
        yield sentences(
            "CP",
            lacking,
            "CPTESTCD",
            "no cell phenotypes of {subject} before infusion 1; no change can be estimated.",
        )
