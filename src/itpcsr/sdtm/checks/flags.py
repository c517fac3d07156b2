"""Baseline flags: one for a test, before the first dose, and a value to be compared with at all."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from itpcsr.sdtm.checks.findings import NOTE, WARNING, sentences, values
from itpcsr.sdtm.checks.keys import FINDINGS
from itpcsr.sdtm.checks.rules import REPORT, SDTM, rule
from itpcsr.sdtm.checks.tables import Tables, look_up
from itpcsr.study import Study

_FLAGS = ("BLFL", "LOBXFL")
# What makes two records of one test two baselines, not one twice.
_MEASURED = ("CAT", "SCAT", "SPEC", "METHOD", "LOC", "LAT", "POS", "TPT", "TPTNUM", "TPTREF", "GRPID", "EVAL")
_MOST = 0.6  # of the subjects that have later values: so many have an earlier one where it is planned
_SUBJECTS = 3


def _flagged(tables: Tables) -> Iterator[tuple[str, str, pd.DataFrame]]:
    for name in FINDINGS:
        for part in _FLAGS:
            flag = f"{name}{part}"
            if tables.has(f"{name}.{flag}") and tables.has(f"{name}.{name}TESTCD"):
                ways = [f"{name}{way}" for way in _MEASURED if f"{name}{way}" in tables[name]]
                table = tables.get(name, f"{name}TESTCD", f"{name}DTC", "VISIT", flag, *ways)
                yield name, flag, table[table[flag] == "Y"]


@rule("FLAG-01", WARNING, "A test has one baseline in a subject", SDTM)
def _several_baselines(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, flag, table in _flagged(tables):
        ways = [column for column in table if column not in ("VISIT", f"{name}DTC", f"{name}SEQ")]
        again = table[table.duplicated(ways)]
        text = f"a second baseline of {{{name}TESTCD}} ({{{name}DTC}}). Keep the flag of the right one."
        yield values(name, again, flag, text)


@rule("FLAG-02", WARNING, "A baseline is from before the first dose", SDTM, "EX.EXSTDTC")
def _late_baselines(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, flag, table in _flagged(tables):
        day, time = (read(name, f"{name}DTC").reindex(table.index) for read in (tables.day, tables.minute))
        first, start = (look_up(of, table["USUBJID"]) for of in (tables.first_day, tables.first_time))
        late = table[(day > first) | (time > start)]
        text = f"but {{{name}TESTCD}} is of {{{name}DTC}}, after the first dose. Correct flag or date."
        yield values(name, late, flag, text)


@rule(
    "FLAG-03",
    WARNING,
    "What is measured later is measured before the first dose, as in others",
    REPORT,
    "EX.EXSTDTC",
)
def _no_earlier_value(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in FINDINGS:
        code, moment = f"{name}TESTCD", f"{name}DTC"
        if tables.has(f"{name}.{code}") and tables.has(f"{name}.{moment}"):
            table = tables.get(name, code, f"{name}STRESN", f"{name}STRESC")
            first = tables.per_record(name, tables.first_day)
            day = tables.day(name, moment)
            known = (
                day.notna()
                & first.notna()
                & ((table[f"{name}STRESC"] != "") | table[f"{name}STRESN"].notna())
            )
            pairs = table.assign(before=day <= first, after=day > first)[known]
            pairs = pairs.groupby(["USUBJID", code], sort=True)[["before", "after"]].any().reset_index()
            later = pairs[pairs["after"]]
            tests = later.groupby(code)["before"]
            planned = (tests.transform("mean") >= _MOST) & (tests.transform("size") >= _SUBJECTS)
            lacking = later[planned & ~later["before"]]
            shown = lacking.groupby("USUBJID", sort=True)[code].agg(", ".join).rename("tests").reset_index()
            text = (
                "no {tests} of {subject} before the first dose, though there are later results, and others "
                "have both. Do visit and date belong to each other?"
            )
            yield sentences(name, shown, "tests", text).assign(variable=code)


@rule(
    "FLAG-04", NOTE, "A test that has a baseline flag in others has one in every subject", SDTM, "EX.EXSTDTC"
)
def _no_baselines(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, flag, table in _flagged(tables):
        code = f"{name}TESTCD"
        own = tables.get(name, code)[["USUBJID", code]].drop_duplicates()
        own = own[own["USUBJID"].isin(tables.first_day.index)]
        marked = pd.MultiIndex.from_frame(table[["USUBJID", code]])
        own = own.assign(flagged=pd.MultiIndex.from_frame(own).isin(marked))
        tests = own.groupby(code)["flagged"]
        usual = (tests.transform("mean") >= _MOST) & (tests.transform("size") >= _SUBJECTS)
        lacking = own[usual & ~own["flagged"]].sort_values(["USUBJID", code])
        shown = lacking.groupby("USUBJID", sort=True)[code].agg(", ".join).rename("tests").reset_index()
        text = (
            f"{flag} marks no {{tests}} of {{subject}}, as it does in others. Set it, if there is a baseline."
        )
        yield sentences(name, shown, "tests", text).assign(variable=flag)
