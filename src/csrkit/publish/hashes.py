"""SHA-256 of an input as its author wrote it: a notebook without its outputs."""

from __future__ import annotations

from pathlib import Path

from csrkit.inputs.hashes import file_hash, text_hash
from csrkit.publish.plain_notebook import plain_text


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
