"""The book project as `_quarto.yml`, `_variables.yml` and the extension describe it."""

import datetime
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from csrkit.errors import RenderError
from csrkit.render.embedded.faults import Fault, Origin, raise_faults
from csrkit.tables.escape import without_markdown

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
