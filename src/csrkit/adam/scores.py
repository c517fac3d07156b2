"""Totals of questionnaires from their items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd


def sum_items(
    records: pd.DataFrame,
    keys: Sequence[str],
    items: Mapping[str, float],
    *,
    code: str,
    label: str,
    most_missing: int = 0,
) -> pd.DataFrame:
    """Return the total of a questionnaire for each assessment, prorated where few items are missing.

    Parameters
    ----------
    records
        PARAMCD (the item), AVAL (its score; NaN is missing, as is an item without a record) and the columns
        of ``keys``.
    keys
        What makes one assessment, such as USUBJID and VISIT.
    items
        The items that make the total, each with its largest score. Other records are left out.
    code, label
        PARAMCD and PARAM of the total.
    most_missing
        How many items may be missing. The sum of the others is then multiplied by the largest total over
        their largest sum; with more missing there is no total.

    Returns
    -------
    DataFrame
        The keys, PARAMCD, PARAM, AVAL (NaN with too many items missing), PARAMTYP (DERIVED) and ITEMSMIS (the
        number of items missing), one record for each assessment with a record of an item, by the keys.

    Raises
    ------
    ValueError
        An assessment has an item twice, a score is below 0 or above the largest, or all items may be missing.

    Examples
    --------
    >>> records = pd.DataFrame({"USUBJID": ["1", "1", "2"], "PARAMCD": ["A", "B", "A"], "AVAL": [3.0, 8, 4]})
    >>> found = sum_items(records, ["USUBJID"], {"A": 5, "B": 10}, code="T", label="Total", most_missing=1)
    >>> found[["USUBJID", "AVAL", "ITEMSMIS"]].values.tolist()
    [['1', 11.0, 0], ['2', 12.0, 1]]
    """
    keys = list(keys)
    if not 0 <= most_missing < len(items):
        raise ValueError(
            f"Of {len(items)} items at most {len(items) - 1} may be missing, not {most_missing}."
        )
    own = records[records["PARAMCD"].isin(list(items))]
    if len(twice := own[own.duplicated([*keys, "PARAMCD"])]):
        where = twice[[*keys, "PARAMCD"]].iloc[0].to_dict()
        raise ValueError(f"An assessment has an item twice: {where}. Choose one record of it first.")
    largest = own["PARAMCD"].map(dict(items)).astype("float64")
    if len(wrong := own[(own["AVAL"] > largest) | (own["AVAL"] < 0)]):
        where = wrong[[*keys, "PARAMCD", "AVAL"]].iloc[0].to_dict()
        raise ValueError(f"A score isn't between 0 and the largest of its item: {where}.")
    scores = own.pivot(index=keys, columns="PARAMCD", values="AVAL").reindex(columns=list(items))
    known = scores.notna().to_numpy()
    most = np.array(list(items.values()), dtype="float64")
    missing = (~known).sum(axis=1)
    possible = np.where(missing <= most_missing, known @ most, np.nan)
    total = scores.sum(axis=1).to_numpy("float64") * most.sum() / possible
    found = scores.index.to_frame(index=False)
    return found.assign(PARAMCD=code, PARAM=label, AVAL=total, PARAMTYP="DERIVED", ITEMSMIS=missing)
