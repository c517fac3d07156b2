"""Which record, row, column or part of a text of one version is which of the other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

# Pair the records of two versions by what they are: transfers renumber them.

Places = npt.NDArray[np.int64]

_NUMBER = re.compile(r"(?:SRC|[A-Z]{0,2})SEQ")
# What a record is about, and when it was; the names as they stand, or behind a domain's two letters.
_THING = ("SRCDOM", "ACAT1", "ATERM", "CAT", "TERM", "DECOD", "TRT", "TESTCD", "BASETYPE", "PARAMCD")
_TIME = ("AVISITN", "ADT", "ADTM", "ATPTN", "ASTDT", "ASTDTM", "ASTDTC", "STDTC", "DTC", "EXNUM")
# Beyond this many possible pairs of a subject the likeness of each isn't counted: the order decides.
_MOST_PAIRS = 250_000


def is_number(name: object) -> bool:
    """Tell whether a variable is a sequence number, which says nothing of what a record is."""
    return _NUMBER.fullmatch(str(name)) is not None


def pair_records(old: pd.DataFrame, new: pd.DataFrame) -> tuple[Places, Places]:
    """Return the places of the records that are the same ones, in the new version's order.

    Parameters
    ----------
    old, new
        The versions' records, all text.

    Notes
    -----
    Records of one subject are paired in steps: first those that are wholly the same, then those of the same
    thing at the same time, each time those of most equal values; then events and treatments of one name, and
    results of a parameter that a subject has once. Any other is another record: removed, or added.
    """
    shared = [str(name) for name in new.columns if name in old.columns and not is_number(name)]
    left, right = np.arange(len(old)), np.arange(len(new))
    pairs: list[tuple[Places, Places]] = []
    for step in _steps(shared):
        free = left, right
        if len(step) < len(shared) and _ends(step[-1], _TIME):  # an unknown time is no time in common
            free = left[_known(old, left, step[-1])], right[_known(new, right, step[-1])]
        elif step[-1:] == ["PARAMCD"]:
            free = left[_once(old, left, step)], right[_once(new, right, step)]
        found = _pair_by(old, new, *free, step, shared)
        pairs.append(found)
        left, right = np.setdiff1d(left, found[0]), np.setdiff1d(right, found[1])
        if not len(left) or not len(right):
            break
    before, after = (np.concatenate([pair[side] for pair in pairs]).astype("int64") for side in (0, 1))
    order = np.argsort(after, kind="stable")
    return before[order], after[order]


def _steps(shared: list[str]) -> list[list[str]]:
    subject = [name for name in shared if name == "USUBJID"]
    thing = sorted((name for name in shared if _ends(name, _THING)), key="PARAMCD".__eq__)
    time = [name for name in shared if _ends(name, _TIME)]
    if not thing and not time:  # one record a subject (ADSL), or nothing that tells more
        return [shared, subject]
    return [
        shared,
        [*subject, *thing, *time],
        *([*subject, *thing, name] for name in time),
        [*subject, *thing],
    ]


def _ends(name: str, parts: tuple[str, ...]) -> bool:
    """Tell whether a variable is one of these, as it stands or behind a domain's two letters."""
    return name in parts or (len(name) > 4 and name[2:] in parts)


def _pair_by(
    old: pd.DataFrame, new: pd.DataFrame, left: Places, right: Places, step: list[str], shared: list[str]
) -> tuple[Places, Places]:
    """Pair the records left over that agree in the variables of a step, the most alike first."""
    marks = pd.concat([_marks(old.iloc[left], step), _marks(new.iloc[right], step)], ignore_index=True)
    codes, _ = pd.factorize(marks)
    before = _by_code(codes[: len(left)], left)
    after = _by_code(codes[len(left) :], right)
    first: list[int] = []
    second: list[int] = []
    for code in (code for code in before if code in after):
        for one, other in _most_alike(old, new, before[code], after[code], step, shared):
            first.append(one)
            second.append(other)
    return np.array(first, dtype="int64"), np.array(second, dtype="int64")


def _known(frame: pd.DataFrame, places: Places, name: str) -> npt.NDArray[np.bool_]:
    return (frame[name].iloc[places] != "").to_numpy(dtype=bool)


def _once(frame: pd.DataFrame, places: Places, names: list[str]) -> npt.NDArray[np.bool_]:
    return ~frame.duplicated(names, keep=False).to_numpy(dtype=bool)[places]


def _marks(frame: pd.DataFrame, names: list[str]) -> pd.Series:
    marks = pd.Series("", index=range(len(frame)), dtype="str")
    for name in names:
        marks = marks + "\x1f" + frame[name].reset_index(drop=True)
    return marks


def _by_code(codes: npt.NDArray[np.int64], places: Places) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for code, place in zip(codes.tolist(), places.tolist(), strict=True):
        found.setdefault(code, []).append(place)
    return found


def _most_alike(
    old: pd.DataFrame,
    new: pd.DataFrame,
    left: list[int],
    right: list[int],
    step: list[str],
    shared: list[str],
) -> list[tuple[int, int]]:
    """Return pairs of two groups of records, those with the most equal values first, else in their order."""
    if (len(left) == 1 and len(right) == 1) or step == shared or len(left) * len(right) > _MOST_PAIRS:
        return list(zip(left, right, strict=False))
    a, b = old.iloc[left][shared].to_numpy(dtype=object), new.iloc[right][shared].to_numpy(dtype=object)
    alike = (a[:, None, :] == b[None, :, :]).sum(axis=2)
    rank = np.argsort(-alike.ravel(), kind="stable")
    free_left, free_right = set(range(len(left))), set(range(len(right)))
    pairs = []
    for place in rank.tolist():
        one, other = divmod(place, len(right))
        if one in free_left and other in free_right:
            pairs.append((left[one], right[other]))
            free_left.discard(one)
            free_right.discard(other)
    return pairs


# Lay the same table of two versions over each other: which row and column is which.

TableModel = dict[str, Any]
_EMPTY: TableModel = {"stub": "", "headers": [], "rows": [], "notes": [], "absent": ""}
Pair = tuple[str | None, str | None]  # old and new text; None where the version doesn't have it


@dataclass(frozen=True)
class AlignedRow:
    """One row: its label in both versions, how deep it is indented, and a pair of texts per column."""

    label: Pair
    indent: int
    cells: tuple[Pair, ...]

    @property
    def is_section(self) -> bool:
        """Tell whether the row is a heading over the rows below it."""
        return not any(text for pair in self.cells for text in pair)

    @property
    def differs(self) -> bool:
        """Tell whether something in the row isn't the same in both versions."""
        return any(old != new for old, new in (self.label, *self.cells))


@dataclass(frozen=True)
class Aligned:
    """A table of two versions: the heads of its columns and its rows, each as pairs."""

    stub: str
    heads: tuple[Pair, ...]
    rows: tuple[AlignedRow, ...]

    @property
    def differs(self) -> bool:
        """Tell whether anything differs."""
        return any(old != new for old, new in self.heads) or any(row.differs for row in self.rows)


def align(old: TableModel | None, new: TableModel | None) -> Aligned:
    """Lay two table models over each other; None, or a sentence in its place, is a table without rows."""
    before, after = old or _EMPTY, new or _EMPTY
    columns = _matched(*([_column(head) for head in t["headers"]] for t in (before, after)))
    rows = _matched(*(_row_names(table["rows"]) for table in (before, after)))
    return Aligned(
        stub=after["stub"] or before["stub"],
        heads=tuple((_head(before, a), _head(after, b)) for a, b in columns),
        rows=tuple(_row(before, after, a, b, columns) for a, b in rows),
    )


def _matched(old: list[Any], new: list[Any]) -> list[tuple[int | None, int | None]]:
    """Return the places of the same name in both lists, in the new order.

    Tables are sorted by frequency, so that the same row may stand elsewhere. What is gone stands behind
    what it followed.
    """
    places = {name: place for place, name in enumerate(old)}
    pairs: list[tuple[int | None, int | None]] = [(places.get(name), j) for j, name in enumerate(new)]
    kept = set(new)
    for place, name in enumerate(old):
        if name not in kept:
            before = next((at for at, pair in enumerate(pairs) if place and pair[0] == place - 1), -1)
            pairs.insert(before + 1, (place, None))
    return pairs


def _column(head: dict[str, str]) -> tuple[str, str]:
    return head["spanner"], head["label"]


def _head(table: TableModel, place: int | None) -> str | None:
    if place is None:
        return None
    head = table["headers"][place]
    text = f"{head['label']} (N={head['n']})" if head["n"] else head["label"]
    return " ".join(part for part in (head["spanner"], text) if part)


def _row_names(rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Return what tells a row apart: the labels above it, its own, and which one of those alike it is."""
    above: list[str] = []
    names: list[tuple[str, ...]] = []
    seen: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        above = [*above[: row["indent"]], *[""] * (row["indent"] - len(above)), row["label"]]
        seen[tuple(above)] += 1
        names.append((*above, str(seen[tuple(above)])))
    return names


def _row(
    before: TableModel,
    after: TableModel,
    a: int | None,
    b: int | None,
    columns: list[tuple[int | None, int | None]],
) -> AlignedRow:
    old = before["rows"][a] if a is not None else None
    new = after["rows"][b] if b is not None else None
    label = (old["label"] if old else None, new["label"] if new else None)
    cells = tuple((_cell(old, i), _cell(new, j)) for i, j in columns)
    indent = next((row["indent"] for row in (new, old) if row is not None), 0)
    return AlignedRow(label, indent, cells)


def _cell(row: dict[str, Any] | None, place: int | None) -> str | None:
    if row is None or place is None:
        return None
    return str(row["cells"][place]) if place < len(row["cells"]) else ""


# Which part of an old text is which part of the new one, in order.

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
