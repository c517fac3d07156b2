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

from csrkit import rows as results
from csrkit.charts.assets import Fonts
from csrkit.made_files import Memo
from csrkit.publish.fragments import read_displays, write_fragment
from csrkit.publish.processes import count_cores


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
    pools: list[ProcessPoolExecutor] = []

    def begin(executed: Path, rows: Path) -> None:
        if not pools:
            pools.extend(_start(processes))
        for pool in pools:
            pool.submit(make_fragments, executed, rows, shown)

    try:
        yield begin
    except BaseException:
        for pool in pools:
            pool.shutdown(wait=False, cancel_futures=True)
        raise
    for pool in pools:
        pool.shutdown()


def _start(processes: int | None) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool of processes, which are forked as kernels are; none where the system can't."""
    from csrkit.publish.kernels import can_fork, start_server  # with Jupyter's client: a notebook has run

    if not can_fork():
        return
    start_server()
    context = mp.get_context("forkserver")
    workers = min(processes or count_cores(), count_cores())
    yield ProcessPoolExecutor(workers, mp_context=context, initializer=_leave_with_the_build)


def make_fragments(executed: Path, rows: Path, shown: Shown) -> None:
    """Put a notebook's charts and fragments into the memo."""
    own = results.read_rows(rows).assign(notebook=executed.stem)
    with tempfile.TemporaryDirectory(prefix="itpcsr-") as folder:
        for display in read_displays(executed):
            written = own[own["display"] == display.label]
            write_fragment(display, Path(folder), written, shown.pages, True, shown.fonts, shown.memo)


def _leave_with_the_build() -> None:
    from csrkit.publish.kernels import end_with_the_build

    threading.Thread(target=end_with_the_build, daemon=True).start()
