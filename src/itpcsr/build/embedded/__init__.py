"""The embedded renderer: the report in HTML, PDF and Word when no Quarto is on the PATH, and Word always.

It reads the same project as Quarto and honours exactly the grammar of the report's pages
(`grammar.py`); what is outside it is refused with file and line. It is made of packages that
PyPI carries whole: pandoc, Typst and vl-convert.
"""

import importlib.metadata
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from itpcsr.build.embedded import pandoc
from itpcsr.build.embedded.book import Book, read_book
from itpcsr.build.embedded.crossref import Label, Page, anchored, index
from itpcsr.build.embedded.faults import raise_faults
from itpcsr.build.embedded.grammar import check, check_references_list
from itpcsr.build.embedded.html import write_html
from itpcsr.build.embedded.pdf import write_pdf
from itpcsr.build.embedded.source import expand
from itpcsr.build.embedded.word import write_docx
from itpcsr.errors import RenderError

__all__ = ["Sources", "read_sources", "render", "version", "write_word"]

VERSION = "0.1.0"
FORMATS = ("html", "typst", "docx")


def version() -> str:
    """Name this renderer and its parts, for example ``embedded 0.1.0 (pandoc 3.9, Typst 0.15.2)``."""
    parts = f"pandoc {pandoc.version()}, Typst {importlib.metadata.version('typst')}"
    return f"embedded {VERSION} ({parts})"


@dataclass(frozen=True)
class Sources:
    """A book project that was read and found without a fault."""

    book: Book
    pages: list[Page]
    labels: dict[str, Label]


def read_sources(project: Path) -> Sources:
    """Read the book project and check it, whoever renders it.

    Raises RenderError with all that breaks the grammar, each with file and line: what refers to nothing,
    quotes no value or cites no entry among it.
    """
    book = read_book(project.resolve())
    return Sources(book, *_read_pages(book))


def write_word(sources: Sources, folder: Path) -> Path:
    """Write the Word document into a folder that exists; return its path."""
    path = folder / f"{sources.book.stem}.docx"
    write_docx(sources.book, sources.pages, sources.labels, path)
    return path


def render(
    project: Path,
    formats: Sequence[str] = FORMATS,
    report: Callable[[str], None] | None = None,
) -> Path:
    """Render the book project in the folder `project` and give its output folder.

    Parameters
    ----------
    project
        Folder with `_quarto.yml`, the pages and the fragments they include.
    formats
        Any of html, typst (the PDF) and docx; each at most once matters, the order doesn't.
    report
        Called with one short sentence a step, for a progress display.

    Returns
    -------
    Path
        The project's `output-dir`. What stood there before is replaced when all formats are
        whole; after an error it is untouched.

    Raises
    ------
    RenderError
        The sources break the grammar (all faults in one error, each with file and line), or
        pandoc or Typst failed.
    """
    say = report or (lambda _: None)
    unknown = set(formats) - set(FORMATS)
    if unknown:
        raise RenderError(f"unknown formats {sorted(unknown)}; allowed are {', '.join(FORMATS)}.")
    sources = read_sources(project)
    book = sources.book
    say(f"read {len(sources.pages)} pages with {len(sources.labels)} labels")
    with tempfile.TemporaryDirectory(dir=book.root, prefix=".rendering-") as folder:
        out = Path(folder) / "book"
        out.mkdir()
        _write(sources, out, formats, say)
        shutil.rmtree(book.output, ignore_errors=True)
        book.output.parent.mkdir(parents=True, exist_ok=True)
        out.rename(book.output)
    return book.output


def _read_pages(book: Book) -> tuple[list[Page], dict[str, Label]]:
    faults, pages = [], []
    for number, path in enumerate(book.chapters, start=1):
        source, found = expand(book, path, number)
        blocks, warned = pandoc.parse(source)
        pages.append(anchored(Page(source, blocks)))
        faults += found + warned
    labels, doubles = index(pages)
    keys = pandoc.citation_keys(book)
    for page in pages:
        faults += check(page, book.root, labels, keys)
    raise_faults([*faults, *doubles, *check_references_list(pages)])
    return pages, labels


def _write(
    sources: Sources,
    out: Path,
    formats: Sequence[str],
    say: Callable[[str], None],
) -> None:
    book, pages, labels = sources.book, sources.pages, sources.labels
    names = {"typst": ("PDF", f"{book.stem}.pdf"), "docx": ("Word", f"{book.stem}.docx")}
    if "html" in formats:
        downloads = {text: file for fmt, (text, file) in names.items() if fmt in formats}
        write_html(book, pages, labels, out, downloads)
        say("HTML written")
    if "typst" in formats:
        for warning in write_pdf(book, pages, labels, out / names["typst"][1]):
            say(f"Typst warns: {warning}")
        say("PDF written")
    if "docx" in formats:
        write_word(sources, out)
        say("Word document written")
