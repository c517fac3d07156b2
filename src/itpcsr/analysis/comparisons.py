"""Tests between arms, for studies with a control arm. A single-arm study makes none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from csrkit.stats.categories import FREEMAN_HALTON, Drawing, exact_p
from csrkit.stats.estimation import FEWEST_FOR_TEST, TOO_FEW, attempt_numbers
from csrkit.vocabulary import LEVEL
from itpcsr.study import Column, Design

ANOVA = "one-way analysis of variance"
CHI_SQUARE = "Pearson's chi-square test"
FISHER = "Fisher's exact test against control, two-sided"
_NO_CONTRAST = "all subjects have the same value"


def single_arm_columns(design: Design) -> list[Column]:
    """Return the columns that hold one arm each, the control first.

    Pooled columns share subjects with others, so they can't be compared with them. Empty without a control
    arm, and where no column shows the control or nothing but the control.
    """
    single: dict[str, Column] = {}
    for column in design.columns:
        if len(column.arms) == 1:
            single.setdefault(column.arms[0], column)
    if design.control not in single or len(single) < 2:
        return []
    return sorted(single.values(), key=lambda column: column.arms[0] != design.control)


def compare_means(records: pd.DataFrame, members: pd.DataFrame, variable: str) -> pd.DataFrame:
    """Compare a variable over all groups by one-way ANOVA (pingouin); returns one p_value row."""
    frame = records.dropna(subset=[variable]).merge(members, on="USUBJID")
    frame["group"] = frame["group"].astype("str")
    sizes = frame["group"].value_counts()
    if len(sizes) < 2 or sizes.min() < FEWEST_FOR_TEST:
        return _p_row(np.nan, ANOVA, TOO_FEW)
    if frame[variable].nunique() < 2:
        return _p_row(np.nan, ANOVA, _NO_CONTRAST)
    import pingouin as pg  # takes seconds to import, and a single-arm study never needs it

    def anova() -> dict[str, float]:
        # pingouin leaves the p-value out where no sum of squares is left within groups
        return {"p": pg.anova(frame, dv=variable, between="group").iloc[0].get("p_unc", np.nan)}

    found, reason = attempt_numbers(["p"], anova)
    return _p_row(found["p"], ANOVA, reason)


def compare_categories(records: pd.DataFrame, members: pd.DataFrame, variable: str) -> pd.DataFrame:
    """Compare a category over all groups by Pearson's chi-square (pingouin); returns one p_value row."""
    frame = records.loc[records[variable] != "", ["USUBJID", variable]].merge(members, on="USUBJID")
    frame["group"] = frame["group"].astype("str")
    if frame.empty or frame["group"].value_counts().min() < FEWEST_FOR_TEST:
        return _p_row(np.nan, CHI_SQUARE, TOO_FEW)
    if frame[variable].nunique() < 2 or frame["group"].nunique() < 2:
        return _p_row(np.nan, CHI_SQUARE, _NO_CONTRAST)
    import pingouin as pg  # takes seconds to import, and a single-arm study never needs it

    def pearson() -> dict[str, float]:
        # pingouin also computes power divergences that warn on empty cells and small expected counts; only
        # Pearson's test is taken from its table
        tests = pg.chi2_independence(frame, x=variable, y="group", correction=False)[2]
        return {"p": tests.set_index("test").loc["pearson", "pval"]}

    found, reason = attempt_numbers(["p"], pearson)
    return _p_row(found["p"], CHI_SQUARE, reason)


def compare_counts(counts: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """Compare each column's n of N with the control's by Fisher's exact test.

    Parameters
    ----------
    counts
        Rows of ``count_subjects`` with level (and category), group, statistic (n and N) and value.
    columns
        From ``single_arm_columns``: control first. Without any there are no rows.

    Returns
    -------
    DataFrame
        group (the active column), level, statistic p_value, value, method, reason.
    """
    if not columns:
        return pd.DataFrame(columns=["group", "level", "statistic", "value", "method", "reason"])
    keys = [name for name in LEVEL if name in counts]
    wide = counts[counts["statistic"].isin(["n", "N"])].pivot(
        index=[*keys, "group"], columns="statistic", values="value"
    )
    parts = []
    for column in columns[1:]:
        control, active = wide.xs(columns[0].key, level="group"), wide.xs(column.key, level="group")
        values = [
            _fisher(*row) for row in zip(active["n"], active["N"], control["n"], control["N"], strict=True)
        ]
        parts.append(active.index.to_frame(index=False).assign(group=column.key, value=values))
    rows = pd.concat(parts, ignore_index=True).assign(statistic="p_value", method=FISHER)
    return rows.assign(reason=np.where(rows["value"].isna(), TOO_FEW, ""))


def compare_shares(
    records: pd.DataFrame, members: pd.DataFrame, levels: Sequence[str], level: str
) -> pd.DataFrame:
    """Compare the shares of subjects with a record at a level over all groups by Fisher's exact test.

    One row for each level that occurs: level, statistic p_value, value, method, reason, group "". Each is a
    test of the groups by yes and no (Freeman and Halton), 3 arms make one p-value.

    >>> members = pd.DataFrame({"USUBJID": list("abcdefghijkl"), "group": list("xxxxyyyyzzzz")})
    >>> records = pd.DataFrame({"USUBJID": list("abcd"), "level": "LEFT"})
    >>> f"{compare_shares(records, members, ['LEFT'], 'level')['value'].iloc[0]:.4f}"
    '0.0061'
    """
    parts = []
    for name in [name for name in levels if (records[level] == name).any()]:
        own = members["USUBJID"].isin(records.loc[records[level] == name, "USUBJID"])
        table = pd.crosstab(members["group"].astype("str"), own).to_numpy("int64")
        if members["group"].value_counts().min() < FEWEST_FOR_TEST:
            row = _p_row(np.nan, FREEMAN_HALTON, TOO_FEW)
        elif min(table.shape) < 2:
            row = _p_row(np.nan, FREEMAN_HALTON, _NO_CONTRAST)
        else:
            found = exact_p(table, Drawing())
            row = _p_row(found.value, found.method)
        parts.append(row.assign(level=name))
    return pd.concat(parts, ignore_index=True) if parts else _p_row(np.nan, FREEMAN_HALTON).head(0)


def _fisher(n: float, total: float, n_control: float, total_control: float) -> float:
    if min(total, total_control) < FEWEST_FOR_TEST:
        return np.nan
    table = [[n, total - n], [n_control, total_control - n_control]]
    return float(stats.fisher_exact(np.array(table, dtype="int64")).pvalue)


def _p_row(value: float, method: str, reason: str = "") -> pd.DataFrame:
    return pd.DataFrame(
        {"statistic": ["p_value"], "value": [value], "method": [method], "reason": [reason], "group": [""]}
    )
