"""Installed packages: an input of every number, and whether they are those of the lock file."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

# Names and versions of the installed distributions, read at once.
#
# `importlib.metadata` parses the whole metadata of each distribution, of which two lines are needed; a
# build asks after every notebook, and a command before it does anything.

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


# The lock file: which packages the program needs, in which versions, from which files.

PACKAGE = "itpcsr"


@dataclass
class Locked:
    """A package of the lock file: what it needs, and by version its files with their hashes.

    A lock file for several interpreters may hold several versions of one package. The files are the
    wheels, or the sources of a package without wheels.
    """

    needs: set[str] = field(default_factory=set)
    files: dict[str, list[Mapping[str, str]]] = field(default_factory=dict)


def read_lock(lock: Path) -> dict[str, Locked]:
    """Return the packages of a ``uv.lock`` by name; groups for development are left out."""
    return _read_locked(lock.read_text(encoding="utf-8"))


@lru_cache(maxsize=2)
def _read_locked(text: str) -> dict[str, Locked]:
    found: dict[str, Locked] = {}
    for package in tomllib.loads(text)["package"]:
        locked = found.setdefault(package["name"], Locked())
        locked.needs |= {need["name"] for need in _all_needs(package)}
        sources = [package["sdist"]] if "sdist" in package else []
        locked.files[package["version"]] = package.get("wheels", sources)
    return found


def _all_needs(package: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what a package needs, with its extras: what isn't installed isn't listed anyway."""
    yield from package.get("dependencies", [])
    for extra in package.get("optional-dependencies", {}).values():
        yield from extra


def needed(locked: Mapping[str, Locked], name: str) -> set[str]:
    """Return a package and all that it needs, directly or through others."""
    found, waiting = set(), [name]
    while waiting:
        if (package := waiting.pop()) not in found:
            found.add(package)
            waiting += locked.get(package, Locked()).needs
    return found


# Installed distributions: an input of every number, and whether they are those of the lock file.

_OTHER = "other_than_locked"


def environment(lock: Path) -> dict[str, Any]:
    """Return the interpreter, the version of every installed package, and which aren't the locked ones.

    ``other_than_locked`` holds, for a package installed in another version, both; it stands only where there
    is one.
    """
    found = installed()
    if other := _other_than_locked(found["packages"], lock):
        found[_OTHER] = other
    return found


def installed() -> dict[str, Any]:
    """Return the version of the interpreter (``python``) and of every installed package (``packages``)."""
    return {"python": platform.python_version(), "packages": installed_versions()}


def _other_than_locked(packages: Mapping[str, str], lock: Path) -> dict[str, dict[str, str]]:
    locked = read_lock(lock) if lock.exists() else {}
    return {
        name: {"installed": version, "locked": " or ".join(sorted(locked[normal_name(name)].files))}
        for name, version in sorted(packages.items())
        if normal_name(name) in locked and version not in locked[normal_name(name)].files
    }


def say_other_than_locked(found: Mapping[str, Any]) -> str:
    """Return a sentence on an environment whose packages aren't the locked ones, or "" where all are."""
    other = found.get(_OTHER, {})
    texts = [f"{name} {said['installed']} (locked: {said['locked']})" for name, said in other.items()]
    return f"Installed isn't what uv.lock names: {', '.join(texts)}. `make` installs it." if texts else ""


def hash_environment(found: Mapping[str, Any], lock: Path) -> str:
    """Return one SHA-256 over the interpreter's version and those of the packages that the program needs.

    By the lock file, directly or through others, so that tools for development beside them make no other
    environment; without a lock file all that is installed.
    """
    names = needed(read_lock(lock), PACKAGE) if lock.exists() else None
    packages = {
        name: version
        for name, version in found["packages"].items()
        if names is None or normal_name(name) in names
    }
    text = json.dumps([found["python"], packages], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def version_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return a phrase for the interpreter and each package whose version two environments differ in."""
    before = {"Python": old.get("python"), **_named(old)}
    after = {"Python": new.get("python"), **_named(new)}
    return [*_changes(before, after)]


def _named(found: Mapping[str, Any]) -> dict[str, Any]:
    return {f"package {name}": version for name, version in found.get("packages", {}).items()}


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(set(before) | set(after)):
        if before.get(name) != after.get(name):
            yield f"{name} was {before.get(name, 'absent')} and is {after.get(name, 'absent')} now"
