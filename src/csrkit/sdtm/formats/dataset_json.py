"""Read and write CDISC Dataset-JSON 1.1: one JSON object, or NDJSON (metadata, then a row per line)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from csrkit.bounds import Bounds, exceeded
from csrkit.errors import DataError
from csrkit.sdtm.formats.table import Table, Variable, check_columns, clean_text, column_names

# Parse JSON strictly: NaN is no number, a number has its bound, and no character is cut in half.


def parser_hooks(path: Path, bounds: Bounds, has_long_numbers: bool) -> dict[str, Callable[[str], Any]]:
    """Return what the parser calls for NaN and for long numbers, both of which are refused.

    ``has_long_numbers``: whether the length of each number has to be looked at, which takes time.
    """

    def held_to(read: Callable[[str], float]) -> Callable[[str], float]:
        def convert(text: str) -> float:
            if len(text) > bounds.number_length:
                found = f"holds a number of {len(text):,} characters ({text[:20]} …)"
                raise exceeded(path, "number_length", bounds, found, len(text))
            return read(text)

        return convert

    hooks: dict[str, Callable[[str], Any]] = {"parse_constant": _no_number}
    return hooks | ({"parse_int": held_to(int), "parse_float": held_to(float)} if has_long_numbers else {})


def refuse_half_characters(found: object, path: Path) -> None:
    """Refuse texts that no encoding can hold: half of a character of two halves. Raises DataError."""
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        place = error.object[max(0, error.start - 20) : error.start]
        raise DataError(
            f"{path}: holds half a character ({error.object[error.start]!r}) after {place!r}. Export it "
            "again."
        ) from error


def parse_first(text: str, path: Path, hooks: Mapping[str, Any]) -> tuple[Any, int]:
    """Return the first value of a text, and where it ends. Raises DataError."""
    try:
        return json.JSONDecoder(**hooks).raw_decode(text)
    except ValueError as error:
        raise DataError(f"{path}: is no valid JSON ({error}). Is the file complete?") from error


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def parse_lines(text: str, end: int, path: Path, hooks: Mapping[str, Any]) -> list[Any]:
    """Return the values of the lines behind a place. Raises DataError."""
    lines = [line for line in text[end:].split("\n") if line.strip()]
    try:
        rows: list[Any] = json.loads(f"[{','.join(lines)}]", **hooks)
    except ValueError as error:
        raise DataError(
            f"{path}: its {len(lines)} rows are no valid JSON ({error}). Is the file complete?"
        ) from error
    return rows


_NUMBERS = ("integer", "float", "double", "decimal")
_TEXTS = ("string", "datetime", "date", "time", "URI")
_MISSING = ("", "NA", ".")  # what writers of other programs put for a missing number
_REQUIRED = ("itemGroupOID", "records", "name", "label", "columns")
_VERSION = re.compile(r"1\.1(\.\d+)?")
_DESCRIBED: dict[str, type] = {"label": str, "length": int, "displayFormat": str}  # or null
_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # the two halves of a character beyond the basic plane
_CREATED = "1960-01-01T00:00:00"  # the clock would change the bytes of every run
_CHUNK = 100_000  # rows written at a time: a whole large domain as text would fill the memory


def read_dataset_json(text: str, path: Path, bounds: Bounds, has_long_numbers: bool) -> Table | None:
    """Read either form, without blanks around it; None for a JSON schema, which lies beside data.

    Dates keep the ISO 8601 text that they are written as, whatever their ``targetDataType``. Decimals,
    which are written as text, become numbers. ``has_long_numbers``: whether the length of each number has to
    be looked at, which takes time.

    Raises
    ------
    DataError
        No valid JSON (cut off), no Dataset-JSON 1.1, missing metadata, a row of another width than the
        columns, another number of rows than ``records`` says, a value of another type than its column, half
        a character, or columns or a number beyond the bounds.
    """
    hooks = parser_hooks(path, bounds, has_long_numbers)
    head, end = parse_first(text, path, hooks)
    if not isinstance(head, dict):
        kind = "a list" if isinstance(head, list) else "a single value"
        raise DataError(f"{path}: is JSON, but not Dataset-JSON: it holds {kind}.")
    if "datasetJSONVersion" not in head and "$schema" in head:
        return None
    _check_metadata(head, path)
    check_columns(len(head["columns"]), path, bounds)
    rows = head["rows"] if "rows" in head else parse_lines(text, end, path, hooks)
    if not isinstance(rows, list):
        raise DataError(f"{path}: `rows` must be a list of rows, but holds {_short(rows)}.")
    if "rows" in head and end < len(text):
        raise DataError(f"{path}: more text follows the end of the JSON object. Write it again.")
    if _HALF.search(text):
        refuse_half_characters([head, rows], path)
    return _table(head, rows, path)


def _check_metadata(head: dict[str, Any], path: Path) -> None:
    version = head.get("datasetJSONVersion")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        older = " It has the form of version 1.0." if {"clinicalData", "referenceData"} & set(head) else ""
        raise DataError(
            f"{path}: is JSON, but not Dataset-JSON 1.1 (datasetJSONVersion: {version!r}).{older}"
        )
    missing = [name for name in _REQUIRED if name not in head]
    if missing:
        raise DataError(f"{path}: the Dataset-JSON lacks {', '.join(missing)}.")
    wrong = [name for name in ("name", "label") if not isinstance(head[name], str | None)]
    if wrong:
        raise DataError(f"{path}: `{wrong[0]}` must be text, but is {_short(head[wrong[0]])}.")
    columns = head["columns"]
    if not isinstance(columns, list) or not all(isinstance(column, dict) for column in columns):
        raise DataError(f"{path}: `columns` must be a list of objects.")
    for number, column in enumerate(columns, 1):
        if not isinstance(column.get("name"), str) or column.get("dataType") not in (*_NUMBERS, *_TEXTS):
            raise DataError(
                f"{path}: column {number} ({column.get('name')!r}) has dataType {column.get('dataType')!r}; "
                f"SDTM needs a name and one of {', '.join((*_TEXTS, *_NUMBERS))}."
            )
        for key, kind in _DESCRIBED.items():
            if not isinstance(column.get(key), kind | None):
                raise DataError(
                    f"{path}: column {number} ({column['name']!r}) has {key} {_short(column[key])}."
                )


def _table(head: dict[str, Any], rows: list[Any], path: Path) -> Table:
    columns = head["columns"]
    if len(rows) != head["records"]:
        raise DataError(
            f"{path}: holds {len(rows)} rows, but says it has {head['records']} records. Is it complete?"
        )
    for number, row in enumerate(rows, 1):
        if type(row) is not list or len(row) != len(columns):
            width = f"{len(row)} values" if isinstance(row, list) else _short(row)
            raise DataError(f"{path}: row {number} has {width} for {len(columns)} columns.")
    heads = column_names([column["name"] for column in columns], path)
    values = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    notes: list[str] = []
    kinds = [column["dataType"] for column in columns]
    for number, (name, kind) in enumerate(zip(heads, kinds, strict=True)):
        if kind in _NUMBERS:
            values[number], note = _without_missing(values[number], name)
            notes.append(note)
    frame = pd.DataFrame(
        {
            name: _column(kind, cells, f"{path}: {name}")
            for name, kind, cells in zip(heads, kinds, values, strict=True)
        },
        index=range(len(rows)),
    )
    variables = {
        name: Variable(column.get("label") or "", column.get("length"), column.get("displayFormat") or "")
        for name, column in zip(heads, columns, strict=True)
    }
    return Table(frame, head["label"] or "", head["name"] or "", variables).noted(*notes)


def _without_missing(cells: tuple[Any, ...], name: str) -> tuple[tuple[Any, ...], str]:
    """Return a numeric column's values with None for the texts that stand for a missing one, and a note."""
    found = [cell for cell in cells if isinstance(cell, str) and cell.strip() in _MISSING]
    if not found:
        return cells, ""
    shown = ", ".join(sorted({repr(text) for text in found}))
    kept = tuple(None if isinstance(cell, str) and cell.strip() in _MISSING else cell for cell in cells)
    return kept, f"{name}: {shown} in {len(found)} records is taken as missing."


def _column(kind: str, cells: tuple[Any, ...], place: str) -> pd.Series:
    wanted, types = ("text", {str}) if kind in _TEXTS or kind == "decimal" else ("a number", {int, float})
    others = set(map(type, cells)) - types - {type(None)}
    if others:
        row = next(row for row, cell in enumerate(cells) if type(cell) in others)
        found = _short(cells[row])
        raise DataError(f"{place} in row {row + 1} is {found}; dataType {kind} is written as {wanted}.")
    if kind in _TEXTS:
        return clean_text(pd.Series(pa.array(cells, pa.large_string()).to_pandas(), dtype="str"))
    if kind == "decimal":
        cells = tuple(_decimal(cell, place) for cell in cells)
    return pd.Series(cells, dtype="float64")


def _decimal(cell: str | None, place: str) -> float | None:
    try:
        return float(cell) if cell else None
    except ValueError as error:
        raise DataError(f"{place} holds {_short(cell)}; dataType decimal is a number as text.") from error


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:40]} …"


def write_dataset_json(
    name: str, frame: pd.DataFrame, path: Path, label: str, labels: Mapping[str, str], keys: tuple[str, ...]
) -> None:
    """Write one domain as Dataset-JSON 1.1 (a JSON object); numbers that are all whole are integers.

    ``keys`` are the variables that tell records apart, in their order. The creation time is 1 January 1960,
    so that the same data give the same bytes.
    """
    study = str(frame["STUDYID"].iloc[0]) if "STUDYID" in frame and len(frame) else "unknown"
    columns = [_describe(name, column, frame[column], labels, keys) for column in frame.columns.astype(str)]
    head = {
        "datasetJSONCreationDateTime": _CREATED,
        "datasetJSONVersion": "1.1.0",
        "originator": "itpcsr",
        "studyOID": study,
        "itemGroupOID": f"IG.{name}",
        "records": len(frame),
        "name": name,
        "label": label,
        "columns": columns,
    }
    kinds = {column["name"]: column["dataType"] for column in columns}
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "rows": [')
        mark = "\n"
        for start in range(0, len(frame), _CHUNK):
            part = frame.iloc[start : start + _CHUNK]
            rows = zip(*(_cells(part[column], kinds[column]) for column in kinds), strict=True)
            file.write(mark + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
            mark = ",\n"
        file.write("\n]}\n")


def _describe(
    domain: str, name: str, values: pd.Series, labels: Mapping[str, str], keys: tuple[str, ...]
) -> dict[str, Any]:
    column: dict[str, Any] = {"itemOID": f"IT.{domain}.{name}", "name": name, "label": labels.get(name, "")}
    if values.dtype == "float64":
        known = values.dropna()
        column["dataType"] = "integer" if (known == known.round()).all() else "float"
    else:
        column |= {"dataType": "string", "length": int(max(values.str.len().max(), 1)) if len(values) else 1}
    if name in keys:
        column["keySequence"] = keys.index(name) + 1
    return column


def _cells(values: pd.Series, kind: str) -> list[Any]:
    if kind == "string":
        return values.tolist()
    number = int if kind == "integer" else float
    return [None if cell != cell else number(cell) for cell in values.tolist()]
