"""Kinds of adverse events, and the treatment-emergent events of each."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from csrkit.absence import is_absent
from csrkit.rows import absent_rows, make_rows
from csrkit.stats.proportions import count_events, count_subjects, mark_unrecorded

NO_DOMAIN = "The study's data hold no adverse event domain (AE), so adverse events can't be shown."
# Kind, and the flag of ADAE that a treatment-emergent event must have for it.
FLAGS = {
    "any": "TRTEMFL",
    "related": "RELFL",
    "severe": "SEVFL",
    "serious": "SERFL",
    "dlt": "DLTFL",
    "infusion_reaction": "INFRFL",
    "interruption": "INTRFL",
    "withdrawal": "DISCFL",
    "fatal": "FATALFL",
}
# What must be recorded for any event before a kind says something.
_RECORDED_IN = {
    "related": "AEREL",
    "severe": "ASEVN",
    "interruption": "AEACN",
    "withdrawal": "AEACN",
    "dlt": "DLTFL",
    "infusion_reaction": "INFRFL",
    "fatal": "FATALFL",
}
_NONE = {
    "any": "No treatment-emergent adverse event was reported.",
    "related": "No treatment-emergent adverse event related to treatment was reported.",
    "severe": "No treatment-emergent adverse event was reported as severe.",
    "serious": "No treatment-emergent adverse event was reported as serious.",
}
_UNRECORDED = {
    "related": "The data record no relation to treatment for any adverse event.",
    "severe": "The data record no severity for any adverse event.",
}


def select_events(adae: pd.DataFrame, members: pd.DataFrame, kind: str = "any") -> pd.DataFrame:
    """Return the treatment-emergent events of a kind in subjects who stand in some group."""
    chosen = (adae["TRTEMFL"] == "Y") & (adae[FLAGS[kind]] == "Y")
    # looking up each subject once is much faster than each of a million records
    others = set(adae["USUBJID"].unique()) - set(members["USUBJID"])
    if others:
        chosen &= ~adae["USUBJID"].isin(others)
    return adae if chosen.all() else adae[chosen]


def is_recorded(adae: pd.DataFrame, kind: str) -> bool:
    """Tell whether any event has what the kind is about; without events a count is truly zero."""
    values = adae[_RECORDED_IN[kind]] if kind in _RECORDED_IN else pd.Series(dtype="str")
    return values.empty or bool((values.notna() & (values != "")).any())


def why_absent(adae: pd.DataFrame, events: pd.DataFrame, kind: str = "any") -> str:
    """Return the sentence that stands for a display of events of a kind without any, or ""."""
    if is_absent(adae, "AE"):
        return NO_DOMAIN
    if not is_recorded(adae, kind):
        return _UNRECORDED[kind]
    return _NONE[kind] if events.empty else ""


def count(
    events: pd.DataFrame,
    members: pd.DataFrame,
    levels: Sequence[str],
    level: str,
    confidence: float | None = None,
) -> pd.DataFrame:
    """Count subjects (n, N, percent, with a confidence also ci_low and ci_high) and events by level."""
    subjects = count_subjects(events, members, list(levels), level, confidence)
    return pd.concat([subjects, count_events(events, members, list(levels), level)])


def count_flagged(
    adae: pd.DataFrame, events: pd.DataFrame, members: pd.DataFrame, kind: str, confidence: float
) -> pd.DataFrame:
    """Count those of the events that are of a kind, as level ``kind``; NE where nothing records it."""
    chosen = events[events[FLAGS[kind]] == "Y"].assign(kind=kind)
    counts = count(chosen, members, [kind], "kind", confidence)
    return counts if is_recorded(adae, kind) else mark_unrecorded(counts)


def rows_of(parts: list[pd.DataFrame], display: str, dataset: str = "ADAE") -> pd.DataFrame:
    """Return the parts of a display as result rows of the safety set."""
    return make_rows(
        pd.concat(parts, ignore_index=True), display=display, population="safety set", dataset=dataset
    )


def absent(display: str, sentence: str) -> pd.DataFrame:
    """Return the one row of a display of the safety set without data."""
    return absent_rows(display, sentence, population="safety set", dataset="ADAE")
