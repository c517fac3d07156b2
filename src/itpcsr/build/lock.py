"""One process at a time: two would write into the same files."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from itpcsr.errors import PublishError


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
    with path.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PublishError(f"{refusal}. Wait for it.") from None
        yield
