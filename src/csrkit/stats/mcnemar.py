"""McNemar's test of a paired yes or no."""

from __future__ import annotations

import numpy as np
from scipy import stats

EXACT = "McNemar's exact conditional test, two-sided"
MID_P = "McNemar's test, mid-p"
NO_CHANGE = "no subject changed"


def mcnemar_exact(gained: int, lost: int) -> tuple[float, float]:
    """Return the two-sided exact p-value of McNemar's test and its mid-p, from the discordant pairs.

    The first is the binomial test of one half, as R's ``binom.test(gained, gained + lost)``. The mid-p takes
    the point probability of the table off it, and is one minus half of it where both are equal (Fagerland,
    Lydersen and Laake, BMC Med Res Methodol 2013;13:91). NaN without discordant pairs.
    """
    pairs = gained + lost
    if pairs == 0:
        return np.nan, np.nan
    point = float(stats.binom.pmf(gained, pairs, 0.5))
    exact = float(stats.binomtest(gained, pairs, 0.5).pvalue)
    return exact, 1 - point / 2 if gained == lost else exact - point
