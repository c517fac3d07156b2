"""What cells of the tables on immune function say: counts, effects and intervals of a marker."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from csrkit.markers import Marker
from csrkit.tables.formats import (
    NOT_ESTIMABLE,
    format_count,
    format_number,
    format_percent,
    format_signed,
    missing,
)
from csrkit.tables.lookup import Lookup

AND = "\u00a0+\u00a0"  # between the sizes of two groups, without a break of the line


@dataclass(frozen=True)
class Reader:
    """The values of one analysis by marker, over all subjects."""

    lookup: Lookup
    analysis: str
    visit: str = ""

    def value(self, marker: Marker, name: str) -> float:
        """Return a raw value; NaN where it can't be estimated."""
        return self.lookup.value(self.analysis, "total", name, marker.code, self.visit)


Cell = Callable[[Reader, Marker], str]  # the text of one cell, from the analysis of its column


def marker_label(marker: Marker) -> str:
    """Return a marker's name with its unit, where it has one that says something."""
    return f"{marker.label}, {marker.unit}" if marker.unit not in ("", "RATIO") else marker.label


def effect_text(marker: Marker, value: float) -> str:
    """Return a ratio with two decimals, or a difference with its sign and one decimal more than the data."""
    if math.isnan(value):
        return missing(value)
    if marker.scale == "log":
        return format_number(value, 2)
    text = format_signed(value, marker.decimals + 1)
    return text if text.startswith("−") else f"+{text}"


def with_limits(estimate: str, low: str, high: str) -> str:
    """Return ``estimate (low to high)``; the estimate alone where there is no interval."""
    if estimate == NOT_ESTIMABLE or low == NOT_ESTIMABLE:
        return estimate
    return f"{estimate} ({low} to {high})"


def limits(low: str, high: str) -> str:
    """Return ``low to high``, or NE."""
    return low if low == NOT_ESTIMABLE else f"{low} to {high}"


def count(name: str = "n") -> Cell:
    """Return the cell of a count."""
    return lambda read, marker: format_count(read.value(marker, name))


def sizes(read: Reader, marker: Marker) -> str:
    """Return the sizes of two groups."""
    return AND.join(format_count(read.value(marker, name)) for name in ("n1", "n2"))


def number(name: str) -> Cell:
    """Return the cell of a number with two decimals."""
    return lambda read, marker: format_signed(read.value(marker, name), 2)


def interval(*names: str) -> Cell:
    """Return the cell of an estimate with its limits, of these three names."""
    return lambda read, marker: with_limits(*(format_signed(read.value(marker, name), 2) for name in names))


def effect(read: Reader, marker: Marker) -> str:
    """Return a ratio or a difference with its limits."""
    names = ("estimate", "low", "high")
    return with_limits(*(effect_text(marker, read.value(marker, name)) for name in names))


def effect_limits(read: Reader, marker: Marker) -> str:
    """Return the limits of an effect size."""
    return limits(*(format_signed(read.value(marker, f"effect_{end}"), 2) for end in ("low", "high")))


def percent(name: str) -> Cell:
    """Return the cell of a proportion in percent."""
    return lambda read, marker: format_percent(100 * read.value(marker, name)).replace("-", "−")
