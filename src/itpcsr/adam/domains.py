"""A domain as a frame with the variables that a derivation reads, even where the trial doesn't have it."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from itpcsr.sdtm import Trial


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
