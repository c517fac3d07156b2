"""Find the numbers of one display, and remember why some could not be estimated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from csrkit.disclosure.small_counts import as_shown, is_suppressed
from csrkit.rows import levels_in
from csrkit.stats.groups import Columns
from csrkit.tables import formats
from csrkit.tables.table import Header
from csrkit.vocabulary import Level, limits_of, whole_name


class Lookup:
    """The result rows of one display by what they are.

    Cells are asked for by analysis, level, visit and column; the reasons of all values shown as NE are
    kept for the table's footnote.
    """

    def __init__(self, rows: pd.DataFrame) -> None:
        """Index the rows; one key has one row. In an external version small counts are suppressed."""
        rows = as_shown(rows)
        names = map(whole_name, rows["statistic"], rows["of"])
        keys = zip(rows["analysis"], levels_in(rows), rows["visit"], rows["group"], names, strict=True)
        self._values = dict(zip(keys, zip(rows["value"], rows["reason"], strict=True), strict=True))
        self._reasons: list[str] = []

    def value(self, analysis: str, group: str, statistic: str, level: Level = "", visit: str = "") -> float:
        """Return a raw value; NaN where it can't be estimated (its reason is noted).

        ``statistic`` is ``ci_low of percent`` for a limit; ``level`` a tuple where it has a category.
        Raises ValueError where no row has these keys: a table must not ask for what wasn't computed.
        """
        key = (analysis, level, visit, group, statistic)
        if key not in self._values:
            parts = (analysis, *([level] if isinstance(level, str) else level), visit, group, statistic)
            wanted = ", ".join(part for part in parts if part)
            raise ValueError(f"There is no result row for {wanted}; was it computed for this level or visit?")
        value, reason = self._values[key]
        if math.isnan(value) and reason not in self._reasons:
            self._reasons.append(reason)
        return formats.Suppressed() if is_suppressed(reason) else float(value)

    def peek(self, analysis: str, group: str, statistic: str, level: Level = "", visit: str = "") -> float:
        """Return a raw value that isn't shown: its reason isn't noted; NaN where there is no row."""
        return float(self._values.get((analysis, level, visit, group, statistic), (math.nan, ""))[0])

    def has(self, analysis: str) -> bool:
        """Tell whether the display has rows of this analysis."""
        return any(key[0] == analysis for key in self._values)

    def has_statistic(self, analysis: str, statistic: str) -> bool:
        """Tell whether the analysis has rows of this statistic."""
        return any(key[0] == analysis and key[4] == statistic for key in self._values)

    def has_number(
        self, analysis: str, group: str, statistic: str, level: Level = "", visit: str = ""
    ) -> bool:
        """Tell whether there is a row with these keys, be its value estimable or not."""
        return (analysis, level, visit, group, statistic) in self._values

    def visits(self, analysis: str) -> list[str]:
        """Return the visits of an analysis in the order of the rows."""
        return list(dict.fromkeys(key[2] for key in self._values if key[0] == analysis and key[2]))

    def levels(self, analysis: str, *outer: str) -> list[Any]:
        """Return the levels of an analysis in the order of the rows: texts, or tuples with their category.

        ``outer`` are the category, or the category and what stands below it, of which the levels are wanted.
        """
        found = dict.fromkeys(key[1] for key in self._values if key[0] == analysis and key[1])
        return [level for level in found if level[: len(outer)] == outer or not outer]

    def headers(self, columns: Columns) -> tuple[Header, ...]:
        """Return the column heads with N; without N where the display has no size of any column."""
        if not self.has("size"):
            return tuple(Header(column.label, spanner=column.spanner) for column in columns)
        sizes = [formats.format_count(self.value("size", column.key, "N")) for column in columns]
        return tuple(
            Header(column.label, size, column.spanner) for column, size in zip(columns, sizes, strict=True)
        )

    def count_percent(self, analysis: str, group: str, level: Level = "", visit: str = "") -> str:
        """Return ``n (percent)`` of one cell."""
        n, percent = (self.value(analysis, group, name, level, visit) for name in ("n", "percent"))
        return formats.format_count_percent(n, percent)

    def among(self, analysis: str, group: str, level: Level = "", visit: str = "") -> str:
        """Return ``n/N (percent)``: ``0/N`` without a percentage, ``0/0`` where there is nobody to count."""
        n, total = (self.value(analysis, group, name, level, visit) for name in ("n", "N"))
        if math.isnan(n):
            return formats.missing(n)
        text = f"{formats.format_count(n)}/{formats.format_count(total)}"
        if n == 0:
            return text
        return f"{text} ({formats.format_percent(self.value(analysis, group, 'percent', level, visit))})"

    def interval(
        self, analysis: str, group: str, level: Level = "", visit: str = "", of: str = "percent"
    ) -> str:
        """Return the interval of one cell, that of a percentage with one decimal."""
        low, high = (self.value(analysis, group, name, level, visit) for name in limits_of(of))
        return formats.format_interval(low, high)

    def estimate(self, analysis: str, group: str, name: str, level: Level = "", visit: str = "") -> str:
        """Return ``estimate (low to high)``, or the sign of a missing one, decimals by the vocabulary."""
        numbers = [self.value(analysis, group, one, level, visit) for one in (name, *limits_of(name))]
        if math.isnan(numbers[0]):
            return formats.missing(numbers[0])
        texts = [formats.format_statistic(name, number, 0) for number in numbers]
        return f"{texts[0]} ({texts[1]} to {texts[2]})"

    def statistic(self, analysis: str, group: str, name: str, decimals: int, visit: str = "") -> str:
        """Return one formatted statistic of a continuous variable."""
        return formats.format_statistic(name, self.value(analysis, group, name, visit=visit), decimals)

    def text(self, analysis: str, group: str, name: str, level: Level = "") -> str:
        """Return one formatted statistic of a level."""
        return formats.format_statistic(name, self.value(analysis, group, name, level), 0)

    def notes(self) -> tuple[str, ...]:
        """Return the footnotes for NE with the reasons met so far, and for what is suppressed."""
        return reason_notes(self._reasons)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return the reasons met so far, each once."""
        return tuple(self._reasons)


def reason_notes(reasons: Sequence[str]) -> tuple[str, ...]:
    """Return the footnotes for NE with its reasons, and for what is suppressed."""
    notes = [f"{formats.SUPPRESSED}: {reason}." for reason in reasons if is_suppressed(reason)]
    open_ends = [reason for reason in reasons if not is_suppressed(reason)]
    if open_ends:
        notes.append(f"{formats.NOT_ESTIMABLE}: not estimable ({'; '.join(open_ends)}).")
    return tuple(notes)
