"""Rows of a family of tests, one statistic after the other for all its levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from csrkit.stats.estimation import NUMERICAL

Reasons = str | Sequence[str] | NDArray[Any]
ADJUSTED = "Benjamini-Hochberg over all markers of the table for which this test is estimable"
FEW = "fewer than 3 subjects with values"
CONSTANT = "all values are equal"


def to_rows(
    levels: Sequence[str],
    statistics: Mapping[Any, ArrayLike],
    reasons: Reasons = "",
    methods: Mapping[str, str | Sequence[str]] | None = None,
    **constants: str,
) -> pd.DataFrame:
    """Return rows of one statistic after the other for all levels (markers).

    ``methods`` says how a statistic was found, in one text or in one for each level. ``reasons`` says for
    each level why a value is missing; it is kept where the value is NaN only. A NaN that they don't speak of
    comes of numbers that are too large to compute with.
    """
    reason = np.broadcast_to(np.asarray(reasons, dtype="object"), (len(levels),))
    parts = []
    for name, values in statistics.items():
        array = np.broadcast_to(np.asarray(values, dtype="float64"), (len(levels),))
        frame = {
            "level": np.asarray(levels, dtype="object"),
            "statistic": name,
            "value": array,
            "method": (methods or {}).get(name, ""),
            "reason": np.where(np.isnan(array), np.where(reason == "", NUMERICAL, reason), ""),
        }
        parts.append(pd.DataFrame(frame))
    return pd.concat(parts, ignore_index=True).assign(**constants)


def why(*cases: tuple[NDArray[np.bool_], str]) -> NDArray[np.object_]:
    """Return the first reason that applies to each marker, "" where none does."""
    return np.select(
        [case for case, _ in cases], np.array([text for _, text in cases], dtype="object"), default=""
    )
