"""Bring a folder to hold exactly some files; what is the same stays untouched."""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path


def mirror(files: Mapping[str, bytes | Path], folder: Path, removable: Collection[str] | None = None) -> None:
    """Write the files into a folder by their names, and remove whatever else it holds.

    A file is given by its content, or by another file to copy. One whose content is the same isn't written.
    ``removable`` are the names of the only files that may be removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if removable is None:
        _remove_others(folder, {folder / name for name in files})
    for name in set(removable or ()) - files.keys():
        (folder / name).unlink(missing_ok=True)
    for name, given in files.items():
        write_changed(folder / name, given.read_bytes() if isinstance(given, Path) else given)


def replace_changed(new: Path, folder: Path, keep: AbstractSet[str] = frozenset()) -> None:
    """Put a folder into another's place: files that are the same stay as they are.

    ``keep`` are names in the old folder that stay there in any case. The new folder is used up.
    """
    files = {path.relative_to(new): path for path in new.rglob("*") if path.is_file()}
    folder.mkdir(parents=True, exist_ok=True)
    _remove_others(folder, {folder / name for name in files}, keep)
    for name, path in files.items():
        target = folder / name
        if not (target.is_file() and filecmp.cmp(path, target, shallow=False)):
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
    shutil.rmtree(new)


def write_changed(path: Path, content: bytes) -> None:
    """Write a file where its content isn't the same already; its folder is made."""
    try:
        if path.read_bytes() == content:
            return
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _remove_others(folder: Path, kept: set[Path], names: AbstractSet[str] = frozenset()) -> None:
    """Remove files and links that aren't among those kept, and the folders that become empty."""
    folders = {parent for path in kept for parent in path.parents}
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.relative_to(folder).parts[0] in names:
            continue
        if path.is_dir() and not path.is_symlink():
            if path not in folders:
                path.rmdir()
        elif path not in kept:
            path.unlink()
