"""One process at a time: two would write into the same files."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from csrkit.errors import PublishError


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
