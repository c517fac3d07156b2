"""The report's sources: the book project, its pages with includes expanded, and their faults."""

import datetime
import hashlib
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from csrkit.errors import RenderError
from csrkit.tables.escape import without_markdown

# Faults in the report's sources: where each stands, and one error for all of them.


@dataclass(frozen=True, order=True)
class Origin:
    """A place in a source file: the path from the project's root, and the line counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        """Write the place as editors read it: ``report/02-synopsis.qmd:7``."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, order=True)
class Fault:
    """What is wrong at one place, and what is allowed there."""

    origin: Origin
    text: str


def raise_faults(faults: Iterable[Fault]) -> None:
    """Raise one RenderError that lists every fault once, in the order of the files; none: return."""
    found = sorted(set(faults))
    if found:
        count = "1 fault" if len(found) == 1 else f"{len(found)} faults"
        lines = "\n".join(f"  {fault.origin}: {fault.text}" for fault in found)
        raise RenderError(f"{count} in the report's sources:\n{lines}")


# The book project as `_quarto.yml`, `_variables.yml` and the extension describe it.

EXTENSION = "_extensions/csr"


@dataclass(frozen=True)
class Book:
    """A book project: its folder, the two YAML files as read, and the chapters' paths in order."""

    root: Path
    config: dict[str, Any]
    variables: dict[str, Any]
    chapters: tuple[str, ...]

    @property
    def title(self) -> str:
        """The book's title as plain text."""
        return self.text("title", self.config["book"])

    @property
    def stem(self) -> str:
        """The name of the PDF and the Word file without its ending."""
        return str(self.config["book"].get("output-file", "csr"))

    @property
    def lang(self) -> str:
        """The language of the text, for example ``en`` or ``en-GB``."""
        return str(self.config.get("lang", "en"))

    @property
    def output(self) -> Path:
        """The folder that the rendered report is put in."""
        return self.root / str(self.config["project"].get("output-dir", "_book"))

    @property
    def documents(self) -> tuple[str, str]:
        """The names of the PDF and the Word file."""
        return f"{self.stem}.pdf", f"{self.stem}.docx"

    @property
    def bibliography(self) -> Path | None:
        """The file with the references, or None when the report cites nothing."""
        name = self.config.get("bibliography")
        return self.root / name if name else None

    @property
    def style(self) -> Path | None:
        """The file with the style of citations, or None where it is pandoc's own."""
        name = self.config.get("csl")
        return self.root / name if name else None

    @property
    def moment(self) -> datetime.datetime:
        """UTC midnight of the book's date: the only clock that the rendering knows."""
        day = datetime.date.fromisoformat(str(self.config["book"]["date"]))
        return datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC)

    def text(self, key: str, values: dict[str, Any] | None = None) -> str:
        """Give a value of `_quarto.yml`, whose texts are Markdown, as plain text; "" when it is absent."""
        return without_markdown(str((self.config if values is None else values).get(key, "")))

    def options(self, name: str) -> dict[str, Any]:
        """Give the options of one output format; a format that is absent or `default` has none."""
        found = self.config.get("format", {}).get(name)
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class Assets:
    """The scripts and style sheets that the extension's filter names: name, version, files."""

    name: str
    version: str
    scripts: tuple[str, ...]
    stylesheets: tuple[str, ...]


def read_book(root: Path) -> Book:
    """Read the project in the folder `root`.

    Raises RenderError when a file is missing or isn't YAML, or when `_quarto.yml` lacks what the
    report needs; all such faults are listed at once.
    """
    config = _read_yaml(root / "_quarto.yml")
    variables = root / "_variables.yml"
    raise_faults(_config_faults(root, config))
    return Book(
        root=root,
        config=config,
        variables=_read_yaml(variables) if variables.exists() else {},
        chapters=tuple(config["book"]["chapters"]),
    )


def read_assets(root: Path) -> Assets:
    """Read the names of scripts and style sheets from the extension's `csr.lua`.

    The filter stays the one place where they are named, since Quarto can't read them from elsewhere.
    """
    path = root / EXTENSION / "csr.lua"
    if not path.exists():
        raise RenderError(f"{EXTENSION}/csr.lua: not found; the project needs the report's extension.")
    text = path.read_text(encoding="utf-8")
    return Assets(
        name="".join(_lua_strings(text, "name")),
        version="".join(_lua_strings(text, "version")),
        scripts=_lua_strings(text, "scripts"),
        stylesheets=_lua_strings(text, "stylesheets"),
    )


def _lua_strings(text: str, key: str) -> tuple[str, ...]:
    found = re.search(rf"\b{key}\s*=\s*(\{{[^}}]*\}}|\"[^\"]*\")", text)
    return tuple(re.findall(r'"([^"]*)"', found[1])) if found else ()


def _read_yaml(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise RenderError(f"{path.name}: not found in {path.parent}.")
    try:
        # libyaml reads the values of a report's sentences in a quarter of the time
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise RenderError(f"{path.name}: not valid YAML: {error}") from error
    if not isinstance(content or {}, dict):
        raise RenderError(f"{path.name}:1: holds no keys; expected `key: value` lines.")
    return content or {}


def _config_faults(root: Path, config: dict[str, Any]) -> list[Fault]:
    text = (root / "_quarto.yml").read_text(encoding="utf-8")
    faults: list[Fault] = []

    def fault(key: str, message: str) -> None:
        before = re.split(rf"^\s*{re.escape(key)}:", text, maxsplit=1, flags=re.MULTILINE)[0]
        line = before.count("\n") + 1 if before != text else 1
        faults.append(Fault(Origin("_quarto.yml", line), message))

    book = config.get("book") or {}
    project = config.get("project") or {}
    if project.get("type") != "book":
        fault("type", "project.type must be `book`.")
    if not book.get("title"):
        fault("title", "book.title is missing.")
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", str(book.get("date"))):
        fault("date", f"book.date is `{book.get('date')}`; a date like 2026-11-23 is needed.")
    if config.get("number-sections") is not True:
        fault("number-sections", "number-sections must be true: references quote section numbers.")
    if not str(config.get("lang", "en")).startswith("en"):
        fault("lang", f"lang is `{config['lang']}`; the embedded renderer writes English captions only.")
    output = (root / project.get("output-dir", "_book")).resolve()
    if output == root.resolve() or not output.is_relative_to(root.resolve()):
        fault("output-dir", "project.output-dir must be a folder inside the project.")
    chapters = book.get("chapters") or []
    if not chapters or chapters[0] != "index.qmd":
        fault("chapters", "book.chapters must be a list that begins with index.qmd.")
    for chapter in chapters:
        if not isinstance(chapter, str):
            fault("chapters", f"book.chapters: `{chapter}`: only paths of pages are allowed, no parts.")
        elif not (root / chapter).is_file():
            fault("chapters", f"book.chapters: {chapter} does not exist.")
    bibliography = config.get("bibliography")
    if bibliography is not None and not (isinstance(bibliography, str) and (root / bibliography).is_file()):
        fault("bibliography", f"bibliography: `{bibliography}` must name one file of the project.")
    return faults


# Pages as written: shortcodes and includes expanded, with the origin of every line kept.

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
