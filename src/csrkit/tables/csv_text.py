"""CSV for readers: the one place that writes it, with every text guarded against being run as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from csrkit.tables import escape


def lines_csv(lines: Iterable[Sequence[object]]) -> str:
    """Return lines of texts and numbers as CSV; numbers are written as they are."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    for line in lines:
        writer.writerow([escape.csv(cell) if isinstance(cell, str) else cell for cell in line])
    return stream.getvalue()


def frame_csv(frame: pd.DataFrame) -> str:
    """Return a frame as CSV without its index, numbers with all their digits, nothing for missing."""
    texts = [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name])]
    safe = frame.assign(**{name: frame[name].map(_guarded) for name in texts})
    safe.columns = safe.columns.map(lambda name: escape.csv(str(name)))
    return str(safe.to_csv(index=False, lineterminator="\n"))


def _guarded(value: object) -> object:
    return escape.csv(value) if isinstance(value, str) else value


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as a CSV file in UTF-8."""
    path.write_text(frame_csv(frame), encoding="utf-8", newline="\n")
