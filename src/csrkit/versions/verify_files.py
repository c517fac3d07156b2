"""Verify the files of a published version: those that ``SHA256SUMS`` names, unchanged, and nothing else."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from csrkit.inputs.hashes import file_hash
from csrkit.versions.published import SIGNATURE, SUMS, Fault, read_sums


def check_kinds(folder: Path) -> Iterator[Fault]:
    """Yield what is neither file nor folder: a version is whole in itself, so it holds no link."""
    for place, folders, files in os.walk(folder):
        for path in sorted(Path(place, name) for name in [*folders, *files]):
            mode = path.lstat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                kind = "a link" if stat.S_ISLNK(mode) else "a pipe or device"
                yield Fault(path.relative_to(folder).as_posix(), f"is {kind}; a version has none")


def check_files(folder: Path) -> Iterator[Fault]:
    """Yield changed, missing and unknown files."""
    sums = read_sums(folder)
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    for name, digest in sorted(sums.items()):
        if name not in found:
            yield Fault(name, "is missing")
        elif file_hash(found[name]) != digest:
            yield Fault(name, "has changed since it was published (SHA-256)")
    for name in sorted(set(found) - set(sums) - {SUMS, SIGNATURE}):
        yield Fault(name, "is unknown: it doesn't belong to the published version")
