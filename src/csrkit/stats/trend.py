"""Exact test of a trend of proportions over ordered groups."""

from __future__ import annotations

from collections.abc import Iterable
from math import comb

_NEAR = 1e-9  # scores this near to each other are equal: sums of fractions carry binary noise


def exact_trend(n: Iterable[float], total: Iterable[float], scores: Iterable[float]) -> tuple[float, float]:
    """Return p-values of the exact conditional Cochran-Armitage test: one-sided (increasing), two-sided.

    Given how many subjects responded in all, every way in which they could fall into the groups is equally
    likely under no trend; the statistic is the sum of the responders' scores. The one-sided value is the
    probability of a sum as high, the two-sided one that of a sum as far from its mean (as in R's ``coin``
    with the exact distribution). Needs two groups, and responders as well as others.
    """
    groups = [(int(x), int(size), float(score)) for x, size, score in zip(n, total, scores, strict=True)]
    responders = sum(x for x, _, _ in groups)
    everyone = sum(size for _, size, _ in groups)
    observed = sum(x * score for x, _, score in groups)
    mean = responders / everyone * sum(size * score for _, size, score in groups)
    ways = _ways([(size, score) for _, size, score in groups], responders)
    whole = sum(ways.values())
    higher = sum(count for value, count in ways.items() if value >= observed - _NEAR)
    farther = sum(count for value, count in ways.items() if abs(value - mean) >= abs(observed - mean) - _NEAR)
    return higher / whole, farther / whole


def _ways(groups: list[tuple[int, float]], responders: int) -> dict[float, int]:
    """Return in how many ways each sum of scores comes about, group by group."""
    partial = {(0, 0.0): 1}
    for size, score in groups:
        wider: dict[tuple[int, float], int] = {}
        for (used, value), count in partial.items():
            for x in range(min(size, responders - used) + 1):
                key = (used + x, round(value + x * score, 12))
                wider[key] = wider.get(key, 0) + count * comb(size, x)
        partial = wider
    return {value: count for (used, value), count in partial.items() if used == responders}
