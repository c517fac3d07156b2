"""Quarto as a process: which one is on the PATH, how it renders, and what it leaves open."""

from __future__ import annotations

import datetime as dt
import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from csrkit.errors import RenderError
from csrkit.render import guarded

# Quarto as a process: which one is on the PATH, what it can, and how it renders the assembled book.

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


# Look in the finished report for what Quarto writes where it has nothing to show.
#
# It ends well and leaves `?@tbl-x`, `?var:x` or `(key?)` in the text. Words of the data that look like
# that stand in the sources, too, and are no holes.

_HOLES_HOLE = re.compile(r"\?(?:var|meta|env):[\w.-]*\w|\?@?(?:tbl|fig|sec)-\w[\w-]*")
# Citeproc sets a key without an entry in bold, with a question mark behind it.
_KEY_HTML = re.compile(r"<strong>([\w:.#$%&+?~/-]+\?)</strong>")
_KEY_TYPST = re.compile(r"#strong\[([\w:.#$%&+?~/-]+\?)\]")
_NO_TEXT = re.compile(r"<(script|style)\b.*?</\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_SOURCES = ("*.qmd", "*.yml", "*.bib")


def refuse_holes_of_html(project: Path, book: Path, pages: Iterable[str]) -> None:
    """Look through the finished pages.

    ``pages`` are the chapters' sources by their path in the project. Raises RenderError with each hole and
    where it stands, or where a page is missing.
    """
    names = [str(Path(page).with_suffix(".html")) for page in pages]
    _refuse_missing([name for name in names if not (book / name).is_file()])
    texts = {name: (book / name).read_text(encoding="utf-8") for name in names}
    raise_holes({name: holes_of_html(text) for name, text in texts.items()}, _sources(project))


def refuse_holes_of_pdf(project: Path, book: Path) -> None:
    """Look through the text that the PDF was set from, and raise the same."""
    _refuse_missing([] if list(book.glob("*.pdf")) else ["the PDF"])
    if (project / TYPST_SOURCE).is_file():
        found = holes_of_typst((project / TYPST_SOURCE).read_text(encoding="utf-8"))
        raise_holes({"PDF": found}, _sources(project))


def _refuse_missing(names: list[str]) -> None:
    if names:
        raise RenderError(f"Quarto ended without an error, but did not write {', '.join(names)}.")


def raise_holes(found: Mapping[str, Iterable[str]], sources: str) -> None:
    """Raise RenderError for the holes found, by the place where they stand; words of the sources are none."""
    lines = [
        f"  {place}: {hole}"
        for place, holes in found.items()
        for hole in sorted(set(holes))
        if hole not in sources
    ]
    if lines:
        listed = "\n".join(lines)
        raise RenderError(
            f"Where a reference, value or citation has nothing to show, the report has holes:\n{listed}\n"
            "Nothing is published. Correct the pages, or use --engine embedded."
        )


def holes_of_html(page: str) -> list[str]:
    """Return what stands in a page where there is nothing to show."""
    text = html.unescape(_TAG.sub("", _NO_TEXT.sub("", page)))
    return [*_HOLES_HOLE.findall(text), *map(html.unescape, _KEY_HTML.findall(page))]


def holes_of_typst(source: str) -> list[str]:
    """Return the same of the text that Typst sets as the PDF."""
    text = source.replace("\\", "")  # signs that mean something to Typst are escaped
    return [*_HOLES_HOLE.findall(text), *_KEY_TYPST.findall(text)]


def _sources(project: Path) -> str:
    paths = sorted({path for pattern in _SOURCES for path in project.rglob(pattern)})
    return "\n".join(path.read_text(encoding="utf-8") for path in paths if "_book" not in path.parts)
