"""Kinds of adverse events: the treatment-emergent events of each, and their counts by class and term."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from csrkit.absence import is_absent
from csrkit.stats.groups import rank_levels
from csrkit.stats.proportions import count_subjects_and_events, mark_unrecorded
from itpcsr.analysis.comparisons import compare_counts
from itpcsr.study import Column

NO_DOMAIN = "The study's data hold no adverse event domain (AE), so adverse events cannot be shown."
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
# Kinds whose rate and time are estimated, and their parameter in ADAETTE.
PARAMETERS = {"any": "AEANY", "related": "AEREL", "severe": "AESEV", "serious": "AESER"}
# Analyses of events by term, and the columns of ``label_terms`` that are their levels.
TERMS = {"any": ["any"], "soc": ["soc"], "pt": ["soc", "pt"]}
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


def is_recorded(adae: pd.DataFrame, kind: str) -> bool:
    """Tell whether any event has what the kind is about; without events a count is truly zero."""
    values = adae[_RECORDED_IN[kind]] if kind in _RECORDED_IN else pd.Series(dtype="str")
    return values.empty or bool((values.notna() & (values != "")).any())


def why_absent(adae: pd.DataFrame, events: pd.DataFrame | None = None, kind: str = "any") -> str:
    """Return the sentence that stands for a display of events of a kind without any, or "".

    Without ``events`` the display shows zeros, too, and is absent only where the domain is.
    """
    if is_absent(adae, "AE"):
        return NO_DOMAIN
    if events is None:
        return ""
    if not is_recorded(adae, kind):
        return _UNRECORDED[kind]
    return _NONE[kind] if events.empty else ""


def count_kind(
    adae: pd.DataFrame, events: pd.DataFrame, members: pd.DataFrame, kind: str, confidence: float
) -> pd.DataFrame:
    """Count those of the events that are of a kind, as level ``kind``; NE where nothing records it.

    Statistics are n, N, percent with its limits, and events.
    """
    chosen = events[events[FLAGS[kind]] == "Y"].assign(kind=kind)
    counts = count_subjects_and_events(chosen, members, [kind], "kind", confidence)
    return counts if is_recorded(adae, kind) else mark_unrecorded(counts)


def count_by_term(
    events: pd.DataFrame, members: pd.DataFrame, compared: Sequence[Column] = ()
) -> pd.DataFrame:
    """Count subjects and events by system organ class (SOC) and preferred term (PT).

    ``analysis`` is any, soc or pt; the SOC is the category of a PT. Classes and the terms within them
    come in order of decreasing frequency in all groups together, ties by name. With ``compared``, the
    columns of single arms (control first), each active one also gets Fisher's exact p_value against control.
    """
    named, parts = label_terms(events), []
    for analysis, columns in TERMS.items():
        levels = [("any",)] if analysis == "any" else rank_levels(named, members, columns)
        counts = count_subjects_and_events(named, members, levels, columns)
        parts.append(pd.concat([counts, compare_counts(counts, compared)]).assign(analysis=analysis))
    return pd.concat(parts, ignore_index=True)


def label_terms(events: pd.DataFrame) -> pd.DataFrame:
    """Return USUBJID with the categorical columns any ("any"), soc and pt of events."""
    terms = events[["USUBJID", "AEBODSYS", "AEDECOD"]].astype("category")
    return terms.rename(columns={"AEBODSYS": "soc", "AEDECOD": "pt"}).assign(
        any=pd.Series("any", index=terms.index).astype("category")
    )
