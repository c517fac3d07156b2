"""The scales of bleeding that the report reads, and the grades that each has."""

from __future__ import annotations

import pandas as pd

from csrkit.sdtm.labels import fold

WHO = "WHOBLEED"  # RSTESTCD of the bleeding scale of the WHO
TOOL = "ITP-BAT"  # RSCAT of the ITP bleeding assessment tool
# Highest grade by RSTESTCD. WHO: Miller 1981, Cancer 47:207; ITP-BAT: Rodeghiero 2013, Blood 121:2596.
_HIGHEST = {WHO: 4.0, "ITPSKIN": 3.0, "ITPMUCOS": 3.0, "ITPORGAN": 4.0}


def highest_grade(rs: pd.DataFrame) -> pd.Series:
    """Return the highest grade of each record's scale; NaN for a scale that isn't one of bleeding.

    ``rs`` has RSTESTCD and RSCAT. Grades are whole numbers from 0 on. A domain of ITP-BAT under another code
    than those known reaches 4.
    """
    known = rs["RSTESTCD"].map(_HIGHEST).astype("float64")
    return known.mask(known.isna() & (fold(rs["RSCAT"]) == TOOL), 4.0)


def is_grade(values: pd.Series, highest: pd.Series) -> pd.Series:
    """Tell of each value whether it is a grade of a scale with this highest one; a missing one is none."""
    return values.between(0, highest) & (values % 1 == 0)
