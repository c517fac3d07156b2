"""Which versions have been published, from their manifests, and the list of them that their pages show.

A published version never changes, so the list can't be in it: it lies beside the versions, and each page
loads it where it is there.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from csrkit.inputs.hashes import file_hash
from csrkit.versions.page_reading import report_pages
from csrkit.versions.published import MANIFEST, SUMS, read_manifest

COMPARISONS = "comparisons"  # the folder beside the versions; in it <old>--<new>
STAMP = "comparison.json"  # in a comparison's folder: which versions it is about
_LIST = "versions.js"


@dataclass(frozen=True)
class Version:
    """A published version: its folder and its manifest."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def marks(self) -> dict[str, str]:
        """Return short marks of data, parameters and code; the same marks mean the same inputs."""
        hashes = self.manifest.get("hashes", {})
        data = [value for name, value in hashes.items() if name.startswith("data ")]
        parameters = self.manifest.get("parameters", {}).get("sha256", "")
        return {"data": _mark(data), "parameters": parameters[:8], "code": hashes.get("code", "")[:8]}

    @property
    def title(self) -> str:
        """Name report, version, status and data, for example ``demo 1.0.0 (draft), all records``."""
        told = self.manifest
        cut = told.get("data_cutoff")
        data = f"data to {cut}" if cut else "all records"
        return f"{told.get('report')} {told.get('version')} ({told.get('status')}), {data}"


def _mark(digests: list[str]) -> str:
    """Return eight digits of the exclusive or of all digests, which doesn't depend on their order."""
    total = 0
    for digest in digests:
        total ^= int(digest, 16)
    return f"{total:064x}"[:8] if digests else ""


def list_versions(output: Path) -> list[Version]:
    """Return the published versions in a folder by report and version number; none is an empty list."""
    folders = [path.parent for path in output.glob(f"*/{MANIFEST}") if not path.parent.name.startswith(".")]
    versions = [Version(folder, read_manifest(folder)) for folder in folders]
    return sorted(versions, key=lambda version: (str(version.manifest.get("report")), _number(version)))


def _number(version: Version) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", str(version.manifest.get("version", "")))]


def previous_version(version: Path) -> Path | None:
    """Return the version of the same report and folder that was numbered before this one, or None."""
    versions = list_versions(version.parent)
    own = next(item for item in versions if item.folder.name == version.name)
    before = [
        item.folder
        for item in versions
        if item.manifest.get("report") == own.manifest.get("report") and _number(item) < _number(own)
    ]
    return before[-1] if before else None


def stamp(old: Path, new: Path) -> dict[str, str]:
    """Return what tells two versions apart from later ones of the same names (a draft is replaced)."""
    return {
        "old": old.name,
        "old_sums": file_hash(old / SUMS),
        "new": new.name,
        "new_sums": file_hash(new / SUMS),
    }


def list_comparisons(output: Path) -> list[dict[str, str]]:
    """Return the comparisons in a folder of versions that are about the versions as they are now."""
    found = []
    for path in sorted(output.glob(f"{COMPARISONS}/[!.]*/{STAMP}")):
        told = json.loads(path.read_text(encoding="utf-8"))
        old, new = output / told["old"], output / told["new"]
        if all((folder / SUMS).exists() for folder in (old, new)) and stamp(old, new) == told:
            found.append({"old": old.name, "new": new.name})
    return found


def write_version_list(output: Path) -> Path:
    """Write ``versions.js`` beside the versions, in one step: all that is there now, and the comparisons.

    It is a script, since browsers refuse other files on ``file://``.
    """
    versions = [
        {
            "folder": version.folder.name,
            "report": version.manifest.get("report"),
            "title": version.title,
            "pages": [page.relative_to(version.folder).as_posix() for page in report_pages(version.folder)],
        }
        for version in list_versions(output)
    ]
    history = {"versions": versions, "comparisons": list_comparisons(output)}
    text = json.dumps(history, ensure_ascii=False, indent=1)
    handle, name = tempfile.mkstemp(prefix=f".{_LIST}.", dir=output)
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
        stream.write(f"window.csrVersions?.({text});\n")
    Path(name).chmod(0o644)
    return Path(name).replace(output / _LIST)
