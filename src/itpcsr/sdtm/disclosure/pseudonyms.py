"""Study-internal names in place of subject identifiers, and random numbers, both drawn by a secret key."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from pathlib import Path

from itpcsr.errors import ParameterError

# The simulated trial describes nobody: its external version can be made again by everyone.
DEMONSTRATION_KEY = b"published key of the simulated trial, which hides nobody"
_LEAST = 32  # characters: 16 bytes written in hexadecimal digits
# Without vowels and without what is easily misread: a name is neither a word nor a number.
_SIGNS = "23456789BCDFGHJKMNPQRSTVWXZ"
_LENGTH = 6


def read_key(path: Path | None, simulated: bool) -> bytes:
    """Return the key of a version.

    Raises
    ------
    ParameterError
        There is no key for real data, the file is missing, or what it holds is too short to be one. The
        content is never told.
    """
    if path is None:
        if simulated:
            return DEMONSTRATION_KEY
        raise ParameterError(
            "disclosure: external needs `disclosure_key`, a file with a secret of your own: without one, who "
            "has the original identifiers could work out the names. Make it outside of the project with "
            "`openssl rand -hex 32 > FILE`."
        )
    if not path.is_file():
        raise ParameterError(
            f"{path}: there is no such file. `disclosure_key` names the file with the secret; make it with "
            "`openssl rand -hex 32 > FILE`, and keep it: another key gives other names."
        )
    key = path.read_bytes().strip()
    if len(key) < _LEAST:
        raise ParameterError(
            f"{path}: holds {len(key)} characters; a key has {_LEAST} or more. Make it with "
            "`openssl rand -hex 32 > FILE`."
        )
    return key


def draw(key: bytes, *parts: str) -> int:
    """Return a number of 256 bits that only who has the key can tell from its parts (HMAC-SHA-256)."""
    return int.from_bytes(hmac.new(key, "\x1f".join(parts).encode(), hashlib.sha256).digest())


def name_subjects(subjects: Iterable[str], key: bytes) -> dict[str, str]:
    """Return identifier to name, for example ``S-7KQ3XD``; it doesn't depend on the other subjects.

    Two subjects whose names would be the same get longer ones.
    """
    ordered = sorted(set(subjects))
    length = _LENGTH
    while True:
        names = {subject: f"S-{_spell(draw(key, 'subject', subject), length)}" for subject in ordered}
        if len(set(names.values())) == len(ordered):
            return names
        length += 1


def _spell(number: int, length: int) -> str:
    signs = []
    for _ in range(length):
        number, place = divmod(number, len(_SIGNS))
        signs.append(_SIGNS[place])
    return "".join(signs)
