"""Names and versions of the installed distributions, read at once.

``importlib.metadata`` parses the whole metadata of each distribution, of which two lines are needed; a build
asks after every notebook, and a command before it does anything.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

# Where a distribution's folder has its metadata
_METADATA = {".dist-info": "METADATA", ".egg-info": "PKG-INFO"}
_ENOUGH = 4096  # bytes, in which name and version stand


def installed_versions(path: Sequence[str] | None = None) -> dict[str, str]:
    """Return name (in small letters) to version of every distribution on a path, ``sys.path`` without one.

    Of several of one name it is the first on the path, which is the one that is imported and whose version
    ``importlib.metadata.version`` gives.
    """
    found: dict[str, str] = {}
    for place in sys.path if path is None else path:
        for name, version in _of_place(place or "."):
            found.setdefault(name.lower(), version)
    return dict(sorted(found.items()))


def normal_name(name: str) -> str:
    """Return a distribution's name as indexes and lock files write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _of_place(place: str) -> list[tuple[str, str]]:
    try:
        names = sorted(path.name for path in Path(place).iterdir())
    except FileNotFoundError:
        return []
    except OSError:  # an archive, or what can't be read
        return _by_library(place)
    kinds = {name: Path(name).suffix.lower() for name in names}
    read = [_read(Path(place, name, _METADATA[kind])) for name, kind in kinds.items() if kind in _METADATA]
    found = [named for named in read if named is not None]
    odd = len(found) < len(read) or ".egg" in kinds.values() or place.lower().endswith(".egg")
    return _by_library(place) if odd else found


def _read(path: Path) -> tuple[str, str] | None:
    """Return name and version of a distribution, or None where they don't stand in plain sight."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_ENOUGH).decode("utf-8", "replace").replace("\r\n", "\n").partition("\n\n")[0]
    except OSError:
        return None
    # of two lines with one name the first counts
    lines = (line.partition(":") for line in reversed(head.split("\n")))
    said = {key.lower(): value.strip() for key, _, value in lines}
    return (said["name"], said["version"]) if said.get("name") and said.get("version") else None


def _by_library(place: str) -> list[tuple[str, str]]:
    from importlib.metadata import distributions

    return sorted((dist.name, dist.version) for dist in distributions(path=[place]) if dist.name)
