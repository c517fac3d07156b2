"""Odds ratios and relative risks that strata have in common, and whether they have."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from csrkit.stats.categories import Counts, Names, fourfold
from csrkit.stats.estimation import FEWEST_FOR_TEST, TOO_FEW, attempt_numbers

ODDS_RATIO = "Mantel-Haenszel common odds ratio, interval by Robins, Breslow and Greenland"
RELATIVE_RISK = "Mantel-Haenszel common relative risk, interval by Greenland and Robins"
BRESLOW_DAY = "Breslow-Day test of equal odds ratios"
_NO_LIMITS = "no interval of a ratio of 0"
_INFINITE = "the ratio is infinite"
_NEITHER = "no stratum tells the groups apart"
_ONE_STRATUM = "fewer than two strata with both groups and both responses"
_INTERVAL = ("estimate", "ci_low", "ci_high")
_TEST = ("statistic", "df", "p_value")


def common_ratios(
    frame: pd.DataFrame,
    group: str,
    response: str,
    *,
    reference: str,
    strata: Names = (),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return the Mantel-Haenszel odds ratio and relative risk of each group and a reference.

    Parameters
    ----------
    frame, group, reference, response, strata
        See ``csrkit.stats.risk_differences.risk_differences``. Without strata these are the odds ratio and
        the relative risk of one table, and the intervals those of Woolf and of Katz.
    confidence
        Level of the interval.

    Returns
    -------
    DataFrame
        group, level (odds ratio, relative risk), estimate, ci_low, ci_high, method, reason. A ratio of 0 has
        no interval; one that would be infinite isn't estimable.

    Notes
    -----
    Robins, Breslow and Greenland, Biometrics 1986;42:311 (R's ``mantelhaen.test``, by statsmodels here);
    Greenland and Robins, Biometrics 1985;41:55. The same as the common odds ratio and relative risk of PROC
    FREQ's CMH. The test that goes with them is ``cochran_mantel_haenszel``.

    Examples
    --------
    >>> table = [("m", "A", 1, 10), ("m", "A", 0, 5), ("m", "P", 1, 6), ("m", "P", 0, 9), ("f", "A", 1, 4),
    ...          ("f", "A", 0, 7), ("f", "P", 1, 2), ("f", "P", 0, 8)]
    >>> counts = pd.DataFrame(table, columns=["sex", "arm", "better", "n"])
    >>> frame = counts.loc[counts.index.repeat(counts["n"])]
    >>> found = common_ratios(frame, "arm", "better", reference="P", strata="sex")
    >>> [(row.level, round(row.estimate, 2), round(row.ci_low, 2)) for row in found.itertuples()]
    [('odds ratio', 2.71, 0.83), ('relative risk', 1.71, 0.89)]
    """
    if not 0 < confidence < 1:
        raise ValueError(
            f"The confidence level is a share between 0 and 1, for example 0.95, not {confidence}."
        )
    z = float(stats.norm.ppf((1 + confidence) / 2))
    found = []
    for name, counts, why in fourfold(frame, group, response, reference, strata):
        for level, method, parts in (
            ("odds ratio", ODDS_RATIO, _odds_parts),
            ("relative risk", RELATIVE_RISK, _risk_parts),
        ):
            numbers, reason = dict.fromkeys(_INTERVAL, np.nan), why
            if not why:
                numbers, reason = _ratio(*parts(counts), z)
            found.append({"group": name, "level": level, **numbers, "method": method, "reason": reason})
    return pd.DataFrame(found, columns=["group", "level", *_INTERVAL, "method", "reason"])


def equal_odds(
    frame: pd.DataFrame,
    group: str,
    response: str,
    *,
    reference: str,
    strata: Names,
    tarone: bool = True,
) -> pd.DataFrame:
    """Test whether the odds ratio of each group and a reference is the same in all strata.

    Parameters are those of ``common_ratios``; ``tarone`` takes Tarone's correction off the statistic, which
    matters little in large strata (Biometrika 1985;72:91; BDT of PROC FREQ).

    Returns
    -------
    DataFrame
        group, statistic (chi-square), df, p_value, method, reason. Strata without both groups and both
        responses say nothing and drop out.

    Notes
    -----
    Breslow and Day, Statistical Methods in Cancer Research 1980;1:142, about the Mantel-Haenszel odds ratio.
    Own code, since statsmodels divides by zero where that is 1.
    """
    method = BRESLOW_DAY + (", Tarone's correction" if tarone else "")
    found = []
    for name, counts, why in fourfold(frame, group, response, reference, strata):
        told = counts[(counts.sum(axis=1) > 0).all(axis=1)]

        def test(told: Counts = told) -> dict[str, float]:
            return _breslow_day(told, tarone)

        numbers, reason = attempt_numbers(_TEST, test, why or _refuse_equality(counts, told))
        found.append({"group": name, **numbers, "method": method, "reason": reason})
    return pd.DataFrame(found, columns=["group", *_TEST, "method", "reason"])


def _odds_parts(counts: Counts) -> tuple[float, float, float]:
    """Return numerator and denominator of the common odds ratio, and the variance of its logarithm."""
    from statsmodels.stats.contingency_tables import StratifiedTable  # takes half a second to import

    total = counts.sum(axis=(1, 2))
    up = float((counts[:, 0, 0] * counts[:, 1, 1] / total).sum())
    down = float((counts[:, 0, 1] * counts[:, 1, 0] / total).sum())
    if not up or not down:
        return up, down, np.nan
    return up, down, float(StratifiedTable(list(counts)).logodds_pooled_se ** 2)


def _risk_parts(counts: Counts) -> tuple[float, float, float]:
    """Return numerator and denominator of the common relative risk, and the variance of its logarithm."""
    total, sizes, yes = counts.sum(axis=(1, 2)), counts.sum(axis=2), counts[:, :, 0]
    up, down = (
        float((yes[:, 0] * sizes[:, 1] / total).sum()),
        float((yes[:, 1] * sizes[:, 0] / total).sum()),
    )
    if not up or not down:
        return up, down, np.nan
    spread = (sizes.prod(axis=1) * yes.sum(axis=1) - yes.prod(axis=1) * total) / total**2
    return up, down, float(spread.sum()) / (up * down)


def _ratio(up: float, down: float, variance: float, z: float) -> tuple[dict[str, float], str]:
    if not down:
        return dict.fromkeys(_INTERVAL, np.nan), _INFINITE if up else _NEITHER
    if not up:
        return {"estimate": 0.0, "ci_low": np.nan, "ci_high": np.nan}, _NO_LIMITS
    limits = np.log(up / down) + np.array([0, -z, z]) * np.sqrt(variance)
    return dict(zip(_INTERVAL, map(float, np.exp(limits)), strict=True)), ""


def _refuse_equality(counts: Counts, told: Counts) -> str:
    if counts.sum(axis=(0, 2)).min() < FEWEST_FOR_TEST:
        return TOO_FEW
    if len(told) < 2:
        return _ONE_STRATUM
    up, down, _ = _odds_parts(told)
    return "" if up and down else "the common odds ratio is 0 or infinite"


def _breslow_day(counts: Counts, tarone: bool) -> dict[str, float]:
    up, down, _ = _odds_parts(counts)
    ratio = up / down
    seen, size, yes, total = (
        counts[:, 0, 0],
        counts[:, 0].sum(axis=1),
        counts[:, :, 0].sum(axis=1),
        counts.sum(axis=(1, 2)),
    )
    # expected: the root of (1 - ratio) x² + half x - product, in the form that doesn't cancel
    half, product = ratio * (size + yes) + total - size - yes, ratio * size * yes
    root = np.sqrt(half**2 + 4 * (1 - ratio) * product)
    expected = np.where(half > 0, 2 * product / (half + root), (root - half) / (2 * (1 - ratio) or 1.0))
    cells = (expected, size - expected, yes - expected, total - size - yes + expected)
    variance = 1 / sum(1 / cell for cell in cells)
    statistic = float(((seen - expected) ** 2 / variance).sum())
    if tarone:
        statistic -= float((seen - expected).sum() ** 2 / variance.sum())
    df = len(counts) - 1
    return {"statistic": statistic, "df": float(df), "p_value": float(stats.chi2.sf(statistic, df))}
