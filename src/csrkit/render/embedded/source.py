"""Pages as written: shortcodes and includes expanded, with the origin of every line kept."""

import hashlib
import posixpath
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from csrkit.render.embedded.book import Book
from csrkit.render.embedded.faults import Fault, Origin

# A page break survives parsing as a paragraph of this private character alone.
PAGE_BREAK = "\ue000"
SHORTCODE = re.compile(r"(\{{2,})<\s*(.*?)\s*>\}{2,}")


class Line(NamedTuple):
    """One line of a page after expansion, and where its text was written."""

    text: str
    origin: Origin


@dataclass(frozen=True)
class Source:
    """A page after expansion; `number` is its chapter number, counted from 1."""

    path: str
    number: int
    lines: tuple[Line, ...]

    @cached_property
    def text(self) -> str:
        """The whole page."""
        return "\n".join(line.text for line in self.lines) + "\n"

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the whole page's text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def where(self, pattern: str) -> list[Origin]:
        """Find the origins of all lines that match; none: the page's first line."""
        found = [line.origin for line in self.lines if re.search(pattern, line.text)]
        return found or [Origin(self.path, 1)]


def expand(book: Book, path: str, number: int) -> tuple[Source, list[Fault]]:
    """Expand the shortcodes of the page `path`; faults are collected, and their text left out."""
    expander = _Expander(book, path)
    lines = expander.file(path, ())
    return Source(path, number, tuple(lines)), expander.faults


class _Expander:
    """Expands one page; included files resolve their paths against the including page, as in Quarto."""

    def __init__(self, book: Book, page: str) -> None:
        self.book = book
        self.page = page
        self.faults: list[Fault] = []

    def file(self, path: str, including: tuple[str, ...]) -> list[Line]:
        try:
            text = (self.book.root / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            self.faults.append(Fault(Origin(path, 1), "is not UTF-8 text."))
            return []
        lines: list[Line] = []
        # pandoc ends lines here alone, and so does this: otherwise other signs in a text could begin one
        for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
            lines += self.line(line, Origin(path, number), (*including, path))
        return lines

    def line(self, text: str, origin: Origin, including: tuple[str, ...]) -> list[Line]:
        if "{{<" not in text and ">}}" not in text:
            return [Line(text, origin)]
        alone = SHORTCODE.fullmatch(text.strip())
        words = alone[2].split() if alone else []
        if words[:1] == ["include"] and len(words) == 2:
            return self.include(words[1], origin, including)
        if words == ["pagebreak"]:
            return [Line(part, origin) for part in ("", PAGE_BREAK, "")]
        expanded = SHORTCODE.sub(lambda found: self.value(found, origin), text)
        if re.search(r"\{\{<|>\}\}", expanded):
            self.faults.append(Fault(origin, "a shortcode must open `{{<` and close `>}}` on one line."))
        return [Line(part, origin) for part in expanded.split("\n")]

    def include(self, target: str, origin: Origin, including: tuple[str, ...]) -> list[Line]:
        path = resolve(self.page, target)
        if path is None or not (self.book.root / path).is_file():
            self.faults.append(Fault(origin, f"include: {target} does not exist in the project."))
            return []
        if path in including:
            self.faults.append(Fault(origin, f"include: {target} includes itself."))
            return []
        return [Line("", origin), *self.file(path, including), Line("", origin)]

    def value(self, found: re.Match[str], origin: Origin) -> str:
        name, *arguments = found[2].split() or [""]
        if len(found[1]) == 2 and name in ("var", "meta") and len(arguments) == 1:
            tree = self.book.variables if name == "var" else self.book.config
            text = lookup(tree, arguments[0])
            if text is not None:
                return text
            file = "_variables.yml" if name == "var" else "_quarto.yml"
            self.faults.append(Fault(origin, f"{name}: `{arguments[0]}` is no value of {file}."))
        else:
            self.faults.append(
                Fault(
                    origin,
                    f"shortcode `{found[0]}` is not allowed here; allowed are `var KEY` and `meta KEY` in a"
                    " text, `include PATH` and `pagebreak` alone on their line.",
                )
            )
        return ""


def resolve(page: str, target: str) -> str | None:
    """Turn a path as written on `page` into one from the project's root; None when it leads outside."""
    joined = target.lstrip("/") if target.startswith("/") else f"{posixpath.dirname(page)}/{target}"
    path = posixpath.normpath(joined.lstrip("/"))
    return None if path.startswith("..") else path


def lookup(tree: dict[str, Any], key: str) -> str | None:
    """Give the text of a dotted key, with true and false in YAML's spelling; None when there is none."""
    node: Any = tree
    for part in key.split("."):
        node = node.get(part) if isinstance(node, dict) else None
    if node is None or isinstance(node, dict | list):
        return None
    return str(node).lower() if isinstance(node, bool) else str(node)
