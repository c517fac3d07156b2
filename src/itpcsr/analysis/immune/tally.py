"""How many tests were made, and how many of them chance alone would call out."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from csrkit.rows import absence, absent_rows, make_rows

_NONE = "No test was made."


def count_tests(results: Iterable[pd.DataFrame], rate: float) -> pd.DataFrame:
    """Count the tests of each family: made, not estimable, and called out before and after adjustment.

    A family is one analysis of one display, with all its markers, visits and lags. ``level`` is ``display |
    analysis``, and ``all`` for the sum. Statistics: tests, not_estimable, expected (tests × rate: how many
    raw p-values would lie at or below the rate by chance, if nothing moved), raw, adjusted.
    """
    display = "tbl-immune-tests"
    frames = [rows for rows in results if not absence(rows)]
    tests = pd.concat(frames) if frames else pd.DataFrame(columns=["statistic"])
    tests = tests[tests["statistic"].isin(["p_value", "p_adjusted"])]
    if tests.empty:
        return absent_rows(display, _NONE)
    parts = []
    for (name, analysis), own in tests.groupby(["display", "analysis"], sort=False):
        parts.append(_count(own, rate).assign(level=f"{name} | {analysis}"))
    parts.append(_count(tests, rate).assign(level="all"))
    return make_rows(pd.concat(parts, ignore_index=True), display=display, analysis="tests", group="total")


def _count(tests: pd.DataFrame, rate: float) -> pd.DataFrame:
    raw = tests.loc[tests["statistic"] == "p_value", "value"]
    adjusted = tests.loc[tests["statistic"] == "p_adjusted", "value"]
    made = int(raw.notna().sum())
    values = {
        "tests": made,
        "not_estimable": int(raw.isna().sum()),
        "expected": made * rate,
        "raw": int((raw <= rate).sum()),
        "adjusted": int((adjusted <= rate).sum()),
    }
    return pd.DataFrame({"statistic": list(values), "value": list(values.values()), "unit": "tests"})
