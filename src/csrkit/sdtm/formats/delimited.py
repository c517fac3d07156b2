"""Read and write delimited text (CSV): the delimiter is found in the header, all values stay text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv

from csrkit.bounds import Bounds, exceeded
from csrkit.errors import DataError
from csrkit.sdtm.formats.table import Table, Variable, check_columns, clean_text, column_names, decode

_DELIMITERS = ",;\t|"
_NAME = re.compile(r"\s*[A-Za-z_]\w*\s*")
_LINE_END = re.compile(r"\r\n|\r|\n")


def read_delimited(content: bytes, path: Path, named: str, bounds: Bounds) -> Table:
    """Read delimited text with a header; ``named`` is the encoding where it isn't UTF-8.

    Raises
    ------
    DataError
        The encoding can't be told; the first line holds no names; a line has another number of values than
        the header, or broken quotes (with its line number); columns or a value beyond the bounds.
    """
    with _values_up_to(bounds.field_length):
        return _read(content, path, named, bounds)


def _read(content: bytes, path: Path, named: str, bounds: Bounds) -> Table:
    text, note = decode(content, path, named)
    if "\x00" in text:
        raise DataError(f"{path}: is neither text nor any other format that is read here.")
    header = _LINE_END.split(text, maxsplit=1)[0]
    delimiter = _delimiter(header, path, bounds)
    heads = next(csv.reader([header], delimiter=delimiter))
    check_columns(len(heads), path, bounds)
    if '"' in text:
        _refuse_joined_lines(text, delimiter, len(heads), path, bounds)
    columns = _read_fast(text, delimiter, len(heads)) or _read_strictly(
        text, delimiter, len(heads), path, bounds
    )
    while heads and not heads[-1].strip() and (columns[len(heads) - 1].str.strip() == "").all():
        heads.pop()  # empty columns that spreadsheets leave at the right
    names = column_names(heads, path)
    frame = pd.DataFrame(dict(zip(names, columns, strict=False)), columns=names)
    variables = dict.fromkeys(names, Variable())
    return Table(frame, variables=variables, line_of=_line_finder(text, delimiter, bounds)).noted(note)


@contextmanager
def _values_up_to(length: int) -> Iterator[None]:
    """Have Python's reader take values of this length; its limit holds for the whole process."""
    before = csv.field_size_limit(length)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _too_long(error: csv.Error, line: int, path: Path, bounds: Bounds) -> Exception | None:
    """Return the error of a value beyond its bound; None for any other fault."""
    if "field limit" not in str(error):
        return None
    found = f"a value that begins in line {line} has more than {bounds.field_length:,} characters"
    return exceeded(path, "field_length", bounds, found, 2 * bounds.field_length)


def _delimiter(header: str, path: Path, bounds: Bounds) -> str:
    """Return what splits the header into names: in no name stands another delimiter, so one fits at most."""
    for delimiter in _DELIMITERS:
        try:
            cells = next(csv.reader([header], delimiter=delimiter), [])
        except csv.Error as error:
            raise _too_long(error, 1, path, bounds) or error from error
        if sum(map(bool, cells)) > 1 and all(not cell.strip() or _NAME.fullmatch(cell) for cell in cells):
            return delimiter
    raise DataError(
        f"{path}: its first line ({len(header):,} characters) is no row of column names with , ; tab or | "
        "between."
    )


def _refuse_joined_lines(text: str, delimiter: str, width: int, path: Path, bounds: Bounds) -> None:
    """Refuse stray quotation marks (inches) that would make several records one.

    A quoted value may hold line breaks. It is taken for joined records where text follows its closing mark,
    where it isn't closed, or where its lines are records of their own when the marks are read as inches.
    """
    advice = "Put values with quotation marks into quotation marks, and double those within."
    lines = list(_LINE_END.split(text))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise _too_long(error, start + 1, path, bounds) or DataError(
                f"{path}: a quotation mark in line {start + 1} would join lines {start + 1} to "
                f"{reader.line_num} into one record ({error}). {advice}"
            ) from error
        if row is None:
            return
        if reader.line_num > start + 1:
            held = [len(line.split(delimiter)) == width for line in lines[start : reader.line_num]]
            if any(held[1:-1]) or (held[0] and held[-1]):
                raise DataError(
                    f"{path}: quotation marks join lines {start + 1} to {reader.line_num} into one record, "
                    f"though each reads as a record. {advice}"
                )
        start = reader.line_num


def _read_fast(text: str, delimiter: str, width: int) -> list[pd.Series] | None:
    """Read regular text; None where a line has another width or quotes are unbalanced."""
    if text.count('"') % 2:
        return None
    names = [str(number) for number in range(width)]
    try:
        table = pacsv.read_csv(
            pa.BufferReader(text.encode()),
            pacsv.ReadOptions(column_names=names, skip_rows=1),
            pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()),
                null_values=[],
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    return [clean_text(column.to_pandas()) for column in table.columns]


def _read_strictly(text: str, delimiter: str, width: int, path: Path, bounds: Bounds) -> list[pd.Series]:
    """Read value by value, for a message with the line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [row for row in reader if row and _is_wide(row, width, reader.line_num, path)][1:]
    except csv.Error as error:
        raise _too_long(error, reader.line_num, path, bounds) or DataError(
            f"{path}: line {reader.line_num} can't be read as CSV ({error})."
        ) from error
    frame = pd.DataFrame(rows, columns=range(width), dtype="str")
    return [clean_text(frame[number]) for number in range(width)]


def _is_wide(row: list[str], width: int, line: int, path: Path) -> bool:
    if len(row) == width or (len(row) > width and not "".join(row[width:]).strip()):
        del row[width:]
        return True
    raise DataError(f"{path}: line {line} has {len(row)} values for {width} columns.")


def _line_finder(text: str, delimiter: str, bounds: Bounds) -> Callable[[int], int]:
    """Return the function from row to line; lines are counted only when a message asks."""

    def line_of(row: int) -> int:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        lines = (reader.line_num for cells in reader if cells)
        with _values_up_to(bounds.field_length):
            return next(islice(lines, row + 1, None))

    return line_of


def write_delimited(frame: pd.DataFrame, path: Path) -> None:
    """Write one domain as UTF-8 with commas; missing is empty, numbers have every digit that they need.

    Text is in quotes throughout. Arrow writes a large domain several times faster than pandas does.
    """
    pacsv.write_csv(pa.Table.from_pandas(frame, preserve_index=False), path)
