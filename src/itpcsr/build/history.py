"""Which versions have been published, from their manifests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from itpcsr.build.published import MANIFEST, read_manifest


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
