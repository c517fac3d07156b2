"""Start the notebooks' kernels from a process that has already imported what they import.

Imports take most of a notebook's time, so one process imports once and each kernel is forked from it. The
kernels share nothing else: a fork has its own memory, working directory and environment. Where the system
can't fork (Windows), Jupyter's own way of starting kernels is used.
"""

from __future__ import annotations

import multiprocessing as mp
import os
import signal
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

# The name under which pyproject.toml makes the provisioner known to Jupyter.
PROVISIONER = "itpcsr-forked"
CAN_FORK = "forkserver" in mp.get_all_start_methods()
# What the notebooks import, as far as it takes time: these bring pandas, SciPy and Altair along.
_PRELOAD = ["ipykernel.kernelapp", "itpcsr.adam", "itpcsr.analysis.population", "itpcsr.display.figures"]


class ForkedProvisioner(LocalProvisioner):  # type: ignore[misc]
    """Jupyter's local provisioner, but for where the process comes from."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork a kernel; ``cmd`` is that of the kernel specification: Python, its options, the arguments."""
        context = mp.get_context("forkserver")
        context.set_forkserver_preload(_PRELOAD)
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
    """Be a kernel: in a session of its own, so that an interrupt of the build doesn't reach it first."""
    from ipykernel.kernelapp import launch_new_instance

    os.setsid()
    os.chdir(place)
    os.environ.clear()
    os.environ.update(environment)
    # ipykernel looks for its parent, whose end is its own, when it's imported: here that was too early
    launch_new_instance(argv=[*arguments, f"--IPKernelApp.parent_handle={os.getppid()}"])
