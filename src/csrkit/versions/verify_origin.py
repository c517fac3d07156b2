"""Whether manifest, report, RO-Crate, bill and checksums name the same inputs and files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from csrkit.versions.published import BILL, CRATE, MANIFEST, SUMS, Fault, read_sums

_HASH = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_LARGE = re.compile(r"<script.*?</script>|<svg.*?</svg>", re.DOTALL)
# Folders that the metadata describe as a whole
_WHOLE = ("site_libs/",)


def check_origin(folder: Path, manifest: Mapping[str, Any], pages: Mapping[str, str]) -> Iterator[Fault]:
    """Yield where the witnesses of a version's origin differ; what a version doesn't have is passed over."""
    yield from _check_page(manifest, pages)
    if (folder / CRATE).exists():
        yield from _check_crate(read_sums(folder), manifest, _read(folder / CRATE)["@graph"])
    if (folder / BILL).exists():
        yield from _check_bill(manifest, _read(folder / BILL))


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _hashes(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return SHA-256 to the name of the input in the manifest; the sources of the pages are no part."""
    named = {f"data {domain}": file["sha256"] for domain, file in manifest.get("inputs", {}).items()}
    named |= {"parameters": manifest["parameters"]["sha256"]}
    named |= {f"notebook {name}": digest for name, digest in manifest["notebooks"].items()}
    named |= {f"font {name}": digest for name, digest in manifest.get("fonts", {}).items()}
    named |= manifest["hashes"]
    return {digest: name for name, digest in named.items()}


def _check_page(manifest: Mapping[str, Any], pages: Mapping[str, str]) -> Iterator[Fault]:
    """The report shows the hash of every input, and none that the manifest doesn't have."""
    known = _hashes(manifest)
    shown = {page: set(_HASH.findall(_LARGE.sub("", text))) for page, text in pages.items()}
    for page, digests in shown.items():
        for digest in sorted(digests - set(known)):
            yield Fault(page, f"shows the SHA-256 {digest[:8]}…, which {MANIFEST} doesn't have")
    everything = set().union(*shown.values())
    if everything:
        for digest in sorted(set(known) - everything, key=known.__getitem__):
            yield Fault(MANIFEST, f"{known[digest]}: the report shows another SHA-256 or none")


def _check_crate(
    sums: Mapping[str, str], manifest: Mapping[str, Any], graph: list[dict[str, Any]]
) -> Iterator[Fault]:
    """The metadata name every file with its hash, and every input with the manifest's."""
    files = {unquote(node["@id"]): node.get("sha256") for node in graph if node["@type"] == "File"}
    for name, digest in sums.items():
        if name == CRATE or name.startswith(_WHOLE):
            continue
        if name not in files:
            yield Fault(CRATE, f"doesn't name {name}")
        elif files[name] != digest:
            yield Fault(CRATE, f"{name} has another SHA-256 here than in {SUMS}")
    for name in sorted(set(files) - set(sums) - {SUMS}):
        yield Fault(CRATE, f"names {name}, which {SUMS} doesn't")
    inputs = {node["sha256"] for node in graph if node["@id"].startswith("#") and "sha256" in node}
    for digest, name in _hashes(manifest).items():
        if digest not in inputs:
            yield Fault(CRATE, f"{name} has another SHA-256 here than in {MANIFEST}, or none")


def _check_bill(manifest: Mapping[str, Any], bill: Mapping[str, Any]) -> Iterator[Fault]:
    """The bill has the versions of the manifest's packages."""
    known = {re.sub(r"[-_.]+", "-", name): v for name, v in manifest["environment"]["packages"].items()}
    for component in bill["components"]:
        name, version = component["name"], component["version"]
        if component["type"] == "library" and known.get(name) != version:
            yield Fault(BILL, f"{name} is {version} here and {known.get(name, 'absent')} in {MANIFEST}")
