"""What every reader returns: one data set as its file holds it, and what is known of its variables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from csrkit.errors import DataError


@dataclass(frozen=True)
class Variable:
    """What a file says of one variable; empty and None where its format doesn't say it.

    ``length`` is in bytes as stored, ``format`` the display format (``DATE9``).
    """

    label: str = ""
    length: int | None = None
    format: str = ""


def _row_number(row: int) -> int:
    return row + 1


@dataclass(frozen=True)
class Table:
    """One data set, before anything is known of its domain.

    Attributes
    ----------
    frame
        Columns in capitals; text is ``str`` without trailing blanks, ``""`` for missing; numbers are
        ``float64``, NaN for missing.
    label, name
        Of the data set; empty where the format has none.
    variables
        Column name to what the file says of it; every column has an entry.
    line_of
        Row (from 0) to the line or record that a message names.
    notes
        What had to be decided on reading (encoding, decimal mark).
    """

    frame: pd.DataFrame
    label: str = ""
    name: str = ""
    variables: dict[str, Variable] = field(default_factory=dict)
    line_of: Callable[[int], int] = _row_number
    notes: tuple[str, ...] = ()

    def noted(self, *notes: str) -> Table:
        """Return the table with further notes; empty ones are left out."""
        return replace(self, notes=(*self.notes, *filter(None, notes)))


def column_names(names: Iterable[object], path: Path) -> list[str]:
    """Return names in capitals without blanks around them; each must be there and stand once.

    Raises DataError with the file and the names.
    """
    heads = [str(name).strip().upper() for name in names]
    if "" in heads:
        place = heads.index("") + 1
        raise DataError(f"{path}: column {place} has no name. Name or remove it (row names?).")
    twice = sorted(name for name, times in Counter(heads).items() if times > 1)
    if twice:
        raise DataError(f"{path}: the column {', '.join(twice)} stands twice. Keep one.")
    return heads


def clean_text(values: pd.Series) -> pd.Series:
    """Return text as ``str`` without trailing blanks, ``""`` for missing."""
    return values.astype("str").fillna("").str.rstrip()


def number_text(values: pd.Series) -> pd.Series:
    """Return numbers as text as they would be written (3, 2.5), ``""`` for missing."""
    return values.map(lambda value: f"{value:.15g}", na_action="ignore").astype("str").fillna("")
