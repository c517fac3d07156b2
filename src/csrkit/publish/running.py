"""Run notebooks together: longest first, as many as cores and memory allow, each after those it reads."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from csrkit.errors import NotebookError
from csrkit.publish.notebooks import Attempt, Job, run_job

if TYPE_CHECKING:
    from csrkit.publish.engine import Stop
    from csrkit.publish.progress import Lines

# What the last run of each notebook took: no input of anything but the order in which they start.

FILE = "times.json"
# More than a notebook on a trial of a hundred subjects has
USUAL_MEMORY = 1 << 30


@dataclass(frozen=True)
class Taken:
    """What a notebook took: seconds on the clock, and the most memory of its kernel in bytes (0: unknown)."""

    seconds: float
    memory: int


class LastRun:
    """The times of a report's last run, kept in its folder for intermediate files."""

    def __init__(self, path: Path, usual_memory: int = USUAL_MEMORY) -> None:
        """Read the times; a file that is absent or can't be read as such tells nothing.

        ``usual_memory`` is what a notebook that never ran may need, in bytes.
        """
        self._path = path
        self._usual_memory = usual_memory
        self._taken: dict[str, Taken] = {}
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            self._taken = {
                name: Taken(float(taken["seconds"]), int(taken["memory"])) for name, taken in found.items()
            }
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return

    def seconds(self, name: str) -> float:
        """Return how long a notebook ran; infinite where it never did, so that it starts early."""
        return self._taken[name].seconds if name in self._taken else math.inf

    def memory(self, name: str) -> int:
        """Return how many bytes a notebook may need: what it had, else what none usually has."""
        taken = self._taken.get(name)
        return (taken.memory if taken else 0) or self._usual_memory

    def record(self, name: str, taken: Taken) -> None:
        """Take down a run and write the file, whole."""
        self._taken[name] = taken
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_name(f".partial-{self._path.name}")
        text = {name: asdict(taken) for name, taken in sorted(self._taken.items())}
        partial.write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")
        partial.replace(self._path)


Say = Callable[[str], None]
OnCell = Callable[[int], None]
_PATIENCE = 0.2  # seconds between two looks at kernels that end
# GB of this process, of the one that kernels are forked from, and of those that draw charts meanwhile
_BESIDE_NOTEBOOKS = 0.75


@dataclass(frozen=True)
class Crew:
    """Who runs the notebooks: ``jobs`` kernels of this machine at once, as many as it has cores without it.

    With ``scheduler``, the address of a Dask scheduler, its workers run them, ``jobs`` at the most.
    """

    jobs: int | None = None
    scheduler: str | None = None


HERE = Crew()


class Hands(Protocol):
    """What runs notebooks: so many at once, in so much memory."""

    limit: int
    memory: float

    def submit(self, attempt: Attempt, on_cell: OnCell) -> Future[Taken]:
        """Have a notebook run; ``on_cell`` may be told how many of its cells are done."""

    def stop(self) -> None:
        """End what runs, at once; called again until nothing does."""


def run_together(
    jobs: Sequence[Job],
    last_run: LastRun,
    refuse_changes: Callable[[], None],
    say: Say,
    crew: Crew = HERE,
    on_done: Callable[[str], None] = lambda _: None,
) -> None:
    """Run the notebooks whose inputs aren't those of their executed copies.

    Results don't depend on how many run at once, or where. What is said comes in the order of ``jobs``. A
    notebook that fails stops those alone that read what it writes.

    Parameters
    ----------
    jobs
        The notebooks, in the report's order; one named in another's ``after`` that isn't among them has run.
    last_run
        What they took the last time, which this run changes.
    refuse_changes
        Raises when an input isn't as it was opened: asked after each notebook, whose copy then isn't kept
        as that of the inputs, and everything stops.
    say
        Is told of each notebook that is up to date.
    crew
        Who runs them.
    on_done
        Is told the name of each that ran, when its executed copy and its rows stand.

    Raises
    ------
    NotebookError
        Notebooks failed: all of them, each with its cell, its message and where the executed copy is.
    PublishError
        A notebook isn't the one that the build opened, or ``refuse_changes`` raised.
    ParameterError
        The scheduler doesn't answer, or its workers aren't those of this program.
    """
    from csrkit.publish.progress import lines

    with lines([job.name for job in jobs]) as shown, _hands(jobs, crew, say) as hands:
        round_ = _Round(jobs, last_run, refuse_changes, say, on_done, hands, shown)
        try:
            round_.run()
        except BaseException:
            round_.stop()
            raise
    round_.raise_failures()


class _Round:
    """One run of the notebooks: which wait, which are at work, and how the others ended."""

    def __init__(
        self,
        jobs: Sequence[Job],
        last_run: LastRun,
        refuse_changes: Callable[[], None],
        say: Say,
        on_done: Callable[[str], None],
        hands: Hands,
        shown: Lines,
    ) -> None:
        self._names = [job.name for job in jobs]
        sizes = {job.name: (job.root / job.notebook).stat().st_size for job in jobs}
        order = sorted(jobs, key=lambda job: (-last_run.seconds(job.name), -sizes[job.name]))
        self._waiting = {job.name: job for job in order}
        self._needed: dict[str, Attempt] = {}
        self._at_work: dict[Future[Taken], Attempt] = {}
        self._failures: dict[str, NotebookError] = {}
        self._left_out: dict[str, str] = {}
        self._last_run = last_run
        self._refuse_changes = refuse_changes
        self._say = say
        self._on_done = on_done
        self._hands = hands
        self._shown = shown

    def run(self) -> None:
        """Run until nothing is left that can."""
        while True:
            self._start_what_can()
            if not self._at_work:
                return
            ended, _ = wait(self._at_work, return_when=FIRST_COMPLETED)
            for future in ended:
                self._settle(future, self._at_work.pop(future))

    def stop(self) -> None:
        """End all kernels, and wait until whoever runs them has noticed."""
        while any(not future.done() for future in self._at_work):
            self._hands.stop()
            wait(self._at_work, timeout=_PATIENCE)

    def raise_failures(self) -> None:
        """Raise NotebookError where notebooks failed."""
        failed = [self._failures[name] for name in self._names if name in self._failures]
        if not failed:
            return
        texts = [str(error) for error in failed]
        if len(failed) > 1:
            texts.insert(0, f"{len(failed)} notebooks failed.")
        texts += [f"{name} did not run: it reads what {of} writes." for name, of in self._left_out.items()]
        raise NotebookError("\n".join(texts)) from failed[0]

    def _start_what_can(self) -> None:
        # what is up to date, or can't run any more, may decide on those after it
        while self._decide():
            pass
        for name, attempt in list(self._needed.items()):
            if not self._has_room(attempt):
                return
            del self._needed[name], self._waiting[name]
            self._start(attempt)

    def _decide(self) -> bool:
        """Look at the notebooks whose turn it may be; tell whether one of them is dealt with now."""
        unfinished = {*self._waiting, *(attempt.job.name for attempt in self._at_work.values())}
        dealt_with = False
        for name, job in list(self._waiting.items()):
            gone = [other for other in job.after if other in {**self._failures, **self._left_out}]
            if gone:
                self._left_out[name] = gone[0]
                self._finish(name, "did not run")
                dealt_with = True
            elif name not in self._needed and unfinished.isdisjoint(job.after):
                attempt = Attempt(job)
                if attempt.reasons():
                    self._needed[name] = attempt
                else:
                    self._finish(name, f"{name} is up to date", self._say)
                    dealt_with = True
        self._needed = {name: self._needed[name] for name in self._waiting if name in self._needed}
        return dealt_with

    def _finish(self, name: str, text: str, say: Say | None = None) -> None:
        self._waiting.pop(name, None)
        self._shown.finish(name, text, say)

    def _has_room(self, attempt: Attempt) -> bool:
        if not self._at_work:
            return True
        names = [attempt.job.name, *(other.job.name for other in self._at_work.values())]
        needed = sum(map(self._last_run.memory, names))
        return len(self._at_work) < self._hands.limit and needed <= self._hands.memory

    def _start(self, attempt: Attempt) -> None:
        name = attempt.job.name
        attempt.begin()
        self._shown.start(name, len(json.loads(attempt.source)["cells"]) + 1)  # papermill adds one
        future = self._hands.submit(attempt, lambda done: self._shown.step(name, done))
        self._at_work[future] = attempt

    def _settle(self, future: Future[Taken], attempt: Attempt) -> None:
        from csrkit.publish.progress import in_seconds

        name = attempt.job.name
        try:
            taken = future.result()
        except NotebookError as error:
            self._failures[name] = error
            self._finish(name, "failed")
            return
        self._refuse_changes()
        attempt.keep()
        self._last_run.record(name, taken)
        self._on_done(name)
        self._finish(name, in_seconds(taken.seconds))


@contextmanager
def _hands(jobs: Sequence[Job], crew: Crew, say: Say) -> Iterator[Hands]:
    if crew.scheduler is not None:
        from csrkit.publish.cluster import hands_of_cluster

        with hands_of_cluster(crew.scheduler, jobs, crew.jobs, say) as hands:
            yield hands
        return
    from csrkit.publish.processes import available_memory, count_cores

    limit = min(crew.jobs or count_cores(), len(jobs))
    allowed = min((job.limits.memory_gb or math.inf for job in jobs), default=math.inf)
    memory = min(available_memory(), (allowed - _BESIDE_NOTEBOOKS) * 2**30)
    with ThreadPoolExecutor(max(limit, 1)) as threads:
        yield _OwnHands(limit, memory, threads)


class _OwnHands:
    """Kernels of this machine, each served by a thread of this process."""

    def __init__(self, limit: int, memory: float, threads: ThreadPoolExecutor) -> None:
        self.limit = limit
        self.memory = memory
        self._threads = threads
        self._stop: Stop | None = None

    def submit(self, attempt: Attempt, on_cell: OnCell) -> Future[Taken]:
        from csrkit.publish.engine import Stop
        from csrkit.publish.kernels import start_server

        if self._stop is None:
            start_server(attempt.job.preloaded)
            self._stop = Stop()
        return self._threads.submit(work, attempt.job, attempt.source, self._stop, on_cell)

    def stop(self) -> None:
        if self._stop is not None:
            self._stop.ask()


def work(job: Job, source: str, stop: Stop, on_cell: OnCell = lambda _: None) -> Taken:
    """Run one notebook in a thread, and return what it took; raises what ``run_job`` does."""
    from csrkit.publish.engine import Course

    course = Course(job.limits, job.environment, job.root.resolve(), stop, on_cell, job.preloaded)
    start = time.perf_counter()
    run_job(job, source, course)
    return Taken(time.perf_counter() - start, course.peak_memory)
