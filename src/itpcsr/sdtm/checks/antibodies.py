"""Antibodies: titres that are dilutions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from csrkit.sdtm.titres import read_titres
from itpcsr.sdtm.checks.findings import NOTE, WARNING, values
from itpcsr.sdtm.checks.rules import REALITY, REPORT, rule
from itpcsr.sdtm.checks.tables import Tables
from itpcsr.study import Study

_LEAST, _MOST = 5, 0.8  # titres of a test, and the share of them, that show by which factor it is diluted
_OFF = 0.02  # of the binary logarithm, by which rounding may move a titre within its series


def _titres(tables: Tables, study: Study) -> pd.DataFrame:
    """Return the results of donor antibodies with what they say: word, value and sign (``read_titres``)."""
    codes = [test.code for test in study.antibody.antibody_tests if test.kind == "donor"]
    table = tables.get("IS", "ISTESTCD", "ISSTRESC", "ISORRES", "ISSTRESN", "ISDTC")
    table = table[table["ISTESTCD"].isin(codes)]
    standard, original = (read_titres(table[name]) for name in ("ISSTRESC", "ISORRES"))
    word = standard["word"].where(standard["word"] != "", original["word"])
    return table.assign(word=word, value=standard["value"].fillna(original["value"]))


@rule("IS-05", WARNING, "A titre is 1 or more", REALITY, "IS.ISTESTCD IS.ISSTRESN")
def _titres_below_one(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    table = _titres(tables, study)
    low = table[(table["word"] == "POSITIVE") & table["value"].isna() & (table["ISSTRESN"] < 1)]
    text = "no dilution, so the titre of {ISTESTCD} on {ISDTC} counts as not known. Correct it."
    yield values("IS", low, "ISSTRESN", text)


@rule("IS-06", NOTE, "Titres of a test are steps of one dilution", REPORT, "IS.ISTESTCD")
def _titres_between_steps(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    table = _titres(tables, study)
    table = table.assign(value=table["value"].fillna(table["ISSTRESN"].where(table["ISSTRESN"] >= 1)))
    table = table[table["value"].notna() & (table["word"] != "NEGATIVE")]
    for _, rows in table.groupby("ISTESTCD", sort=True):
        usual = rows["value"].mode().iloc[0]
        steps = np.log2(rows["value"] / usual)
        between = (steps - steps.round()).abs() > _OFF
        if len(rows) >= _LEAST and (~between).mean() >= _MOST:
            text = f"a titre of {{value:g}} is no doubling from {usual:g}, as the others are. Check it."
            yield values("IS", rows[between], "ISSTRESC", text)
