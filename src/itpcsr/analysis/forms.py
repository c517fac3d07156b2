"""The form of a chart for many subjects: which one it has and why, and the quantiles that it draws.

A form is chosen by the number of subjects before anything is drawn, and its numbers are result rows. The
rows of a chart that shows its subjects one by one are none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from csrkit.many import why_not_one_by_one
from csrkit.rows import make_rows
from csrkit.stats.summaries import QUARTILES

QUANTILES = {"p5": 0.05, "q1": 0.25, "median": 0.5, "q3": 0.75, "p95": 0.95}
# How each form begins the sentence that says which one it is.
BANDS = "Quantile bands stand in place of a line for each subject"
SHARES = "Shares of subjects stand in place of a row for each subject"
SPREAD = "The spread of each group stands in place of a mark for each subject"
COUNTS = "Numbers of subjects stand in place of a mark for each subject"

NO_FORM = make_rows(pd.DataFrame())
_PLACE = ["group", "level", "visit"]


def choose_form(
    form: str,
    subjects: int,
    most: int,
    values: int = 0,
    values_most: int = 0,
    where: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return the one row that names the form of a chart (``level``) and why it has it (``method``).

    No row where the subjects are few enough to be shown one by one. ``where`` has further columns of the row.
    """
    why = why_not_one_by_one(subjects, most, values, values_most)
    if not why:
        return NO_FORM
    row = {"analysis": ["form"], "level": [form], "statistic": ["N"], "value": [float(subjects)]}
    frame = pd.DataFrame({**row, "unit": ["subjects"], "method": [why]})
    return make_rows(frame, **(where or {}))


def band_rows(records: pd.DataFrame, **constants: str) -> pd.DataFrame:
    """Return n and the quantiles (5, 25, 50, 75 and 95%) of each place as rows of analysis ``band``.

    Parameters
    ----------
    records
        ``value``, a record per subject and place, and those of ``group``, ``level`` and ``visit`` that tell
        places apart; a record without value is left out, and so is a place without records.
    **constants
        Columns that are the same in every row.
    """
    known = records.dropna(subset=["value"])
    keys = [name for name in _PLACE if name in known]
    parts = [(key, part.to_numpy("float64")) for key, part in known.groupby(keys, sort=False)["value"]]
    numbers = [[float(len(values)), *_quantiles(values)] for _, values in parts]
    statistics = ["n", *QUANTILES]
    frame = pd.DataFrame([key for key, _ in parts], columns=keys).loc[
        np.repeat(np.arange(len(parts)), len(statistics))
    ]
    frame = frame.assign(
        statistic=statistics * len(parts),
        value=np.array(numbers, dtype="float64").ravel(),
        method=["", *[QUARTILES] * len(QUANTILES)] * len(parts),
    )
    return make_rows(frame.astype(dict.fromkeys(keys, "str")), analysis="band", **constants)


def _quantiles(values: np.ndarray) -> Sequence[float]:
    found: Sequence[float] = np.quantile(values, list(QUANTILES.values()), method="averaged_inverted_cdf")
    return found


def join_rows(chosen: pd.DataFrame, *others: pd.DataFrame) -> pd.DataFrame:
    """Return the row of a form with the rows that it draws, or none where subjects are shown one by one."""
    return pd.concat([chosen, *others], ignore_index=True) if len(chosen) else chosen
