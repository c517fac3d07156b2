"""Which counts qualify as response: each by itself, without its neighbours."""

from __future__ import annotations

import numpy as np
import pandas as pd

from itpcsr.study import ResponseDefinition


def qualify(counts: pd.DataFrame, definition: ResponseDefinition, rescued: pd.Series) -> pd.DataFrame:
    """Return flags of each count: ``reached`` (high enough), ``R`` and ``CR`` (nothing speaks against it).

    Every complete response is a response. ``counts`` come from ``collect_counts``; ``rescued`` says of each
    of them whether its subject ever had rescue therapy.
    """
    value = counts["AVAL"]
    high = value >= definition.count
    if definition.ratio > 0:
        high &= value >= definition.ratio * counts["BASE"]
    # complete response asks for no doubling (Rodeghiero et al., Blood 2009;113:2386, table 2)
    limit = np.inf if definition.complete_count is None else definition.complete_count
    complete = value >= limit
    if definition.ratio > 0:
        complete &= counts["BASE"].notna()
    clear = ~_bleeding(counts, definition) & ~_after_rescue(counts, definition, rescued)
    reached = high | complete
    return pd.DataFrame({"reached": reached, "R": reached & clear, "CR": complete & clear})


def _bleeding(counts: pd.DataFrame, definition: ResponseDefinition) -> pd.Series:
    by_event = counts["by_event"] & ("adverse event" in definition.bleeding)
    return by_event | (counts["by_scale"] & ("bleeding scale" in definition.bleeding))


def _after_rescue(counts: pd.DataFrame, definition: ResponseDefinition, rescued: pd.Series) -> pd.Series:
    if definition.rescue == "not considered":
        return pd.Series(False, index=counts.index)
    return rescued if definition.rescue == "any rescue is no response" else counts["rescued"]
