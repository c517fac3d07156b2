"""What the command line prints: text as it is, and every end of a command as a sentence."""

from __future__ import annotations

import errno
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import typer

from csrkit.errors import ItpcsrError

if TYPE_CHECKING:
    from rich.console import Console

_SPENT = {
    errno.EMFILE: "open files (ulimit -n)",
    errno.ENFILE: "open files of the system",
    errno.ENOMEM: "memory (ulimit -v)",
    errno.EAGAIN: "processes, threads or memory (ulimit -u, ulimit -v)",
}
# What libraries say in place of an error number.
_WORDS = {
    "Too many open files": errno.EMFILE,
    "Cannot allocate memory": errno.ENOMEM,
    "failed to map segment": errno.ENOMEM,
    "can't start new thread": errno.EAGAIN,
    "Resource temporarily unavailable": errno.EAGAIN,
}


def open_console(*, stderr: bool = False) -> Console:
    """Return a console that changes no text: ``[x]`` is no markup and ``:100:`` no picture."""
    # imported where something is printed: --help and --version start without it
    from rich.console import Console

    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


@cache
def messages() -> Console:
    """Return the console of messages, which is made when the first is said."""
    return open_console(stderr=True)


def say(text: str) -> None:
    """Print what was done, or where something is."""
    messages().print(f"• {text}", soft_wrap="http://" in text)


@contextmanager
def errors_without_traceback() -> Iterator[None]:
    """Print the user's errors as sentences and exit with 1; a fault of the program keeps its traceback.

    What the system lets a process have (open files, memory) is no fault of the program. A request to end
    (SIGTERM) is met as Ctrl-C is.
    """
    messages()  # what speaks is imported while there is memory
    with _ended_as_by_the_user():
        try:
            yield
        except ItpcsrError as error:
            spent = what_is_spent(error)
            more = f"\nThe process may have no more {spent}; that may be the cause." if spent else ""
            _stop(f"{type(error).__name__}:", f"{error}{more}")
        except KeyboardInterrupt:
            _print_head("Interrupted.", "Nothing was published; published versions are as they were.")
            raise typer.Exit(130) from None
        except Exception as error:
            if spent := what_is_spent(error):
                _stop(f"The process may have no more {spent}.", "Nothing was published. Raise the limit.")
            if not isinstance(error, OSError):
                raise
            _stop("The system refused:", str(error))


def _print_head(head: str, text: str) -> None:
    from rich.text import Text

    messages().print(Text.assemble((head, "bold red"), f" {text}"), soft_wrap=True)


def _stop(head: str, text: str) -> None:
    _print_head("Stopped.", head)
    messages().print(text, soft_wrap=True)
    raise typer.Exit(1) from None


def what_is_spent(error: BaseException) -> str:
    """Return what the process has no more of where that is the cause of an error; empty for any other."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if isinstance(cause, MemoryError):
            return _SPENT[errno.ENOMEM]
        number = getattr(cause, "errno", None)
        if number not in _SPENT:
            number = next((known for text, known in _WORDS.items() if text in str(cause)), None)
        if number is not None:
            return _SPENT[number]
        cause = cause.__cause__ or cause.__context__
    return ""


@contextmanager
def _ended_as_by_the_user() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
