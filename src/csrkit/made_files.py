"""What was made before: kept beside all that it was made from, and brought to a folder unchanged."""

from __future__ import annotations

import filecmp
import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Collection, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

# What was made before, kept beside all that it was made from, so that it isn't made again.

_DIGEST = hashlib.sha256().digest_size


class Memo:
    """A folder of results by the SHA-256 of what they follow from, among it always ``common``.

    ``common`` is what everything depends on, such as the program and its packages. Without a folder nothing
    is kept and everything is made. Several threads may use it at once.
    """

    def __init__(self, folder: Path | None = None, common: str = "") -> None:
        """Use a folder, which is made when first needed; what it holds of other programs isn't found."""
        self._folder = folder
        self._common = common
        self._used: set[str] = set()

    def content(self, kind: str, inputs: Any, make: Callable[[], bytes]) -> bytes:
        """Return what ``make`` returned for these inputs, or call it.

        ``inputs`` tell by their ``repr`` all that ``kind``'s result depends on beside what is common: texts,
        numbers, lists, dicts and data classes of them, no sets.
        """
        name = self._name(kind, inputs)
        kept = self._read(name)
        if kept is None:
            kept = make()
            self._write(name, kept)
        self._used.add(name)
        return kept

    def text(self, kind: str, inputs: Any, make: Callable[[], str]) -> str:
        """Return the same for a text."""
        return self.content(kind, inputs, lambda: make().encode()).decode()

    def knows(self, kind: str, inputs: Any) -> bool:
        """Say whether a result for these inputs is at hand, which then stays so."""
        name = self._name(kind, inputs)
        known = self._read(name) is not None
        if known:
            self._used.add(name)
        return known

    def forget_unused(self) -> None:
        """Remove the results that nobody asked for since this was made."""
        if self._folder is None or not self._folder.exists():
            return
        for path in self._folder.iterdir():
            if path.name not in self._used:
                path.unlink()

    def _name(self, kind: str, inputs: Any) -> str:
        text = repr((self._common, inputs))
        return f"{kind}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"

    def _read(self, name: str) -> bytes | None:
        """Return a result that is whole; what a crash or a full disk cut off is made again."""
        if self._folder is None:
            return None
        try:
            kept = (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None
        digest, content = kept[:_DIGEST], kept[_DIGEST:]
        return content if hashlib.sha256(content).digest() == digest else None

    def _write(self, name: str, content: bytes) -> None:
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        new = self._folder / f".{name}.{os.getpid()}.{threading.get_ident()}"
        new.write_bytes(hashlib.sha256(content).digest() + content)
        new.replace(self._folder / name)


# Bring a folder to hold exactly some files; what is the same stays untouched.


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
