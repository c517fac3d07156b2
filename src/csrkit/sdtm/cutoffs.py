"""The cut-offs by which criteria of toxicity grade laboratory values."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import pandas as pd

_FILES = {"CTCAE v5.0": "ctcae5.csv"}


@cache
def read_cutoffs(criteria: str) -> pd.DataFrame:
    """Return the cut-offs of the criteria named: test, unit, side, term, baseline, grade1 to grade4."""
    path = files("csrkit.sdtm") / _FILES[criteria]
    with path.open(encoding="utf-8") as file:
        return pd.read_csv(file, comment="#", dtype="str", keep_default_na=False)


def graded_tests(criteria: str) -> set[str]:
    """Return the tests that the criteria named grade; none for empty."""
    return set(read_cutoffs(criteria)["test"]) if criteria else set()
