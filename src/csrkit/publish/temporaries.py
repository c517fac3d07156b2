"""One folder for all temporary files of a process, which the next one sweeps if this one is killed."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import stat
import tempfile
from pathlib import Path

_PREFIX = "itpcsr-"
_OWNER = "owner.lock"
# Sockets of kernels lie in the folder, two folders down, and the system takes 104 characters at the most.
_LONGEST = 30
_SHORT = Path("/tmp")


def keep_temporaries_together() -> None:
    """Have this process and those that it starts put all temporary files into one folder of its own.

    The folder goes when the process ends. One that is killed leaves it behind; whoever comes next removes it,
    known by its name and by a lock that the system takes from a dead owner. Folders of other users stay.
    """
    place = short_place()
    _sweep(place)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
    # locked before it has its name: no other process takes the folder for one whose owner is dead
    handle = os.open(folder / ".owner", os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    (folder / ".owner").rename(folder / _OWNER)
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    atexit.register(_remove, folder, os.getpid())


def short_place() -> Path:
    """Return a folder for temporary files whose path leaves room for a socket's name."""
    place = Path(tempfile.gettempdir())
    if len(str(place)) > _LONGEST and os.access(_SHORT, os.W_OK | os.X_OK):
        return _SHORT
    return place


def _sweep(place: Path) -> None:
    for folder in sorted(place.glob(f"{_PREFIX}*")):
        try:
            _remove_if_dead(folder)
        except OSError:
            continue  # not ours, or gone by now


def _remove_if_dead(folder: Path) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        return
    handle = os.open(folder / _OWNER, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(handle)


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # a forked process ends before its parent
        shutil.rmtree(folder, ignore_errors=True)
