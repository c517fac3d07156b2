"""Pandoc as a process: Markdown to a tree, a tree to one of the formats, citations."""

import functools
import json
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pypandoc

from csrkit.errors import RenderError
from csrkit.made_files import Memo
from csrkit.render.embedded.source import Book
from csrkit.render.embedded.tree import Node, attributes, div, harmless_links, transform

# Ids come from the pages alone: automatic ones would clash when the pages are joined.
# A table's lines end between Chinese characters, where no blank is meant.
MARKDOWN = "markdown-auto_identifiers-implicit_header_references+east_asian_line_breaks"


def program() -> str:
    """Return the path of the pandoc that the package carries, which is the one that the lock file names.

    pypandoc itself would take a newer one that happens to be on the PATH, such as the one of Quarto.
    """
    path = Path(pypandoc.__file__).parent / "files" / "pandoc"
    if not path.is_file():
        raise RenderError(f"{path}: not found. Install the package pypandoc-binary, which carries pandoc.")
    return str(path)


@functools.cache
def version() -> str:
    """Return the version of that pandoc, for example ``3.9``."""
    output, _ = run(["--version"], b"")
    return output.decode().split()[1]


def run(arguments: Sequence[str], text: bytes, epoch: int = 0) -> tuple[bytes, list[str]]:
    """Run pandoc on `text` and give its output and its warnings; raise RenderError when it fails."""
    done = subprocess.run(
        [program(), *arguments],
        input=text,
        capture_output=True,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch), "TZ": "UTC"},
        check=False,
    )
    log = done.stderr.decode("utf-8", "replace")
    if done.returncode:
        raise RenderError(f"pandoc failed: {log.strip()}")
    return done.stdout, re.findall(r"^\[WARNING\] (.*(?:\n(?!\[).*)*)", log, re.MULTILINE)


def parse(text: str) -> dict[str, Any]:
    """Parse a page's text: its ``blocks``, the ``meta`` of a YAML header, and pandoc's ``warnings``."""
    output, warnings = run(["-f", MARKDOWN, "-t", "json"], text.encode())
    document = json.loads(output)
    lines = [" ".join(warning.split()) for warning in warnings]
    return {"blocks": document["blocks"], "meta": document["meta"], "warnings": lines}


def line_of(warning: str) -> int:
    """Return the line of the text that a warning names, counted from 1; the first where it names none."""
    line = re.search(r"\bline (\d+)", warning)
    return int(line[1]) if line else 1


def write(blocks: list[Node], fmt: str, book: Book, arguments: Sequence[str] = (), meta: Any = None) -> bytes:
    """Write a tree as `fmt`; any warning is an error, so that nothing is lost in silence."""
    document = _document(harmless_links(blocks), meta)
    output, warnings = run(["-f", "json", "-t", fmt, *arguments], document, int(book.moment.timestamp()))
    if warnings:
        raise RenderError(f"pandoc warns while writing {fmt}: " + "; ".join(warnings))
    return output


def metadata(values: dict[str, Any]) -> Any:
    """Read metadata as Quarto does: each text, and each text of a list, is Markdown."""
    texts = {
        key: [str(item) for item in value] if isinstance(value, list) else str(value)
        for key, value in values.items()
    }
    # JSON is YAML too, with quotes around every text: 1e-5 is no number
    header = f"{json.dumps(texts, ensure_ascii=False)}\n"
    output, _ = run(["-f", MARKDOWN, "-t", "json"], f"---\n{header}---\n".encode())
    return harmless_links(json.loads(output)["meta"])


def cite(
    pages: Sequence[tuple[list[Node], list[Node]]], book: Book, memo: Memo
) -> list[tuple[list[list[Node]], list[Node]]]:
    """Write out the citations of the whole book and its list of references.

    A page's citations in their order and its list of references (or none) go in; the words of each citation
    and the list come out. The citations go without the text around them, so that another sentence leaves
    them as they are; a style of footnotes moves no punctuation of the text.
    """
    arguments = ["--citeproc", f"--bibliography={book.bibliography}", "--metadata=link-citations:true"]
    arguments += [f"--csl={book.style}"] if book.style else []
    given = [div([*({"t": "Para", "c": [one]} for one in cites), div(lists)]) for cites, lists in pages]
    files = [path.read_bytes() for path in (book.bibliography, book.style) if path]
    kept = memo.content("cited", (given, files), lambda: write(given, "json", book, arguments))
    found = []
    for page in json.loads(kept)["blocks"]:
        *paragraphs, lists = page["c"][1]
        # Typst's writer would ask for a bibliography of Typst's own where it meets a citation
        words = [paragraph["c"][0]["c"][1] for paragraph in paragraphs]
        found.append((words, lists["c"][1]))
    return found


def place_citations(blocks: list[Node], words: list[list[Node]], references: list[Node]) -> list[Node]:
    """Put the words of citations and the list of references where a page has them."""
    if not words and not references:
        return blocks
    following = iter(words)

    def visit(node: Node) -> list[Node] | None:
        if node["t"] == "Cite":
            return next(following)
        return references if node["t"] == "Div" and attributes(node)[0] == "refs" else None

    placed: list[Node] = transform(blocks, visit)
    return placed


def citation_keys(book: Book, memo: Memo) -> set[str]:
    """Give the keys of the bibliography; none without one."""
    path = book.bibliography
    if path is None:
        return set()
    reader = {".bib": "biblatex", ".bibtex": "bibtex", ".json": "csljson"}.get(path.suffix)
    if reader is None:
        raise RenderError(f"bibliography: {path.name} must be a .bib, .bibtex or .json file.")
    text = path.read_bytes()
    kept = memo.content("keys", (reader, text), lambda: run(["-f", reader, "-t", "csljson"], text)[0])
    return {entry["id"] for entry in json.loads(kept)}


def _document(blocks: list[Node], meta: Any) -> bytes:
    tree = {"pandoc-api-version": [1, 23, 1, 1], "meta": meta or {}, "blocks": blocks}
    return json.dumps(tree, ensure_ascii=False).encode()
