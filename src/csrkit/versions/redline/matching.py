"""Which part of an old text is which part of the new one, in order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import TypeVar

Part = TypeVar("Part")

# Parts less alike than this are no versions of each other but one removed and one added.
ALIKE = 0.5
_SHORT = 3  # letters of a word that isn't worth an end and a beginning of a change
# With more pairs than this the likeness of all of them isn't worth its time.
_MOST = 20_000


def match(
    old: Sequence[Part],
    new: Sequence[Part],
    keys: Sequence[Callable[[Part], Hashable]],
    likeness: Callable[[Part, Part], float],
) -> Iterator[tuple[Part | None, Part | None]]:
    """Yield old and new parts as pairs in an order that suits both; None stands where one has none.

    Parts with the same key belong together; what is left between them is tried with the next key, and at
    last by ``likeness`` (0 to 1).
    """
    if not (keys and old and new):
        yield from _by_likeness(old, new, likeness)
        return
    before, after = ([keys[0](part) for part in parts] for parts in (old, new))
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from zip(old[a:b], new[c:d], strict=True)
        else:
            yield from match(old[a:b], new[c:d], keys[1:], likeness)


def _by_likeness(
    old: Sequence[Part], new: Sequence[Part], likeness: Callable[[Part, Part], float]
) -> Iterator[tuple[Part | None, Part | None]]:
    """Choose the pairs, in order, whose likeness sums to the most."""
    if not (old and new) or len(old) * len(new) > _MOST:
        yield from ((part, None) for part in old)
        yield from ((None, part) for part in new)
        return
    alike = [[likeness(a, b) for b in new] for a in old]
    best = _best_sums(alike)
    i = j = 0
    while i < len(old) and j < len(new):
        if alike[i][j] >= ALIKE and best[i][j] == alike[i][j] + best[i + 1][j + 1]:
            yield old[i], new[j]
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            yield old[i], None
            i += 1
        else:
            yield None, new[j]
            j += 1
    yield from ((part, None) for part in old[i:])
    yield from ((None, part) for part in new[j:])


def _best_sums(alike: list[list[float]]) -> list[list[float]]:
    """Return, for each place in both, the largest sum that the pairs from there on can have."""
    rows, columns = len(alike), len(alike[0])
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in reversed(range(rows)):
        for j in reversed(range(columns)):
            pair = alike[i][j] + best[i + 1][j + 1] if alike[i][j] >= ALIKE else 0.0
            best[i][j] = max(pair, best[i + 1][j], best[i][j + 1])
    return best


def words_alike(old: str, new: str) -> float:
    """Return the share of words that two texts have in common, whatever their order (Dice)."""
    a, b = Counter(old.split()), Counter(new.split())
    total = a.total() + b.total()
    return 2 * (a & b).total() / total if total else 1.0


def without_numbers(text: str) -> str:
    """Return a text with each number as one sign, so that sentences that quote other values are alike."""
    return re.sub(r"\d[\d.,]*", "#", text)


def changes(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[bool, slice, slice]]:
    """Yield the stretches of two lists of words: whether they are the same, and where they stand.

    A short word that is the same between two changes ("3 of 9", then "8 of 18") is part of them: a phrase is
    easier to read than its words one by one.
    """
    stretches: list[tuple[bool, slice, slice]] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        between = a > 0 and b < len(old) and len("".join(old[a:b]).strip()) <= _SHORT
        same = tag == "equal" and not between
        if stretches and not same and not stretches[-1][0]:
            a, c = stretches[-1][1].start, stretches[-1][2].start
            stretches.pop()
        stretches.append((same, slice(a, b), slice(c, d)))
    yield from stretches


def split_words(text: str) -> list[str]:
    """Return words and the blanks between them; together they are the text."""
    return re.findall(r"\s+|\S+", text)
