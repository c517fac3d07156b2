"""Whether the numbers printed in tables and on pages of subjects are those of rows and datasets."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyarrow.parquet import read_schema

from csrkit.limits import stand_in
from csrkit.store import read_dataset
from csrkit.versions import page_reading as reading
from csrkit.versions.published import Fault

# Whether the numbers printed in a table are those of the result rows.
#
# A printed number stands for every value that rounds to it. The comparison doesn't use the code that rounded:
# it is a second witness of `display.formats`.

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


# Whether the pages of subjects say what the version's own analysis datasets say of them.

_LINK = re.compile(r'href="\.\./(subjects/[^"]+)"')
_HEADING = re.compile(r"<h1>Subject (.*?)</h1>")
_TABLE = re.compile(r'<table class="csr-table">.*?</table>', re.DOTALL)
_MOST = 5  # faults of one page; more say nothing new
_SHOWN = ("adsl", "adex", "adae", "adcm", "admh", "addv", "adlb", "adrs")


def check_subject_pages(folder: Path, pages: Mapping[str, str]) -> Iterator[Fault]:
    """Yield what is wrong with the pages of subjects and the links to them; nothing for a version without.

    ``pages`` are the report's pages, by name. Every link must have its page; on a page every platelet count
    of the chart and every number of a table must stand in a record of this subject.
    """
    for name, text in pages.items():
        for target in sorted(set(_LINK.findall(text))):
            if not (folder / target).exists():
                yield Fault(name, f"links to {target}, which isn't there")
    found = {path: _subject_of(path) for path in sorted((folder / "subjects").glob("*.html"))}
    records = _Records(folder / "adam", [*found.values()]) if found else None
    for path, subject in found.items():
        file, text = f"subjects/{path.name}", path.read_text(encoding="utf-8")
        if records is None or subject not in records.subjects:
            yield Fault(file, f"tells of {subject or 'no subject'}, who isn't in adam/adsl.parquet")
            continue
        for problem in [*_wrong_counts(text, records, subject), *_wrong_numbers(text, records, subject)][
            :_MOST
        ]:
            yield Fault(file, problem)


def _subject_of(page: Path) -> str:
    """Return whom a page tells of; "" where it doesn't say."""
    heading = _HEADING.search(page.read_text(encoding="utf-8"))
    return unescape(heading[1]) if heading else ""


class _Records:
    """The records of subjects in the datasets that a profile shows, and their laboratory values by day."""

    def __init__(self, folder: Path, subjects: Collection[str]) -> None:
        frames = {name: read_dataset(folder / f"{name}.parquet", subjects) for name in _SHOWN}
        self._numbers: dict[str, list[npt.NDArray[np.float64]]] = {}
        for frame in frames.values():
            for subject, numbers in values_by(frame, "USUBJID"):
                self._numbers.setdefault(subject, []).append(numbers)
        self.subjects = set(frames["adsl"]["USUBJID"])
        values = frames["adlb"].assign(AVAL=stand_in(frames["adlb"]))[["USUBJID", "ADY", "AVAL"]]
        self._values = set(values.itertuples(index=False, name=None))

    def numbers(self, subject: str) -> npt.NDArray[np.float64]:
        """Return every number in the records of a subject, without sign and in order."""
        parts = self._numbers.get(subject, [])
        return np.unique(np.concatenate(parts)) if parts else np.empty(0)

    def has(self, subject: str, day: float, value: float) -> bool:
        """Tell whether the subject has this laboratory value on this day."""
        return (subject, day, value) in self._values


def _wrong_counts(text: str, records: _Records, subject: str) -> Iterator[str]:
    chart: Any = reading.html_chart(text) or {}
    for count in chart.get("datasets", {}).get("counts", []):
        if not records.has(subject, count["ADY"], count["AVAL"]):
            yield f"draws a count of {count['AVAL']:g} on Day {count['ADY']:g}, of which ADLB doesn't know"


def _wrong_numbers(text: str, records: _Records, subject: str) -> Iterator[str]:
    known = records.numbers(subject)
    for stretch in _TABLE.findall(text):
        _, rows = reading.html_cells(stretch) or ([], [])
        for label, *cells in rows:
            for cell in cells:
                for number in numbers_in(cell):
                    if not holds(known, number):
                        yield f"{label}: no record of the subject has {number} (in {cell!r})"
