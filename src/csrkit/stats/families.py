"""Why the tests of a family of markers have no result, and how their p-values are adjusted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Reasons = str | Sequence[str] | NDArray[Any]
ADJUSTED = "Benjamini-Hochberg over all markers of the table for which this test is estimable"
FEW = "fewer than 3 subjects with values"
CONSTANT = "all values are equal"


def why(*cases: tuple[NDArray[np.bool_], str]) -> NDArray[np.object_]:
    """Return the first reason that applies to each marker, "" where none does."""
    return np.select(
        [case for case, _ in cases], np.array([text for _, text in cases], dtype="object"), default=""
    )
