"""Join a supplemental qualifier domain (SUPP--) to its parent."""

from __future__ import annotations

import pandas as pd

from itpcsr.errors import DataError
from itpcsr.sdtm.select import key_text

_SEPARATOR = "\x1f"  # the ASCII unit separator: in no identifier


def add_supplement(parent: pd.DataFrame, supplement: pd.DataFrame, domain: str) -> pd.DataFrame:
    """Return the parent with one text column per QNAM ("" where a record has none).

    Records are joined by USUBJID and the parent's variable that IDVAR names. Two values of one QNAM for
    one record raise DataError: choosing one silently would lose the other.
    """
    if supplement.empty:
        return parent
    joined = parent.copy()
    for (variable, name), rows in supplement.groupby(["IDVAR", "QNAM"], sort=True):
        keys = _keys(rows["USUBJID"], rows["IDVARVAL"])
        twice = keys[keys.duplicated()]
        if len(twice):
            record = twice.iloc[0].replace(_SEPARATOR, f", {variable} ")
            raise DataError(f"SUPP{domain}: {name} stands twice for {record}; keep one.")
        if variable not in parent:
            raise DataError(f"SUPP{domain}: IDVAR {variable} is no variable of {domain}.")
        values = pd.Series(rows["QVAL"].to_numpy(), index=keys.to_numpy())
        joined[name] = _keys(parent["USUBJID"], parent[variable]).map(values).fillna("").astype("str")
    return joined


def _keys(subjects: pd.Series, values: pd.Series) -> pd.Series:
    return subjects + _SEPARATOR + key_text(values)
