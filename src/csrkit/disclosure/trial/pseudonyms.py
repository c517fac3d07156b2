"""Study-internal names in place of subject identifiers, and random numbers, both drawn by a secret key."""

from __future__ import annotations

import hashlib
import hmac
import math
import os
import stat
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from csrkit.bounds import Bounds, read_bytes
from csrkit.errors import ParameterError

# The simulated trial describes nobody: its external version can be made again by everyone.
DEMONSTRATION_KEY = b"published key of the simulated trial, which hides nobody"
_LEAST = 32  # characters: 16 bytes written in hexadecimal digits
_LARGEST = 100_000  # bytes: a key is no book
_LEAST_BITS = 80  # what 32 random hexadecimal digits have at the very least, by the signs that occur
_MAKE = "`openssl rand -hex 32 > FILE && chmod 600 FILE`"
# Without vowels and without what is easily misread: a name is neither a word nor a number.
_SIGNS = "23456789BCDFGHJKMNPQRSTVWXZ"
_LENGTH = 6


def read_key(path: Path | None, simulated: bool, root: Path) -> bytes:
    """Return the key of a version of the project at ``root``.

    Raises
    ------
    ParameterError
        There is no key for real data; the file is missing, lies within the project or is open to others; or
        what it holds is too short, or can be guessed. The content is never told.
    """
    if path is None:
        if simulated:
            return DEMONSTRATION_KEY
        raise ParameterError(
            "disclosure: external needs `disclosure_key`, a file with a secret of your own: without one, who "
            "has the original identifiers could work out the names. Make it outside of the project with "
            f"{_MAKE}."
        )
    if not path.exists():
        raise ParameterError(
            f"{path}: there is no such file. `disclosure_key` names the file with the secret; make it with "
            f"{_MAKE}, and keep it: another key gives other names."
        )
    _refuse_place(path, root)
    key = read_bytes(path, Bounds(parameter_size=_LARGEST), ParameterError, "parameter_size").strip()
    if len(key) < _LEAST:
        raise ParameterError(
            f"{path}: holds {len(key)} characters; a key has {_LEAST} or more. Make it with {_MAKE}."
        )
    if key == DEMONSTRATION_KEY or _can_be_guessed(key):
        raise ParameterError(
            f"{path}: holds a key that can be guessed: few signs, a sequence, a repetition or the published "
            f"one. Make it with {_MAKE}."
        )
    return key


def _refuse_place(path: Path, root: Path) -> None:
    """Refuse a key that goes wherever the project goes, or that others on the machine can read or change."""
    if path.resolve().is_relative_to(root.resolve()):
        raise ParameterError(
            f"{path}: lies within the project, where it may be committed or passed on with it. Keep it "
            "outside, and name its new place as `disclosure_key`."
        )
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ParameterError(
            f"{path}: others on this machine may read or change it. Take these rights away by "
            f"`chmod 600 {path}`; if others may have read it, make a new one."
        )


def _can_be_guessed(key: bytes) -> bool:
    """Tell whether a key has few signs, few distances from one sign to the next, or repeats itself.

    By the frequencies of its signs (Shannon's entropy) a key of random hexadecimal digits has 3.5 bits a
    sign; a sequence (abcdef) has as many, but no different distances.
    """
    steps = bytes((after - before) % 256 for before, after in pairwise(key))
    repeats = any(key.startswith(key[shift:]) for shift in range(1, len(key) // 2 + 1))
    return repeats or min(_bits(key), _bits(steps)) < _LEAST_BITS


def _bits(signs: bytes) -> float:
    shares = (count / len(signs) for count in Counter(signs).values())
    return -len(signs) * sum(share * math.log2(share) for share in shares)


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
