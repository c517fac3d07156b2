"""What was made before, kept beside all that it was made from, so that it isn't made again."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
