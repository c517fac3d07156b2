"""Work in a process of its own, whose memory goes back to the system when it ends."""

from __future__ import annotations

import multiprocessing as mp
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection

from csrkit.errors import ItpcsrError

_NO_WORD = "ended without a message; most often the memory was exhausted"
_PATIENCE = 5.0  # seconds to end by itself


def do_apart(what: str, work: Callable[[], object]) -> None:
    """Do some work in a fork of this process, which waits for it; what the work changes stays in the fork.

    Where the system can't fork safely (only Linux can), and in a daemon, which may not, it is done here.

    Raises
    ------
    ItpcsrError
        ``what`` names the work where its process ended without a word.
    Exception
        What the work raised.
    """
    if not sys.platform.startswith("linux") or mp.current_process().daemon:
        work()
        return
    here, there = mp.Pipe(duplex=False)
    process = mp.get_context("fork").Process(target=_work, args=(work, there), daemon=True)
    process.start()
    there.close()
    try:
        raised = here.recv()
    except EOFError:
        raised = ItpcsrError(f"The process that {what} {_NO_WORD}.")
    except BaseException:
        if process.pid is not None:
            os.kill(process.pid, signal.SIGINT)  # as the terminal's Ctrl-C does: it leaves nothing half-made
        process.join(_PATIENCE)
        raise
    finally:
        process.kill()  # it has said what it had to, or had its time
        process.join()
        here.close()
    if raised is not None:
        raise raised


def _work(work: Callable[[], object], to_parent: Connection) -> None:
    from csrkit.publish.kernels import end_with_the_build  # with Jupyter's client: a run goes on to notebooks

    threading.Thread(target=end_with_the_build, daemon=True).start()
    try:
        work()
        to_parent.send(None)
    except BaseException as error:
        with suppress(BrokenPipeError):
            to_parent.send(error)
