"""All tests of the report: which there are, and which were chosen beforehand."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from csrkit.rows import levels_in
from csrkit.vocabulary import LEVEL
from itpcsr.study import ChosenTest, Study
from itpcsr.study.testing import BETWEEN_ARMS, PLACES, Place, is_chosen

CHOSEN, OTHERS = "tbl-chosen-tests", "tbl-exploratory-tests"
P_VALUES = ("p_value", "p_adjusted", "mid_p")
_PLACE = ["display", "analysis", "group", *LEVEL, "visit"]


def select_tests(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each test among result rows: its raw p-value, which is NaN where there is none.

    Tests between arms stay in their own tables and are none of these.
    """
    tests = rows[(rows["statistic"] == "p_value") & ~rows["display"].isin(BETWEEN_ARMS)]
    return tests.drop(columns="notebook").reset_index(drop=True)


def places_of(tests: pd.DataFrame) -> list[Place]:
    """Return where each test stands among result rows."""
    names = (tests[name] for name in ("display", "analysis", "group"))
    return [Place(*place) for place in zip(*names, levels_in(tests), tests["visit"], strict=True)]


def part_tests(tests: pd.DataFrame, study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tests chosen beforehand, in the order of their declaration, and all others."""
    places = places_of(tests)
    orders = [_first(place, study.testing.chosen_tests) for place in places]
    ordered = tests.assign(order=pd.Series(orders, index=tests.index, dtype="Int64"))
    chosen = ordered[ordered["order"].notna()].sort_values("order", kind="stable")
    others = ordered[ordered["order"].isna()]
    return chosen.drop(columns="order"), others.drop(columns="order")


def _first(place: Place, chosen: Sequence[ChosenTest]) -> int | None:
    return next((number for number, one in enumerate(chosen) if is_chosen(place, one)), None)


def not_made(tests: pd.DataFrame, study: Study) -> list[ChosenTest]:
    """Return the declarations that name no test of this version: what they need isn't part of it."""
    places = places_of(tests)
    return [one for one in study.testing.chosen_tests if not any(is_chosen(place, one) for place in places)]


def displays_of_tests(rows: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return result rows in which a p-value has the display that shows it, the table of tests."""
    tested = rows["statistic"].isin(P_VALUES) & rows["display"].isin({place[0] for place in PLACES.values()})
    chosen, _ = part_tests(rows[tested & (rows["statistic"] == "p_value")], study)
    shown = pd.MultiIndex.from_frame(chosen[_PLACE])
    first = tested & pd.MultiIndex.from_frame(rows[_PLACE]).isin(shown)
    return rows.assign(display=rows["display"].mask(tested, OTHERS).mask(first, CHOSEN))
