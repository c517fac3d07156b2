"""Trial data in every usual format: each file is told by its content, never by its name."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from csrkit.bounds import Bounds, exceeded, read_bytes
from csrkit.errors import DataError
from csrkit.sdtm.formats import dataset_json, delimited, parquet
from csrkit.sdtm.formats.table import (
    UTF16_MARKS,
    Table,
    Variable,
    check_json,
    check_table,
    decode,
    settle_types,
)

__all__ = ["Table", "Variable", "read_table", "settle_types"]


# Decompress a file of gzip or zlib, but not one that would unpack to more than its bound.

_GZIP_MAGIC = b"\x1f\x8b"
_ZLIB_MAGICS = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_PIECE = 1 << 14  # packed bytes; the format packs at most 1,032 into one


def unpack(content: bytes, path: Path, bounds: Bounds) -> bytes:
    """Return content without its compression; what isn't compressed comes back as it is.

    The size is counted first, piece by piece, so that a small file that stands for thousands of its size
    takes no memory. Raises DataError beyond the bound; OSError, EOFError or zlib.error where it is cut off.
    """
    if content.startswith(_GZIP_MAGIC):
        _count(_gzip_sizes(content), path, bounds)
        return gzip.decompress(content)
    if content.startswith(_ZLIB_MAGICS):
        _count(_zlib_sizes(content), path, bounds)
        return zlib.decompress(content)
    return content


def _count(sizes: Iterator[int], path: Path, bounds: Bounds) -> None:
    total = 0
    for size in sizes:
        total += size
        if total > bounds.size:
            found = f"unpacks to {total:,} bytes or more"
            raise exceeded(path, "size", bounds, found, 2 * bounds.size)


def _gzip_sizes(content: bytes) -> Iterator[int]:
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
        while piece := stream.read1(_PIECE * 64):
            yield len(piece)


def _zlib_sizes(content: bytes) -> Iterator[int]:
    stream = zlib.decompressobj()
    for start in range(0, len(content), _PIECE):
        yield len(stream.decompress(content[start : start + _PIECE]))


# What people have beside the formats that are read, by its first bytes.
_FOREIGN = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel or other Office file",
    b"%PDF": "a PDF",
    b"$FL2": "an SPSS file",
    b"<stata_dta>": "a Stata file",
    b"**COMPRESSED**": "a SAS CPORT file, which SAS alone can read",
    b"<?xml": "an XML file",
}
_NAMED = {
    ".xpt": "a SAS transport file",
    ".v5xpt": "a SAS transport file",
    ".xpt8": "a SAS transport file",
    ".sas7bdat": "a SAS7BDAT file",
    ".parquet": "a Parquet file",
    ".json": "Dataset-JSON",
    ".ndjson": "Dataset-JSON",
    ".dsjc": "Dataset-JSON",
}
_BEFORE_JSON = b"\xef\xbb\xbf \t\r\n"
# What libraries raise on content that they don't expect, beside their own errors.
_FAULTS = (ValueError, TypeError, ArithmeticError, LookupError, pa.ArrowException, csv.Error)
_ADVICE = "Save it as SAS transport, Dataset-JSON, Parquet or CSV (UTF-8)."


def read_table(path: Path, encoding: str = "", bounds: Bounds | None = None) -> Table | None:
    """Read one file; None for a JSON schema, which is no data.

    ``encoding`` is that of text that isn't UTF-8 (from a mapping file); without it the encoding is told
    from the bytes. Text isn't converted to numbers yet: ``settle_types`` does that. Raises DataError, also
    for a file beyond the ``bounds``.
    """
    bounds = bounds or Bounds()
    content = _content(path, bounds)
    try:
        table = _read(content, path, encoding, bounds)
    except MemoryError:
        raise
    except _FAULTS as error:
        raise DataError(
            f"{path}: can't be read: its content is damaged or of an unusual form "
            f"({type(error).__name__}: {error}). Export it again."
        ) from error
    if table is not None:
        check_table(table, path, bounds)
    return table


def _read(content: bytes, path: Path, encoding: str, bounds: Bounds) -> Table | None:
    from csrkit.sdtm.formats import sas  # with pyreadstat it takes time, and most runs read no data

    if content.startswith(sas.TRANSPORT_MAGIC):
        return sas.read_transport(content, path, encoding, bounds)
    if content.startswith(sas.SAS7BDAT_MAGIC):
        return sas.read_sas7bdat(content, path, bounds)
    if content.startswith(parquet.MAGIC):
        return parquet.read_parquet(content, path, bounds)
    for magic, what in _FOREIGN.items():
        if content.startswith(magic):
            raise DataError(f"{path}: is {what}, which isn't read. {_ADVICE}")
    if content.lstrip(_BEFORE_JSON)[:1] in (b"{", b"["):
        has_long_numbers = check_json(content, path, bounds)
        text, note = decode(content, path)
        table = dataset_json.read_dataset_json(text.strip(), path, bounds, has_long_numbers)
        return table if table is None else table.noted(note)
    _refuse_wrong_name(path)
    return delimited.read_delimited(content, path, encoding, bounds)


def _refuse_wrong_name(path: Path) -> None:
    """Text is what no magic number tells: there a name that says otherwise shows a broken file."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    for suffix, what in _NAMED.items():
        if suffix in suffixes:
            raise DataError(f"{path}: is not {what}, though its name says so. {_ADVICE}")


def _content(path: Path, bounds: Bounds) -> bytes:
    """Return the bytes of a file, decompressed; Dataset-JSON comes in the framing of zlib or of gzip."""
    if path.is_dir():
        raise DataError(f"{path}: is a folder, but a data file is expected here.")
    try:
        content = unpack(read_bytes(path, bounds), path, bounds)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: can't be read ({error}). Is the file complete?") from error
    if content.startswith(UTF16_MARKS):
        content = decode(content, path)[0].encode()
    if not content:
        raise DataError(f"{path}: the file is empty. Export it again.")
    return content
