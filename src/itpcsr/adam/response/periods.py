"""Periods of confirmed response: where each begins, and what ends it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from itpcsr.adam.domains import look_up
from itpcsr.adam.response.runs import find_runs
from itpcsr.study import ResponseDefinition


def find_responses(
    counts: pd.DataFrame, qualifies: pd.Series, subjects: pd.DataFrame, definition: ResponseDefinition
) -> pd.DataFrame:
    """Return the confirmed responses of each subject, in order of time.

    A response begins with the first of qualifying counts that confirm one another, and lasts until counts
    that fail follow one another over at least ``loss_days``, or rescue therapy begins; fewer failing counts
    don't end it. Counts that qualify again after that, and are confirmed, begin another one.

    Parameters
    ----------
    counts
        From ``collect_counts``: USUBJID, ADT, in order of subject and time, with a clean index from 0.
    qualifies
        True for each count that qualifies as response.
    subjects
        USUBJID and RESCDT, the first day of rescue therapy.

    Returns
    -------
    DataFrame
        USUBJID, the index of its ``first`` and its ``last`` qualifying count, and LOSDT: the day on which it
        was lost, NaT where it wasn't seen to be.
    """
    runs = find_runs(counts, qualifies, definition.confirmation_days)
    failed = find_runs(counts, ~qualifies, definition.loss_days)
    # the next failing run of the same subject ends the response that a run belongs to
    place = np.searchsorted(failed["first"].to_numpy(), runs["first"].to_numpy(), side="right")
    following = failed.reindex(place).set_axis(runs.index)
    ending = following["first"].where(following["USUBJID"] == runs["USUBJID"])
    keyed = runs.assign(ending=ending.fillna(-1.0))
    periods = keyed.drop_duplicates(["USUBJID", "ending"]).reset_index(drop=True)
    good = np.flatnonzero(qualifies.to_numpy("bool"))
    bounds = periods["ending"].mask(periods["ending"] < 0, _after_last(counts, periods["USUBJID"]))
    periods["last"] = good[np.searchsorted(good, bounds.to_numpy("float64")) - 1]
    lost = counts["ADT"].reindex(periods["ending"]).set_axis(periods.index)
    if definition.rescue == "counts from rescue on do not count":
        rescue = look_up(subjects.set_index("USUBJID")["RESCDT"], periods["USUBJID"])
        lost = lost.where(~(rescue < lost) & lost.notna(), rescue)
    return periods.assign(LOSDT=lost)[["USUBJID", "first", "last", "LOSDT"]]


def _after_last(counts: pd.DataFrame, subjects: pd.Series) -> pd.Series:
    """Return the index behind the last count of each subject."""
    last = counts.drop_duplicates("USUBJID", keep="last")
    behind = pd.Series(last.index + 1.0, index=last["USUBJID"])
    return look_up(behind, subjects)
