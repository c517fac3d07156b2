"""Put a folder in its place whole or not at all, and one process at a time."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from csrkit.errors import PublishError
from csrkit.versions.published import MANIFEST

# One process at a time: two would write into the same files.


@contextmanager
def lock(path: Path, refusal: str = "") -> Iterator[None]:
    """Hold a lock; PublishError (``refusal``) while another process holds it.

    ``path`` is the file to lock, or a folder for intermediate files, which is made where it isn't there.
    The system lets go of the lock when the process ends, however it ends.
    """
    if path.suffix != ".lock":
        path.mkdir(parents=True, exist_ok=True)
        refusal = refusal or f"{path}: another build of this report is under way"
        path /= ".lock"
    handle = open_lock(path)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PublishError(f"{refusal}. Wait for it.") from None
        yield
    finally:
        os.close(handle)


def open_lock(path: Path) -> int:
    """Open the file to lock, which is made where it isn't there, and leave its content alone.

    Raises PublishError where a link or anything but a file has its name: what it leads to isn't ours.
    """
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        handle = os.open(path, flags, 0o644)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise PublishError(f"{path}: is no file but a link, pipe or folder. Remove it.") from error
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise PublishError(f"{path}: is no file but a pipe or device. Remove it.")
    return handle


# Put a folder in its place whole or not at all, whatever ends the process in between.
#
# A version is filled beside its place, written through to the disk and renamed. What stands in its place is
# exchanged for it in one step where the system can (Linux); elsewhere it is put aside first, and the next
# build brings it back if the process ended between the two renames.

_HERE = -100  # AT_FDCWD
_EXCHANGE = 2  # RENAME_EXCHANGE


@contextmanager
def staging(target: Path, mark: str = MANIFEST) -> Iterator[Path]:
    """Give an empty folder that becomes ``target`` when the block ends without an error.

    What stands there is replaced only if it is a folder that is empty or holds the file ``mark``, as all that
    this program makes do; anything else stays untouched (PublishError).

    One process at a time (PublishError for the second); what a killed one left behind is cleared away first.
    The system lets go of a killed process's lock, so none is ever stale.
    """
    new, old = (target.with_name(f".{target.name}.{name}") for name in ("new", "old"))
    with lock(_lock_of(target), f"{target}: another build publishes this version"):
        _refuse_foreign(target, mark)
        for leftover in (new, old):
            _refuse_foreign(leftover)
        _recover(target, new, old)
        new.mkdir()
        try:
            yield new
            _write_through(new)
            _refuse_foreign(target, mark)  # it may have come while the block ran
            _put_in_place(new, target, old)
        finally:
            for leftover in (new, old):
                remove(leftover)


def claim(target: Path) -> None:
    """Make the folder that versions stand in, and find out before any work whether it can be written to.

    Raises PublishError where the system refuses, and where something else has the version's place.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _refuse_foreign(target, MANIFEST)
        os.close(open_lock(_lock_of(target)))
    except OSError as error:
        raise PublishError(
            f"{target.parent}: no version can be written there ({error.strerror}). Give another folder by "
            "--output, or make this one writable."
        ) from error


def _lock_of(target: Path) -> Path:
    return target.with_name(f".{target.name}.lock")


def _refuse_foreign(place: Path, mark: str = "") -> None:
    """Refuse to replace what this program didn't make: a file, a link, a folder without the file ``mark``."""
    try:
        mode = place.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(mode):
        kind = "a link" if stat.S_ISLNK(mode) else "a file"
    elif mark and not os.path.lexists(place / mark) and any(place.iterdir()):
        kind = f"a folder without {mark}"
    else:
        return
    raise PublishError(
        f"{place}: {kind} is where this is to be published and was left as it is. Move it, or give "
        "another folder by --output."
    )


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
    for path in [*(path for path in folder.rglob("*") if not path.is_symlink()), folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)


def remove(folder: Path) -> None:
    """Remove a folder that may be read-only; nothing happens when it isn't there."""
    if not folder.exists():
        return
    folder.chmod(0o755)
    for place, names, _ in os.walk(folder):  # from the top, so that each can be opened; links aren't followed
        for inner in (Path(place, name) for name in names):
            if not inner.is_symlink():
                inner.chmod(0o755)
    shutil.rmtree(folder)
