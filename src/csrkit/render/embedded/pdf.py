"""The report as one PDF, set by Typst with the extension's own template."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from csrkit.errors import RenderError
from csrkit.inputs.hashes import hash_files
from csrkit.made_files import Memo
from csrkit.plain_text import cut_long_words
from csrkit.render.embedded import pandoc
from csrkit.render.embedded.pages import Page
from csrkit.render.embedded.source import EXTENSION, Book, resolve
from csrkit.render.embedded.tree import Label, Node, Target, raw, raw_inline, shape, transform
from csrkit.render.typeset import typeset
from csrkit.tables.escape import typst_parts, typst_string
from csrkit.tables.table import WORD_MOST

# What the documents that hold the whole book, PDF and Word, have in common.


def sources_of(book: Book, pages: list[Page]) -> object:
    """Return what a whole document says: its pages, their pictures, the configuration, the references."""
    pictures = {resolve(page.source.path, path) or "" for page in pages for path in page.outline.pictures}
    files = [book.root / picture for picture in pictures]
    files += [path for path in (book.bibliography, book.style) if path]
    digests = [(page.source.path, page.source.digest) for page in pages]
    return digests, hash_files(book.root, files), book.config


def cited_blocks(
    book: Book,
    pages: list[Page],
    target: Callable[[str], Target],
    labels: Mapping[str, Label],
    memo: Memo,
) -> list[list[Node]]:
    """Return the blocks of each page as the target wants them, with the words of its citations."""
    shaped = [shape(page.blocks, target(page.source.path), labels) for page in pages]
    if not book.bibliography:
        return shaped
    given = [page.cited(target(page.source.path)) for page in pages]
    found = pandoc.cite([(cited.cites, cited.references) for cited in given], book, memo)
    return [pandoc.place_citations(blocks, *cited) for blocks, cited in zip(shaped, found, strict=True)]


# What `_quarto.yml` may hold for the template; keys that are absent stay unset in it.
METADATA = (
    "study", "version", "status", "data-cutoff", "notice", "description", "keywords", "lang",
    "csr-fonts", "csr-uncovered",
)  # fmt: skip
# How Typst begins to say that no font has a character in the style in which it is asked for.
_NO_GLYPH = "could not be displayed with"
_GLYPH_CURE = "\n\nName a font file that has these characters under `fonts` in the report's parameters."


@dataclass(frozen=True)
class TypstTarget:
    """Writes the parts of one page as Quarto writes them; Typst does the numbering."""

    page: str
    name: str = "typst"

    def float(self, label: Label, content: list[Node], caption: list[Node]) -> list[Node]:
        """Write a figure of the kind that the template numbers by section."""
        place = "top" if label.kind == "tbl" else "bottom"
        opening = raw_inline("typst", f"], caption: figure.caption(position: {place}, [")
        closing = raw_inline(
            "typst", f']), kind: "quarto-float-{label.kind}", supplement: "{label.name}") <{label.ident}>'
        )
        return [raw("typst", "#figure(["), *content, {"t": "Plain", "c": [opening, *caption, closing]}]

    def callout(self, kind: str, title: list[Node], content: list[Node]) -> list[Node]:
        """Call the box that the book's template defines."""
        opening = raw_inline("typst", f'#csr-callout("{kind}", [')
        head = {"t": "Plain", "c": [opening, *title, raw_inline("typst", "])[")]}
        return [head, *content, raw("typst", "]")]

    def reference(self, label: Label, name: bool) -> Node:
        """Let Typst count, and name what is referred to."""
        supplement = f"[{label.name}]" if name else "none"
        return raw_inline("typst", f"#ref(<{label.ident}>, supplement: {supplement})")

    def image(self, path: str, alternative: str, size: dict[str, str]) -> Node:
        """Write a picture with its path from the project's root."""
        arguments = [typst_string(f"/{resolve(self.page, path)}"), f"alt: {typst_string(alternative)}"]
        arguments += [f"{key}: {value}" for key, value in size.items()]
        return raw_inline("typst", f"#box(image({', '.join(arguments)}))")

    def other(self, node: Node) -> list[Node] | None:
        """Give each formula its source as the words that PDF/UA asks for."""
        if node["t"] != "Math":
            return None
        words = raw_inline("typst", f"#[#set math.equation(alt: {typst_string(node['c'][1].strip())});")
        return [words, node, raw_inline("typst", "]")]


def pdf_inputs(book: Book, pages: list[Page]) -> object:
    """Return all that the PDF follows from: sources, configuration, look, fonts and pictures."""
    folders = [book.root / EXTENSION, book.root / "fonts"]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return sources_of(book, pages), hash_files(book.root, files)


def write_pdf(
    book: Book, pages: list[Page], labels: Mapping[str, Label], memo: Memo
) -> tuple[bytes, bytes, list[str]]:
    """Return the PDF, the Typst source that it was set from, and Typst's warnings."""
    blocks = cited_blocks(book, pages, TypstTarget, labels, memo)
    source = _source(book, [block for chapter in blocks for block in chapter])
    standards = book.options("csr-typst").get("pdf-standard", [])
    settings: dict[str, Any] = {
        "root": str(book.root),
        "font_paths": [str(book.root / "fonts")],
        "ignore_system_fonts": True,
        "pdf_standards": [standards] if isinstance(standards, str) else standards,
        "timestamp": book.moment,
    }
    try:
        output, warnings = typeset(source, settings)
    except RenderError as error:
        distinct = list(dict.fromkeys(str(error).split("\n\n")))
        cure = _GLYPH_CURE if _NO_GLYPH in str(error) else ""
        raise RenderError("Typst failed: " + "\n\n".join(distinct[:5]) + cure) from error
    return output, source, warnings


def _source(book: Book, blocks: list[Node]) -> bytes:
    """Write the Typst source; pandoc finds the extension's partials beside its template."""
    values = {key: book.config[key] for key in METADATA if key in book.config}
    values |= {name: book.config["book"][name] for name in ("title", "date")}
    meta = _own_text(pandoc.metadata(values), sys.maxsize)
    with tempfile.TemporaryDirectory() as folder:
        for partial in _partials(book.root / EXTENSION):
            shutil.copy(partial, folder)
        template = Path(folder) / "book.typ"
        shutil.copy(str(files(__package__) / "templates" / "book.typ"), template)
        arguments = ["--standalone", f"--template={template}", "--wrap=none", "--syntax-highlighting=none"]
        return pandoc.write(_own_text(blocks, WORD_MOST), "typst", book, arguments, meta)


def _own_text(value: Any, word_most: int) -> Any:
    """Write words as Typst ourselves: pandoc lets a cell's first one open a heading and turns quotes.

    A word longer than ``word_most`` letters breaks where it has to; in an address a line ends at its signs.
    """

    def visit(node: Node) -> list[Node] | None:
        if node["t"] != "Str":
            return None
        text = node["c"]
        written = typst_parts([text] if "://" in text else cut_long_words(text, word_most))
        return None if written == text and text.isascii() else [raw_inline("typst", written)]

    return transform(value, visit)


def _partials(extension: Path) -> list[Path]:
    description = yaml.safe_load((extension / "_extension.yml").read_text(encoding="utf-8"))
    names = description["contributes"]["formats"]["typst"]["template-partials"]
    return [extension / name for name in names]
