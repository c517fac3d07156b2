"""Findings of the charts of dose finding and of cells in blood."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from csrkit.stats.proportions import LIMITS
from csrkit.tables import words
from csrkit.tables.formats import format_interval, format_number, format_percent, format_plain, format_signed
from csrkit.tables.lookup import Lookup
from itpcsr.display.findings import of

# Findings of the charts of dose finding.

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


# Findings of the charts of cells in blood: concentrations by dose, actual against nominal times.


def profiles_finding(
    rows: pd.DataFrame, names: Mapping[str, str], unit: str, below: int, samples: int
) -> str:
    """Say the highest median of each dose and when, and how many samples lie below the limit.

    ``names`` has the label of each dose drawn; ``below`` of the ``samples`` drawn aren't quantified.
    """
    lookup = Lookup(rows)
    peaks = [f"{name}: {_peak(lookup, key, unit)}" for key, name in names.items()]
    return (
        f"Highest median concentration by dose: {'; '.join(peaks)}. Below the limit of quantification: "
        f"{of(below, samples, 'sample')}."
    )


def _peak(lookup: Lookup, group: str, unit: str) -> str:
    medians = {
        visit: lookup.peek("concentration", group, "median", visit=visit)
        for visit in lookup.visits("concentration")
        if visit.endswith(" after")
    }
    known = {visit: value for visit, value in medians.items() if not pd.isna(value)}
    if not known:
        return "no median is quantified"
    visit = max(known, key=lambda name: known[name])
    return f"{format_number(known[visit], 1)} {words.unit(unit)} at {visit}"


def times_finding(rows: pd.DataFrame) -> str:
    """Say median and range of actual less nominal time, and the nominal time with the widest range."""
    lookup = Lookup(rows)
    low, middle, high = (lookup.peek("deviation", "", name) for name in ("min", "median", "max"))
    spread = {
        visit: lookup.peek("deviation", "", "max", visit=visit)
        - lookup.peek("deviation", "", "min", visit=visit)
        for visit in lookup.visits("deviation")
    }
    known = {visit: value for visit, value in spread.items() if not pd.isna(value)}
    text = (
        f"Actual less nominal time of {words.plural(lookup.peek('deviation', '', 'n'), 'sample')}: median "
        f"{format_signed(middle, 1)} minutes, from {format_signed(low, 0)} to {format_signed(high, 0)} "
        "minutes"
    )
    widest = max(known, key=lambda name: known[name], default="")
    return f"{text}; the range is widest at {widest}." if widest and known[widest] else f"{text}."
