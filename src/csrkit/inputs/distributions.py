"""Installed distributions: an input of every number, and whether they are those of the lock file."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from csrkit.inputs.installed import installed_versions, normal_name
from csrkit.inputs.lock_file import PACKAGE, needed, read_lock

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
