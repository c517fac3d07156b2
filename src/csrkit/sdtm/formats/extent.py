"""Hold what a file says to its bounds: depth and long numbers of JSON before it is read, tables after."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from csrkit.bounds import Bounds, exceeded
from csrkit.errors import DataError
from csrkit.sdtm.formats.table import Table

_PIECE = 1 << 22
_QUOTE, _ZERO, _NINE = b'"'[0], b"0"[0], b"9"[0]
_STEPS = np.zeros(256, dtype=np.int8)
_STEPS[list(b"[{")] = 1
_STEPS[list(b"]}")] = -1


def check_json(content: bytes, path: Path, bounds: Bounds) -> bool:
    """Refuse JSON that is nested too deep, and tell whether it may hold numbers beyond their bound.

    Digits within texts count, too: the reader knows better, but counting in it would make every number slow.
    Raises DataError.
    """
    if b"\\" in content:  # an escaped quotation mark ends no text
        content = content.replace(b"\\\\", b"").replace(b'\\"', b"")
    data = np.frombuffer(content, dtype=np.uint8)
    quotes = depth = run = 0
    long_numbers = False
    for start in range(0, len(data), _PIECE):
        piece = data[start : start + _PIECE]
        inside = np.cumsum(piece == _QUOTE, dtype=np.int64) + quotes
        levels = np.cumsum(np.where(inside & 1, 0, _STEPS[piece]), dtype=np.int64) + depth
        if levels.max() > bounds.nesting:
            found = f"nests lists and objects {int(levels.max()):,} deep or deeper"
            raise exceeded(path, "nesting", bounds, found, int(levels.max()))
        longest, run = _digit_runs(piece, run)
        long_numbers |= longest > bounds.number_length
        quotes, depth = int(inside[-1]), int(levels[-1])
    return long_numbers


def _digit_runs(piece: npt.NDArray[np.uint8], before: int) -> tuple[int, int]:
    """Return the longest run of digits, the first of them with ``before`` it, and the last one's length."""
    others = np.flatnonzero((piece < _ZERO) | (piece > _NINE))
    if not len(others):
        return before + len(piece), before + len(piece)
    inner = int(np.diff(others).max()) - 1 if len(others) > 1 else 0
    return max(before + int(others[0]), inner), len(piece) - 1 - int(others[-1])


def check_columns(number: int, path: Path, bounds: Bounds) -> None:
    """Refuse more columns than the bound, before any of them is read. Raises DataError."""
    if number > bounds.columns:
        raise exceeded(path, "columns", bounds, f"has {number:,} columns", number)


def check_size(size: int, path: Path, bounds: Bounds) -> None:
    """Refuse rows that take more bytes in memory than the bound. Raises DataError."""
    if size > bounds.size:
        raise exceeded(path, "size", bounds, f"unpacks to {size:,} bytes", size)


def check_table(table: Table, path: Path, bounds: Bounds) -> None:
    """Refuse too many columns, texts beyond the bound, and infinite numbers. Raises DataError."""
    check_columns(len(table.frame.columns), path, bounds)
    for place, length in _lengths(table):
        if length > bounds.field_length:
            raise exceeded(path, "field_length", bounds, f"{place} has {length:,} characters", length)
    for name, values in table.frame.items():
        if values.dtype == "float64" and np.isinf(values.to_numpy()).any():
            row = int(np.isinf(values.to_numpy()).argmax())
            raise DataError(f"{path}: {name} in line {table.line_of(row)} is infinite. Write a number.")


def _lengths(table: Table) -> Iterator[tuple[str, int]]:
    yield "its label", len(table.label)
    for name, known in table.variables.items():
        yield f"the name {_short(name)}", len(name)
        yield f"the label of {name}", len(known.label)
    for name, values in ((str(name), column) for name, column in table.frame.items()):
        if len(values) and values.dtype == "str":
            yield f"a value of {name}", int(values.str.len().max())


def _short(text: Any) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]} …")
