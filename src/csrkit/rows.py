"""Result rows: the one store of every number in the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from csrkit import vocabulary
from csrkit.disclosure.counted import Rule
from csrkit.disclosure.small_counts import suppress
from csrkit.small_texts import usual_texts
from csrkit.stats.estimation import NUMERICAL
from csrkit.vocabulary import LEVEL, Level

COLUMNS = tuple(vocabulary.COLUMNS)
# What makes a row one number: two rows with the same key would be two answers to one question.
KEY = [
    "notebook", "display", "analysis", "population", "group", "category", "subcategory", "level", "visit",
    "statistic", "of",
]  # fmt: skip
_TEXTS = [name for name in COLUMNS if name != "value"]
FILE = "results.parquet"
WHOLE = "unsuppressed.parquet"


def make_rows(frame: pd.DataFrame, **constants: str) -> pd.DataFrame:
    """Return result rows from a frame that holds some of their columns.

    Parameters
    ----------
    frame
        At least ``statistic`` and ``value`` (a raw number; NaN where not estimable, with ``reason``). A limit
        says of what it is, in its name (``ci_low of percent``) or in the column ``of``.
    **constants
        Columns that are the same in every row, for example ``display="tbl-response"``. Columns given in
        neither are empty.

    Raises
    ------
    ValueError
        A value is missing without a reason, a column name isn't one of a result row, a statistic isn't in the
        vocabulary, a limit is of nothing, or the name of an analysis has another style.
    """
    unknown = sorted((set(frame.columns) | set(constants)) - set(COLUMNS))
    if unknown:
        raise ValueError(f"Result rows have no column {', '.join(unknown)}; columns: {', '.join(COLUMNS)}.")
    rows = pd.DataFrame(index=range(len(frame)))
    for name in COLUMNS:
        if name in constants:
            rows[name] = constants[name]
        elif name in frame:
            rows[name] = frame[name].to_numpy()
        else:
            rows[name] = ""
    rows["value"] = pd.to_numeric(rows["value"]).astype("float64")
    rows[_TEXTS] = rows[_TEXTS].fillna("").astype("str")
    _name_statistics(rows)
    vocabulary.refuse_other_style(set(rows["analysis"]))
    silent = rows["value"].isna() & (rows["reason"] == "")
    if silent.any():
        where = rows.loc[silent, ["display", "analysis", "group", *LEVEL, "statistic"]].iloc[0].to_dict()
        raise ValueError(f"A value that can't be estimated needs a reason: {where}.")
    return rows


def _name_statistics(rows: pd.DataFrame) -> None:
    """Take apart ``ci_low of percent``; refuse what isn't in the vocabulary."""
    if rows["statistic"].str.contains(vocabulary.OF, regex=False).any():
        parts = rows["statistic"].str.partition(vocabulary.OF)
        rows["statistic"], rows["of"] = parts[0], rows["of"].mask(parts[2] != "", parts[2])
    pairs = rows[["statistic", "of"]].drop_duplicates()
    vocabulary.refuse_unknown(set(pairs["statistic"]) | set(pairs["of"]) - {""})
    vocabulary.refuse_lonely(map(vocabulary.whole_name, pairs["statistic"], pairs["of"]))


def levels_in(rows: pd.DataFrame) -> list[Level]:
    """Return the level of each result row: its text, or with category and subcategory as a tuple.

    >>> frame = pd.DataFrame({"statistic": "n", "value": 1.0, "category": ["", "b"], "level": ["a", "c"]})
    >>> levels_in(make_rows(frame))
    ['a', ('b', 'c')]
    """
    columns = (rows[name].tolist() for name in LEVEL)
    return [
        ((category, below, level) if below else (category, level)) if category else level
        for category, below, level in zip(*columns, strict=True)
    ]


def absent_rows(display: str, reason: str, **constants: str) -> pd.DataFrame:
    """Return the one row of a display for which there are no data; ``reason`` is a whole sentence."""
    return make_rows(
        pd.DataFrame({"statistic": ["absent"], "value": [float("nan")]}),
        display=display,
        reason=reason,
        **constants,
    )


def result_rows(*parts: pd.DataFrame, absent: str = "", **constants: str) -> pd.DataFrame:
    """Return the parts of one display as its result rows, or the one row that says why it has none.

    Parameters
    ----------
    *parts
        Frames with some columns of result rows (see ``make_rows``), such as sizes of columns and counts.
    absent
        The whole sentence that stands for the display where it has no data, "" where it has.
    **constants
        Columns that are the same in every row, such as ``population`` and ``dataset``.

    Examples
    --------
    >>> counts = pd.DataFrame({"statistic": ["n"], "value": [2.0], "analysis": "any"})
    >>> result_rows(counts, dataset="ADAE")[["analysis", "dataset", "value"]].values.tolist()
    [['any', 'ADAE', 2.0]]
    >>> result_rows(counts, absent="No event was reported.")["reason"].tolist()
    ['No event was reported.']
    """
    if absent:
        return absent_rows("", absent, **constants)
    return make_rows(pd.concat(parts, ignore_index=True), **constants)


def to_long(
    wide: pd.DataFrame,
    reason: str | Mapping[str, str] | Sequence[str] = "",
    methods: Mapping[str, str | Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Return a frame that has a column for each statistic as one record for each number.

    Parameters
    ----------
    wide
        Its index, of one level or several, is named by columns of result rows (``group``, ``visit``, …).
        Limits beside an ``estimate`` are its own. Columns ``unit``, ``method`` and ``reason``, where it has
        them, stand beside each of its numbers, the reason beside those that are missing.
    reason
        Why a missing number can't be estimated: of all statistics, by statistic, or for each row. A row's
        missing number of which its reason doesn't speak comes of numbers that are too large to compute with.
        Not where the frame has reasons of its own.
    methods
        Statistic to how it was found, in one text or in one for each row.

    Examples
    --------
    >>> wide = pd.DataFrame({"n": [2, 0], "median": [4.5, None]}, index=pd.Index(["a", "b"], name="group"))
    >>> to_long(wide, "no values")[["group", "statistic", "value", "reason"]].values.tolist()
    [['a', 'n', 2.0, ''], ['a', 'median', 4.5, ''], ['b', 'n', 0.0, ''], ['b', 'median', nan, 'no values']]
    """
    texts = [name for name in ("unit", "method", "reason") if name in wide]
    numbers = wide.drop(columns=texts)
    if "estimate" in numbers:
        numbers = numbers.rename(
            columns=dict(zip(("ci_low", "ci_high"), vocabulary.limits_of("estimate"), strict=True))
        )
    stacked = numbers.astype("float64").rename_axis(columns="statistic").stack(future_stack=True)
    long = pd.Series(stacked, name="value").reset_index()
    for name in texts:
        long[name] = wide[name].to_numpy().repeat(numbers.shape[1])
    if "reason" in texts:
        reasons = long["reason"]
    elif isinstance(reason, str):
        reasons = pd.Series(reason, index=long.index)
    elif isinstance(reason, Mapping):
        reasons = long["statistic"].map(reason)
    else:
        repeated = np.repeat(np.asarray(reason, dtype="object"), numbers.shape[1])
        reasons = pd.Series(repeated, index=long.index, dtype="object").replace("", NUMERICAL)
    if methods is not None:
        found = {name: methods.get(str(name), "") for name in numbers.columns}
        long["method"] = pd.DataFrame(found, index=wide.index, dtype="object").to_numpy().ravel()
    return long.assign(reason=reasons.where(long["value"].isna(), "").fillna("").astype("str"))


def absence(rows: pd.DataFrame) -> str:
    """Return the sentence that stands for a display without data, or "" where there are data."""
    absent = rows.loc[rows["statistic"] == "absent", "reason"]
    return str(absent.iloc[0]) if len(absent) else ""


def combine(*frames: pd.DataFrame) -> pd.DataFrame:
    """Stack result rows and refuse two rows with the same key (ValueError names the first)."""
    rows = pd.concat([frame for frame in frames if len(frame)], ignore_index=True)
    twice = rows[rows.duplicated(KEY)]
    if len(twice):
        raise ValueError(f"Two result rows have the same key: {twice[KEY].iloc[0].to_dict()}.")
    return rows


def write_rows(rows: pd.DataFrame, folder: Path, rule: Rule | None = None) -> None:
    """Write the rows of one notebook to ``folder/results.parquet``.

    In an external version, which has a rule, small counts are suppressed; the true ones go beside them, into
    a file that is never published, so that the build can look for what several displays together would tell.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if rule is not None:
        _write(rows, folder / WHOLE)
    _write(suppress(rows, rule), folder / FILE)


def _write(rows: pd.DataFrame, path: Path) -> None:
    # the file is the same, however the process holds its texts
    usual_texts(rows).to_parquet(path, index=False)


def read_rows(folder: str | Path, file: str = FILE) -> pd.DataFrame:
    """Read the result rows of one notebook or one published version."""
    return pd.read_parquet(Path(folder) / file)


def check(conditions: dict[str, bool]) -> pd.Series:
    """Return the conditions as a column to show, or stop when one doesn't hold.

    Raises ValueError naming every condition that fails. A notebook shows its checks even when all pass.
    """
    failed = [name for name, holds in conditions.items() if not holds]
    if failed:
        raise ValueError(f"A check of this analysis fails: {'; '.join(failed)}.")
    return pd.Series(dict.fromkeys(conditions, "holds"), name="check", dtype="str")
