"""Quarto as a process: which one is on the PATH, what it can, and how it renders the assembled book."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from csrkit.disclosure import guarded
from csrkit.errors import RenderError

Say = Callable[[str], None]
Version = tuple[int, ...]

MINIMUM: Version = (1, 7)
# From which version on the PDF meets which standards: the Typst that Quarto carries before 1.10.17 takes one
# of them at a time, and Quarto before 1.9 doesn't know the setting.
_STANDARDS: tuple[tuple[Version, tuple[str, ...]], ...] = (
    ((1, 10, 17), ("a-2b", "ua-1")),
    ((1, 9), ("ua-1",)),
)
FORMATS = {"csr-typst": "PDF", "csr-html": "HTML"}
# The text that Typst sets as the PDF; `keep-typ` keeps it.
TYPST_SOURCE = "index.typ"
_START_SECONDS = 60
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_PROGRESS = re.compile(r"\[ *\d+/\d+\] ")
_WARNING = re.compile(r"\s*(?:\[?WARN(?:ING)?\b|\(W\))")
# The pages link to notebooks that are put beside them when the version is published.
_HARMLESS = re.compile(r"Unable to resolve link target: /?notebooks/")
_HOLE = re.compile(
    r"Unable to resolve crossref|Unknown (?:var|meta|variable)\b|[Cc]itation \S+ not found"
    r"|Shortcode \S+ not found"
)
_LAST = 40  # lines of Quarto's that an error quotes


def version() -> Version | None:
    """Return the version of the Quarto on the PATH, or None without one.

    Raises RenderError where it doesn't start or is older than MINIMUM; the message is one line.
    """
    path = shutil.which("quarto")
    if path is None:
        return None
    said = _ask_version(path)
    match = re.search(r"^\s*(\d+(?:\.\d+)+)", said, re.MULTILINE)
    if match is None:
        raise RenderError(f"Quarto ({path}) does not start: {_first_line(said) or 'it names no version'}.")
    found = tuple(map(int, match[1].split(".")))
    if found < MINIMUM:
        raise RenderError(f"Quarto is version {name(found)}; version {name(MINIMUM)} or later is needed.")
    return found


def _ask_version(path: str) -> str:
    # into a file: what Quarto starts may hold a pipe open after Quarto itself was ended
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        try:
            done = subprocess.run(
                [path, "--version"], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                timeout=_START_SECONDS, check=False,
            )  # fmt: skip
        except OSError as error:
            raise RenderError(f"Quarto ({path}) does not start: {error.strerror}.") from error
        except subprocess.TimeoutExpired as error:
            text = f"no answer to --version in {_START_SECONDS} seconds"
            raise RenderError(f"Quarto ({path}) does not start: {text}.") from error
        output.seek(0)
        said = output.read()
    if done.returncode:
        reason = _first_line(said) or f"--version ended with code {done.returncode}"
        raise RenderError(f"Quarto ({path}) does not start: {reason}.")
    return said


def _first_line(text: str) -> str:
    lines = map(str.strip, _CONTROL.sub("", text).splitlines())
    return next((line.rstrip(".") for line in lines if line), "")


def name(found: Version) -> str:
    """Return a version as it is written."""
    return ".".join(map(str, found))


def pdf_standards(found: Version) -> tuple[str, ...]:
    """Return the PDF standards that a version of Quarto can make the PDF conform to, as Typst names them."""
    return next((standards for first, standards in _STANDARDS if found >= first), ())


def render(project: Path, output: Path, form: str, date: dt.date, say: Say) -> None:
    """Render the project in one of FORMATS into ``output``, the project's output folder, which is emptied.

    Quarto's lines of progress and its warnings are said as they come. Raises RenderError where Quarto fails,
    or ends well but says that a reference, value or citation has nothing to show.
    """
    shutil.rmtree(output, ignore_errors=True)
    say(f"Quarto renders {FORMATS[form]}")
    heard = _render_format(project, form, date, say)
    output.mkdir(exist_ok=True)
    (output / "search.json").unlink(missing_ok=True)  # of a search that the book doesn't have
    holes = list(dict.fromkeys(line.strip() for line in heard if _HOLE.search(line)))
    if holes:
        lines = "\n".join(f"  {line}" for line in holes)
        raise RenderError(
            f"Quarto left holes in the report, which is not published:\n{lines}\n"
            "Correct the pages that are named, or use --engine embedded."
        )


def _render_format(project: Path, form: str, date: dt.date, say: Say) -> list[str]:
    midnight = dt.datetime.combine(date, dt.time(), tzinfo=dt.UTC)
    environment = {
        **os.environ,
        "SOURCE_DATE_EPOCH": str(int(midnight.timestamp())),
        "TZ": "UTC",
        "TYPST_IGNORE_SYSTEM_FONTS": "true",  # those of the project alone, as the embedded renderer does it
    }
    lines: list[str] = []

    def hear(line: str) -> None:
        lines.append(line)
        if _PROGRESS.match(line) or (_WARNING.match(line) and not _HARMLESS.search(line)):
            say(line.strip())

    code = _run(["quarto", "render", str(project), "--to", form], environment, hear)
    if code:
        last = "\n".join(line for line in lines if not _HARMLESS.search(line)).splitlines()[-_LAST:]
        raise RenderError(
            f"Quarto could not render {project} as {FORMATS[form]} (exit code {code}):\n"
            + "\n".join(last)
            + "\nCorrect what it names, or use --engine embedded."
        )
    return lines


def _run(command: Sequence[str], environment: dict[str, str], hear: Say) -> int:
    """Run a command that can't outlive this process; each line that it prints is heard at once."""
    process = subprocess.Popen(
        [sys.executable, "-I", str(guarded.__file__), *command],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
        text=True, encoding="utf-8", errors="replace", start_new_session=True,
    )  # fmt: skip
    with process:  # which closes the pipe that the command lives by, and waits, also after an error
        for line in process.stdout or ():
            if text := _CONTROL.sub("", line).rstrip():
                hear(text)
        return process.wait()
