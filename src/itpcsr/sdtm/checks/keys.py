"""What is there at all, who is in the trial, and that no record is there twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

import pandas as pd

from itpcsr.sdtm.checks.rules import (
    ERROR,
    NOTE,
    REPORT,
    SDTM,
    TRIAL_DESIGN,
    WARNING,
    Tables,
    listed,
    overall,
    rule,
    sentences,
    values,
)
from itpcsr.study import Study

# What is there at all: domains, records, subjects, tests.

_LOST = {
    "AE": "adverse events",
    "DS": "disposition",
    "LB": "laboratory values and platelet response",
}
_LESS = {
    "SUPPAE": "dose-limiting toxicities and reactions to infusions",
    "VS": "weight and height",
    "MH": "duration of the disease",
    "CM": "earlier, concomitant and rescue therapy",
    "PR": "splenectomy and transfusions",
}


@rule("STR-04", NOTE, "A domain has records", REPORT)
def _empty_domains(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in tables.names:
        if tables[name].empty:
            yield overall(name, "", "", "has no records. If there should be some, export it anew.")


@rule("STR-05", WARNING, "Records name a subject", SDTM)
def _domains_without_subjects(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in tables.names:
        if name not in (*TRIAL_DESIGN, "RELREC") and "USUBJID" not in tables[name]:
            yield overall(name, "USUBJID", "", "has no USUBJID, so nothing in it is used. Export it anew.")


@rule("STR-06", WARNING, "The domains that the main tables come from are there", REPORT)
def _lost_domains(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, what in _LOST.items():
        if name not in tables:
            sentence = f"the domain is absent, so the report can't show {what}. Add its file if there is one."
            yield overall(name, "", "", sentence)


@rule("STR-07", NOTE, "The domains that single results come from are there", REPORT)
def _lesser_domains(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, what in {**_LESS, **_sampled(study)}.items():
        if name not in tables:
            sentence = f"the domain is absent, so nothing is known of {what}. Add its file if there is one."
            yield overall(name, "", "", sentence)


def _sampled(study: Study) -> dict[str, str]:
    sampling = study.sampling
    wanted = {
        "MB": ("viruses", bool(sampling.virus_tests)),
        "PC": ("cells in blood", bool(sampling.concentration_hours)),
        "IS": ("antibodies", bool(sampling.antibody_subjects)),
        "CP": ("cell phenotypes", bool(sampling.immune_weeks)),
    }
    return {name: what for name, (what, planned) in wanted.items() if planned}


@rule("STR-08", WARNING, "The laboratory data hold platelet counts", REPORT, "LB.LBTESTCD")
def _no_platelets(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    codes = sorted(tables.different("LB", "LBTESTCD"))
    if study.efficacy is not None and codes and study.efficacy.platelet_test not in codes:
        sentence = (
            f"LBTESTCD is never {study.efficacy.platelet_test}, so the response can't be shown; found "
            f"{listed(codes)}. Correct the code or platelet_test in the study file."
        )
        yield overall("LB", "LBTESTCD", listed(codes), sentence)


@rule("STR-09", NOTE, "The trial has more than one subject", REPORT, "DM.USUBJID")
def _few_subjects(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    number = tables["DM"]["USUBJID"].nunique()
    if number < 2:
        sentence = (
            f"holds {number} subject{'s' if number == 0 else ''}; most tables will say that nothing "
            "can be estimated."
        )
        yield overall("DM", "USUBJID", str(number), sentence)


@rule("STR-10", NOTE, "Both sexes are in the trial", REPORT, "DM.SEX")
def _one_sex(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    found = set(tables.different("DM", "SEX"))
    sampled = study.sampling.concentration_sex
    if len(tables["DM"]) > 1 and len(found & {"F", "M"}) == 1:
        lost = (
            f"; cells in blood are measured in sex {sampled} alone"
            if sampled and sampled not in found
            else ""
        )
        yield overall(
            "DM", "SEX", listed(sorted(found)), f"all subjects are of one sex{lost}. Is the file whole?"
        )


@rule("STR-11", NOTE, "Nothing had to be decided on reading", REPORT)
def _decided_on_reading(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, notes in sorted(tables.trial.notes.items()):
        for note in notes:
            yield overall(name, "", "", note)


@rule("STR-12", WARNING, "Every file of trial data can be read", REPORT)
def _left_out(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, reason in sorted(tables.trial.left_out.items()):
        sentence = (
            f"{name} is left out, since it can't be read and the report doesn't use its domain. {reason}"
        )
        yield overall("", "", name, sentence).assign(message=sentence)


# Keys: who is in the trial, and that no record appears twice.

_ODD_NAME = r"[^A-Za-z0-9._/-]"
_ODD_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]")
_BLANKS = (" ", "\t", "\n", "\f", "\r")
_SIMULATED = "-SIM"
# Domains of results, in which one test is done once at a time.
FINDINGS = ("LB", "VS", "MB", "PC", "IS", "CP", "RS")
_MEASURED_WITH = (
    "CAT",
    "SCAT",
    "SPEC",
    "LOC",
    "LAT",
    "POS",
    "REPNUM",
    "METHOD",
    "TPT",
    "TPTNUM",
    "TPTREF",
    "GRPID",
    "EVAL",
)
_EVENTS = {
    "AE": ("AETERM", "AESTDTC", "AEENDTC", "AETOXGR", "AESEV"),
    "CM": ("CMTRT", "CMSTDTC", "CMENDTC", "CMCAT", "CMDTC", "VISITNUM"),
    "PR": ("PRTRT", "PRSTDTC", "PRENDTC", "PRCAT", "PRDTC", "VISITNUM"),
    "MH": ("MHTERM", "MHSTDTC", "MHCAT", "MHDTC", "VISITNUM"),
}


@rule("KEY-01", ERROR, "A subject has one record in DM", SDTM, "DM.USUBJID")
def _repeated_subjects(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    dm = tables.get("DM")
    twice = dm[dm["USUBJID"].duplicated(keep=False) & (dm["USUBJID"] != "")]
    yield sentences(
        "DM", twice, "USUBJID", "more than one record for {subject} ({records}); a subject has one. Keep one."
    )


@rule("KEY-02", ERROR, "Sequence numbers are unique in a subject", SDTM)
def _repeated_sequences(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in tables.of_subjects:
        sequence = f"{name}SEQ"
        if sequence in tables[name]:
            table = tables.get(name, sequence)
            twice = table[table.duplicated(["USUBJID", sequence])]
            yield sentences(
                name, twice, sequence,
                "{variable} appears twice for {subject} (first: {shown}); it must be unique. Renumber.",
            )  # fmt: skip


@rule("KEY-03", ERROR, "Subjects of every domain are in DM", SDTM, "DM.USUBJID")
def _unknown_subjects(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    known = set(tables.different("DM", "USUBJID"))
    for name in tables.of_subjects:
        unknown = [subject for subject in tables.different(name, "USUBJID") if subject not in known]
        table = tables.get(name)
        strangers = table[table["USUBJID"].isin([subject for subject in unknown if subject])]
        yield sentences(
            name, strangers, "USUBJID",
            "records of {subject}, who is not in DM ({records}). Add the subject or remove them.",
        )  # fmt: skip


@rule("KEY-04", ERROR, "Every record names its subject", SDTM)
def _nameless_records(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in tables.of_subjects:
        blank = [subject for subject in tables.different(name, "USUBJID") if not subject.strip()]
        if name != "RELREC" and blank:
            number = int(tables[name]["USUBJID"].isin(blank).sum())
            sentence = f"USUBJID is empty in {number} record(s); no subject can be counted there. Fill it in."
            yield overall(name, "USUBJID", "", sentence)


@rule("KEY-05", ERROR, "DM holds one study", REPORT, "DM.STUDYID")
def _several_studies(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    names = sorted(tables.different("DM", "STUDYID"))
    if len(names) > 1:
        yield overall("DM", "STUDYID", listed(names), f"holds several studies ({listed(names)}). Keep one.")


@rule("KEY-06", WARNING, "All domains are of the study of DM", SDTM, "DM.STUDYID")
def _other_studies(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    own = set(tables.different("DM", "STUDYID"))
    for name in tables.names:
        if name != "DM" and own and "STUDYID" in tables[name]:
            others = sorted(set(tables.different(name, "STUDYID")) - own)
            if others:
                sentence = (
                    f"STUDYID is {listed(map(repr, others))}, but DM says {listed(map(repr, sorted(own)))}."
                )
                yield overall(
                    name, "STUDYID", listed(others), f"{sentence} Check that the file is of this study."
                )


@rule("KEY-07", WARNING, "STUDYID is the study file's", REPORT, "DM.STUDYID")
def _unexpected_study(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    wanted = study.identity.study_id.upper()
    for name in sorted(tables.different("DM", "STUDYID")):
        if name.upper().removesuffix(_SIMULATED) != wanted:
            sentence = f"STUDYID is {name!r}, but the study file is of {study.identity.study_id}. Check both."
            yield overall("DM", "STUDYID", name, sentence)


@rule("KEY-08", WARNING, "A person has one USUBJID", SDTM, "DM.SUBJID")
def _two_identities(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    dm = tables.get("DM", "SITEID", "SUBJID").drop_duplicates("USUBJID")
    twice = dm[dm.duplicated(["SITEID", "SUBJID"], keep=False) & (dm["SUBJID"] != "")]
    yield values(
        "DM", twice, "SUBJID",
        "the same person under several USUBJID at site {SITEID!r}, or two persons with one number. Correct.",
    )  # fmt: skip


@rule("KEY-09", WARNING, "Subject identifiers have no blanks and odd characters", SDTM, "DM.USUBJID")
def _odd_identifiers(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    dm = tables.get("DM")
    odd = dm[dm["USUBJID"].str.contains(_ODD_NAME, regex=True)]
    yield values(
        "DM", odd, "USUBJID", "blanks or odd characters; the same subject may go by another spelling."
    )


@rule("KEY-10", WARNING, "An event, therapy or condition is recorded once", REPORT)
def _repeated_events(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, variables in _EVENTS.items():
        if name in tables.of_subjects and variables[0] in tables[name]:
            table = tables.get(name, *variables)
            twice = table[table.duplicated(["USUBJID", *variables]) & (table[variables[0]] != "")]
            yield values(
                name, twice, variables[0], "recorded before, the same in all that is read. Keep one of them."
            )


@rule("KEY-11", NOTE, "A test is done once at a time, with one result", SDTM)
def _repeated_results(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, table in same_test_same_time(tables):
        again = table[table.duplicated(["USUBJID", "key", f"{name}STRESN", f"{name}STRESC"])]
        yield values(name, again, f"{name}TESTCD", "the same result twice at {moment}. Keep one of them.")


@rule("KEY-12", WARNING, "A test has no two results at one time", SDTM)
def _contradicting_results(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, table in same_test_same_time(tables):
        same = ["USUBJID", "key", f"{name}STRESN", f"{name}STRESC"]
        different = table[~table.duplicated(same, keep=False)]
        yield values(name, different, f"{name}TESTCD", "several results at {moment}. Keep the right one.")


def same_test_same_time(tables: Tables) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the records of each domain of results that share subject, test, way of measuring and minute."""
    for name in FINDINGS:
        test, moment = f"{name}TESTCD", f"{name}DTC"
        if not (tables.has(f"{name}.{test}") and tables.has(f"{name}.{moment}")):
            continue
        yield name, tables.once(f"same time in {name}", partial(_same_time, tables, name))


def _same_time(tables: Tables, name: str) -> pd.DataFrame:
    ways = [f"{name}{part}" for part in _MEASURED_WITH if f"{name}{part}" in tables[name]]
    same = ["USUBJID", f"{name}TESTCD", f"{name}DTC", *ways]
    table = tables.get(name, *same[1:], f"{name}STRESN", f"{name}STRESC")
    twice = table[table.duplicated(same, keep=False) & (table[f"{name}DTC"] != "")]
    key = twice.groupby(same, dropna=False, sort=False).ngroup()
    return twice.assign(key=key, moment=twice[f"{name}DTC"])


@rule("TXT-01", WARNING, "Text holds no control and replacement characters", SDTM)
def _odd_characters(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, column, unique in _texts(tables):
        if wrong := [text for text in unique if _ODD_CHARACTER.search(text)]:
            yield _by_text(tables, name, column, wrong, "characters lost in an encoding. Export it as UTF-8.")


@rule("TXT-02", NOTE, "Text has no blanks at its start", SDTM)
def _leading_blanks(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, column, unique in _texts(tables):
        if wrong := [text for text in unique if text.startswith(_BLANKS)]:
            yield _by_text(tables, name, column, wrong, "blanks at the start, so it equals no other term.")


def _texts(tables: Tables) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the different texts of every column; dates have a rule of their own."""
    for name in tables.names:
        table = tables[name]
        for column in table.columns:
            if not column.endswith("DTC") and table[column].dtype == "str":
                yield name, column, tables.different(name, column).tolist()


def _by_text(tables: Tables, name: str, column: str, wrong: list[str], text: str) -> pd.DataFrame:
    table = tables[name]
    if "USUBJID" not in table:
        return overall(name, column, wrong[0], f"{column} is {wrong[0]!r}; {text}")
    rows = tables.get(name, column)
    return values(name, rows[table[column].isin(wrong)], column, text)
