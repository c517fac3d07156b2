"""The lists that a version's pages show: its displays, its abbreviations, and what it was made from."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import requires
from pathlib import Path
from typing import Any

from pydantic import Field

from csrkit.inputs.packages import normal_name
from csrkit.parameters.validation import Strict, read_yaml, validate
from csrkit.publish.fragments import Display
from csrkit.publish.variables import look_up
from csrkit.render.render import renderer_title
from csrkit.tables import escape
from csrkit.tables.table import Table
from csrkit.tables.words import capitalize
from csrkit.versions.published import BILL, CRATE, INPUTS, MANIFEST, SUMS

# The list of tables and figures, in the order in which the report's pages show them.

# What report pages include; it stands outside ``results/``, since it is no display itself.
DISPLAYS_PATH = Path("lists/displays.qmd")
_INCLUDE = re.compile(r"\{\{<\s*include\s+/results/[\w.-]+/([\w-]+)\.qmd\s*>\}\}")
_HEAD = (
    "| Display | What it shows and in which set of subjects |\n"
    "|:----------------|:--------------------------------------------------------------|\n"
)


def write_display_list(project: Path, chapters: Sequence[str], displays: Sequence[Display]) -> None:
    """Write the list as a fragment: a reference to each display and its caption.

    ``chapters`` are the pages in their order; only displays that one of them includes are listed.
    """
    captions = {display.label: display.caption for display in displays}
    lines = []
    for label in shown_labels(project, chapters):
        if caption := captions.get(label, ""):
            lines.append(f"| @{label} | {escape.markdown(caption)} |")
    path = project / DISPLAYS_PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_HEAD + "\n".join(lines) + "\n", encoding="utf-8")


def shown_labels(project: Path, chapters: Sequence[str]) -> list[str]:
    """Return the labels of the displays that the pages include, in the order of the report."""
    pages = [(project / chapter).read_text(encoding="utf-8") for chapter in chapters]
    return [label for page in pages for label in _INCLUDE.findall(page)]


# The list of abbreviations: those that the version's words, tables and charts use, from a glossary.

GLOSSARY = Path("report/abbreviations.yml")
ABBREVIATIONS_PATH = Path("lists/abbreviations.qmd")
_ABBREVIATIONS_HEAD = (
    "| Abbreviation | Meaning |\n"
    "|:-------------------|:------------------------------------------------------------|\n"
)
_VARIABLE = re.compile(r"\{\{<\s*var\s+([\w.]+)\s*>\}\}")
# What a page holds beside words: raw blocks, shortcodes, attributes, code, references and citations.
_NO_WORDS = re.compile(
    r"^(`{3,}).*?^\1|\{\{<.*?>\}\}|\{[#.][^}\n]*\}|`[^`\n]*`|(?<![\w.])-?@[\w:.-]*\w|https?://\S+",
    re.MULTILINE | re.DOTALL,
)
_SVG_TEXT = re.compile(r"<text\b[^>]*>(.*?)</text>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_TOKEN = re.compile(r"[A-Za-z0-9]+")


class Glossary(Strict):
    """Abbreviations with their meaning, and words that only look like abbreviations.

    Both are found as they are written, not within other words; an ``s`` of the plural may follow. Of words
    that begin at the same place the longest counts: HLA isn't sought within HLA-DR.
    """

    abbreviations: dict[str, str] = Field(min_length=1)
    names: list[str] = Field(default_factory=list)

    def used(self, texts: Iterable[str]) -> list[str]:
        """Return the abbreviations that the texts use, and those that their meanings use, by the alphabet."""
        found: set[str] = set()
        new = self._in("\n".join(texts))
        while new:
            found |= new
            new = self._in("\n".join(self.abbreviations[name] for name in new)) - found
        return sorted(found, key=lambda name: (name.casefold(), name))

    def unknown(self, texts: Iterable[str]) -> list[str]:
        """Return the words that look like abbreviations and stand neither among them nor among the names.

        A word looks like one with two capitals, or with a capital and a digit; with four digits it is the
        number of a study.
        """
        rest = self._pattern().sub(" ", "\n".join(texts))
        return sorted({word for word in _TOKEN.findall(rest) if _looks_abbreviated(word)})

    def _in(self, text: str) -> set[str]:
        return {found[1] for found in self._pattern().finditer(text) if found[1] in self.abbreviations}

    def _pattern(self) -> re.Pattern[str]:
        known = sorted({*self.abbreviations, *self.names}, key=len, reverse=True)
        return re.compile(rf"(?<![A-Za-z0-9])({'|'.join(map(re.escape, known))})s?(?![A-Za-z0-9])")


def _looks_abbreviated(word: str) -> bool:
    capitals = sum(sign.isupper() for sign in word)
    digits = sum(sign.isdigit() for sign in word)
    return digits < 4 and (capitals > 1 or (capitals == 1 and digits > 0))


def read_glossary(path: Path) -> Glossary:
    """Read and validate a glossary; ParameterError names file, key and what is allowed."""
    return validate(Glossary, read_yaml(path), path)


def write_abbreviations(
    project: Path, chapters: Sequence[str], displays: Sequence[Display], values: Mapping[str, Any]
) -> None:
    """Write the list as a fragment, from the project's pages and fragments and the values that they quote."""
    glossary = read_glossary(project / GLOSSARY)
    names = glossary.used(words_of(project, chapters, displays, values))
    lines = [
        f"| {escape.markdown(name)} | {escape.markdown(capitalize(glossary.abbreviations[name]))} |\n"
        for name in names
    ]
    path = project / ABBREVIATIONS_PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_ABBREVIATIONS_HEAD + "".join(lines), encoding="utf-8")


def words_of(
    project: Path, chapters: Sequence[str], displays: Sequence[Display], values: Mapping[str, Any]
) -> Iterator[str]:
    """Yield what a reader of the assembled version reads: pages, lists, displays and the words of charts."""
    lists = [
        path for path in sorted((project / "lists").glob("*.qmd")) if path.name != ABBREVIATIONS_PATH.name
    ]
    for path in [*(project / chapter for chapter in chapters), *lists]:
        yield page_words(path.read_text(encoding="utf-8"), values)
    shown = set(shown_labels(project, chapters))
    for display in displays:
        if display.label in shown:
            yield from _display_words(display)
            drawing = project / "results" / display.notebook / f"{display.label}.svg"
            if drawing.exists():
                yield _drawn_words(drawing.read_text(encoding="utf-8"))


def page_words(page: str, values: Mapping[str, Any]) -> str:
    """Return a page's words, with the values that it quotes and without markup."""
    filled = _VARIABLE.sub(lambda found: str(look_up(values, found[1].split(".")) or ""), page)
    return _NO_WORDS.sub(" ", filled)


def _display_words(display: Display) -> Iterator[str]:
    yield from (display.caption, display.alternative)
    if display.prose is not None:
        yield display.prose.absent
        for passage in display.prose.passages:
            yield from (passage.heading, *passage.paragraphs)
    if display.table is not None:
        yield from _table_words(display.table)


def _table_words(table: Table) -> Iterator[str]:
    yield from (table.stub, table.absent, *table.notes)
    for header in table.headers:
        yield from (header.spanner, header.label)
    for row in table.rows:
        yield from (row.label, *row.cells)


def _drawn_words(svg: str) -> str:
    return "\n".join(html.unescape(_TAG.sub(" ", text)) for text in _SVG_TEXT.findall(svg))


# What a version was made from, as a part of the report: the manifest for readers.

# What the report's appendix includes; it stands outside ``results/``, since it is no display.
PROVENANCE_PATH = Path("lists/provenance.qmd")
_PACKAGE = "itpcsr"
_WORDS = f"""\
**Provenance of this version.** The tables name what this version was made from. A SHA-256 is the
fingerprint of a file: the same bytes have the same one, and the command `sha256sum` prints it. The
fingerprints of what was made cannot stand here, since this page is part of it; they are in `{SUMS}`.
`{MANIFEST}` says for machines what these tables say, with the sources of the report's words and look and
all packages; `{CRATE}` links inputs with outputs, and `{BILL}` is the bill of materials of the software.
"""


def write_provenance(project: Path, manifest: Mapping[str, Any]) -> None:
    """Write the fragment: version and software in words, then each input with its SHA-256."""
    data = {f"{domain}: {file['file']}": file["sha256"] for domain, file in manifest["inputs"].items()}
    own = manifest["parameters"]
    code = {f"Parameters of this version: {own['file']}": own["sha256"]}
    code |= {text: manifest["hashes"][name] for name, text in INPUTS.items() if name in manifest["hashes"]}
    fonts = {f"Font of PDF and charts: {name}": digest for name, digest in manifest["fonts"].items()}
    parts = (
        _WORDS,
        _table(("Item", "Entry"), ((name, escape.markdown(text)) for name, text in _facts(manifest).items())),
        _hash_table("Domain and file of the data", data),
        _hash_table("Parameters and program", code | fonts),
        _hash_table("Notebook", manifest["notebooks"]),
    )
    path = project / PROVENANCE_PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(parts), encoding="utf-8")


def _facts(manifest: Mapping[str, Any]) -> dict[str, str]:
    return {
        "Report": f"{manifest['report']}, version {manifest['version']} ({manifest['status']})",
        "Date": manifest["date"],
        "Data cut-off": manifest["data_cutoff"] or "none: all records",
        "Program": manifest["package"],
        "Interpreter": f"Python {manifest['environment']['python']}",
        **_rendering(manifest),
        **_other_packages(manifest["environment"]),
        "Main packages": ", ".join(_main_packages(manifest["environment"]["packages"])),
    }


def _rendering(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return who rendered what, and the standards that the PDF was made to conform to."""
    renderer = manifest["renderer"]
    standards = ", ".join(manifest.get("pdf_standards", []))
    return {
        "Renderer": renderer_title(renderer, manifest.get("word_renderer", renderer)),
        "Standards of the PDF": standards or "none",
    }


def _other_packages(environment: Mapping[str, Any]) -> dict[str, str]:
    """Return which packages were installed in another version than the lock file names, if any."""
    other = environment.get("other_than_locked", {})
    texts = [f"{name} {said['installed']} (locked: {said['locked']})" for name, said in other.items()]
    return {"Packages other than the lock file names": ", ".join(texts)} if texts else {}


def _main_packages(installed: Mapping[str, str]) -> list[str]:
    """Return name and version of the packages that the program itself names as its needs."""
    names = {normal_name(re.split(r"[^\w.-]", text)[0]) for text in requires(_PACKAGE) or []}
    return [f"{name} {version}" for name, version in installed.items() if normal_name(name) in names]


def _hash_table(head: str, hashes: Mapping[str, str]) -> str:
    """Return a table of names, which may be those of any files, and hashes."""
    return _table((head, "SHA-256"), ((name, f"`{digest}`") for name, digest in hashes.items()))


def _table(heads: tuple[str, str], lines: Iterable[tuple[str, str]]) -> str:
    rows = (f"| {escape.markdown(name)} | {text} |" for name, text in lines)
    widths = "|:-----------------|:------------------------------------------------|"
    return "\n".join((f"| {heads[0]} | {heads[1]} |", widths, *rows, ""))
