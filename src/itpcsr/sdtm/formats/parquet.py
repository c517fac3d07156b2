"""Read and write Parquet; labels, lengths and formats stand in the metadata of table and columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from itpcsr.errors import DataError
from itpcsr.sdtm.formats.table import Table, Variable, clean_text, column_names

MAGIC = b"PAR1"


def read_parquet(content: bytes, path: Path) -> Table:
    """Read one data set. Text and numbers are taken; dates, times and booleans are refused.

    Raises DataError for a truncated file, or a column of a type that SDTM doesn't have.
    """
    try:
        return _table(pq.read_table(pa.BufferReader(content)), path)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: can't be read as Parquet ({error}). Is the file complete?") from error


def _table(table: pa.Table, path: Path) -> Table:
    fields = [field for field in table.schema if not field.name.startswith("__index_level_")]
    heads = column_names([field.name for field in fields], path)
    frame = pd.DataFrame(
        {head: _column(table[field.name], head, path) for head, field in zip(heads, fields, strict=True)}
    )
    told = _text(table.schema.metadata)
    variables = {head: _variable(field) for head, field in zip(heads, fields, strict=True)}
    return Table(frame, told.get("label", ""), told.get("name", ""), variables)


def _column(values: pa.ChunkedArray, head: str, path: Path) -> pd.Series:
    kind = values.type
    if pa.types.is_dictionary(kind):
        values, kind = values.cast(kind.value_type), kind.value_type
    if pa.types.is_null(kind):
        values, kind = values.cast(pa.float64()), pa.float64()
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return clean_text(values.cast(pa.large_string()).to_pandas())
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return pd.Series(values.cast(pa.float64()).to_pandas(), dtype="float64")
    raise DataError(
        f"{path}: {head} is of type {kind}; SDTM has text and numbers. Save dates as ISO 8601 text."
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
