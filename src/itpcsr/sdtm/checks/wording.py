"""Wording: answers and reference points that can be understood."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from csrkit.sdtm.labels import fold
from csrkit.sdtm.performed import is_performed, is_unknown
from csrkit.sdtm.relative_timing import is_known_point
from itpcsr.sdtm.checks.findings import NOTE, WARNING, values
from itpcsr.sdtm.checks.keys import FINDINGS
from itpcsr.sdtm.checks.rules import SDTM, rule
from itpcsr.sdtm.checks.tables import Tables
from itpcsr.study import Study

_TIMED = ("AE", "CM", "PR")


@rule("OCC-01", NOTE, "It is known whether what was asked for took place", SDTM, "DM")
def _unknown_occurrence(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in tables.of_subjects:
        table = tables[name]
        unknown = is_unknown(name, table)
        for counts, text in (
            (True, "with a date it counts as having taken place"),
            (False, "it doesn't count"),
        ):
            rows = table[unknown & (is_performed(name, table) == counts)]
            advice = "but it was asked for, or the answer isn't Y or N; " + text + ". Fill in Y or N."
            yield values(name, rows, f"{name}OCCUR", advice)


@rule("TIME-01", WARNING, "The point that relative timing names is known", SDTM, "DM")
def _unknown_points(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in _TIMED:
        for relation, point, date in (("STRTPT", "STTPT", "STDTC"), ("ENRTPT", "ENTPT", "ENDTC")):
            if tables.has(f"{name}.{name}{relation}"):
                table = tables.get(name, f"{name}{relation}", f"{name}{point}", f"{name}{date}")
                before = fold(table[f"{name}{relation}"]) == "BEFORE"
                vague = (
                    before
                    & ~is_known_point(table[f"{name}{point}"])
                    & (table[f"{name}{date}"].str.len() < 10)
                )
                text = (
                    f"so BEFORE in {name}{relation} doesn't say whether it was before treatment; it counts "
                    "as not known. Name a date, or the first dose."
                )
                yield values(name, table[vague], f"{name}{point}", text)


@rule("TERM-26", WARNING, "Codes of tests are in capitals, without blanks", SDTM)
def _other_codes(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in FINDINGS:
        code = f"{name}TESTCD"
        if tables.has(f"{name}.{code}"):
            odd = [test for test in tables.different(name, code) if test != test.strip().upper()]
            table = tables.get(name, code)
            text = "codes are read as they stand, so this is no result of {meant!r}. Correct it."
            rows = table[table[code].isin(odd)]
            yield values(name, rows.assign(meant=rows[code].str.strip().str.upper()), code, text)
