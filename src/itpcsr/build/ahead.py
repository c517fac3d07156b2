"""Make what notebooks show in processes of their own, while other notebooks still run.

What they make goes into the memo, where the build finds it when it puts the report together. What fails here
fails there again, with its message; so nothing is said of it.
"""

from __future__ import annotations

import multiprocessing as mp
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from itpcsr import results
from itpcsr.build.fragments import read_displays, write_fragment
from itpcsr.build.kernels import can_fork, end_with_the_build, start_server
from itpcsr.build.machine import count_cores
from itpcsr.build.memo import Memo
from itpcsr.display.fonts import Fonts


@dataclass(frozen=True)
class Shown:
    """What a version's fragments follow from beside notebooks and rows: subjects' pages, fonts, the memo."""

    pages: Mapping[str, str]
    fonts: Fonts
    memo: Memo


@contextmanager
def ahead(shown: Shown, processes: int | None = None) -> Iterator[Callable[[Path, Path], None]]:
    """Give what has a notebook's fragments made: called with its executed copy and its folder of rows.

    The block ends when all are made, and at once where it raises. ``processes`` work at once, as many as
    there are cores without it; where the system can't fork nothing is made ahead.
    """
    if not can_fork():
        yield lambda executed, rows: None
        return
    start_server()
    context = mp.get_context("forkserver")
    workers = min(processes or count_cores(), count_cores())
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_leave_with_the_build)
    try:
        yield lambda executed, rows: _begin(pool, executed, rows, shown)
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _begin(pool: ProcessPoolExecutor, executed: Path, rows: Path, shown: Shown) -> None:
    pool.submit(make_fragments, executed, rows, shown)


def make_fragments(executed: Path, rows: Path, shown: Shown) -> None:
    """Put a notebook's charts and fragments into the memo."""
    own = results.read_rows(rows).assign(notebook=executed.stem)
    with tempfile.TemporaryDirectory(prefix="itpcsr-") as folder:
        for display in read_displays(executed):
            written = own[own["display"] == display.label]
            write_fragment(display, Path(folder), written, shown.pages, True, shown.fonts, shown.memo)


def _leave_with_the_build() -> None:
    threading.Thread(target=end_with_the_build, daemon=True).start()
