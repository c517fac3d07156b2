"""The lock file: which packages the program needs, in which versions, from which files."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

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
