"""Analysis visits of findings: windows and the record of each, values carried forward, baseline and change.

Variables are those of ADaM's basic data structure. Records hold ADY (study day; there is no day 0) and AVAL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Ties = Literal["earlier", "later"]


@dataclass(frozen=True)
class Window:
    """An analysis visit and the study days that belong to it; a limit of None is open.

    >>> Window("Week 8", 8, 2, 84, 56).text
    '2-84'
    """

    visit: str
    number: float
    low: float | None
    high: float | None
    target: float

    @property
    def text(self) -> str:
        """Return the days in words: ``2-84``, ``<=1`` or ``>140`` (one below the lower limit)."""
        if self.low is None:
            return "" if self.high is None else f"<={self.high:g}"
        return f">{self.low - 1:g}" if self.high is None else f"{self.low:g}-{self.high:g}"


def flag_baseline(
    records: pd.DataFrame, keys: Sequence[str], *, order: Sequence[str] = (), last_day: int = 1
) -> pd.DataFrame:
    """Add ABLFL: Y for the last record of a series with a value on or before a study day, "" for all others.

    Parameters
    ----------
    records
        ADY, AVAL and the columns of ``keys`` and ``order``.
    keys
        What makes a series, such as USUBJID and PARAMCD.
    order
        What orders records of one day.
    last_day
        The last study day of a baseline value: 1 where the first dose follows the visit's assessments.
    """
    known = records[(records["ADY"] <= last_day) & records["AVAL"].notna()]
    chosen = known.sort_values([*keys, "ADY", *order], kind="stable").drop_duplicates(list(keys), keep="last")
    return records.assign(ABLFL=_yes(records.index.isin(chosen.index), records.index))


def add_change(records: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Add BASE, CHG and PCHG (%) from the record with ABLFL = Y of each series.

    CHG and PCHG are NaN in the baseline record and before it, and without a baseline; PCHG too for a baseline
    of 0.

    Raises
    ------
    ValueError
        A series has two baseline records.
    """
    own = [*keys, "AVAL", "ADY"]
    base = records.loc[records["ABLFL"] == "Y", own].rename(columns={"AVAL": "BASE", "ADY": "_day"})
    if len(twice := base[base.duplicated(list(keys))]):
        raise ValueError(f"Two records are flagged as baseline: {twice[list(keys)].iloc[0].to_dict()}.")
    joined = records.drop(columns="BASE", errors="ignore").merge(base, on=list(keys), how="left")
    later = (joined["ABLFL"] != "Y") & (joined["ADY"] > joined["_day"])
    change = (joined["AVAL"] - joined["BASE"]).where(later)
    share = 100 * change / joined["BASE"].where(joined["BASE"] != 0)
    joined = joined.assign(CHG=change, PCHG=share).drop(columns="_day")
    return joined.set_index(records.index)


def analysis_windows(
    records: pd.DataFrame,
    windows: Sequence[Window],
    keys: Sequence[str],
    *,
    ties: Ties,
    order: Sequence[str] = (),
) -> pd.DataFrame:
    """Assign records to analysis visits by study day, and flag the record that stands for each visit.

    Parameters
    ----------
    records
        ADY (NaN belongs to no visit), AVAL and the columns of ``keys`` and ``order``.
    windows
        The visits; their days don't overlap.
    keys
        What makes a series, such as USUBJID and PARAMCD.
    ties
        Which of two days equally near to the target counts.
    order
        What orders records of one day; the last of them counts.

    Returns
    -------
    DataFrame
        The records with AVISIT, AVISITN, AWLO and AWHI (NaN for an open limit), AWTARGET, AWTDIFF (days from
        the target, both ways positive), AWRANGE, AWU, and ANL01FL: Y for the record with a value nearest to
        the target, one for each visit of a series. Records of no visit have "" and NaN.

    Raises
    ------
    ValueError
        Windows overlap, or a target lies outside of its window.

    Examples
    --------
    >>> records = pd.DataFrame({"USUBJID": ["1"] * 3, "ADY": [50, 63, 83], "AVAL": [8.0, 9.0, 7.0]})
    >>> found = analysis_windows(records, [Window("Week 8", 8, 2, 84, 56)], ["USUBJID"], ties="later")
    >>> found[["AVISIT", "AWTDIFF", "ANL01FL"]].values.tolist()
    [['Week 8', 6.0, 'Y'], ['Week 8', 7.0, ''], ['Week 8', 27.0, '']]
    """
    refuse_overlaps(windows)
    day = records["ADY"].to_numpy("float64")
    place = np.full(len(records), -1)
    for number, window in enumerate(windows):
        low = -np.inf if window.low is None else window.low
        high = np.inf if window.high is None else window.high
        place = np.where((day >= low) & (day <= high), number, place)
    found = _name_visit(records, windows, place)
    candidates = found[(place >= 0) & found["AVAL"].notna()]
    ranked = candidates.sort_values(["ADY", *order], kind="stable")
    last_of_day = ranked.drop_duplicates([*keys, "AVISITN", "ADY"], keep="last")
    near = last_of_day.sort_values([*keys, "AVISITN", "AWTDIFF", "ADY"], kind="stable")
    if ties == "later":
        nearest = near.groupby([*keys, "AVISITN"])["AWTDIFF"].transform("min")
        near = near[near["AWTDIFF"] == nearest]
    chosen = near.drop_duplicates([*keys, "AVISITN"], keep="first" if ties == "earlier" else "last")
    return found.assign(ANL01FL=_yes(found.index.isin(chosen.index), found.index))


def carry_forward(
    records: pd.DataFrame,
    windows: Sequence[Window],
    keys: Sequence[str],
    *,
    order: Sequence[str] = (),
    only_analysed: bool = False,
    from_baseline: bool = False,
) -> pd.DataFrame:
    """Add a record for each visit without one: the last value before it (LOCF), beside the observed records.

    Parameters
    ----------
    records
        As ``analysis_windows`` and ``flag_baseline`` give them: one index value for each record.
    windows
        The visits to fill, in their order.
    keys
        What makes a series, such as USUBJID and PARAMCD.
    order
        What orders records of one day.
    only_analysed
        Whether the value comes from records with ANL01FL = Y alone, or from every observed one.
    from_baseline
        Whether the value at baseline is carried, too. Without it a series without a later value isn't filled;
        later is after the day of the baseline record, or after Day 1 in a series without one.

    Returns
    -------
    DataFrame
        Observed records (DTYPE "") and those carried (DTYPE LOCF, ANL01FL Y): these keep their day, date and
        VISIT, and have AVISIT, AVISITN and the window of the visit that they stand for, with AWTDIFF to its
        target. Sorted by series, AVISITN and day, with a new index.
    """
    keys = list(keys)
    records = records.assign(DTYPE=pd.Series("", records.index, dtype="str"))
    base = records.loc[records["ABLFL"] == "Y"].drop_duplicates(keys).set_index(keys)["ADY"]
    first = pd.Series(base.reindex(_series(records, keys)).fillna(1.0).to_numpy(), records.index)
    after = records["ADY"] > first
    usable = records["AVAL"].notna() & (after | (from_baseline & (records["ABLFL"] == "Y")))
    if only_analysed:
        usable &= (records["ANL01FL"] == "Y") | (records["ABLFL"] == "Y")
    sources = records[usable].sort_values([*keys, "ADY", *order], kind="stable")
    parts = [records]
    for window in windows:
        start = window.target if window.low is None else window.low
        last = sources[sources["ADY"] < start].drop_duplicates(keys, keep="last")
        there = records[(records["ANL01FL"] == "Y") & (records["AVISITN"] == window.number)]
        due = last[~_series(last, keys).isin(_series(there, keys))]
        named = _name_visit(due, [window], np.zeros(len(due), dtype="int64"))
        parts.append(named.assign(DTYPE="LOCF", ANL01FL="Y", ABLFL=""))
    whole = pd.concat([part for part in parts if len(part)] or [records])
    return whole.sort_values([*keys, "AVISITN", "ADY", *order, "DTYPE"], kind="stable", ignore_index=True)


def _name_visit(records: pd.DataFrame, windows: Sequence[Window], place: NDArray[np.int64]) -> pd.DataFrame:
    """Add the variables of a visit; ``place`` is the window of each record, -1 for none."""
    texts = {"AVISIT": [w.visit for w in windows], "AWRANGE": [w.text for w in windows]}
    limits: dict[str, list[float | None]] = {
        "AVISITN": [w.number for w in windows],
        "AWLO": [w.low for w in windows],
        "AWHI": [w.high for w in windows],
        "AWTARGET": [w.target for w in windows],
    }
    found = records.copy()
    for name, words in texts.items():
        found[name] = pd.Series(np.array([*words, ""], dtype="object")[place], found.index, dtype="str")
    for name, numbers in limits.items():
        found[name] = np.array([*numbers, np.nan], dtype="float64")[place]
    found["AWU"] = pd.Series(np.where(place >= 0, "DAYS", ""), found.index, dtype="str")
    found["AWTDIFF"] = (_elapsed(found["ADY"]) - _elapsed(found["AWTARGET"])).abs()
    return found


def _elapsed(day: pd.Series) -> pd.Series:
    """Return days without the gap of the day 0 that there isn't."""
    return day.astype("float64").where(day < 0, day - 1)


def _series(records: pd.DataFrame, keys: list[str]) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(records[keys])


def _yes(which: NDArray[np.bool_], index: pd.Index) -> pd.Series:
    return pd.Series(np.where(which, "Y", ""), index, dtype="str")


def refuse_overlaps(windows: Sequence[Window]) -> None:
    """Raise ValueError where windows overlap, or a target lies outside of its window."""

    def limits(window: Window) -> tuple[float, float]:
        low = -np.inf if window.low is None else window.low
        return low, np.inf if window.high is None else window.high

    for window in windows:
        low, high = limits(window)
        if not low <= window.target <= high:
            raise ValueError(f"The target day {window.target:g} of {window.visit} isn't within its window.")
    ordered = sorted(windows, key=limits)
    for first, second in pairwise(ordered):
        if limits(second)[0] <= limits(first)[1]:
            raise ValueError(
                f"The windows of {first.visit} and {second.visit} overlap; give each day to one."
            )
