"""Whether the numbers printed in a table are those of the result rows.

A printed number stands for every value that rounds to it. The comparison doesn't use the code that rounded:
it is a second witness of ``display.formats``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyarrow.parquet import read_schema

_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?!\w)")
_DATE = re.compile(r"\d{4}-\d{2}(?:-\d{2})?(?:T[\d:]+)?")
# A cell with a word in it is a text (a definition, a date in words), and one that begins with ≥ or ≤ a rule:
# their numbers are no results.
_WORD = re.compile(r"[^\W\d_]{3,}")
# Limits of p-values as they are printed stand for what lies beyond them
_BOUNDS = ("<0.001", ">0.999")
_SLACK = 1e-9
# What a column's head says of another unit than the result row's, and what that multiplies
_UNITS = {"%": 100.0, "month": 12 / 365.25}


@dataclass(frozen=True)
class Unbacked:
    """A printed number without a result row: row label, column head, the cell's text and the number."""

    row: str
    column: str
    text: str
    number: str


class Backing:
    """The values that can stand behind the numbers of each display.

    Parameters
    ----------
    rows
        The result rows of a version.
    columns
        The study's columns from the manifest (``key``, ``label``, ``spanner``), so that a number is looked
        for in its own column; empty where the manifest has none.
    datasets
        The folder with the analysis datasets: a listing shows records of subjects beside result rows.
    """

    def __init__(self, rows: pd.DataFrame, columns: list[dict[str, str]], datasets: Path) -> None:
        """Group the values once by display and column."""
        known = rows.dropna(subset="value")
        self._values = {
            (str(display), str(group)): np.sort(np.abs(part.to_numpy()))
            for (display, group), part in known.groupby(["display", "group"])["value"]
        }
        self._keys = {(column["spanner"], column["label"]): column["key"] for column in columns}
        self._datasets = datasets
        self._records: npt.NDArray[np.float64] | None = None
        self._subjects: set[str] = set()

    def unbacked(self, label: str, table: dict[str, Any]) -> list[Unbacked]:
        """Return the numbers in a table's cells that have nothing behind them.

        A share may be printed as a percentage, and days as months, where the column's head says so. A table
        that arranges the result rows of other displays names them (``sources``).
        """
        labels = {label, *table.get("sources", ())}
        pools = [self._pool(labels, head) for head in table["headers"]]
        missing = [
            Unbacked(row["label"], head["label"], cell, number)
            for row in table["rows"]
            for head, pool, cell in zip(table["headers"], pools, row["cells"], strict=False)
            for number in numbers_in(cell)
            if not any(holds(scale * pool, number) for scale in _scales(head["label"]))
        ]
        if not missing or not self._is_listing(table):
            return missing
        return [cell for cell in missing if not holds(self._read_records(), cell.number)]

    def _pool(self, labels: set[str], head: dict[str, str]) -> npt.NDArray[np.float64]:
        key = self._keys.get((head["spanner"], head["label"]))
        groups = {group for display, group in self._values if display in labels}
        if key in groups:
            groups &= {key, ""}
        parts = [
            values
            for (display, group), values in self._values.items()
            if display in labels and group in groups
        ]
        return np.sort(np.concatenate(parts)) if parts else np.empty(0)

    def _is_listing(self, table: dict[str, Any]) -> bool:
        """A table is a listing when it names a subject."""
        self._read_records()
        texts = (text for row in table["rows"] for text in (row["label"], *row["cells"]))
        return any(subject in text for text in texts for subject in self._subjects if subject)

    def _read_records(self) -> npt.NDArray[np.float64]:
        if self._records is None:
            parts: list[npt.NDArray[np.float64]] = []
            for path in sorted(self._datasets.glob("*.parquet")):
                for name in read_schema(path).names:  # a dataset of millions of records isn't held whole
                    variable = pd.read_parquet(path, columns=[name])
                    self._subjects |= set(variable[name].unique()) if name == "USUBJID" else set()
                    parts += map(np.unique, values_of(variable))
            self._records = np.unique(np.concatenate(parts)) if parts else np.empty(0)
        return self._records


def values_of(frame: pd.DataFrame) -> Iterator[npt.NDArray[np.float64]]:
    """Yield the numbers of a dataset: its numeric variables, and those written in its texts."""
    for name in frame:
        column = frame[name].dropna()
        if pd.api.types.is_numeric_dtype(column):
            yield np.abs(column.to_numpy(dtype="float64"))
        elif pd.api.types.is_string_dtype(column):
            texts = {number for text in column.unique() for number in _NUMBER.findall(str(text))}
            yield np.array(sorted(map(float, texts)), dtype="float64")


def values_by(frame: pd.DataFrame, key: str) -> Iterator[tuple[str, npt.NDArray[np.float64]]]:
    """Yield what ``values_of`` gives of the records of each value of a variable, such as each subject."""
    numeric = [name for name in frame if pd.api.types.is_numeric_dtype(frame[name])]
    written = [name for name in frame if pd.api.types.is_string_dtype(frame[name].dropna())]
    numbers = np.abs(frame[numeric].to_numpy(dtype="float64", na_value=np.nan))
    texts = frame[written].to_numpy(dtype=object)
    for value, places in frame.groupby(key).indices.items():
        there = numbers[places].ravel()
        known = {text for text in texts[places].ravel() if isinstance(text, str)}
        in_texts = [number for text in known for number in _written(text)]
        yield str(value), np.concatenate([there[~np.isnan(there)], np.array(in_texts, dtype="float64")])


@lru_cache(maxsize=50_000)  # the texts of a variable are few, many times
def _written(text: str) -> tuple[float, ...]:
    return tuple(map(float, _NUMBER.findall(text)))


def _scales(head: str) -> list[float]:
    return [1.0, *(scale for word, scale in _UNITS.items() if word in head.lower())]


def numbers_in(text: str) -> list[str]:
    """Return the numbers of a cell that are results: none of a text with words, of a rule or of a date."""
    if _WORD.search(text) or text.startswith(("≥", "≤")):
        return []
    for bound in _BOUNDS:
        text = text.replace(bound, "")
    return _NUMBER.findall(_DATE.sub("", text))


def holds(values: npt.NDArray[np.float64], number: str) -> bool:
    """Tell whether some value (ascending, without sign) rounds to the printed number."""
    decimals = len(number.partition(".")[2])
    half = 0.5 * 10.0**-decimals * (1 + _SLACK) + _SLACK
    place = np.searchsorted(values, float(number) - half)
    return bool(place < len(values) and values[place] <= float(number) + half)
