"""A domain as a frame with the variables that a derivation reads, its supplements, and flags."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from csrkit.errors import DataError
from csrkit.sdtm.select import key_text
from itpcsr.sdtm import Trial

# A domain as a frame with the variables that a derivation reads, even where the trial doesn't have it.


def look_up(values: pd.Series, subjects: pd.Series) -> pd.Series:
    """Return each record's value by its subject; missing where the subject has none.

    Unlike ``Series.map`` this keeps the type where there are no records or no values.
    """
    return values.reindex(subjects.to_numpy()).set_axis(subjects.index)


def is_among(subjects: pd.Series, others: pd.Series | pd.Index) -> pd.Series:
    """Tell of each record whether its subject is among others, however often.

    ``Series.isin`` does the same, but takes seconds for hundreds of thousands of strings.
    """
    return pd.Series(pd.Index(others).unique().get_indexer(pd.Index(subjects)) >= 0, index=subjects.index)


def read_domain(trial: Trial, name: str, text: Iterable[str], numbers: Iterable[str]) -> pd.DataFrame:
    """Return the domain with at least these variables: missing text is "", missing numbers NaN.

    An absent domain gives no rows. Variables and rows that are there come unchanged.
    """
    frame = trial[name].copy(deep=False)
    for variables, empty, dtype in ((text, "", "str"), (numbers, float("nan"), "float64")):
        for variable in variables:
            if variable not in frame:
                frame[variable] = pd.Series(empty, index=frame.index, dtype=dtype)
    return frame


# Y and N flags of ADaM.


def yes_no(condition: pd.Series) -> pd.Series:
    """Return Y where the condition holds and N elsewhere."""
    return condition.map({True: "Y", False: "N"}).astype("str")


# Join a supplemental qualifier domain (SUPP--) to its parent.

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
            raise DataError(f"SUPP{domain}: {name} appears twice for {record}; keep one.")
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
