"""Decompress a file of gzip or zlib, but not one that would unpack to more than its bound."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

from csrkit.bounds import Bounds, exceeded

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
