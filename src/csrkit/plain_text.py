"""Plain text: one line, with nothing in it that a reader can't see; what text of any origin is made to be."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

# Control characters, separators of lines and paragraphs, halves of characters, and what Unicode promises
# never to be a character: no format holds all of them, and each reads another part of them as a line's end.
_PLANES = "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
_CONTROL = f"\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef{_PLANES}"
# Soft hyphen, blanks without width, and marks that turn the direction of all that follows in a sentence.
_UNSEEN = "\u00ad\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069"
_STEP = 4  # characters of a word too long for its line, after which it may end
_BROADER = 1.3  # how much more room than small letters an ordinary word may take
_BROAD = "mwMW%@\u2014"
_JOINER = "\u200d"  # makes one picture of two
_NOT_PLAIN = re.compile(f"[{_CONTROL}{_UNSEEN}]")
_BREAK = re.compile(f" *[{_CONTROL}][{_CONTROL} ]*")
_UNSEEN_PATTERN = re.compile(f"[{_UNSEEN}]")


def is_plain(text: str) -> bool:
    """Tell whether ``plain_text`` leaves a text as it is."""
    return _NOT_PLAIN.search(text) is None


def plain_text(text: str) -> str:
    r"""Return text on one line: each line break or control character is a blank, unseen characters go.

    Several together are one blank, and none is left at the ends; other blanks stay as they are.

    >>> plain_text("line 1\r\nline 2\x00")
    'line 1 line 2'
    """
    if is_plain(text):
        return text
    return _BREAK.sub(" ", _UNSEEN_PATTERN.sub("", text)).strip(" ")


def plain_tree(value: Any) -> Any:
    """Return names and values as read from a file with every text in them, keys too, made plain."""
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, list):
        return [plain_tree(item) for item in value]
    if isinstance(value, dict):
        return {plain_tree(key): plain_tree(item) for key, item in value.items()}
    return value


def is_wide(character: str) -> bool:
    """Tell whether a character takes two columns (Chinese, Japanese, Korean, full-width signs)."""
    return unicodedata.east_asian_width(character) in ("W", "F")


def unbreakable(text: str) -> list[str]:
    """Return the pieces of text between which a line may end: at blanks, and beside wide characters.

    >>> unbreakable("CD4 \u7ec6\u80de")
    ['CD4', '\u7ec6', '\u80de']
    """
    pieces: list[str] = []
    for word in text.split():
        start = 0
        for place in range(1, len(word)):
            if is_wide(word[place - 1]) or is_wide(word[place]):
                pieces.append(word[start:place])
                start = place
        pieces.append(word[start:])
    return pieces


def cut_long_words(text: str, most: int) -> list[str]:
    """Return text in parts between which a line may end also where no blank is; their sum is the text.

    Words of up to ``most`` characters aren't cut, unless most are broad; others are after every few.
    Characters that combine with the one before stay with it, and lines end beside
    wide characters anyway.
    """
    parts = [""]
    for word in re.split(r"(\s+)", text):
        if all(_fits(piece, most) for piece in unbreakable(word)):
            parts[-1] += word
            continue
        for number, character in enumerate(_pictures(word)):
            if number and number % _STEP == 0:
                parts.append("")
            parts[-1] += character
    return parts


def _fits(word: str, most: int) -> bool:
    return len(word) <= most and sum(map(_room, word)) <= _BROADER * most


def _pictures(word: str) -> list[str]:
    """Return characters with those that combine with them."""
    pictures: list[str] = []
    for character in word:
        joined = unicodedata.category(character) in ("Mn", "Me", "Cf", "Sk")
        if pictures and (joined or pictures[-1].endswith(_JOINER)):
            pictures[-1] += character
        else:
            pictures.append(character)
    return pictures


def _room(character: str) -> float:
    """Return how many small letters are as wide."""
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    if character in _BROAD or is_wide(character):
        return 2
    return 1.4 if character.isupper() else 1
