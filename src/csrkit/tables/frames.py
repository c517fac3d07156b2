"""Any data frame as a table: what pandas, pingouin or statsmodels return, with its result rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from csrkit.rows import make_rows
from csrkit.tables import formats
from csrkit.tables.table import Header, Row, Table
from csrkit.vocabulary import OF, PINGOUIN, STATISTICS, limits_of, look_up, refuse_unknown

_RANK_SUMS = ("U_val", "W_val")  # whole or half numbers
_INTERVALS = ("CI95", "CI95%")  # pingouin's columns of two limits


def table_from_frame(
    frame: pd.DataFrame,
    stub: str = "",
    decimals: int | Mapping[str, int] = 2,
    labels: Mapping[str, str] | None = None,
    statistics: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
    **constants: str,
) -> Table:
    """Return a data frame as a table that carries a result row for each of its numbers.

    Parameters
    ----------
    frame
        One row of the table per row. Its index names the rows; where it only counts them, the first column
        of texts does. A missing value is an empty cell.
    stub
        Head of the column that names the rows.
    decimals
        Of all columns, or by column. p-values and whole numbers are written as such, and degrees of freedom
        and the like as the vocabulary says, unless a column is named here.
    labels
        Column to its head; a column not named keeps its name. Columns of a ``labels`` with the text "" are
        left out.
    statistics
        Column of numbers to its statistic in ``csrkit.vocabulary``; pingouin's columns are known. A column of
        numbers that is neither is shown without result rows.
    notes
        Notes below the table.
    **constants
        Columns that are the same in every result row, such as ``analysis``, ``population``, ``dataset`` or
        ``method``.

    Raises
    ------
    ValueError
        A statistic isn't in the vocabulary, or two numbers would be the same result row.

    Examples
    --------
    >>> found = pd.DataFrame({"Source": ["visit"], "Q": [8.6], "ddof1": [5], "p_unc": [0.0004]})
    >>> table = table_from_frame(found, labels={"p_unc": "p-value", "ddof1": "df"})
    >>> [header.label for header in table.headers], table.rows[0].label, table.rows[0].cells
    (['Q', 'df', 'p-value'], 'visit', ('8.60', '5', '<0.001'))
    >>> table.results[["level", "statistic", "value"]].values.tolist()
    [['visit', 'statistic', 8.6], ['visit', 'df', 5.0], ['visit', 'p_value', 0.0004]]
    """
    labels, of_pingouin = dict(labels or {}), dict(PINGOUIN)
    if "Q" not in frame:
        of_pingouin["W"] = (
            "statistic"  # Kendall's W stands beside Friedman's Q; alone it is Shapiro and Wilk's
        )
    known = {**of_pingouin, **{name: name for name in STATISTICS}, **(statistics or {})}
    frame = _with_names(frame[[name for name in frame.columns if labels.get(str(name)) != ""]])
    refuse_unknown({known[str(name)].partition(OF)[0] for name in frame.columns if str(name) in known})
    heads = tuple(Header(labels.get(str(name), str(name))) for name in frame.columns)
    columns = [
        [_cell(value, known.get(str(name), ""), _places(str(name), known, decimals)) for value in frame[name]]
        for name in frame.columns
    ]
    names = [" ".join(map(str, key)) if isinstance(key, tuple) else str(key) for key in frame.index]
    body = tuple(Row(name, cells) for name, cells in zip(names, zip(*columns, strict=True), strict=True))
    rows = _rows(frame, _levels(frame, names), known)
    return Table(stub, heads, body, tuple(notes), results=make_rows(rows, **constants) if len(rows) else None)


def _places(name: str, known: Mapping[str, str], decimals: int | Mapping[str, int]) -> int:
    if isinstance(decimals, Mapping) and name in decimals:
        return decimals[name]
    named = known.get(name, "")
    if name in _RANK_SUMS:
        return 1
    if named and look_up(named).form == "fixed":
        return look_up(named).decimals
    return 2 if isinstance(decimals, Mapping) else decimals


def _levels(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Return what tells the rows apart: their names, with the texts beside them where two share one."""
    if len(set(names)) == len(names):
        return list(names)
    texts = [frame[name] for name in frame.columns if isinstance(_first(frame[name]), str)]
    varying = [column.tolist() for column in texts if column.nunique() > 1]
    return [", ".join(map(str, parts)) for parts in zip(names, *varying, strict=True)]


def _with_names(frame: pd.DataFrame) -> pd.DataFrame:
    """Let the first column of texts name the rows where the index only counts them."""
    if not isinstance(frame.index, pd.RangeIndex) and not pd.api.types.is_integer_dtype(frame.index):
        return frame
    texts = [name for name in frame.columns if isinstance(_first(frame[name]), str)]
    return frame.set_index(texts[0]) if texts else frame


def _first(values: pd.Series) -> Any:
    known = [value for value in values if not _is_missing(value)]
    return known[0] if known else None


def _is_missing(value: Any) -> bool:
    return np.ndim(value) == 0 and bool(pd.isna(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not _is_missing(value)


def _cell(value: Any, statistic: str, decimals: int) -> str:
    if _is_missing(value):
        return ""
    if np.ndim(value) == 1:
        return formats.format_interval(float(value[0]), float(value[1]), decimals)
    if isinstance(value, bool | np.bool_):
        return "Yes" if value else "No"
    if not _is_number(value):
        return str(value)
    form = look_up(statistic).form if statistic else ""
    if form == "p":
        return formats.format_p(float(value))
    whole = form == "count" or isinstance(value, int | np.integer)
    return formats.format_number(float(value), 0 if whole else decimals)


def _rows(frame: pd.DataFrame, names: Sequence[str], known: Mapping[str, str]) -> pd.DataFrame:
    found = []
    for number, name in enumerate(names):
        for column in frame.columns:
            value = frame[column].iloc[number]
            if str(column) in _INTERVALS and np.ndim(value) == 1:
                of = "r" if "r" in frame else "estimate"
                found += [(name, side, limit) for side, limit in zip(limits_of(of), value, strict=True)]
            elif (
                str(column) in known and not _is_missing(value) and isinstance(value, int | float | np.number)
            ):
                found.append((name, known[str(column)], float(value)))
    return pd.DataFrame(found, columns=["level", "statistic", "value"])
