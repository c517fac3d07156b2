"""Notebooks on the workers of a Dask cluster that share the project's folder with whoever asks."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from csrkit.errors import NotebookError, ParameterError
from csrkit.inputs.packages import environment, hash_environment
from csrkit.publish.notebooks import Attempt, Job
from csrkit.publish.running import Hands, Taken, work
from csrkit.versions.manifest import hash_code

if TYPE_CHECKING:
    from distributed import Client

    from csrkit.publish.engine import Stop

_PATIENCE = "20s"
_LOOK = 0.5  # seconds between two looks at whether a notebook is still wanted


@contextmanager
def connect(address: str) -> Iterator[Client]:
    """Give a client of a Dask scheduler. Raises ParameterError where none answers at the address."""
    from distributed import Client

    try:
        client = Client(address, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        raise ParameterError(f"No Dask scheduler answers at {address} ({error}).") from error
    with client:
        yield client


@dataclass(frozen=True)
class Home:
    """Where and by what the asker works: its folder, a file that shows whether it is shared, its program."""

    root: Path
    mark: Path
    code: str
    environment: str


@contextmanager
def hands_of_cluster(
    address: str, jobs: Sequence[Job], most: int | None, say: Callable[[str], None]
) -> Iterator[Hands]:
    """Give the workers of a cluster, ``most`` notebooks at once; without it the cluster decides.

    A worker that dies is replaced by another, which runs its notebook from the start.
    """
    root = jobs[0].root
    mark = jobs[0].executed.parent / f".shared-{secrets.token_hex(8)}"
    home = Home(root.resolve(), mark, *_program(root))
    (root / mark).parent.mkdir(parents=True, exist_ok=True)
    with connect(address) as client:
        if not client.nthreads():
            say(f"No worker is at {address} yet; the notebooks wait for one")
        (root / mark).touch()
        try:
            yield _Workers(client, home, most or len(jobs))
        finally:
            (root / mark).unlink()


class _Workers:
    """The workers of a cluster; their own memory limits hold."""

    memory = inf

    def __init__(self, client: Client, home: Home, limit: int) -> None:
        self.limit = limit
        self._client = client
        self._home = home
        self._futures: list[Any] = []

    def submit(self, attempt: Attempt, on_cell: Callable[[int], None]) -> Future[Taken]:
        job = replace(attempt.job, root=Path())
        # each run counts: nothing may be taken from an earlier one by its name
        asked = self._client.submit(_work_there, job, attempt.source, self._home, pure=False)
        self._futures.append(asked)
        told: Future[Taken] = Future()
        asked.add_done_callback(lambda ended: _tell(ended, told, job))
        return told

    def stop(self) -> None:
        self._client.cancel(self._futures)


def _tell(ended: Any, told: Future[Taken], job: Job) -> None:
    """Pass on how a notebook ended, in words where the cluster itself failed."""
    from distributed import KilledWorker

    if ended.status == "finished":
        told.set_result(ended.result())
        return
    error = NotebookError("The run was stopped.") if ended.cancelled() else ended.exception()
    if error is None:
        error = ParameterError("The connection to the Dask scheduler was lost. Is it still there?")
    elif isinstance(error, KilledWorker):
        error = NotebookError(
            f"{job.notebook}: ended every worker that ran it; most often their memory was exhausted."
        )
    elif isinstance(error, ModuleNotFoundError):
        error = ParameterError(f"A worker can't import what this program does ({error}). Install it there.")
    told.set_exception(error)


def _work_there(job: Job, source: str, home: Home) -> Taken:
    """Run a notebook on a worker. Raises what ``run_job`` does, and ParameterError on the wrong worker."""
    from csrkit.publish.engine import Stop

    place = _find_project(home)
    _refuse_other_program(place, home)
    stop = Stop()
    with _stopped_when_unwanted(stop):
        return work(replace(job, root=place), source, stop)


def _find_project(home: Home) -> Path:
    """Return the asker's project folder: by its path, else the folder in which the worker was started."""
    for place in (home.root, Path.cwd()):
        if (place / home.mark).exists():
            return place
    raise ParameterError(
        f"The worker {_me()} doesn't share the folder {home.root}: neither is it there by this path, nor was "
        f"the worker started in it ({Path.cwd()}). Share it, and start workers in it."
    )


def _refuse_other_program(place: Path, home: Home) -> None:
    code, installed = _program(place)
    other = [name for name, same in (
        ("files of the package itpcsr", code == home.code),
        ("Python or packages", installed == home.environment),
    ) if not same]  # fmt: skip
    if other:
        raise ParameterError(
            f"The worker {_me()} has other {' and other '.join(other)} than this program, so its numbers "
            "might differ. Install the same checkout by the same uv.lock there, and start it again."
        )


def _program(root: Path) -> tuple[str, str]:
    lock = root / "uv.lock"
    return hash_code(), hash_environment(environment(lock), lock)


def _me() -> str:
    from distributed import get_worker

    return f"{get_worker().address} (process {os.getpid()})"


@contextmanager
def _stopped_when_unwanted(stop: Stop) -> Iterator[None]:
    """End the kernel when the asker has gone or asks for its end: Dask itself lets a task run on."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_LOOK):
            task = worker.state.tasks.get(key)
            if task is None or task.state in ("cancelled", "released"):
                stop.ask()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
