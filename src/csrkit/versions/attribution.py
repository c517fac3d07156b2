"""To which cause each changed number belongs, from result rows made with one cause exchanged at a time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from csrkit.rows import KEY
from csrkit.versions.compare import NOISE

PROGRAM = "code or environment"


def attribute(
    numbers: pd.DataFrame,
    old: pd.DataFrame,
    new: pd.DataFrame,
    base: pd.DataFrame,
    exchanged: Mapping[str, pd.DataFrame],
) -> pd.Series:
    """Return the cause of each changed number, in the numbers' order.

    Parameters
    ----------
    numbers
        What differs, with the columns of ``results.KEY``.
    old, new
        The result rows of both versions.
    base
        The rows made from the old data and parameters by the new code and environment; those of ``old``
        where code and environment are the same.
    exchanged
        Cause to the rows made as ``base`` with this one cause taken from the new version.

    A number that is another one in ``base`` than in ``old`` belongs to code or environment. What then
    remains belongs to a cause if exchanging it alone gives the new number and exchanging any other alone
    changes nothing; else to all of them together.
    """
    start, end = _states(numbers, base), _states(numbers, new)
    program = _differ(_states(numbers, old), start)
    remains = _differ(start, end)
    moved = {cause: _differ(start, _states(numbers, rows)) for cause, rows in exchanged.items()}
    reached = {cause: ~_differ(end, _states(numbers, rows)) for cause, rows in exchanged.items()}
    rest = np.full(len(numbers), " and ".join(exchanged), dtype=object)
    for cause in exchanged:
        others = [moved[other] for other in exchanged if other != cause]
        alone = reached[cause] & ~np.any(others, axis=0) if others else np.full(len(numbers), True)
        rest[alone] = cause
    causes = [
        " and ".join(filter(None, (PROGRAM if a else "", text if b else "")))
        for a, b, text in zip(program, remains, rest, strict=True)
    ]
    return pd.Series(causes, index=numbers.index, dtype="str")


def _states(numbers: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return value and reason of each number in these rows; where they don't have it, the reason says so."""
    known = rows[[*KEY, "value", "reason"]].assign(there=True)
    found = numbers[KEY].merge(known, on=KEY, how="left")
    absent = found["there"].isna()
    return found[["value", "reason"]].assign(reason=found["reason"].where(~absent, "\0absent"))


def _differ(one: pd.DataFrame, other: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    a, b = one["value"].to_numpy(), other["value"].to_numpy()
    with np.errstate(invalid="ignore"):
        apart = np.abs(b - a) > NOISE * np.abs(a)
    silent = (np.isnan(a) | np.isnan(b)) & (one["reason"].to_numpy() != other["reason"].to_numpy())
    result: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
        apart & (a != b) | (np.isnan(a) != np.isnan(b)) | silent
    )
    return result
