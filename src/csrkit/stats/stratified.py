"""Tests of categories between arms: exact for several categories, and stratified by the state at baseline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from csrkit.stats.estimation import attempt, attempt_numbers
from csrkit.stats.exact_tables import FREEMAN_HALTON, Drawing, exact_p
from csrkit.stats.fewest import FEWEST_FOR_TEST, TOO_FEW
from csrkit.stats.proportions import NO_SUBJECTS

CMH = "Cochran-Mantel-Haenszel test of general association, by the status at baseline"
_NO_CONTRAST = "all subjects have the same status"
_NO_STRATUM = "no stratum holds two groups and two values"
_NO_PAIR = "no stratum holds both groups"
_ANSWERS = {True: "yes", False: "no", "Y": "yes", "N": "no"}  # 1 and 0 are True and False
_RANK = 1e-10  # of the largest eigenvalue of a covariance: below it there is no variation
_LEAST = 1e-300
_DIVISORS: dict[str, Callable[[float], float]] = {
    "rank": lambda total: 1.0,
    "ridit": lambda total: total,
    "modified ridit": lambda total: total + 1,
}

Counts = NDArray[np.float64]
Names = str | Sequence[str]
Scores = Literal["table", "rank", "ridit", "modified ridit"]
_Scorer = Callable[[Counts], Counts]


@dataclass(frozen=True)
class Tables:
    """Counts of a table in strata: the levels of its rows and columns, and strata × rows × columns."""

    rows: list[Any]
    columns: list[Any]
    counts: Counts


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
    statistic, df = general_association(tables)
    if not df:
        return _p_row(np.nan, CMH, _NO_CONTRAST)
    return _p_row(float(stats.chi2.sf(statistic, df)), CMH)


def cochran_mantel_haenszel(
    frame: pd.DataFrame, rows: str, columns: str, strata: Names = (), scores: Scores = "table"
) -> pd.DataFrame:
    """Return the three Cochran-Mantel-Haenszel tests of a table in strata, as PROC FREQ's CMH prints them.

    Parameters
    ----------
    frame
        One record per subject. One without a value in any of the columns is left out.
    rows
        Column of the groups compared. Where it is categorical each of its categories is a group, also one
        that nobody has.
    columns
        Column of the response.
    strata
        Column or columns whose values tell the strata apart, such as a site; none for one table.
    scores
        ``table``: the values themselves where they are numbers, else 1, 2, … in their order (of the
        categories where the column is categorical, else of the texts). ``rank``, ``ridit`` (rank by the size
        of the stratum) and ``modified ridit`` (by the size and 1: van Elteren's test) are taken of the
        margins of each stratum. Those of the rows count for the correlation alone.

    Returns
    -------
    DataFrame
        level (correlation, row mean scores, general association), n (subjects), statistic (chi-square), df,
        p_value, method, reason. Strata with one group or one value say nothing and drop out, as do empty rows
        and columns of a stratum. Not estimable with 3 subjects or fewer in a group, or where all strata drop
        out. df is the rank of the covariance, so it is lower where strata leave groups unconnected.

    Notes
    -----
    Landis, Heyman and Koch, Int Stat Rev 1978;46:237; Stokes, Davis and Koch, Categorical Data Analysis Using
    SAS. The correlation's order of rows is that of their levels, and has no meaning where they have none.

    Examples
    --------
    >>> table = [("m", "a", 0, 10), ("m", "a", 2, 1), ("m", "p", 0, 6), ("m", "p", 2, 5), ("f", "a", 0, 4),
    ...          ("f", "a", 1, 7), ("f", "p", 0, 9), ("f", "p", 2, 2)]
    >>> counts = pd.DataFrame(table, columns=["sex", "arm", "pain", "n"])
    >>> frame = counts.loc[counts.index.repeat(counts["n"])]
    >>> found = cochran_mantel_haenszel(frame, "arm", "pain", "sex")
    >>> [(row.level, round(row.statistic, 3), row.df) for row in found.itertuples()][1:]
    [('row mean scores', 0.885, 1.0), ('general association', 13.819, 2.0)]
    """
    table = tabulate(frame, rows, columns, strata)
    row_scores, column_scores = (_scores(scores, levels) for levels in (table.rows, table.columns))
    kinds: dict[str, tuple[_Scorer, _Scorer]] = {
        "correlation": (row_scores, column_scores),
        "row mean scores": (_each, column_scores),
        "general association": (_each, _each),
    }
    refusal = _refuse(table)
    found = []
    for kind, (of_rows, of_columns) in kinds.items():
        method = f"Cochran-Mantel-Haenszel test of {kind}" + (
            "" if of_columns is _each else f", {scores} scores"
        )

        def test(of_rows: _Scorer = of_rows, of_columns: _Scorer = of_columns) -> dict[str, float]:
            return _named(*_associate(table.counts, of_rows, of_columns))

        numbers, reason = attempt_numbers(("statistic", "df", "p_value"), test, refusal)
        row = {"level": kind, "n": float(table.counts.sum()), **numbers, "method": method, "reason": reason}
        found.append(row)
    return pd.DataFrame(found)


def general_association(tables: Iterable[Counts]) -> tuple[float, int]:
    """Return chi-square and degrees of freedom of general association over tables: rows groups.

    As R's ``mantelhaen.test`` without continuity correction; NaN and 0 where no stratum has a contrast.
    """
    return _associate(tables, _each, _each)


def tabulate(frame: pd.DataFrame, rows: str, columns: str, strata: Names = ()) -> Tables:
    """Return the counts of a table in strata; records without a value in one of the columns are left out.

    Levels are the categories of a categorical column, also those that nobody has, else the values in their
    order. Without strata there is one.
    """
    by = [strata] if isinstance(strata, str) else list(strata)
    used = known_records(frame, [rows, columns, *by])
    levels = [levels_in(frame[name], used[name]) for name in (rows, columns)]
    places = [
        pd.Index(found).get_indexer(pd.Index(used[name]))
        for found, name in zip(levels, (rows, columns), strict=True)
    ]
    stratum = (
        used.groupby(by, observed=True, sort=True).ngroup().to_numpy() if by else np.zeros(len(used), int)
    )
    counts = np.zeros((stratum.max() + 1 if len(used) else 0, *map(len, levels)))
    np.add.at(counts, (stratum, *places), 1.0)
    return Tables(levels[0], levels[1], counts)


def compare_with(frame: pd.DataFrame, group: str, reference: str) -> list[str]:
    """Return the groups that are compared with a reference, in their order.

    Where the column is categorical each of its categories is one, also one that nobody has. Raises ValueError
    for a reference that isn't a group, and KeyError for a column that isn't there.
    """
    groups = [str(level) for level in levels_in(frame[group], known_records(frame, [group])[group])]
    if reference not in groups:
        raise ValueError(
            f"The reference {reference!r} isn't a value of {group}, which has {', '.join(groups) or 'none'}."
        )
    return [name for name in groups if name != reference]


def fourfold(
    frame: pd.DataFrame, group: str, response: str, reference: str, strata: Names = ()
) -> Iterator[tuple[str, Counts, str]]:
    """Yield each group with its counts beside those of the reference, and why it can't be compared, or "".

    Counts are strata × (group, reference) × (yes, no), of the strata that hold both. The response is a column
    of True and False, 1 and 0, or Y and N; who has none is left out. Raises ValueError for other values, and
    where ``reference`` isn't a group.
    """
    names = [strata] if isinstance(strata, str) else list(strata)
    others = compare_with(frame, group, reference)
    known = known_records(frame, [response])
    if strange := sorted({str(value) for value in known[response].unique() if value not in _ANSWERS}):
        raise ValueError(
            f"The response {response} holds {', '.join(strange[:5])}; it takes True and False, 1 and 0, "
            "or Y and N."
        )
    answers = pd.Categorical(known[response].map(_ANSWERS), categories=["yes", "no"])
    table = tabulate(known[[group, *names]].assign(**{response: answers}), group, response, strata)
    place = {str(level): number for number, level in enumerate(table.rows)}
    for name in others:
        pair = [place[one] for one in (name, reference) if one in place]
        counts = table.counts[:, pair] if len(pair) == 2 else np.zeros((0, 2, 2))
        both = counts[(counts.sum(axis=2) > 0).all(axis=1)]
        sizes = counts.sum(axis=(0, 2))
        reason = "" if len(both) else NO_SUBJECTS if not sizes.size or sizes.min() == 0 else _NO_PAIR
        yield name, both, reason


def known_records(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return the records that have a value in each of the columns: none is NaN, None or an empty text."""
    values = frame[list(columns)]
    return frame[(values.notna() & (values != "")).all(axis=1)]


def levels_in(column: pd.Series, used: pd.Series) -> list[Any]:
    """Return the categories of a categorical column, else the values that are used, in their order."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return list(column.cat.categories)
    return sorted(used.unique())


def _refuse(table: Tables) -> str:
    """Return why groups can't be tested against each other, or ""."""
    sizes = table.counts.sum(axis=(0, 2))
    if len(sizes) < 2 or sizes.min() < FEWEST_FOR_TEST:
        return TOO_FEW
    informative = [
        (stratum.sum(axis=1) > 0).sum() > 1 and (stratum.sum(axis=0) > 0).sum() > 1
        for stratum in table.counts
    ]
    return "" if any(informative) else _NO_CONTRAST if len(table.counts) == 1 else _NO_STRATUM


def _each(margin: Counts) -> Counts:
    return np.eye(len(margin))


def _scores(kind: str, levels: Sequence[Any]) -> _Scorer:
    """Return what makes the scores of a margin, as a matrix of one row."""
    if kind == "table":
        numeric = all(isinstance(level, int | float | np.number) for level in levels)
        values = np.array(levels if numeric else range(1, len(levels) + 1), dtype="float64")
        return lambda margin: values[None, :]
    if kind not in _DIVISORS:
        raise ValueError(f"There are no {kind} scores; take table, {', '.join(_DIVISORS)}.")
    divisor = _DIVISORS[kind]
    return lambda margin: ((np.cumsum(margin) - margin + (margin + 1) / 2) / divisor(margin.sum()))[None, :]


def _associate(tables: Iterable[Counts], of_rows: _Scorer, of_columns: _Scorer) -> tuple[float, int]:
    """Return chi-square and rank of scored differences between counts and what the margins expect."""
    differences, covariances = [], []
    for table in tables:
        total = table.sum()
        if total < 2:
            continue
        rows, columns = table.sum(axis=1), table.sum(axis=0)
        left, right = of_rows(rows), of_columns(columns)
        differences.append((left @ (table - np.outer(rows, columns) / total) @ right.T).ravel())
        spread = np.kron(left @ _spread(rows) @ left.T, right @ _spread(columns) @ right.T)
        covariances.append(spread / (total - 1))
    if not covariances:
        return float("nan"), 0
    difference, covariance = sum(differences), sum(covariances)
    values, vectors = np.linalg.eigh(covariance)
    kept = values > _RANK * max(values.max(), _LEAST)
    if not kept.any():
        return float("nan"), 0
    along = vectors[:, kept].T @ difference
    return float(np.sum(along**2 / values[kept])), int(kept.sum())


def _spread(margin: Counts) -> Counts:
    """Return the covariance of the categories of one subject drawn from a margin, times its size."""
    return np.asarray(np.diag(margin) - np.outer(margin, margin) / margin.sum())


def _named(statistic: float, df: int) -> dict[str, float]:
    return {"statistic": statistic, "df": float(df), "p_value": float(stats.chi2.sf(statistic, df))}


def _p_row(value: float, method: str, reason: str = "") -> pd.DataFrame:
    return pd.DataFrame(
        {"statistic": ["p_value"], "value": [value], "method": [method], "reason": [reason], "group": [""]}
    )
