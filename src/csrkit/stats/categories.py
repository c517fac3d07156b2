"""Tests of categories: Fisher's and McNemar's, a trend over ordered groups, and stratified ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import comb
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from scipy.special import gammaln

from csrkit.stats.estimation import FEWEST_FOR_TEST, TOO_FEW, attempt, attempt_numbers
from csrkit.stats.proportions import NO_SUBJECTS

# Fisher's exact test of several groups and categories: all tables enumerated, or drawn if too many.

FREEMAN_HALTON = "Fisher's exact test (Freeman-Halton), two-sided"
_MOST_TABLES, _MOST_STEPS = 2e7, 2e5  # tables in all, and steps of the loop: together about half a minute
_NEAR = 1e-7  # tables this near in log probability are equally probable, as in R: sums carry binary noise
_CELLS = 4_000_000  # drawn cells held at a time


@dataclass(frozen=True)
class Drawing:
    """How many tables are drawn where they can't be enumerated, and with which seed.

    A million leave a standard error of the p-value of at most 0.0005, so that the third decimal stands.
    """

    tables: int = 1_000_000
    seed: int = 20240423

    @property
    def method(self) -> str:
        """Return what stands in result rows."""
        return (
            f"{FREEMAN_HALTON}, Monte Carlo: {self.tables} tables with these margins drawn, seed {self.seed}"
        )


@dataclass(frozen=True)
class ExactP:
    """A p-value; where tables were drawn also its Monte Carlo standard error and how many there were.

    ``error`` is NaN and ``tables`` 0 for a p-value by enumeration.
    """

    value: float
    method: str = FREEMAN_HALTON
    error: float = float("nan")
    tables: int = 0


def exact_p(table: NDArray[np.int64], how: Drawing) -> ExactP:
    """Return the exact p-value of a table of counts, enumerated where that takes seconds, else drawn."""
    return draw_tables(table, how) if too_many(table) else ExactP(freeman_halton(table))


def too_many(table: NDArray[np.int64]) -> bool:
    """Tell whether there are too many tables with these margins to enumerate them."""
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    ways = [_count_distributions(int(size), columns) for size in rows[:-1]]
    return bool(np.prod(ways) > _MOST_TABLES or np.prod(ways[:-1]) > _MOST_STEPS)


def freeman_halton(table: NDArray[np.int64]) -> float:
    """Return the exact p-value of a table of counts by enumeration: rows groups, columns categories.

    The sum of the probabilities of all tables with the same margins that are no more probable than the one
    seen (Freeman and Halton, Biometrika 1951;38:141), as R's ``fisher.test`` and SAS PROC FREQ's FISHER.

    >>> round(freeman_halton(np.array([[3, 0, 0], [1, 2, 0], [0, 1, 2]])), 4)
    0.0786
    """
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    order = np.argsort(columns, kind="stable")
    table, columns = table[:, order], columns[order]
    choices = [_distributions(int(size), columns) for size in rows[:-1]]
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
        total += float(np.exp(chances[chances <= observed + _NEAR]).sum())
    return min(total, 1.0)


def draw_tables(table: NDArray[np.int64], how: Drawing) -> ExactP:
    """Return the Monte Carlo estimate of the same p-value, and its standard error.

    Tables with the same margins are drawn by Patefield's algorithm (Appl Stat 1981;30:91; scipy's
    ``random_table``); p is (1 + those no more probable than the one seen) / (1 + drawn), as R's
    ``fisher.test(simulate.p.value = TRUE)``, so it is never 0 and the test keeps its level. SAS (PROC FREQ,
    EXACT FISHER / MC) leaves out both ones; the two differ by less than 1 / drawn.

    >>> found = draw_tables(np.array([[3, 0, 0], [1, 2, 0], [0, 1, 2]]), Drawing(tables=10_000, seed=1))
    >>> abs(found.value - 0.0786) < 4 * found.error
    True
    """
    counts = np.arange(table.sum() + 1)
    weights = gammaln(counts + 1)  # a table's log probability is a constant less the sum of these
    observed = weights[table].sum()
    drawn = _draw(table, how)
    extreme = sum(int((weights[part].sum(axis=(1, 2)) >= observed - _NEAR).sum()) for part in drawn)
    p = (1 + extreme) / (1 + how.tables)
    return ExactP(p, how.method, float(np.sqrt(p * (1 - p) / how.tables)), how.tables)


def _draw(table: NDArray[np.int64], how: Drawing) -> Iterator[NDArray[np.int64]]:
    """Yield drawn tables in parts that fit into memory: tables × rows × columns."""
    # categories that nobody has and groups without subjects say nothing, and the algorithm refuses them
    rows, columns = (margin[margin > 0] for margin in (table.sum(axis=1), table.sum(axis=0)))
    distribution, generator = stats.random_table(rows, columns), np.random.default_rng(how.seed)
    step = max(1, _CELLS // (len(rows) * len(columns)))
    for start in range(0, how.tables, step):
        size = min(step, how.tables - start)
        yield distribution.rvs(size, method="patefield", random_state=generator).astype("int64")


def _count_distributions(size: int, columns: NDArray[np.int64]) -> float:
    """Return in how many ways ``size`` subjects can be put into the columns."""
    ways = np.zeros(size + 1)
    ways[0] = 1.0
    for total in columns:
        summed = np.concatenate([[0.0], np.cumsum(ways)])
        upper = np.arange(1, size + 2)
        ways = summed[upper] - summed[np.maximum(upper - total - 1, 0)]
    return float(ways[size])


def _distributions(size: int, columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return all ways to put ``size`` subjects into the columns, none above the column's total."""
    cells, left = np.zeros((1, 0), dtype="int64"), np.array([size])
    later = columns.sum() - np.cumsum(columns)
    for total, room in zip(columns, later, strict=True):
        low, high = np.maximum(left - room, 0), np.minimum(left, total)
        ways = np.maximum(high - low + 1, 0)
        source = np.repeat(np.arange(len(left)), ways)
        taken = np.arange(ways.sum()) - np.repeat(np.cumsum(ways) - ways, ways) + low[source]
        cells, left = np.column_stack([cells[source], taken]), left[source] - taken
    return cells


# McNemar's test of a paired yes or no.

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


# Exact test of a trend of proportions over ordered groups.

_TREND_NEAR = 1e-9  # scores this near to each other are equal: sums of fractions carry binary noise


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
    higher = sum(count for value, count in ways.items() if value >= observed - _TREND_NEAR)
    farther = sum(
        count for value, count in ways.items() if abs(value - mean) >= abs(observed - mean) - _TREND_NEAR
    )
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


# Tests of categories between arms: exact for several categories, and stratified by the state at baseline.

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
