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

from itpcsr.build.embedded.book import Book
from itpcsr.build.embedded.faults import Fault
from itpcsr.build.embedded.source import Source
from itpcsr.build.embedded.tree import Node, harmless_links, transform
from itpcsr.errors import RenderError

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


def parse(source: Source) -> tuple[list[Node], list[Fault]]:
    """Parse a page; pandoc's warnings (a division left open, a formula it can't read) are faults."""
    output, warnings = run(["-f", MARKDOWN, "-t", "json"], source.text.encode())
    document = json.loads(output)
    faults = []
    for warning in warnings:
        line = re.search(r"\bline (\d+)", warning)
        index = min(int(line[1]), len(source.lines)) - 1 if line else 0
        faults.append(Fault(source.lines[index].origin, " ".join(warning.split())))
    if document["meta"]:
        faults.append(
            Fault(source.where("^---")[0], "a page has no YAML header: it begins with its heading.")
        )
    return document["blocks"], faults


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


def cite(blocks: list[Node], book: Book) -> list[Node]:
    """Write out the citations of the whole book and the list of references in the `#refs` division."""
    style = book.config.get("csl")
    arguments = ["--citeproc", f"--bibliography={book.bibliography}", "--metadata=link-citations:true"]
    arguments += [f"--csl={book.root / style}"] if style else []
    cited = json.loads(write(blocks, "json", book, arguments))["blocks"]

    # Typst's writer would ask for a bibliography of Typst's own where it meets a citation.
    def visit(node: Node) -> list[Node] | None:
        return list(node["c"][1]) if node["t"] == "Cite" else None

    return list(transform(cited, visit))


def citation_keys(book: Book) -> set[str]:
    """Give the keys of the bibliography; none without one."""
    path = book.bibliography
    if path is None:
        return set()
    reader = {".bib": "biblatex", ".bibtex": "bibtex", ".json": "csljson"}.get(path.suffix)
    if reader is None:
        raise RenderError(f"bibliography: {path.name} must be a .bib, .bibtex or .json file.")
    output, _ = run(["-f", reader, "-t", "csljson"], path.read_bytes())
    return {entry["id"] for entry in json.loads(output)}


def _document(blocks: list[Node], meta: Any) -> bytes:
    tree = {"pandoc-api-version": [1, 23, 1, 1], "meta": meta or {}, "blocks": blocks}
    return json.dumps(tree, ensure_ascii=False).encode()
