"""Tests of categories between arms: exact for several categories, and stratified by the state at baseline."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from csrkit.stats.estimation import attempt
from csrkit.stats.exact_tables import FREEMAN_HALTON, Drawing, exact_p
from csrkit.stats.fewest import FEWEST_FOR_TEST, TOO_FEW

CMH = "Cochran-Mantel-Haenszel test of general association, by the status at baseline"
_NO_CONTRAST = "all subjects have the same status"


def compare_statuses(
    records: pd.DataFrame, members: pd.DataFrame, variable: str, how: Drawing
) -> pd.DataFrame:
    """Compare a category between arms by Fisher's exact test; returns one p_value row (group empty).

    ``records`` has one record per subject; members are the arms compared. 3 subjects or fewer in an arm,
    or no contrast, is not estimable. Where there are too many tables to enumerate the p-value is drawn after
    ``how``, as its method says, and two more rows tell its Monte Carlo standard error (mc_error of p_value)
    and the number of tables drawn (tables_drawn).
    """
    frame = records.loc[records[variable] != "", ["USUBJID", variable]].merge(members, on="USUBJID")
    table = pd.crosstab(frame["group"], frame[variable], dropna=False).to_numpy("int64")
    if len(table) < 2 or table.sum(axis=1).min() < FEWEST_FOR_TEST:
        return _p_row(np.nan, FREEMAN_HALTON, TOO_FEW)
    if table.shape[1] < 2:
        return _p_row(np.nan, FREEMAN_HALTON, _NO_CONTRAST)
    found, failure = attempt(lambda: exact_p(table, how))
    if found is None:
        return _p_row(np.nan, FREEMAN_HALTON, failure)
    row = _p_row(found.value, found.method)
    if not found.tables:
        return row
    return pd.concat(
        [
            row,
            row.assign(statistic="mc_error of p_value", value=found.error),
            row.assign(statistic="tables_drawn", value=float(found.tables)),
        ],
        ignore_index=True,
    )


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
    p, failure = attempt(lambda: cochran_mantel_haenszel(tables))
    if p is None:
        return _p_row(np.nan, CMH, failure)
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
