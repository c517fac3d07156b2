"""SHA-256 of files, and of what a notebook's author wrote."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from itpcsr.build.plain_notebook import plain_text


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def source_hash(path: Path) -> str:
    """Return the SHA-256 of an input: a notebook's without its outputs, as git stores it.

    What is no notebook in spite of its name has the hash of its bytes.
    """
    if path.suffix == ".ipynb":
        try:
            return text_hash(plain_text(path.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError):
            return file_hash(path)
    return file_hash(path)


def text_hash(text: str) -> str:
    """Return the SHA-256 of a text as UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def hash_files(
    root: Path, paths: Iterable[Path], hash_of: Callable[[Path], str] = file_hash
) -> dict[str, str]:
    """Return path (relative to the root) to SHA-256, in order of the paths."""
    return {path.relative_to(root).as_posix(): hash_of(path) for path in sorted(paths)}
