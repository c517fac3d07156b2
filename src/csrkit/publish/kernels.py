"""Start the notebooks' kernels from a process that has already imported what they import.

Imports take most of a notebook's time, so one process imports once and each kernel is forked from it. The
kernels share nothing else: a fork has its own memory, working directory and environment. Where the system
can't fork (Windows), Jupyter's own way of starting kernels is used.
"""

from __future__ import annotations

import gc
import multiprocessing as mp
import os
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

# The name under which pyproject.toml makes the provisioner known to Jupyter.
PROVISIONER = "itpcsr-forked"
CAN_FORK = "forkserver" in mp.get_all_start_methods()
# A kernel computes on one core, beside others on theirs: its numbers don't depend on how many there are.
_SAME_EVERYWHERE = {
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
# As ipykernel sets it, but before Matplotlib is imported: else a notebook's plots would not be shown. And the
# debugger is imported for its time alone: it has nothing to warn of.
_BEFORE_IMPORTS = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
# The environment of the process changes for the moment in which the server starts
_starting = threading.Lock()


def can_fork() -> bool:
    """Tell whether kernels are forked: the system has to, and a daemon (a Dask worker) may not."""
    return CAN_FORK and not mp.current_process().daemon


def kernel_environment(folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Return a kernel's environment: that of the process, a runtime folder, no start-up files of the user."""
    own = {"JUPYTER_RUNTIME_DIR": str(folder), "IPYTHONDIR": str(folder), **_SAME_EVERYWHERE}
    with _starting:
        return {**os.environ, **own, **more}


def start_server(preloaded: Sequence[str] = ()) -> None:
    """Start the process that kernels are forked from, unless it runs.

    It imports the modules of ``preloaded`` while others work. A kernel's hash seed and its number of threads
    are those of that process. Ctrl-C doesn't reach it.
    """
    if not can_fork():
        return
    with _starting, _environment({**_SAME_EVERYWHERE, **_BEFORE_IMPORTS}), _interrupts_later():
        mp.get_context("forkserver").set_forkserver_preload(list(preloaded))
        forkserver.ensure_running()


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Keep Ctrl-C from a process that starts in this block; this process gets it after the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class ForkedProvisioner(LocalProvisioner):  # type: ignore[misc]
    """Jupyter's local provisioner, but for where the process comes from."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork a kernel; ``cmd`` is that of the kernel specification: Python, its options, the arguments."""
        context = mp.get_context("forkserver")
        place = str(kwargs.get("cwd") or Path.cwd())
        arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
        process = context.Process(target=_run_kernel, args=(arguments, place, kwargs["env"]), daemon=True)
        process.start()
        self.process = _Child(process)
        self.pid = self.pgid = process.pid
        return self.connection_info


class _Child:
    """A forked process with the methods of ``subprocess.Popen`` that the local provisioner calls."""

    stdin = stdout = stderr = None

    def __init__(self, process: BaseProcess) -> None:
        self._process = process
        self.pid = process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int | None:
        self._process.join()
        return self._process.exitcode

    def send_signal(self, signum: int) -> None:
        if self.pid is not None:
            os.kill(self.pid, signum)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run_kernel(arguments: list[str], place: str, environment: dict[str, str]) -> None:
    """Be a kernel: in a session of its own, so that an interrupt of the build doesn't reach it first.

    Its texts are Python's own objects: what pandas does with Arrow's costs several times as much for each of
    the thousands of small frames of a notebook, and no less for those of a large trial.
    """
    import pandas as pd
    from ipykernel.kernelapp import launch_new_instance

    pd.set_option("mode.string_storage", "python")
    # what was imported before stays: the kernel's collector needn't look through it again and again
    gc.freeze()
    os.setsid()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    os.chdir(place)
    os.environ.clear()
    os.environ.update(environment)
    threading.Thread(target=end_with_the_build, daemon=True).start()
    # without the handle ipykernel takes itself to be started by hand, and prints how to connect to it
    launch_new_instance(argv=[*arguments, f"--IPKernelApp.parent_handle={os.getppid()}"])


def end_with_the_build() -> None:
    """Leave this process, a thread of which waits here, when the build has gone, however it went.

    The process that it was forked from stays while it does.
    """
    if (build := mp.parent_process()) is not None:
        build.join()
        os._exit(1)
