"""A trial for an external version: no identifier, date or free text of a subject that the data came with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from csrkit.disclosure.pseudonyms import choose_shifts, move_dates, name_subjects
from csrkit.sdtm.read import Trial
from csrkit.sdtm.select import key_text

# What an external version keeps of each domain. A variable that no table here names is left out.
#
# What is named is what the report reads, so that an identifier, a comment or a sponsor's own variable that
# nobody thought of is left out by itself.

# Domains that describe the trial and hold no subject.
TRIAL_DESIGN = ("TA", "TE", "TI", "TS", "TV")
DOMAINS = (
    "DM", "EX", "AE", "LB", "VS", "CM", "MH", "PR", "DS", "DV", "SV", "MB", "PC", "IS", "CP", "RS",
    "QS", "SC", "SUPPAE", "RELREC", *TRIAL_DESIGN,
)  # fmt: skip
# Variables that mean the same in every domain.
COMMON = (
    "STUDYID", "DOMAIN", "USUBJID", "VISITNUM", "VISIT", "VISITDY", "EPOCH",
    "RDOMAIN", "IDVAR", "IDVARVAL", "QNAM", "QLABEL", "QVAL", "QORIG", "QEVAL", "RELID", "RELTYPE",
)  # fmt: skip
DEMOGRAPHICS = (
    "SUBJID", "RFSTDTC", "RFENDTC", "RFXSTDTC", "RFXENDTC", "RFICDTC", "RFPENDTC", "DTHDTC", "DTHFL",
    "AGE", "AGEU", "SEX", "RACE", "ETHNIC", "COUNTRY", "ARMCD", "ARM", "ACTARMCD", "ACTARM", "ARMNRS",
    "DMDTC", "DMDY",
)  # fmt: skip
# Variables by the part of their name behind that of the domain: LBSTRESN is LB and STRESN.
BY_DOMAIN = (
    "SEQ", "CAT", "SCAT", "TESTCD", "TEST", "TERM", "TRT", "DECOD", "BODSYS", "SOC", "CLAS", "ADJ",
    "SER", "ACN", "REL", "OUT", "SEV", "TOXGR", "SCAN", "SCONG", "SDISAB", "SDTH", "SHOSP", "SLIFE", "SMIE",
    "SOD", "DOSE", "DOSU", "DOSFRM", "DOSFRQ", "ROUTE", "OCCUR", "PRESP", "STAT",
    "ORRES", "ORRESU", "STRESC", "STRESN", "STRESU", "STNRLO", "STNRHI", "NRIND", "LLOQ", "ULOQ", "CLSIG",
    "SPEC", "METHOD", "MRKSTR", "BDAGT", "EVAL", "LOBXFL", "BLFL", "DRVFL",
    "TPT", "TPTNUM", "TPTREF", "ELTM", "RFTDTC", "DTC", "STDTC", "ENDTC", "DY", "STDY", "ENDY",
    "STRF", "ENRF", "STRTPT", "ENRTPT", "STTPT", "ENTPT",
)  # fmt: skip
# Supplemental qualifiers of adverse events, by QNAM.
QUALIFIERS = ("AEDLT", "AEINFRN")
# Words as they were reported, and the coded term that stands in their place.
CODED = {
    "AETERM": "AEDECOD",
    "CMTRT": "CMDECOD",
    "DSTERM": "DSDECOD",
    "DVTERM": "DVDECOD",
    "MHTERM": "MHDECOD",
    "PRTRT": "PRDECOD",
}
# Groups of records, which count anew within each subject.
GROUPS = ("AEGRPID",)
NOT_CODED = "NOT CODED"  # with a number, so that two different therapies of a subject stay two
# Free text whose presence alone is counted.
PRESENCE = {"EXADJ": "REASON LEFT OUT"}


def is_kept(variable: str, domain: str) -> bool:
    """Tell whether a variable of a domain stays in an external version."""
    if domain in TRIAL_DESIGN or variable in COMMON:
        return True
    if domain == "DM" and variable in DEMOGRAPHICS:
        return True
    if variable in GROUPS:
        return True
    return variable.startswith(domain) and variable.removeprefix(domain) in BY_DOMAIN


# 45 CFR 164.514(b)(2)(i)(C): ages over 89 may be put together as 90 or older.
_OLDEST = 90
_RESULT = re.compile(r"[<>]?=?\s*[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def disclose(trial: Trial, key: bytes, block: int) -> Trial:
    """Return the trial as an external version may see it; the same key gives the same names and dates.

    Data cut and cohorts must have been applied: they rest on the true calendar. Kept are the domains and
    variables that ``variables`` names. Subjects are renamed and their records stand in the order of the
    new names; sequence numbers count anew within each subject; dates move (``dates``); ages over 89 are 90;
    words as reported give way to the coded term. Dates of the trial itself (TS) are left out. ``block`` is
    the least number of subjects among whom a subject's place in the order of enrolment can't be told.
    """
    dm = trial["DM"]
    names = name_subjects(dm["USUBJID"], key)
    shifts = choose_shifts(trial, key, block)
    treated = dict(zip(dm["USUBJID"], dm.get("RFSTDTC", dm["USUBJID"].map(lambda _: "")), strict=True))
    numbers = {name: _renumber(name, frame) for name, frame in trial.domains.items()}
    domains = {}
    for name in [name for name in trial.domains if name in DOMAINS]:
        frame = _without_words(name, _kept(name, trial[name]))
        if name == "TS":
            frame = _without_dates(frame)
        if "USUBJID" in frame:
            frame = move_dates(frame, shifts, treated)
            frame = _number(name, frame, numbers)
            frame = _rename(frame, names)
        domains[name] = frame
    labels = {name: text for name, text in trial.labels.items() if name in domains}
    variables = {
        name: {column: known for column, known in found.items() if column in domains[name]}
        for name, found in trial.variables.items()
        if name in domains
    }
    return replace(trial, domains=domains, labels=labels, variables=variables, notes={}, given={})


def _kept(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame[[column for column in frame if is_kept(str(column), name)]]
    if name == "SUPPAE":
        frame = frame[frame["QNAM"].isin(QUALIFIERS)]
    return frame.reset_index(drop=True)


def _without_words(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Put coded terms in the place of words as reported, and results as standardised in that of texts."""
    frame = frame.copy(deep=False)
    for reported, coded in CODED.items():
        if reported in frame:
            frame[reported] = _coded(frame, reported, coded)
    for variable, text in PRESENCE.items():
        if variable in frame:
            frame[variable] = frame[variable].mask(frame[variable] != "", text)
    for variable in (variable for variable in GROUPS if variable in frame):
        number = frame.groupby("USUBJID")[variable].transform(lambda texts: pd.factorize(texts)[0] + 1)
        frame[variable] = frame[variable].mask(frame[variable] != "", number.astype("int64").astype("str"))
    original = f"{name}ORRES"
    if original in frame:
        standard = frame.get(f"{name}STRESC", pd.Series("", index=frame.index, dtype="str"))
        frame[original] = frame[original].where(frame[original].str.fullmatch(_RESULT), standard)
    if name == "DM" and "AGE" in frame:
        frame["AGE"] = frame["AGE"].clip(upper=_OLDEST)
    return frame


def _coded(frame: pd.DataFrame, reported: str, coded: str) -> pd.Series:
    terms = frame.get(coded, pd.Series("", index=frame.index, dtype="str"))
    words = frame[reported].str.upper()
    number = words.groupby(frame["USUBJID"]).transform(lambda texts: pd.factorize(texts)[0] + 1)
    return terms.where(terms != "", f"{NOT_CODED} " + number.astype("int64").astype("str"))


def _without_dates(ts: pd.DataFrame) -> pd.DataFrame:
    dates = ts["TSPARMCD"].str.endswith("DTC")
    return ts.assign(TSVAL=ts["TSVAL"].mask(dates, ""))


def _renumber(name: str, frame: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Return (subject, old number) to the new one: the old may count on through all subjects."""
    column = f"{name}SEQ"
    if column not in frame or "USUBJID" not in frame:
        return {}
    new = frame[column].groupby(frame["USUBJID"]).rank(method="dense").astype("Int64").astype("str")
    return dict(zip(zip(frame["USUBJID"], key_text(frame[column]), strict=True), new, strict=True))


def _number(
    name: str, frame: pd.DataFrame, numbers: Mapping[str, Mapping[tuple[str, str], str]]
) -> pd.DataFrame:
    column = f"{name}SEQ"
    if column in frame:
        keys = zip(frame["USUBJID"], key_text(frame[column]), strict=True)
        return frame.assign(**{column: [float(numbers[name][key]) for key in keys]})
    if "IDVARVAL" not in frame:
        return frame
    records = zip(
        frame["RDOMAIN"], frame["IDVAR"], frame["USUBJID"], key_text(frame["IDVARVAL"]), strict=True
    )
    values = [
        numbers.get(domain, {}).get((subject, value), "") if variable == f"{domain}SEQ" else ""
        for domain, variable, subject, value in records
    ]
    frame = frame.assign(IDVARVAL=pd.Series(values, index=frame.index, dtype="str"))
    # what points by another variable (a group's or a sponsor's number) would point to what is left out
    return frame[frame["IDVARVAL"] != ""].reset_index(drop=True)


def _rename(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Put the new names in, wherever the old stand, and the records in their order."""
    subjects = frame["USUBJID"].map(names)
    old = re.compile(
        "|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in sorted(names, key=len, reverse=True))
    )
    frame = frame.copy(deep=False)
    for column in frame:
        if column != "USUBJID" and pd.api.types.is_string_dtype(frame[column]):
            frame[column] = frame[column].str.replace(old, lambda found: names[found.group()], regex=True)
    frame["USUBJID"] = subjects.astype("str")
    if "SUBJID" in frame:
        frame["SUBJID"] = subjects.str.removeprefix("S-").astype("str")
    return frame.sort_values("USUBJID", kind="stable", ignore_index=True)
