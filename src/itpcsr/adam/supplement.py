"""Join a supplemental qualifier domain (SUPP--) to its parent."""

from __future__ import annotations

import pandas as pd

from csrkit.errors import DataError
from csrkit.sdtm.select import key_text

_SEPARATOR = "\x1f"  # the ASCII unit separator: in no identifier


def add_supplement(parent: pd.DataFrame, supplement: pd.DataFrame, domain: str) -> pd.DataFrame:
    """Return the parent with one text column per QNAM ("" where a record has none).

    Records are joined by USUBJID and the parent's variable that IDVAR names.

    Raises
    ------
    DataError
        Two values of one QNAM for one record, or a value for a record that isn't there: leaving one out
        silently could lose a dose-limiting toxicity.
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
        parents = _keys(parent["USUBJID"], parent[variable])
        orphans = keys[~keys.isin(parents)]
        if len(orphans):
            record = orphans.iloc[0].replace(_SEPARATOR, f", {variable} ")
            raise DataError(f"SUPP{domain}: {name} names {record}, which is no record of {domain}.")
        values = pd.Series(rows["QVAL"].to_numpy(), index=keys.to_numpy())
        found = parents.map(values).fillna("").astype("str")
        if name in joined and ((joined[name] != "") & (found != "") & (joined[name] != found)).any():
            raise DataError(f"SUPP{domain}: {name} has two values for one record by {variable}; keep one.")
        joined[name] = found.where(found != "", joined[name]) if name in joined else found
    return joined


def _keys(subjects: pd.Series, values: pd.Series) -> pd.Series:
    return subjects + _SEPARATOR + key_text(values)
