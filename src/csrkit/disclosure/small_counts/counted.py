"""What result rows tell of numbers of subjects: counts, sizes, and how many a summary is of."""

from __future__ import annotations

import numpy as np
import pandas as pd

# Of the design or of other studies, so that a small number is no subject of the trial.
WITHOUT_SUBJECTS = (
    "tbl-dose-boundaries", "tbl-dose-oc", "tbl-dose-oc-subjects", "tbl-immune-power",
    "tbl-related-studies", "fig-related-studies",
)  # fmt: skip
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
    known = rows[rows["value"].notna() & ~rows["display"].isin(WITHOUT_SUBJECTS)]
    counts = known[known["statistic"].isin(COUNTS)]
    halves = counts[counts["statistic"].isin(["n1", "n2"])]
    sums = halves.groupby(CELL, sort=False, as_index=False)["value"].sum().assign(statistic="n1", unit="")
    others = known[~place_of(known, CELL).isin(place_of(counts, CELL))]
    events = others[others["statistic"] == EVENTS]
    found = pd.concat([counts, sums, events, _shares(known)], ignore_index=True)
    return pd.DataFrame(found, columns=[*CELL, "statistic", "unit", "value"])


def sizes_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return N of each cell (``CELL``, value)."""
    chosen = (rows["statistic"] == SIZE) & rows["value"].notna() & ~rows["display"].isin(WITHOUT_SUBJECTS)
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
