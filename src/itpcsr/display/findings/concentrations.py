"""Findings of the charts of cells in blood: concentrations by dose, actual against nominal times."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from csrkit.tables import words
from csrkit.tables.formats import format_number, format_signed
from csrkit.tables.lookup import Lookup
from itpcsr.display.findings.phrases import of


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
