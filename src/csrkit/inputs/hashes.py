"""SHA-256 of files and texts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def text_hash(text: str) -> str:
    """Return the SHA-256 of a text as UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def hash_files(
    root: Path, paths: Iterable[Path], hash_of: Callable[[Path], str] = file_hash
) -> dict[str, str]:
    """Return path (relative to the root) to SHA-256, in order of the paths."""
    return {path.relative_to(root).as_posix(): hash_of(path) for path in sorted(paths)}
