"""Run one notebook by papermill: a kernel with its own environment, limits that say what to do, one copy.

Papermill's own engine takes the environment of the whole process and writes the notebook several times for
each cell; this one lets many notebooks run in the threads of one process.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import nbformat
import papermill as pm
from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from csrkit.errors import NotebookError
from csrkit.parameters.report import Limits
from csrkit.publish.kernels import PROVISIONER, can_fork, kernel_environment, start_server
from csrkit.publish.processes import peak_memory
from csrkit.publish.temporaries import short_place

_ENGINE = "itpcsr"
# What nbclient reports as an error is raised, too, and said then in words
_SILENT = logging.Logger("itpcsr.notebooks", logging.CRITICAL)
_ADVICE = "Raise it in the report's parameters: `running: {{{name}: {value}}}`."


class Stop:
    """Kernels at work, which one call ends together with all that would still start."""

    def __init__(self) -> None:
        """Begin without any."""
        self._lock = Lock()
        self._managers: set[Any] = set()
        self.asked = False

    def ask(self) -> None:
        """End every kernel at once; none starts any more."""
        with self._lock:
            self.asked = True
            for manager in self._managers:
                if (process := getattr(manager.provisioner, "process", None)) is not None:
                    with suppress(OSError):
                        process.kill()

    @contextmanager
    def holding(self, manager: Any) -> Iterator[None]:
        """Have a kernel ended with the others; NotebookError where that has been asked for."""
        with self._lock:
            if self.asked:
                raise NotebookError("The run was stopped.")
            self._managers.add(manager)
        try:
            yield
        finally:
            with self._lock:
                self._managers.discard(manager)


@dataclass
class Course:
    """How a notebook's run goes: its copy as far as it is, and the most memory that its kernel had."""

    limits: Limits
    environment: Mapping[str, str]
    place: Path
    stop: Stop
    on_cell: Callable[[int], None] = lambda _: None
    preloaded: Sequence[str] = ()
    copy: Any = None
    peak_memory: int = 0


def execute(source: str, parameters: Mapping[str, Any], course: Course) -> Any:
    """Run a notebook's text with these values; return the executed notebook.

    Raises NotebookError, without the notebook's name, with the cell and what happened in it; the copy as far
    as it ran is in ``course.copy``.
    """
    with (
        closing(ensure_event_loop()),
        tempfile.TemporaryDirectory(prefix="itpcsr-", dir=short_place()) as folder,
    ):
        course.environment = kernel_environment(Path(folder), course.environment)
        try:
            return pm.execute_notebook(
                nbformat.reads(source, as_version=4),
                None,
                parameters=dict(parameters),
                engine_name=_ENGINE,
                kernel_name="python3",
                progress_bar=False,
                start_timeout=course.limits.start_seconds,
                execution_timeout=course.limits.cell_seconds,
                iopub_timeout=course.limits.output_seconds,
                course=course,
                connection=Path(folder) / "kernel.json",
            )
        except PapermillExecutionError as error:
            raise NotebookError(f"cell {error.exec_count} raised {error.ename}: {error.evalue}") from error


class _Client(PapermillNotebookClient):  # type: ignore[misc]
    """Papermill's client, but for the kernel's process and what is said when it doesn't answer."""

    course: Course

    def create_kernel_manager(self) -> Any:
        manager = super().create_kernel_manager()
        if can_fork():
            manager.kernel_spec.metadata["kernel_provisioner"] = {"provisioner_name": PROVISIONER}
        return manager

    def execute(self, **kwargs: Any) -> Any:
        self.km = self.create_kernel_manager()
        with self.course.stop.holding(self.km):
            place, environment = str(self.course.place), dict(self.course.environment)
            return super().execute(cwd=place, env=environment, cleanup_kc=True, **kwargs)

    def start_new_kernel_client(self, **kwargs: Any) -> Any:
        try:
            return super().start_new_kernel_client(**kwargs)
        except RuntimeError as error:
            if "respond" in str(error):
                raise self._too_long("start_seconds", "its kernel didn't start") from error
            raise NotebookError(f"its kernel died while it started ({error}).") from error

    def execute_cell(self, cell: Any, cell_index: int, **kwargs: Any) -> Any:
        try:
            done = super().execute_cell(cell, cell_index, **kwargs)
        except DeadKernelError as error:
            raise NotebookError(
                f"its kernel died in cell {self.code_cells_executed} without a message; most often the "
                "memory was exhausted."
            ) from error
        except CellTimeoutError as error:
            place = f"cell {self.code_cells_executed}"
            if "IOPub" in str(error):
                raise self._too_long("output_seconds", f"the output of {place} didn't arrive") from error
            raise self._too_long("cell_seconds", f"{place} didn't end") from error
        self.course.on_cell(cell_index + 1)
        return done

    def papermill_execute_cells(self) -> None:
        try:
            super().papermill_execute_cells()
        finally:
            self.course.peak_memory = peak_memory(self.km.provisioner.pid)

    def _too_long(self, name: str, what: str) -> NotebookError:
        limit = getattr(self.course.limits, name)
        advice = _ADVICE.format(name=name, value=2 * limit)
        return NotebookError(f"{what} within the limit `{name}` of {limit:,} seconds. {advice}")


class _Engine(Engine):  # type: ignore[misc]
    """Papermill's engine with the client above; papermill saves nothing, whoever asked keeps the copy."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        course: Course,
        connection: Path,
        start_timeout: int,
        execution_timeout: int,
        iopub_timeout: int,
        **_: Any,
    ) -> None:
        course.copy = nb_man.nb
        # TCP ports of parallel kernels clash and are readable by others on the machine; ipc has neither fault
        config = Config({"KernelManager": {"transport": "ipc", "connection_file": str(connection)}})
        client = _Client(
            nb_man,
            kernel_name=kernel_name,
            startup_timeout=start_timeout,
            timeout=execution_timeout,
            iopub_timeout=iopub_timeout,
            record_timing=False,
            shutdown_kernel="immediate",
            config=config,
            log=_SILENT,
        )
        client.course = course
        start_server(course.preloaded)
        client.execute()


papermill_engines.register(_ENGINE, _Engine)
