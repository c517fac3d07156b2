"""Y and N flags of ADaM."""

from __future__ import annotations

import pandas as pd


def yes_no(condition: pd.Series) -> pd.Series:
    """Return Y where the condition holds and N elsewhere."""
    return condition.map({True: "Y", False: "N"}).astype("str")
