"""Render the assembled book: HTML and PDF by Quarto where one that can is on the PATH, else without it.

The embedded renderer always writes Word, and checks the sources before anything is rendered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from itpcsr.build import embedded, quarto
from itpcsr.build.assemble import write_yaml
from itpcsr.build.holes import refuse_holes
from itpcsr.build.provenance_page import renderer_title
from itpcsr.errors import RenderError
from itpcsr.study import Report

Engine = Literal["auto", "quarto", "embedded"]
Format = Literal["html", "pdf", "docx"]
FORMATS: tuple[Format, ...] = ("html", "pdf", "docx")
# What the embedded renderer calls them
_NAMES: dict[Format, str] = {"html": "html", "pdf": "typst", "docx": "docx"}
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
    project: Path, report: Report, renderer: Renderer, say: Say, targets: Sequence[Format] = FORMATS
) -> Path:
    """Render the project to the formats asked for; return the folder with them. Quarto makes HTML and PDF.

    Raises RenderError for faults of the sources, with their places, and where rendering failed or left holes.
    """
    _configure(project, renderer)
    if renderer.quarto is None:
        return embedded.render(project, [_NAMES[name] for name in targets], say)
    sources = embedded.read_sources(project)
    say(f"Checked {len(sources.pages)} pages with {len(sources.labels)} labels")
    book = sources.book
    quarto.render(project, book.output, report.date, say)
    refuse_holes(project, book.output, book.chapters)
    if "docx" in targets:
        embedded.write_word(sources, book.output)
        say("Word document written by the embedded renderer")
    return book.output


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
