"""Read and write Parquet; labels, lengths and formats stand in the metadata of table and columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from csrkit.bounds import Bounds
from csrkit.errors import DataError
from csrkit.sdtm.formats.table import Table, Variable, check_columns, check_size, clean_text, column_names

MAGIC = b"PAR1"


def read_parquet(content: bytes, path: Path, bounds: Bounds) -> Table:
    """Read one data set. Text and numbers are taken; dates, times and booleans are refused.

    Raises DataError for a truncated file, a column of a type that SDTM doesn't have, or a table beyond the
    bounds: a few bytes can stand for millions of the same value, so its size is known only from the values.
    """
    try:
        return _table(_bounded(content, path, bounds), path)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: can't be read as Parquet ({error}). Is the file complete?") from error


def _bounded(content: bytes, path: Path, bounds: Bounds) -> pa.Table:
    """Read the table with each different text held once, as the file does, until its size is known."""
    schema = pq.read_schema(pa.BufferReader(content))
    check_columns(len(schema), path, bounds)
    for field in schema:
        _refuse_other(field.type, field.name, path)
    texts = [field.name for field in schema if _is_text(field.type)]
    file = pq.ParquetFile(pa.BufferReader(content), read_dictionary=texts)
    groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
    check_size(8 * file.metadata.num_rows * len(schema), path, bounds)
    check_size(sum(group.total_byte_size for group in groups), path, bounds)
    table = file.read()
    check_size(sum(map(_size, table.columns)), path, bounds)
    return table


def _size(values: pa.ChunkedArray) -> int:
    """Return the bytes that a column's values take when each is held by itself."""
    if not pa.types.is_dictionary(values.type):
        return int(values.nbytes)
    return sum(
        8 * len(chunk) + int(pc.sum(pc.binary_length(chunk.dictionary).take(chunk.indices)).as_py() or 0)
        for chunk in values.chunks
        if _is_text(values.type.value_type)
    )


def _table(table: pa.Table, path: Path) -> Table:
    fields = [field for field in table.schema if not field.name.startswith("__index_level_")]
    heads = column_names([field.name for field in fields], path)
    frame = pd.DataFrame(
        {head: _column(table[field.name]) for head, field in zip(heads, fields, strict=True)}
    )
    told = _text(table.schema.metadata)
    variables = {head: _variable(field) for head, field in zip(heads, fields, strict=True)}
    return Table(frame, told.get("label", ""), told.get("name", ""), variables)


def _column(values: pa.ChunkedArray) -> pd.Series:
    kind = values.type
    if pa.types.is_dictionary(kind):
        values, kind = values.cast(kind.value_type), kind.value_type
    if pa.types.is_null(kind):
        values, kind = values.cast(pa.float64()), pa.float64()
    if _is_text(kind):
        return clean_text(values.cast(pa.large_string()).to_pandas())
    return pd.Series(values.cast(pa.float64()).to_pandas(), dtype="float64")


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _refuse_other(kind: pa.DataType, name: str, path: Path) -> None:
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    number = pa.types.is_integer(inner) or pa.types.is_floating(inner) or pa.types.is_decimal(inner)
    if not (_is_text(inner) or number or pa.types.is_null(inner)):
        raise DataError(
            f"{path}: {name.strip().upper()} is of type {kind}; SDTM has text and numbers. Save dates as "
            "ISO 8601 text."
        )


def _text(metadata: dict[bytes, bytes] | None) -> dict[str, str]:
    return {key.decode(): value.decode("utf-8", "replace") for key, value in (metadata or {}).items()}


def _variable(field: pa.Field) -> Variable:
    told = _text(field.metadata)
    length = told.get("length", "")
    return Variable(told.get("label", ""), int(length) if length.isdigit() else None, told.get("format", ""))


def write_parquet(name: str, frame: pd.DataFrame, path: Path, label: str, labels: Mapping[str, str]) -> None:
    """Write one domain; the labels go where ``read_parquet`` finds them."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    fields = [field.with_metadata({"label": labels.get(field.name, "")}) for field in table.schema]
    schema = pa.schema(fields, metadata={"name": name, "label": label})
    pq.write_table(table.cast(schema), path, compression="zstd")
