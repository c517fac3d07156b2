"""Qualifiers of records: those that nobody reads are told where they change what a record means."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from csrkit.sdtm.labels import fold
from csrkit.sdtm.qualifiers import USED, Unused, is_used, qualifiers_of, why_unused
from itpcsr.sdtm.checks.findings import NOTE, WARNING, listed, overall
from itpcsr.sdtm.checks.rules import REPORT, rule
from itpcsr.sdtm.checks.tables import Tables
from itpcsr.study import Study


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
