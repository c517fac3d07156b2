"""Several report versions in one command: one that fails doesn't stop the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import typer

from csrkit.terminal import errors_without_traceback, messages, say
from csrkit.versions.terminal import failure_table

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
        messages().print(failure_table(failures))
        say(f"{len(parameters) - len(failures)} of {len(parameters)} versions were published.")
        raise typer.Exit(_FAILED)
