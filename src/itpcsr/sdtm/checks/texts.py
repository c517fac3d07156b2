"""Texts that aren't read as they stand in their files, since a report can't show them."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from csrkit.plain_text import plain_text
from csrkit.sdtm.plain import still_there
from itpcsr.sdtm.checks.findings import WARNING, overall, values
from itpcsr.sdtm.checks.rules import SDTM, rule
from itpcsr.sdtm.checks.tables import Tables
from itpcsr.study import Study

_TEXT = (
    "record {record} of {file} has {original}, with line breaks or characters that can't be shown; a blank "
    "stands for them. Mend the source."
)


@rule("TXT-03", WARNING, "Text is one line of characters that can be shown", SDTM)
def _changed_on_reading(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    changed = tables.trial.changed
    for name in sorted(set(changed["domain"]) & set(tables.names)):
        own = still_there(changed[changed["domain"] == name], tables[name], name)
        for variable in sorted(set(own["variable"])):
            yield _of_variable(name, variable, own[own["variable"] == variable], tables)


def _of_variable(name: str, variable: str, changed: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    now = changed["original"].map(plain_text)
    rows = changed.assign(original=changed["original"].map(repr))
    if "USUBJID" not in tables[name]:
        first = {column: rows[column].iloc[0] for column in rows}
        return overall(name, variable, now.iloc[0], f"{variable}: {_TEXT.format_map(first)}")
    named = {"USUBJID": rows["subject"], f"{name}SEQ": rows["sequence"], variable: now}
    return values(name, rows.assign(**named), variable, _TEXT)
