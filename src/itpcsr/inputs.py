"""Temporary."""

from __future__ import annotations

import hashlib
from importlib.metadata import distributions
from pathlib import Path

import itpcsr


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def program_hash(*entries: str) -> str:
    """Return."""
    place = Path(itpcsr.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(place.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(f"{path.relative_to(place)} {file_hash(path)}".encode())
    return digest.hexdigest()


def environment_hash() -> str:
    """Return."""
    return hashlib.sha256(
        repr(sorted((dist.name, dist.version) for dist in distributions())).encode()
    ).hexdigest()
