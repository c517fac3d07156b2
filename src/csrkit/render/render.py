"""Render the assembled book: HTML and PDF by Quarto where one that can is on the PATH, else without it.

The embedded renderer always writes Word, and checks the sources before anything is rendered.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import yaml

from csrkit.errors import RenderError
from csrkit.made_files import Memo, mirror
from csrkit.parameters.report import Report
from csrkit.parameters.validation import write_yaml
from csrkit.render import embedded, quarto
from csrkit.render.quarto import refuse_holes_of_html, refuse_holes_of_pdf

Engine = Literal["auto", "quarto", "embedded"]
Format = Literal["html", "pdf", "docx"]
FORMATS: tuple[Format, ...] = ("html", "pdf", "docx")
# What the embedded renderer calls them, and Quarto those that it makes; the PDF first: it fails in less time
_NAMES: dict[Format, str] = {"html": "html", "pdf": "typst", "docx": "docx"}
_BY_QUARTO: dict[Format, str] = {"pdf": "csr-typst", "html": "csr-html"}
Say = Callable[[str], None]
# How the standards that Typst can hold a PDF to are written
_STANDARDS = {"a-2b": "PDF/A-2b", "ua-1": "PDF/UA-1"}


@dataclass(frozen=True)
class Renderer:
    """Who renders HTML and PDF: the Quarto of a version, or the embedded renderer (None)."""

    quarto: quarto.Version | None = None

    @property
    def name(self) -> str:
        """Name and version of what renders HTML and PDF, as the manifest has it."""
        return embedded.version() if self.quarto is None else f"Quarto {quarto.name(self.quarto)}"

    @property
    def typst_standards(self) -> tuple[str, ...]:
        """The PDF standards, as Typst names them."""
        return tuple(_STANDARDS) if self.quarto is None else quarto.pdf_standards(self.quarto)

    def facts(self) -> dict[str, Any]:
        """Return what the manifest says of the rendering."""
        return {
            "renderer": self.name,
            "word_renderer": embedded.version(),
            "pdf_standards": [_STANDARDS[name] for name in self.typst_standards],
        }

    @property
    def title(self) -> str:
        """Who renders what, in words."""
        return renderer_title(self.name, embedded.version())


def choose_renderer(engine: Engine, say: Say = lambda _: None) -> Renderer:
    """Return the renderer to use; ``auto`` takes Quarto where one that can is on the PATH.

    Where there is one that can't, ``auto`` says why in one line. Raises RenderError when Quarto is asked for
    and isn't there, is too old or doesn't start.
    """
    if engine == "embedded":
        return Renderer()
    try:
        version = quarto.version()
    except RenderError as error:
        if engine == "quarto":
            raise RenderError(f"{error} Install a later one (README) or use --engine embedded.") from error
        say(f"{error} The embedded renderer takes its place.")
        return Renderer()
    if version is None and engine == "quarto":
        raise RenderError(
            f"Quarto is not on the PATH; version {quarto.name(quarto.MINIMUM)} or later is needed. "
            "Install it (conda-forge has it: environment.yml) or use --engine embedded."
        )
    return Renderer(version)


def render(
    project: Path,
    report: Report,
    renderer: Renderer,
    say: Say,
    targets: Sequence[Format] = FORMATS,
    memo: Memo | None = None,
) -> Path:
    """Render the project to the formats asked for; return the folder with them.

    What ``memo`` has from the same sources isn't rendered again: pages of the embedded renderer, formats of
    Quarto. A PDF or Word document that isn't asked for stays in the folder only while it is
    the one of these sources.

    Raises RenderError for faults of the sources, with their places, and where rendering failed or left holes.
    """
    _configure(project, renderer)
    if renderer.quarto is None:
        return embedded.render(project, [_NAMES[name] for name in targets], say, memo)
    sources = embedded.read_sources(project, memo)
    say(f"Checked {len(sources.pages)} pages with {len(sources.labels)} labels")
    book = sources.book
    files = _by_quarto(sources, report, renderer, say, targets)
    if "docx" in targets:
        name, content = embedded.word_file(sources)
        files[name] = content
        say("Word document written by the embedded renderer")
    mirror(files, book.output, None if "html" in targets else book.documents)
    return book.output


def _by_quarto(
    sources: embedded.Sources, report: Report, renderer: Renderer, say: Say, targets: Sequence[Format]
) -> dict[str, bytes | Path]:
    """Return the files of the formats asked for that Quarto makes, and of those that are at hand.

    Quarto could render one page of a book alone, but the others would keep what they quote of it, titles and
    numbers; so a format is made or kept as a whole.
    """
    book = sources.book
    files: dict[str, bytes | Path] = {}
    for target, form in _BY_QUARTO.items():
        inputs = (form, renderer.quarto, embedded.pdf_inputs(book, sources.pages))
        if target in targets or sources.memo.knows("quarto", inputs):
            make = partial(_render_with_quarto, book, form, report, say)
            files |= _unpack(sources.memo.content("quarto", inputs, make))
    return files


def _render_with_quarto(book: embedded.Book, form: str, report: Report, say: Say) -> bytes:
    quarto.render(book.root, book.output, form, report.date, say)
    if form == _BY_QUARTO["html"]:
        refuse_holes_of_html(book.root, book.output, book.chapters)
        return _pack(book.output, "**/*")
    refuse_holes_of_pdf(book.root, book.output)
    return _pack(book.output, "*.pdf")


def _pack(folder: Path, pattern: str) -> bytes:
    """Return files as one archive, uncompressed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(path for path in folder.glob(pattern) if path.is_file()):
            archive.writestr(path.relative_to(folder).as_posix(), path.read_bytes())
    return packed.getvalue()


def _unpack(packed: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _configure(project: Path, renderer: Renderer) -> None:
    """Tell the assembled book where its fonts lie, what the PDF has to conform to, and Word's template.

    ``_quarto.yml`` in the root doesn't say so: there any version of Quarto shows the pages while they are
    written (`itpcsr link`).
    """
    path = project / "_quarto.yml"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    typst = config["format"]["csr-typst"]
    typst["font-paths"] = ["fonts"]
    typst.pop("pdf-standard", None)
    if renderer.typst_standards:
        typst["pdf-standard"] = list(renderer.typst_standards)
    if renderer.quarto is not None:
        typst["keep-typ"] = True  # in which holes are looked for
    config["format"]["docx"] = {"reference-doc": "reference.docx", "toc": True}
    write_yaml(path, config)


def renderer_title(renderer: str, word: str) -> str:
    """Return in words who rendered what: HTML and PDF, and Word."""
    return renderer if word == renderer else f"{renderer} (HTML and PDF) and {word} (Word)"
