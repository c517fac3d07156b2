"""Tests of categories between arms: exact for several categories, and stratified by the state at baseline."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from scipy.special import gammaln

from itpcsr.analysis.fewest import FEWEST_FOR_TEST, TOO_FEW

FREEMAN_HALTON = "Fisher's exact test (Freeman-Halton), two-sided"
CMH = "Cochran-Mantel-Haenszel test of general association, by the status at baseline"
_NO_CONTRAST = "all subjects have the same status"
_TOO_MANY = "too many tables to enumerate"
_MOST_TABLES = 2e7


def compare_statuses(records: pd.DataFrame, members: pd.DataFrame, variable: str) -> pd.DataFrame:
    """Compare a category between arms by Fisher's exact test; returns one p_value row (group empty).

    ``records`` has one record per subject; members are the arms compared. 3 subjects or fewer in an arm,
    or no contrast, is not estimable.
    """
    frame = records.loc[records[variable] != "", ["USUBJID", variable]].merge(members, on="USUBJID")
    table = pd.crosstab(frame["group"], frame[variable], dropna=False).to_numpy("int64")
    if len(table) < 2 or table.sum(axis=1).min() < FEWEST_FOR_TEST:
        return _p_row(np.nan, FREEMAN_HALTON, TOO_FEW)
    if table.shape[1] < 2:
        return _p_row(np.nan, FREEMAN_HALTON, _NO_CONTRAST)
    p = freeman_halton(table)
    return _p_row(p, FREEMAN_HALTON, _TOO_MANY if np.isnan(p) else "")


def freeman_halton(table: NDArray[np.int64]) -> float:
    """Return the exact p-value of a table of counts: rows groups, columns categories.

    The sum of the probabilities of all tables with the same margins that are no more probable than the one
    seen (Freeman and Halton, Biometrika 1951;38:141), as R's ``fisher.test``. NaN where there are more tables
    than can be enumerated.
    """
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    order = np.argsort(columns, kind="stable")
    table, columns = table[:, order], columns[order]
    choices = [_distributions(int(size), columns) for size in rows[:-1]]
    if np.prod([float(len(choice)) for choice in choices]) > _MOST_TABLES:
        return float("nan")
    constant = gammaln(rows + 1).sum() + gammaln(columns + 1).sum() - gammaln(rows.sum() + 1)
    observed = constant - gammaln(table + 1).sum()
    total = 0.0
    for cells in product(*choices[:-1]):
        left = columns - np.sum(cells, axis=0) if cells else columns
        if (left < 0).any():
            continue
        rest = left - choices[-1]
        fits = (rest >= 0).all(axis=1)
        above = sum(float(gammaln(np.asarray(cell) + 1).sum()) for cell in cells)
        below = gammaln(choices[-1][fits] + 1).sum(axis=1) + gammaln(rest[fits] + 1).sum(axis=1)
        chances = constant - above - below
        total += float(np.exp(chances[chances <= observed + 1e-7]).sum())
    return min(total, 1.0)


def _distributions(size: int, columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return all ways to put ``size`` subjects into the columns, none above the column's total."""
    grids = np.meshgrid(*(np.arange(min(size, total) + 1) for total in columns[:-1]), indexing="ij")
    first = np.stack([grid.ravel() for grid in grids], axis=1)
    last = size - first.sum(axis=1)
    fits = (last >= 0) & (last <= columns[-1])
    cells: NDArray[np.int64] = np.column_stack([first, last])[fits]
    return cells


def compare_shifts(records: pd.DataFrame, members: pd.DataFrame, variable: str, stratum: str) -> pd.DataFrame:
    """Compare a category between arms within strata; returns one p_value row (group empty).

    Strata in which only one arm or one category occurs say nothing of a difference and drop out; where all
    do, the test is not estimable.
    """
    known = records[(records[variable] != "") & (records[stratum] != "")]
    frame = known[["USUBJID", variable, stratum]].merge(members, on="USUBJID")
    counts = frame.groupby("group", observed=False).size()
    if len(counts) < 2 or counts.min() < FEWEST_FOR_TEST:
        return _p_row(np.nan, CMH, TOO_FEW)
    levels = sorted(frame[variable].unique())
    tables = [
        pd.crosstab(part["group"], part[variable], dropna=False)
        .reindex(columns=levels, fill_value=0)
        .reindex(index=counts.index, fill_value=0)
        .to_numpy("float64")
        for _, part in frame.groupby(stratum, sort=True)
    ]
    p = cochran_mantel_haenszel(tables)
    return _p_row(p, CMH, _NO_CONTRAST if np.isnan(p) else "")


def cochran_mantel_haenszel(tables: list[NDArray[np.float64]]) -> float:
    """Return the p-value of general association over strata of tables: rows groups, columns categories.

    Generalised Cochran-Mantel-Haenszel statistic (Landis, Heyman and Koch, Int Stat Rev 1978;46:237), as R's
    ``mantelhaen.test`` and PROC FREQ's general association. NaN where no stratum has a contrast.
    """
    difference, covariance = 0.0, 0.0
    for table in tables:
        total = table.sum()
        if total < 2:
            continue
        rows, columns = table.sum(axis=1), table.sum(axis=0)
        expected = np.outer(rows, columns) / total
        spread_rows = total * np.diag(rows) - np.outer(rows, rows)
        spread_columns = total * np.diag(columns) - np.outer(columns, columns)
        difference = difference + (table - expected)[:-1, :-1].ravel()
        covariance = covariance + np.kron(spread_rows[:-1, :-1], spread_columns[:-1, :-1]) / (
            total**2 * (total - 1)
        )
    rank = int(np.linalg.matrix_rank(covariance)) if np.ndim(covariance) == 2 and np.size(covariance) else 0
    if rank == 0:
        return float("nan")
    statistic = difference @ np.linalg.pinv(covariance) @ difference
    return float(stats.chi2.sf(statistic, rank))


def _p_row(value: float, method: str, reason: str = "") -> pd.DataFrame:
    return pd.DataFrame(
        {"statistic": ["p_value"], "value": [value], "method": [method], "reason": [reason], "group": [""]}
    )
