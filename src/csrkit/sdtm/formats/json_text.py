"""Parse JSON strictly: NaN is no number, a number has its bound, and no character is cut in half."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from csrkit.bounds import Bounds, exceeded
from csrkit.errors import DataError


def parser_hooks(path: Path, bounds: Bounds, has_long_numbers: bool) -> dict[str, Callable[[str], Any]]:
    """Return what the parser calls for NaN and for long numbers, both of which are refused.

    ``has_long_numbers``: whether the length of each number has to be looked at, which takes time.
    """

    def held_to(read: Callable[[str], float]) -> Callable[[str], float]:
        def convert(text: str) -> float:
            if len(text) > bounds.number_length:
                found = f"holds a number of {len(text):,} characters ({text[:20]} …)"
                raise exceeded(path, "number_length", bounds, found, len(text))
            return read(text)

        return convert

    hooks: dict[str, Callable[[str], Any]] = {"parse_constant": _no_number}
    return hooks | ({"parse_int": held_to(int), "parse_float": held_to(float)} if has_long_numbers else {})


def refuse_half_characters(found: object, path: Path) -> None:
    """Refuse texts that no encoding can hold: half of a character of two halves. Raises DataError."""
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        place = error.object[max(0, error.start - 20) : error.start]
        raise DataError(
            f"{path}: holds half a character ({error.object[error.start]!r}) after {place!r}. Export it "
            "again."
        ) from error


def parse_first(text: str, path: Path, hooks: Mapping[str, Any]) -> tuple[Any, int]:
    """Return the first value of a text, and where it ends. Raises DataError."""
    try:
        return json.JSONDecoder(**hooks).raw_decode(text)
    except ValueError as error:
        raise DataError(f"{path}: is no valid JSON ({error}). Is the file complete?") from error


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def parse_lines(text: str, end: int, path: Path, hooks: Mapping[str, Any]) -> list[Any]:
    """Return the values of the lines behind a place. Raises DataError."""
    lines = [line for line in text[end:].split("\n") if line.strip()]
    try:
        rows: list[Any] = json.loads(f"[{','.join(lines)}]", **hooks)
    except ValueError as error:
        raise DataError(
            f"{path}: its {len(lines)} rows are no valid JSON ({error}). Is the file complete?"
        ) from error
    return rows
