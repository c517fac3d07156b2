"""The embedded renderer: the report in HTML, PDF and Word when no Quarto is on the PATH, and Word always.

It reads the same project as Quarto and honours exactly the grammar of the report's pages
(`pages.py`); what is outside it is refused with file and line. It is made of packages that
PyPI carries whole: pandoc, Typst and vl-convert.
"""

import importlib.metadata
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from csrkit.errors import RenderError
from csrkit.made_files import Memo, mirror
from csrkit.render.embedded import pandoc
from csrkit.render.embedded.html import write_html
from csrkit.render.embedded.pages import Page, check_once, check_references_list, index
from csrkit.render.embedded.pdf import pdf_inputs, write_pdf
from csrkit.render.embedded.source import Book, expand, raise_faults, read_book
from csrkit.render.embedded.tree import Label
from csrkit.render.embedded.word import word_inputs, write_docx

__all__ = ["Book", "Sources", "pdf_inputs", "read_sources", "render", "version", "word_file"]

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
    memo: Memo


def read_sources(project: Path, memo: Memo | None = None) -> Sources:
    """Read the book project and check it, whoever renders it.

    Raises RenderError with all that breaks the grammar, each with file and line: what refers to nothing,
    quotes no value or cites no entry among it. A page whose text is the same as in ``memo`` isn't parsed.
    """
    memo = memo or Memo()
    book = read_book(project.resolve())
    faults, pages = [], []
    for number, path in enumerate(book.chapters, start=1):
        source, found = expand(book, path, number)
        pages.append(Page(source, memo))
        faults += found
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # the longest first, so that no core waits for it at the end
        longest = sorted(pages, key=lambda page: -len(page.source.text))
        parsed = {page: pool.submit(page.faults) for page in longest}
        faults += [fault for page in pages for fault in parsed[page].result()]
    labels, doubles = index(pages)
    keys = pandoc.citation_keys(book, memo)
    for page in pages:
        faults += check_once(page, book.root, labels, keys, memo)
    raise_faults([*faults, *doubles, *check_references_list(pages)])
    return Sources(book, pages, labels, memo)


def render(
    project: Path,
    formats: Sequence[str] = FORMATS,
    report: Callable[[str], None] | None = None,
    memo: Memo | None = None,
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
    memo
        What was rendered before: what follows from the same inputs isn't made again. A PDF or Word document
        that isn't asked for stands in the folder only where it is the one of these sources; pages that aren't
        asked for stay as they are.

    Returns
    -------
    Path
        The project's `output-dir`. What stood there before is replaced when all formats are
        whole; after an error it is untouched. Files that are the same aren't written.

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
    sources = read_sources(project, memo)
    say(f"read {len(sources.pages)} pages with {len(sources.labels)} labels")
    files = _make(sources, formats, say)
    mirror(files, sources.book.output, None if "html" in formats else sources.book.documents)
    return sources.book.output


def word_file(sources: Sources) -> tuple[str, bytes]:
    """Return name and content of the Word document."""
    book, pages, labels, memo = sources.book, sources.pages, sources.labels, sources.memo
    inputs = word_inputs(book, pages)
    return f"{book.stem}.docx", memo.content("word", inputs, lambda: write_docx(book, pages, labels, memo))


def _pdf_files(sources: Sources, say: Callable[[str], None]) -> dict[str, bytes]:
    """Return the PDF, and the Typst source where the options keep it."""
    book, pages, labels, memo = sources.book, sources.pages, sources.labels, sources.memo
    inputs = pdf_inputs(book, pages)
    made: list[bytes] = []

    def make() -> bytes:
        if not made:
            pdf, source, warnings = write_pdf(book, pages, labels, memo)
            made.extend((pdf, source))
            for warning in warnings:
                say(f"Typst warns: {warning}")
        return made[0]

    files = {f"{book.stem}.pdf": memo.content("pdf", inputs, make)}
    if book.options("csr-typst").get("keep-typ"):
        files[f"{book.stem}.typ"] = memo.content("typst", inputs, lambda: (make(), made[1])[1])
    return files


def _make(sources: Sources, formats: Sequence[str], say: Callable[[str], None]) -> dict[str, bytes | Path]:
    """Return the files of the formats asked for, made at the same time, and of those that are at hand."""
    book, pages, memo = sources.book, sources.pages, sources.memo
    wanted = {*formats}
    if memo.knows("pdf", pdf_inputs(book, pages)):
        wanted.add("typst")
    if memo.knows("word", word_inputs(book, pages)):
        wanted.add("docx")
    names = {"typst": ("PDF", f"{book.stem}.pdf"), "docx": ("Word", f"{book.stem}.docx")}
    downloads = {text: file for form, (text, file) in names.items() if form in wanted}

    def html() -> Mapping[str, bytes | Path]:
        return write_html(book, pages, sources.labels, downloads, memo)

    makers: dict[str, tuple[str, Callable[[], Mapping[str, bytes | Path]]]] = {
        "html": ("HTML", html),
        "typst": ("PDF", lambda: _pdf_files(sources, say)),
        "docx": ("Word document", lambda: dict([word_file(sources)])),
    }
    files: dict[str, bytes | Path] = {}
    with ThreadPoolExecutor(len(makers)) as pool:
        begun = {form: pool.submit(make) for form, (_, make) in makers.items() if form in wanted}
        for form, made in begun.items():
            files |= made.result()
            if form in formats:
                say(f"{makers[form][0]} written")
    return files
