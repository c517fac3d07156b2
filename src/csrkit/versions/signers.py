"""Who may sign: a public key, or an allowed signers file as ``ssh-keygen`` reads it."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from pathlib import Path

from csrkit.bounds import Bounds, read_bytes
from csrkit.errors import SignatureError
from csrkit.versions.sshsig import KEY_TYPES, NAMESPACE

_BOUNDS = Bounds(size=10_000_000)  # a list of signers is short


@dataclass(frozen=True)
class Signer:
    """Someone whose signature is accepted: the names given to the key, and the key's bytes."""

    name: str
    blob: bytes


def read_signers(path: Path) -> list[Signer]:
    """Return who may sign, from a public key (``.pub``) or an allowed signers file of ``ssh-keygen``.

    Raises SignatureError for a line with options that aren't followed here (limits of time, authorities).
    """
    text = read_bytes(path, _BOUNDS, SignatureError).decode("utf-8", "replace")
    lines = enumerate(map(str.strip, text.splitlines()), start=1)
    keys = [_signer(line, f"{path}:{number}") for number, line in lines if line and not line.startswith("#")]
    found = [signer for signer in keys if signer is not None]
    if not found:
        raise SignatureError(
            f"{path}: names no key of anybody. Give a public key or an allowed signers file."
        )
    return found


def matches_principal(name: str, patterns: str) -> bool:
    """Tell whether a list of patterns names somebody, as ``ssh-keygen`` reads it.

    Patterns stand between commas, with ``*`` for any letters and ``?`` for one. One with ``!`` before it that
    fits excludes the name, whatever else fits.

    >>> matches_principal("mallory@x", "*@x,!mallory@*")
    False
    """
    kept = False
    for pattern in patterns.split(","):
        if re.fullmatch(_as_expression(pattern.removeprefix("!")), name, re.DOTALL):
            if pattern.startswith("!"):
                return False
            kept = True
    return kept


def _as_expression(pattern: str) -> str:
    return re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")


def _names_somebody(patterns: str) -> bool:
    """Tell whether anybody is meant: a name that fits one pattern, and that none with ``!`` excludes.

    Signs that stand in no pattern stand in the place of ``*`` and ``?``, so that only a pattern as wide
    excludes them.
    """
    other = next(sign for sign in map(chr, range(0x100, 0x1000)) if sign not in patterns)
    examples = [pattern.replace("*", other).replace("?", other) for pattern in patterns.split(",") if pattern]
    return any(matches_principal(name, patterns) for name in examples if not name.startswith("!"))


def _signer(line: str, place: str) -> Signer | None:
    """Return who a line names; None where its patterns exclude everybody. Raises SignatureError."""
    kinds = "|".join(map(re.escape, KEY_TYPES))
    match = re.match(rf"(?P<before>.*?)\b(?:{kinds})\s+(?P<key>[A-Za-z0-9+/=]+)\s*(?P<comment>.*)$", line)
    if match is None:
        raise SignatureError(f"{place}: holds no key of a known kind ({', '.join(KEY_TYPES)}).")
    principals, options = (*match["before"].split(None, 1), "", "")[:2]
    if principals and not _names_somebody(principals):
        return None
    if options.strip() and not re.fullmatch(
        rf'namespaces="(?:[^"]*,)?{NAMESPACE}(?:,[^"]*)?"', options.strip()
    ):
        raise SignatureError(
            f"{place}: the options {options.strip()} can't be followed here; only namespaces with "
            f"{NAMESPACE!r} can. Check the signature by ssh-keygen -Y verify."
        )
    names = ",".join(pattern for pattern in principals.split(",") if not pattern.startswith("!"))
    try:
        return Signer(names or match["comment"] or place, base64.b64decode(match["key"], validate=True))
    except binascii.Error:
        raise SignatureError(f"{place}: the key isn't whole.") from None
