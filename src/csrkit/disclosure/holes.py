"""Look in the finished report for what Quarto writes where it has nothing to show.

It ends well and leaves ``?@tbl-x``, ``?var:x`` or ``(key?)`` in the text. Words of the data that look like
that stand in the sources, too, and are no holes.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from csrkit.errors import RenderError
from csrkit.render.quarto import TYPST_SOURCE

_HOLE = re.compile(r"\?(?:var|meta|env):[\w.-]*\w|\?@?(?:tbl|fig|sec)-\w[\w-]*")
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
    return [*_HOLE.findall(text), *map(html.unescape, _KEY_HTML.findall(page))]


def holes_of_typst(source: str) -> list[str]:
    """Return the same of the text that Typst sets as the PDF."""
    text = source.replace("\\", "")  # signs that mean something to Typst are escaped
    return [*_HOLE.findall(text), *_KEY_TYPST.findall(text)]


def _sources(project: Path) -> str:
    paths = sorted({path for pattern in _SOURCES for path in project.rglob(pattern)})
    return "\n".join(path.read_text(encoding="utf-8") for path in paths if "_book" not in path.parts)
