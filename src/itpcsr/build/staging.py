"""Put a folder in its place whole or not at all, whatever ends the process in between.

A version is filled beside its place, written through to the disk and renamed. What stands in its place is
exchanged for it in one step where the system can (Linux); elsewhere it is put aside first, and the next
build brings it back if the process ended between the two renames.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from itpcsr.build.lock import lock
from itpcsr.errors import PublishError

_HERE = -100  # AT_FDCWD
_EXCHANGE = 2  # RENAME_EXCHANGE


@contextmanager
def staging(target: Path) -> Iterator[Path]:
    """Give an empty folder that becomes ``target`` when the block ends without an error.

    One process at a time (PublishError for the second); what a killed one left behind is cleared away
    first. The system lets go of a killed process's lock, so none is ever stale.
    """
    new, old = (target.with_name(f".{target.name}.{name}") for name in ("new", "old"))
    with lock(_lock_of(target), f"{target}: another build publishes this version"):
        _recover(target, new, old)
        new.mkdir()
        try:
            yield new
            _write_through(new)
            _put_in_place(new, target, old)
        finally:
            for leftover in (new, old):
                remove(leftover)


def claim(target: Path) -> None:
    """Make the folder that versions stand in, and find out before any work whether it can be written to.

    Raises PublishError where the system refuses.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _lock_of(target).touch()
    except OSError as error:
        raise PublishError(
            f"{target.parent}: no version can be written there ({error.strerror}). Give another folder by "
            "--output, or make this one writable."
        ) from error


def _lock_of(target: Path) -> Path:
    return target.with_name(f".{target.name}.lock")


def _recover(target: Path, new: Path, old: Path) -> None:
    """Clear away what a killed build left; the version that it had put aside comes back."""
    if old.exists() and not target.exists():
        old.rename(target)
    for leftover in (new, old):
        remove(leftover)


def _put_in_place(new: Path, target: Path, old: Path) -> None:
    if not target.exists():
        new.rename(target)
    elif not _exchange(new, target):
        target.rename(old)
        try:
            new.rename(target)
        except OSError:
            old.rename(target)
            raise
    _sync(target.parent)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False where the system or the file system can't."""
    if not sys.platform.startswith("linux"):
        return False
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    return bool(renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0)


def _write_through(folder: Path) -> None:
    """Have the system write every file and folder to the disk, so that no power cut empties them."""
    for path in folder.rglob("*"):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_read_only(folder: Path) -> None:
    """Take the right to write from all files and folders of a version."""
    for path in [*folder.rglob("*"), folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)


def remove(folder: Path) -> None:
    """Remove a folder that may be read-only; nothing happens when it isn't there."""
    if not folder.exists():
        return
    for path in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        path.chmod(0o755)
    shutil.rmtree(folder)
