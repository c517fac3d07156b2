"""One build of a report at a time: two would write into the same intermediate files."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from itpcsr.errors import PublishError


@contextmanager
def lock(work: Path) -> Iterator[None]:
    """Hold the report's folder for intermediate files; PublishError while another process holds it.

    The system lets go of the lock when the process ends, however it ends.
    """
    work.mkdir(parents=True, exist_ok=True)
    with (work / ".lock").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PublishError(f"{work}: another build of this report is under way. Wait for it.") from None
        yield
