"""Reading files: where relative paths start, and how large a file may be."""

from __future__ import annotations

import difflib
import os
import signal
import stat
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from csrkit.errors import DataError, ItpcsrError, ParameterError

# Where relative paths start.


def from_root(path: str | Path) -> Path:
    """Return a relative path from where it exists: the current folder, else the project's root.

    JupyterLab starts a notebook's kernel in the notebook's own folder, papermill and the build in the
    root; the paths in notebooks start at the root (the folder with ``_quarto.yml``) in all of them.
    """
    path = Path(path)
    here = Path.cwd()
    if path.is_absolute() or path.exists() or (here / "_quarto.yml").exists():
        return path
    root = next((folder for folder in here.parents if (folder / "_quarto.yml").exists()), None)
    return path if root is None else root / path


# How large a file may be that is read: a few bytes can stand for more than any machine holds.
#
# Every bound lies far above real trials, and each can be raised: by `reading` in a report's parameters, or
# by the environment variable ITPCSR_READING (`columns=60000,seconds=1200`) for a command or a notebook.

VARIABLE = "ITPCSR_READING"
_ADVICE = (
    "Is it the file that you mean? If so, raise the bound: `reading: {{{name}: {value}}}` in the report's "
    "parameters, or {variable}={name}={value} in the environment of a command or of JupyterLab."
)


class Bounds(BaseModel):
    """What one file may hold.

    ``size`` is in bytes, as the file is and after decompression; ``columns`` are the variables of a data
    set; ``nesting`` is how deep lists and objects of JSON and YAML lie in each other; ``field_length`` is in
    characters of one value or name; ``number_length`` in characters of one number; ``parameter_size`` is in
    bytes of a YAML file, and ``entries`` are the names and values in it; ``seconds`` is the time that one
    file takes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    size: int = Field(default=2_000_000_000, gt=0)
    columns: int = Field(default=5_000, gt=0)
    nesting: int = Field(default=64, gt=0)
    field_length: int = Field(default=100_000, gt=0)
    number_length: int = Field(default=100, gt=0)
    parameter_size: int = Field(default=10_000_000, gt=0)
    entries: int = Field(default=200_000, gt=0)
    seconds: int = Field(default=600, gt=0)


def chosen_bounds(raised: Mapping[str, int] | None = None) -> Bounds:
    """Return the bounds in force: those of the report (``raised``), else of the environment, else the usual.

    Raises ParameterError for an unknown name or a value that is no whole number above 0.
    """
    return Bounds(**{**_from_environment(os.environ.get(VARIABLE, "")), **(raised or {})})


def _from_environment(text: str) -> dict[str, int]:
    found = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = (part.strip() for part in entry.partition("="))
        if name not in Bounds.model_fields:
            near = difflib.get_close_matches(name, Bounds.model_fields, 1)
            hint = f" Do you mean {near[0]}?" if near else ""
            known = ", ".join(Bounds.model_fields)
            raise ParameterError(f"{VARIABLE}: has no bound {name!r}.{hint} Bounds: {known}.")
        if not (value.isascii() and value.isdigit() and len(value) <= 15 and int(value)):
            raise ParameterError(f"{VARIABLE}: {name} is {value!r}; write a whole number above 0.")
        found[name] = int(value)
    return found


def write_bounds(bounds: Bounds) -> str:
    """Return bounds as the environment variable holds them; empty where all are the usual ones."""
    return ",".join(f"{name}={value}" for name, value in bounds.model_dump(exclude_defaults=True).items())


def exceeded(
    path: Path, name: str, bounds: Bounds, found: str, needed: int, error: type[ItpcsrError] = DataError
) -> ItpcsrError:
    """Return the error of a file beyond a bound: ``found`` says what it has, ``needed`` what would do."""
    limit = getattr(bounds, name)
    value = max(needed, limit + 1)
    advice = _ADVICE.format(name=name, value=value, variable=VARIABLE)
    return error(f"{path}: {found}, beyond the bound `{name}` of {limit:,}. {advice}")


def read_bytes(path: Path, bounds: Bounds, error: type[ItpcsrError] = DataError, name: str = "size") -> bytes:
    """Return the bytes of a regular file that is no larger than the bound ``name``.

    A pipe, a socket or a device, also behind a link, is refused before it is opened: it may never end.
    Raises ``error``, and OSError where the system refuses.
    """
    limit = getattr(bounds, name)
    if not stat.S_ISREG(path.stat().st_mode):
        raise error(f"{path}: is no regular file but {_kind(path)}, which isn't read. Copy its content.")
    with open(path, "rb", opener=_open_at_once) as stream:
        # between the two questions the name may have got another file
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise error(f"{path}: is no regular file, so it isn't read. Copy its content.")
        size = os.fstat(stream.fileno()).st_size
        if size <= limit:
            content = stream.read(limit + 1) if size == 0 else stream.read(size + 1)
            if len(content) <= limit:
                return content
            size = len(content)
    raise exceeded(path, name, bounds, f"holds {size:,} bytes or more", size, error)


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))


def _kind(path: Path) -> str:
    mode = path.stat().st_mode
    kinds = {stat.S_ISDIR: "a folder", stat.S_ISFIFO: "a pipe", stat.S_ISSOCK: "a socket"}
    return next((text for test, text in kinds.items() if test(mode)), "a device")


@contextmanager
def held_to(path: Path, bounds: Bounds, error: type[ItpcsrError] = DataError) -> Iterator[None]:
    """Stop what reads a file when its time is over, and say so where memory or the stack doesn't do.

    The system's timer keeps the time, which only the main thread of a process has; elsewhere, and where
    somebody else uses it, the other bounds alone hold.
    """
    try:
        with _timer(path, bounds, error):
            yield
    except MemoryError as fault:
        raise error(
            f"{path}: needs more memory than there is. Give the process more, or split the file."
        ) from fault
    except RecursionError as fault:
        raise error(f"{path}: its lists and objects lie too deep in each other to be read.") from fault


@contextmanager
def _timer(path: Path, bounds: Bounds, error: type[ItpcsrError]) -> Iterator[None]:
    main = threading.current_thread() is threading.main_thread()
    if not main or not hasattr(signal, "setitimer") or signal.getitimer(signal.ITIMER_REAL)[0]:
        yield
        return

    def stop(*_: object) -> None:
        found = f"isn't read after {bounds.seconds:,} seconds"
        raise exceeded(path, "seconds", bounds, found, 2 * bounds.seconds, error)

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, bounds.seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
