"""What result rows tell of numbers of subjects, and the rule by which small ones are suppressed.

What a display tells of subjects, its cell says in the notebook (``DISCLOSES``); nothing here knows a display
by its name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from csrkit.errors import DataError
from csrkit.made_files import write_changed

# What the cell of a display can say by ``#| discloses: …``. The cautious holds for one without it: small
# counts are suppressed, a figure is left out, and so is what names a subject.
NOTHING, ORDER, FIRST = "nothing", "order", "first-subjects"
SUBJECTS, CHARACTERISTICS = "subjects", "characteristics"
DISCLOSES = {
    NOTHING: "of the design or of other studies: a small number is no subject of the trial",
    ORDER: "rests on the order in which subjects were enrolled, which moved dates don't keep",
    FIRST: "is of the subjects enrolled first, who may be others by the moved dates",
    SUBJECTS: "speaks of subjects one by one",
    CHARACTERISTICS: "counts characteristics that may decide who is in a set of another display",
}

# What result rows tell of numbers of subjects: counts, sizes, and how many a summary is of.

SIZE = "N"
# Statistics that count the subjects of a set, or those with values.
COUNTS = (
    "n", "at_risk", "subjects", "n1", "n2", "pairs", "both", "gained", "lost", "neither", "censored",
)  # fmt: skip
EVENTS = "events"  # counted where subjects aren't
# So many of them leave nobody over.
NOT_SUBJECTS = ("administrations", "records", "values", "events", "findings", "trials", "studies", "tests")
# From it and the size follows how many had no event.
_SHARE = "km_percent"
ROW = ["display", "analysis", "visit", "level"]
CELL = [*ROW, "group"]
PLACE = ["display", "visit", "level", "group"]  # of a cell, whatever the analysis
_COLUMN = ["display", "group"]
_BETWEEN = "\x1f"  # the parts of a level; no text of the data has it


def counts_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the counts of each cell (``CELL``, statistic, unit, value).

    Of subjects, or what stands for them: events where subjects aren't counted, what a proportion without
    event makes of the size, and the sum of two groups compared.
    """
    known = rows[rows["value"].notna()]
    counts = known[known["statistic"].isin(COUNTS)]
    halves = counts[counts["statistic"].isin(["n1", "n2"])]
    sums = halves.groupby(CELL, sort=False, as_index=False)["value"].sum().assign(statistic="n1", unit="")
    others = known[~place_of(known, CELL).isin(place_of(counts, CELL))]
    events = others[others["statistic"] == EVENTS]
    found = pd.concat([counts, sums, events, _shares(known)], ignore_index=True)
    return pd.DataFrame(found, columns=[*CELL, "statistic", "unit", "value"])


def sizes_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return N of each cell (``CELL``, value)."""
    chosen = (rows["statistic"] == SIZE) & rows["value"].notna()
    return rows.loc[chosen, [*CELL, "value"]].drop_duplicates(CELL)


def _shares(rows: pd.DataFrame) -> pd.DataFrame:
    shares = rows[rows["statistic"] == _SHARE]
    sizes = sizes_of(rows)
    size = sizes[sizes["analysis"] == "size"].drop_duplicates(_COLUMN).set_index(_COLUMN)["value"]
    of = size.reindex(place_of(shares, _COLUMN)).to_numpy()
    return shares.assign(value=shares["value"] * of / 100).dropna(subset="value")


def fewest_of(rows: pd.DataFrame, counts: pd.DataFrame, sizes: pd.DataFrame) -> np.ndarray:
    """Return of how few subjects each row is; NaN where no count and no size says it.

    A row whose cell counts nobody is of as many as the fewest counted at its place, or as are in its set.
    """
    fewest = np.full(len(rows), np.nan)
    for keys, known in ((CELL, counts), (PLACE, counts), (PLACE, sizes), (_COLUMN, sizes)):
        positive = known[known["value"] > 0].groupby(keys)["value"].min()
        fewest = np.where(np.isnan(fewest), positive.reindex(place_of(rows, keys)).to_numpy(), fewest)
    return fewest


def follows(rows: pd.DataFrame, counts: pd.DataFrame, hidden: pd.MultiIndex) -> np.ndarray:
    """Tell which rows rest on a suppressed count of another cell, since their own counts nobody.

    An interval by another method, or the chance that a rate exceeds a threshold, gives back the count of its
    place, or else the one that the display gives for its column as a whole.
    """
    cells = counts.drop_duplicates(CELL)
    cells = cells.assign(gone=place_of(cells, CELL).isin(hidden))
    whole = cells[(cells["visit"] == "") & (cells["level"] == "")]
    by_place = cells.groupby(PLACE)["gone"].any().reindex(place_of(rows, PLACE))
    by_column = whole.groupby(_COLUMN)["gone"].any().reindex(place_of(rows, _COLUMN))
    gone = np.where(by_place.isna(), by_column.eq(True), by_place.eq(True))
    return gone & ~place_of(rows, CELL).isin(place_of(cells, CELL)) & (rows["analysis"] != "size").to_numpy()


def with_whole_levels(rows: pd.DataFrame) -> pd.DataFrame:
    """Return result rows with each level as one text: category, subcategory and level."""
    whole = rows["level"]
    for name in ("subcategory", "category"):
        whole = whole.mask(rows[name] != "", rows[name] + _BETWEEN + whole)
    return rows.assign(level=whole)


def blocks_of(level: str) -> list[tuple[str, ...]]:
    """Return what a level (see ``with_whole_levels``) is one of, from the outermost inwards.

    >>> blocks_of("HGB\x1fLOW\x1fHIGH"), blocks_of("LOW")
    ([('HGB',), ('HGB', 'LOW')], [])
    """
    parts = level.split(_BETWEEN)[:-1]
    return [tuple(parts[:number]) for number in range(1, len(parts) + 1)]


def place_of(rows: pd.DataFrame, keys: list[str]) -> pd.MultiIndex:
    """Return the rows' keys as an index."""
    return pd.MultiIndex.from_frame(rows[keys])


# What decides in a version which counts are suppressed.

TOTAL = "total"  # key of the column of all subjects
Cell = tuple[str, ...]
_SETS = ("also", "without_subjects", "characteristics")


@dataclass(frozen=True)
class Rule:
    """What decides in a version which counts are suppressed.

    Parameters
    ----------
    minimum
        The smallest count that is shown.
    arms
        Column to its sizes in the sets that stand for the arms (enrolled, treated). What is of another group
        is measured by the column of all subjects.
    columns
        Column to the codes of its arms.
    also
        Cells (display, analysis, visit, level, group) that several displays together would tell.
    without_subjects, characteristics
        Displays whose cells say that they disclose nothing, or characteristics (see ``DISCLOSES``).
    """

    minimum: int
    arms: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    also: frozenset[Cell] = frozenset()
    without_subjects: frozenset[str] = frozenset()
    characteristics: frozenset[str] = frozenset()

    def only(self, displays: Iterable[str]) -> Self:
        """Return the rule with what concerns these displays alone."""
        named = frozenset(displays)
        return replace(
            self,
            also=frozenset(cell for cell in self.also if cell[0] in named),
            without_subjects=self.without_subjects & named,
            characteristics=self.characteristics & named,
        )

    def to_text(self) -> str:
        """Return the rule as its file has it."""
        values = {"minimum": self.minimum, "arms": dict(self.arms), "columns": dict(self.columns)}
        sets = {name: sorted(getattr(self, name)) for name in _SETS}
        return json.dumps({**values, **sets}, sort_keys=True)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the rule from its text."""
        read = json.loads(text)
        arms, columns = ({key: tuple(own) for key, own in read[name].items()} for name in ("arms", "columns"))
        also, *displays = (read[name] for name in _SETS)
        return cls(read["minimum"], arms, columns, frozenset(map(tuple, also)), *map(frozenset, displays))

    def sizes(self, group: str) -> tuple[int, ...]:
        """Return the sizes of the arm that a group is of."""
        return self.arms.get(group, self.arms.get(TOTAL, ()))

    def left(self, counts: Iterable[float], groups: Iterable[str]) -> np.ndarray:
        """Return how many of the arm each count leaves: of its smallest set that holds so many, or NaN.

        >>> Rule(3, {"a": (5, 6)}).left([5, 4, 6, 7], ["a", "a", "a", "a"])
        array([ 0.,  1.,  0., nan])
        """
        pairs = zip(counts, map(self.sizes, groups), strict=True)
        return np.array([min((b - n for b in known if b >= n), default=np.nan) for n, known in pairs], float)

    def small(self, numbers: pd.Series | np.ndarray) -> np.ndarray:
        """Tell which numbers are of few; one that is no whole number stands for the nearest.

        >>> Rule(3).small(np.array([0, 1, 2, 2.4, 3]))
        array([False,  True,  True,  True, False])
        """
        numbers = np.asarray(numbers, float)
        return (numbers > 0) & (numbers < self.minimum - 0.5)


# The rule of an external version stands in a file beside its datasets. Who opens these, a notebook of a build
# or one that is run by itself, puts it in force for its process.

RULE_FILE = "small_counts.json"
_in_force: Rule | None = None


def enforce(rule: Rule | None) -> None:
    """Suppress small counts in this process by a rule from now on; None shows every count."""
    global _in_force
    _in_force = rule


def rule_in_force() -> Rule | None:
    """Return the rule by which counts are suppressed here; None where every count is shown."""
    return _in_force


def write_rule(rule: Rule, folder: Path) -> None:
    """Write a rule beside the datasets of its version."""
    write_changed(folder / RULE_FILE, f"{rule.to_text()}\n".encode())


def read_rule(folder: Path) -> Rule:
    """Return the rule that stands beside the datasets of an external version.

    Raises DataError where it isn't there, as before the notebooks first ran, or can't be read.
    """
    path = folder / RULE_FILE
    try:
        return Rule.from_text(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: holds no rule of small counts ({error}), which the datasets of an external version "
            "need: without it every count would be shown. Run the version again (`itpcsr run`)."
        ) from error


# Summaries of few values: those that would give the values away, and those by which the former follow.

# the outer quantiles of fewer than 20 values are the extremes
_EXTREMES = ("min", "max", "p5", "p95")
_SUMMARIES = (
    "mean", "sd", "median", "q1", "q3", "geometric_mean", "gcv",
)  # fmt: skip
_FEWEST = 5  # mean, SD and median of three give all three values, and nearly so of four
Numbers = tuple[tuple[str, float], ...]  # column and number of values
Columns = tuple[tuple[str, tuple[str, ...]], ...]  # column and arms


def single_values(
    rows: pd.DataFrame, counts: pd.DataFrame, sizes: pd.DataFrame, gone: np.ndarray, rule: Rule
) -> np.ndarray:
    """Tell which rows are a single subject's value, or nearly say one; ``gone`` are suppressed anyway."""
    of_median = (rows["of"] == "median").to_numpy()
    summary = rows["statistic"].isin(_SUMMARIES).to_numpy() | of_median
    fewest = fewest_of(rows, counts, sizes)
    chosen = summary & (fewest < _FEWEST)
    shown = (
        rows[summary].assign(number=fewest[summary], gone=(gone | chosen)[summary]).dropna(subset="number")
    )
    also = []
    cells = shown.groupby(CELL, sort=False, as_index=False).agg(
        number=("number", "first"), gone=("gone", "all")
    )
    some = cells.groupby(ROW, sort=False)["gone"].transform("nunique") > 1
    for row, part in cells[some].groupby(ROW, sort=False):
        numbers = tuple(
            (str(group), float(n)) for group, n in zip(part["group"], part["number"], strict=True)
        )
        hidden = frozenset(map(str, part.loc[part["gone"], "group"]))
        also += [(*row, group) for group in _give_back(numbers, hidden, tuple(rule.columns.items()))]
    follow = place_of(rows, CELL).isin(also) & summary
    return chosen | follow | rows["statistic"].isin(_EXTREMES).to_numpy()


@lru_cache(maxsize=4096)
def _give_back(numbers: Numbers, hidden: frozenset[str], columns: Columns) -> tuple[str, ...]:
    """Return the columns whose mean goes, too, since with the other means it gives back one of few values.

    A mean times its number is a sum, and the sum of a column follows from the others where its arms do.

    >>> arms = (("a", ("A",)), ("b", ("B",)), ("c", ("C",)), ("total", ("A", "B", "C")))
    >>> _give_back((("a", 3.0), ("b", 6.0), ("c", 9.0), ("total", 18.0)), frozenset({"a"}), arms)
    ('b',)
    """
    of = dict(numbers)
    parts = _parts(of, dict(columns))
    arms = sorted({arm for own in parts.values() for arm in own})
    nobody = {arm for group, own in parts.items() if of[group] == 0 for arm in own}
    vectors = {
        group: np.array([arm in own and arm not in nobody for arm in arms], float)
        for group, own in parts.items()
    }
    few = [group for group in of if group in hidden and 0 < of[group] < _FEWEST]
    shown = [group for group in of if group not in hidden and of[group] > 0]
    also: list[str] = []
    while any(_follows(vectors[group], [vectors[one] for one in shown]) for group in few):
        goes = min((one for one in shown if one != TOTAL), key=lambda one: of[one], default=TOTAL)
        shown.remove(goes)
        also.append(goes)
    return tuple(also)


def _parts(of: Mapping[str, float], columns: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return what each group is made of: its arms, or itself where it is no column of the report."""
    others = [group for group in of if group != TOTAL and group not in columns]
    parts = {group: columns.get(group, (group,)) for group in of}
    if TOTAL in of and others and sum(of[group] for group in others) == of[TOTAL]:
        parts[TOTAL] = tuple(others)
    return parts


def _follows(vector: np.ndarray, others: list[np.ndarray]) -> bool:
    """Tell whether a column is a sum or difference of others."""
    if not others:
        return False
    matrix = np.array(others)
    return bool(np.linalg.matrix_rank(np.vstack([matrix, vector])) == np.linalg.matrix_rank(matrix))
