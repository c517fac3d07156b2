"""What a command says while it works: how far the notebooks are, and each of several versions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from csrkit.terminal import errors_without_traceback, messages, say

# How far the notebooks are: on a terminal a line for each at work, and everywhere one for each done.

_WIDTH = 24


class Lines:
    """The lines of one run. What is done is said in the order of ``names``, whatever ends first."""

    def __init__(self, names: Iterable[str], bars: Progress) -> None:
        """Begin with all of the names to come."""
        self._to_come = list(names)
        self._done: dict[str, Callable[[], None]] = {}
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def start(self, name: str, cells: int) -> None:
        """Show that a notebook of so many cells is at work."""
        self._tasks[name] = self._bars.add_task(f"{name:<{_WIDTH}}", total=cells)

    def step(self, name: str, done: int) -> None:
        """Show how many cells are done."""
        self._bars.update(self._tasks[name], completed=done)

    def finish(self, name: str, text: str, say: Callable[[str], None] | None = None) -> None:
        """Say how a notebook ended, once all before it have; by ``say`` as a sentence, else as a line."""
        if name in self._tasks:
            self._bars.remove_task(self._tasks.pop(name))
        line = f"{name:<{_WIDTH}}  {text}"
        self._done[name] = (lambda: say(text)) if say else (lambda: messages().print(line, soft_wrap=True))
        while self._to_come and self._to_come[0] in self._done:
            self._done.pop(self._to_come.pop(0))()


@contextmanager
def lines(names: Iterable[str]) -> Iterator[Lines]:
    """Give the lines of a run; what is at work is shown on a terminal alone, and goes with the block."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(30), MofNCompleteColumn())
    with Progress(
        *columns, TimeElapsedColumn(), console=messages(), transient=True, disable=not messages().is_terminal
    ) as bars:
        yield Lines(names, bars)


def in_seconds(seconds: float) -> str:
    """Return a time with one decimal, for example ``7.2 s``."""
    tenths = round(10 * seconds)
    return f"{tenths // 10}.{tenths % 10} s"


# Several report versions in one command: one that fails doesn't stop the others.

_FAILED = 1  # the exit code of what the user can mend; an interrupt has another and stops all


def build_each(parameters: Sequence[Path], build_one: Callable[[Path], None]) -> None:
    """Build the versions one after the other; each error is said when it comes, and all together at the end.

    Raises typer.Exit: 1 where a version failed, at once what an interrupt has.
    """
    failures: dict[Path, str] = {}
    for file in parameters:
        if len(parameters) > 1:
            say(f"Building {file}")
        try:
            with errors_without_traceback():
                build_one(file)
        except typer.Exit as end:
            if end.exit_code != _FAILED or len(parameters) == 1:
                raise
            failures[file] = (str(end.__context__) or repr(end.__context__)).splitlines()[0]
    if failures:
        from csrkit.versions.on_terminal import failure_table  # with pandas, which few builds need

        messages().print(failure_table(failures))
        say(f"{len(parameters) - len(failures)} of {len(parameters)} versions were published.")
        raise typer.Exit(_FAILED)
