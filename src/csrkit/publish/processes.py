"""What this machine gives to a process, and work in a process of its own."""

from __future__ import annotations

import multiprocessing as mp
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

from csrkit.errors import ItpcsrError

# What this machine gives to a process: cores, memory, and how much of it another one has taken.

_GROUPS = Path("/sys/fs/cgroup")


def count_cores() -> int:
    """Return how many processes can compute at once, by the process's affinity and its container's quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _of_group("cpu.max").partition(" ")
    if quota.isdigit() and period.isdigit():
        cores = min(cores, -(-int(quota) // int(period)))
    return max(cores, 1)


def available_memory() -> int:
    """Return how many bytes processes can still take, by the machine and by the container's limit."""
    available: int = psutil.virtual_memory().available
    limit, used = _of_group("memory.max"), _of_group("memory.current")
    if limit.isdigit() and used.isdigit():
        # pages of files that the system gives back when it has to count as used
        kept = dict(line.split() for line in _of_group("memory.stat").splitlines())
        available = min(available, int(limit) - int(used) + int(kept.get("inactive_file", 0)))
    return max(available, 0)


def _of_group(name: str) -> str:
    """Return what the control group of this process says (Linux, version 2); empty where it doesn't."""
    try:
        own = Path("/proc/self/cgroup").read_text(encoding="ascii").rpartition(":")[2].strip().lstrip("/")
        return (_GROUPS / own / name).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def peak_memory(pid: int) -> int:
    """Return the most memory in bytes that a process has had at once; 0 where the system doesn't say."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    peaks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peaks[0]) * 1024 if peaks else 0


# Work in a process of its own, whose memory goes back to the system when it ends.

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
