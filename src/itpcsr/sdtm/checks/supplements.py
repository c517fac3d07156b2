"""Supplemental qualifiers: each belongs to one record, once."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from csrkit.sdtm.select import key_text
from itpcsr.sdtm.checks.findings import ERROR, WARNING, sentences, values
from itpcsr.sdtm.checks.rules import REPORT, SDTM, rule
from itpcsr.sdtm.checks.tables import Tables
from itpcsr.study import Study

_READ = "SUPPAE"  # the one that derivations read: there a lost row could be a dose-limiting toxicity
_VARIABLES = ("RDOMAIN", "IDVAR", "IDVARVAL", "QNAM", "QVAL")
_ORPHAN = (
    "{QNAM} names a record ({IDVAR} {shown}) of {subject} that isn't there ({records}). Correct IDVARVAL."
)
_TWICE = "{QNAM} stands twice for {IDVAR} {IDVARVAL} of {subject}; keep one."


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
