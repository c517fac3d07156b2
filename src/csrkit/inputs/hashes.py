"""SHA-256 of files, texts and notebooks, and inputs as they were when a build opened them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from csrkit.errors import PublishError
from csrkit.inputs.packages import installed, version_changes
from csrkit.inputs.plain_notebook import plain_text

# SHA-256 of files and texts.


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def text_hash(text: str) -> str:
    """Return the SHA-256 of a text as UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def hash_files(
    root: Path, paths: Iterable[Path], hash_of: Callable[[Path], str] = file_hash
) -> dict[str, str]:
    """Return path (relative to the root) to SHA-256, in order of the paths."""
    return {path.relative_to(root).as_posix(): hash_of(path) for path in sorted(paths)}


# SHA-256 of an input as its author wrote it: a notebook without its outputs.


def source_hash(path: Path) -> str:
    """Return the SHA-256 of an input: a notebook's without its outputs, as git stores it.

    What is no notebook in spite of its name has the hash of its bytes.
    """
    if path.suffix == ".ipynb":
        try:
            return text_hash(plain_text(path.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError):
            return file_hash(path)
    return file_hash(path)


# The inputs of a version as they were when the build opened them, and whether they still are.
#
# The manifest is made from what was seen here, so that it tells what ran, not what the files hold
# afterwards. A file that was written in between may have been read in either state, even if it is now as it
# was: it counts as changed.


@dataclass(frozen=True)
class _Look:
    """One file: SHA-256 of its content ("" where there is none), and when it was written.

    A notebook may be saved meanwhile with other outputs: the runner sees by its hash that it runs the one
    opened.
    """

    sha256: str
    written: int

    @classmethod
    def at(cls, path: Path) -> _Look:
        try:
            written = 0 if path.suffix == ".ipynb" else path.stat().st_mtime_ns
            return cls(source_hash(path), written)
        except FileNotFoundError:
            return cls("", 0)


class Seen:
    """Files as they were when they were first asked for."""

    def __init__(self) -> None:
        """Begin with none."""
        self._looks: dict[Path, _Look] = {}

    def hash(self, path: Path) -> str:
        """Return the SHA-256 that a file had when it was first asked for; "" where there was none."""
        if path not in self._looks:
            self._looks[path] = _Look.at(path)
        return self._looks[path].sha256

    @property
    def hashes(self) -> dict[Path, str]:
        """Every file asked for, with the SHA-256 that it had; "" where there was none."""
        return {path: look.sha256 for path, look in self._looks.items()}

    def changes(self, root: Path) -> list[str]:
        """Return the files that aren't as they were, by their path from the project's root, and how."""
        found = []
        for path, before in self._looks.items():
            now = _Look.at(path)
            if now != before:
                kind = "is gone" if not now.sha256 else "was saved again" if _same(now, before) else "changed"
                found.append(f"{_short(path, root)} {kind}")
        return found

    def unseen(self, paths: Iterable[Path], root: Path) -> list[str]:
        """Return which of the files were never asked for."""
        return [f"{_short(path, root)} is new" for path in paths if path not in self._looks]


def _same(one: _Look, other: _Look) -> bool:
    return one.sha256 == other.sha256


def _short(path: Path, root: Path) -> str:
    for place in (root, root.absolute()):
        if path.is_relative_to(place):
            return path.relative_to(place).as_posix()
    return path.as_posix()


@dataclass(frozen=True)
class Opened:
    """All that a version is made from, as it was opened.

    ``manifest`` lacks the renderer alone. ``listed`` lists the files that the input's folders hold now.
    """

    root: Path
    seen: Seen
    manifest: Mapping[str, Any]
    listed: Callable[[], list[Path]]

    def refuse_changes(self) -> None:
        """Stop when an input isn't as it was opened. Raises PublishError with all that changed."""
        found = self.seen.changes(self.root)
        # a folder that lost its files can't be listed, and what it lost has been found
        found = found or self.seen.unseen(self.listed(), self.root)
        found += version_changes(self.manifest["environment"], installed())
        if found:
            names = "\n".join(f"  {line}" for line in found)
            raise PublishError(
                f"Inputs changed while the build ran:\n{names}\n"
                "Its numbers may be of either state, so nothing was published. Build again; notebooks whose "
                "inputs are the same don't run again."
            )
