"""What a version was made from, as a part of the report: the manifest for readers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib.metadata import requires
from pathlib import Path
from typing import Any

from csrkit.inputs.installed import normal_name
from csrkit.render.render import renderer_title
from csrkit.tables import escape
from csrkit.versions.published import BILL, CRATE, INPUTS, MANIFEST, SUMS

# What the report's appendix includes; it stands outside ``results/``, since it is no display.
PATH = Path("lists/provenance.qmd")
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
    path = project / PATH
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
