"""Findings of the charts of dose finding."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from csrkit.stats.proportions import LIMITS
from csrkit.tables import words
from csrkit.tables.formats import format_interval, format_number, format_percent, format_plain
from csrkit.tables.lookup import Lookup
from itpcsr.display.findings.phrases import of

_STAGES = {"first": "first subjects", "all": "with the expansion"}


def rates_finding(rows: pd.DataFrame, doses: Sequence[str], unit: str, target: float) -> str:
    """Say the subjects with DLT by dose at two times, and the model's estimate at the highest dose.

    ``doses`` are numbers as text, from low to high; ``target`` is the tolerable rate in percent.
    """
    lookup = Lookup(rows)
    parts = [f"{title}: {_observed(lookup, visit, len(doses))}" for visit, title in _STAGES.items()]
    top = str(len(doses))
    rate, low, high = (lookup.peek("crm", "", name, top, "all") for name in ("percent", *LIMITS))
    given = words.amount(words.join(doses), unit)
    text = f"Subjects with dose-limiting toxicity at {given}: {'; '.join(parts)}."
    if math.isnan(rate):
        return text
    return (
        f"{text} The CRM's estimate at the highest dose is {format_percent(rate)}% (90% interval "
        f"{format_interval(low, high)}); the tolerable rate is {format_plain(target)}%."
    )


def _observed(lookup: Lookup, visit: str, doses: int) -> str:
    """Return ``0 of 3, 0 of 3, 1 of 6``, one for each dose."""
    levels = map(str, range(1, doses + 1))
    return ", ".join(
        of(
            lookup.peek("observed", "", "n", level, visit),
            lookup.peek("observed", "", "N", level, visit),
        )
        for level in levels
    )


def _levels(doses: Sequence[str]) -> range:
    return range(1, len(doses) + 1)


def utility_finding(rows: pd.DataFrame, doses: Sequence[str]) -> str:
    """Say which dose has the largest utility at both ends of the weights, and what weightings prefer."""
    lookup = Lookup(rows)
    ends = {"0": "efficacy", "100": "safety"}
    best = [f"with all weight on {side} {_best(lookup, share, doses)}" for share, side in ends.items()]
    preferred = [
        f"{dose} by {format_percent(value)}%"
        for level, dose in enumerate(doses, start=1)
        if not math.isnan(value := lookup.peek("weightings", f"level_{level}", "percent"))
    ]
    return f"Largest utility: {', '.join(best)}. Of all weightings, preferred are {', '.join(preferred)}."


def _best(lookup: Lookup, share: str, doses: Sequence[str]) -> str:
    values = [lookup.peek("share", f"level_{level}", "score", share) for level in _levels(doses)]
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return "none can be given"
    score = format_number(max(known), 2)
    # doses that print alike are named together
    names = [dose for dose, value in zip(doses, values, strict=True) if format_number(value, 2) == score]
    return f"{' and '.join(names)} ({score})"
