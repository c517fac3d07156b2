"""McNemar's exact test of a paired yes or no."""

from __future__ import annotations

from scipy import stats

MCNEMAR = "McNemar's exact test, two-sided"


def exact_mcnemar(only_before: int, only_after: int) -> float:
    """Return the two-sided p-value from the two numbers of discordant pairs; 1 without any.

    McNemar, Psychometrika 1947;12:153, by the binomial distribution: the same as R's
    ``binom.test(only_before, only_before + only_after)``.
    """
    discordant = only_before + only_after
    return float(stats.binomtest(only_before, discordant).pvalue) if discordant else 1.0
