"""When an expansion stops because too few subjects respond."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import stats

from csrkit.dosefinding.rule import Ints, require_share


def futility_bounds(method: Literal["bayesian", "exact"], rate: float, certainty: float, most: int) -> Ints:
    """Return the largest number of responders at which the expansion stops, by subjects (0 to most).

    -1 where even none is enough to go on. ``bayesian``: under a uniform prior the response rate exceeds
    ``rate`` with a probability below ``certainty``. ``exact``: if the rate were ``rate``, so few responders
    or fewer would have a probability of at most ``certainty`` (binomial).
    """
    require_share("rate", rate)
    require_share("certainty", certainty)
    bounds = np.full(most + 1, -1, dtype=np.int64)
    for n in range(1, most + 1):
        r = np.arange(n + 1)
        if method == "bayesian":
            stops = stats.beta.sf(rate, 1 + r, 1 + n - r) < certainty
        else:
            stops = stats.binom.cdf(r, n, rate) <= certainty
        bounds[n] = stops.sum() - 1
    return bounds
