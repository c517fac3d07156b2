"""Supplemental qualifiers, and qualifiers of records that nobody reads."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from csrkit.sdtm.labels import fold
from csrkit.sdtm.qualifiers import USED, Unused, is_used, qualifiers_of, why_unused
from csrkit.sdtm.select import key_text
from itpcsr.sdtm.checks.rules import (
    ERROR,
    NOTE,
    REPORT,
    SDTM,
    WARNING,
    Tables,
    listed,
    overall,
    rule,
    sentences,
    values,
)
from itpcsr.study import Study

# Supplemental qualifiers: each belongs to one record, once.

_READ = "SUPPAE"  # the one that derivations read: there a lost row could be a dose-limiting toxicity
_VARIABLES = ("RDOMAIN", "IDVAR", "IDVARVAL", "QNAM", "QVAL")
_ORPHAN = (
    "{QNAM} names a record ({IDVAR} {shown}) of {subject} that isn't there ({records}). Correct IDVARVAL."
)
_TWICE = "{QNAM} appears twice for {IDVAR} {IDVARVAL} of {subject}; keep one."


@rule(
    "SUPP-01",
    ERROR,
    "Qualifiers of adverse events belong to an event",
    REPORT,
    "SUPPAE.IDVARVAL SUPPAE.IDVAR",
)
def _orphans_of_events(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    yield sentences(_READ, _orphans(tables, _READ, blank_allowed=False), "IDVARVAL", _ORPHAN)


@rule("SUPP-02", WARNING, "Qualifiers of other domains belong to a record", SDTM)
def _orphans_elsewhere(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in _others(tables):
        yield sentences(name, _orphans(tables, name, blank_allowed=True), "IDVARVAL", _ORPHAN)


@rule("SUPP-03", ERROR, "An adverse event has a qualifier once", REPORT, "SUPPAE.QNAM SUPPAE.IDVARVAL")
def _repeated_of_events(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    yield sentences(_READ, _repeated(tables, _READ), "QNAM", _TWICE)


@rule("SUPP-04", WARNING, "A record of another domain has a qualifier once", SDTM)
def _repeated_elsewhere(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in _others(tables):
        yield sentences(name, _repeated(tables, name), "QNAM", _TWICE)


@rule("SUPP-05", ERROR, "RDOMAIN is the domain that is supplemented", SDTM)
def _other_parents(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in (name for name in tables.of_subjects if name.startswith("SUPP")):
        table = tables.get(name, *_VARIABLES)
        wrong = table[table["RDOMAIN"] != name.removeprefix("SUPP")]
        yield values(
            name, wrong, "RDOMAIN", f"in {name} it has to be {name.removeprefix('SUPP')}. Correct it."
        )


@rule("SUPP-06", ERROR, "A qualifier doesn't contradict a variable of AE", REPORT, "SUPPAE.QNAM AE.AESEQ")
def _contradictions(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    supplement = tables.get(_READ, *_VARIABLES)
    for name in sorted(set(supplement["QNAM"]) & set(tables["AE"].columns)):
        rows = supplement[(supplement["QNAM"] == name) & (supplement["IDVAR"] == "AESEQ")]
        events = tables.get("AE", name)
        keys = pd.MultiIndex.from_arrays([events["USUBJID"], key_text(events["AESEQ"])])
        own = pd.Series(events[name].astype("str").to_numpy(), index=keys)
        own = own[~own.index.duplicated()]
        found = own.reindex(pd.MultiIndex.from_arrays([rows["USUBJID"], key_text(rows["IDVARVAL"])])).fillna(
            ""
        )
        wrong = rows[(found.to_numpy() != "") & (rows["QVAL"].to_numpy() != found.to_numpy())]
        yield values(_READ, wrong, "QVAL", "AE has another value of {QNAM} for this event. Keep one.")


@rule("TERM-13", ERROR, "Flags of adverse events are Y or N", REPORT, "SUPPAE.QNAM SUPPAE.QVAL")
def _other_flags(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    table = tables.get(_READ, *_VARIABLES)
    for name in ("AEDLT", "AEINFRN"):
        wrong = table[(table["QNAM"] == name) & ~table["QVAL"].isin(["Y", "N"])]
        yield sentences(
            _READ, wrong, "QVAL", "QVAL of {QNAM} is {shown} for {subject}{where}; allowed: Y or N."
        )


def _others(tables: Tables) -> list[str]:
    return [
        name
        for name in tables.of_subjects
        if name.startswith("SUPP") and name != _READ and {"QNAM", "IDVAR", "IDVARVAL"} <= set(tables[name])
    ]


def _repeated(tables: Tables, name: str) -> pd.DataFrame:
    table = tables.get(name, *_VARIABLES)
    keys = table.assign(IDVARVAL=key_text(table["IDVARVAL"]))
    return table[keys.duplicated(["USUBJID", "IDVAR", "IDVARVAL", "QNAM"])]


def _orphans(tables: Tables, name: str, blank_allowed: bool) -> pd.DataFrame:
    """Return the rows whose parent isn't there; without IDVAR the parent is the subject, as in SUPPDM."""
    table = tables.get(name, *_VARIABLES)
    parent = name.removeprefix("SUPP")
    lost = pd.Series(True, index=table.index)
    for variable in sorted(set(table["IDVAR"]) - {""}):
        if tables.has(f"{parent}.{variable}"):
            keys = tables.get(parent, variable)
            known = pd.MultiIndex.from_arrays([keys["USUBJID"], key_text(keys[variable])])
            own = pd.MultiIndex.from_arrays([table["USUBJID"], key_text(table["IDVARVAL"])])
            lost &= ~((table["IDVAR"] == variable) & own.isin(known))
    if blank_allowed and tables.has(f"{parent}.USUBJID"):
        lost &= ~((table["IDVAR"] == "") & table["USUBJID"].isin(tables[parent]["USUBJID"]))
    return table[lost]


# Qualifiers of records: those that nobody reads are told where they change what a record means.


@rule("QUAL-01", WARNING, "A variable that can change what a record means is known to the report", REPORT)
def _undeclared(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, variable in _unread(tables):
        if why_unused(name, variable) is None:
            filled = _filled(tables, name, variable)
            if filled.any():
                shown = _shown(tables[name].loc[filled, variable])
                sentence = (
                    f"{variable} has values in {int(filled.sum())} record(s) ({shown}); nothing reads it: "
                    "these records count as if it were empty. See whether they should."
                )
                yield overall(name, variable, shown, sentence)


@rule("QUAL-02", NOTE, "What isn't read doesn't change what a record means", REPORT)
def _told(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, variable in _unread(tables):
        unused = why_unused(name, variable)
        if unused is not None:
            wrong = _speaking(tables, name, variable, unused)
            if wrong.any():
                shown = _shown(tables[name].loc[wrong, variable])
                sentence = (
                    f"{variable} is {shown} in {int(wrong.sum())} record(s) and isn't read: {unused.reason}. "
                    "See whether these records should count so."
                )
                yield overall(name, variable, shown, sentence)


def _unread(tables: Tables) -> Iterator[tuple[str, str]]:
    for name in sorted(set(tables.of_subjects) & set(USED)):
        for variable in qualifiers_of(name, list(tables[name].columns)):
            if not is_used(name, variable):
                yield name, variable


def _filled(tables: Tables, name: str, variable: str) -> pd.Series:
    column = tables[name][variable]
    return column.notna() & (column.astype("str").str.strip() != "")


def _speaking(tables: Tables, name: str, variable: str, unused: Unused) -> pd.Series:
    """True for the records whose value changes their meaning in spite of the reason given."""
    filled = _filled(tables, name, variable)
    test = f"{name}TESTCD"
    if unused.several and test not in tables[name]:
        return filled & False  # places and sides of events, and of infusions, make no other event
    if unused.several:
        table = tables.get(name, variable, test)[filled]
        folded = fold(table[variable].astype("str"))
        return filled & (folded.groupby(table[test]).transform("nunique") > 1).reindex(
            filled.index, fill_value=False
        )
    if "*" in unused.told:
        return filled
    return filled & fold(tables[name][variable].astype("str")).isin(unused.told)


def _shown(values: pd.Series) -> str:
    return listed(repr(str(value)) for value in sorted(set(values.astype("str"))))
