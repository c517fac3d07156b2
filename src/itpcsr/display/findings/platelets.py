"""Findings of the charts of the platelet course."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from csrkit.tables import words
from csrkit.tables.formats import format_count, format_plain, format_statistic
from csrkit.tables.lookup import Lookup
from itpcsr.display.findings.phrases import counted, of, single_arms, whole
from itpcsr.display.labels import DECIMALS
from itpcsr.study import Study

_UNIT = "× 10⁹/L"
_RESPONSES = ("CR", "R", "NR", "NE")


def course_finding(rows: pd.DataFrame, without: pd.DataFrame, study: Study) -> str:
    """Say the median of all subjects at baseline, at its highest and at the end, and those of the arms.

    ``without`` are the rows without counts after rescue therapy, of which the median at the end is told.
    """
    lookup, total = Lookup(rows), whole(study)
    visits = [visit for visit in lookup.visits("aval") if lookup.peek("aval", total, "n", visit=visit) > 0]
    if not visits:
        return "No subject has a platelet count at a planned visit."
    highest = max(visits, key=lambda visit: lookup.peek("aval", total, "median", visit=visit))
    shown = [
        f"{_median(lookup, total, visit)} at {visit}{', the highest' if visit == highest else ''}"
        for visit in dict.fromkeys((visits[0], highest, visits[-1]))
    ]
    text = f"Median platelet count, {_UNIT}, counts after rescue included: {'; '.join(shown)}"
    arms = [
        f"{name} {_median(lookup, key, visits[-1])}"
        for key, name in single_arms(study).items()
        if lookup.peek("aval", key, "n", visit=visits[-1]) > 0
    ]
    before = Lookup(without)
    last = (
        f"{_median(before, total, visits[-1])}"
        if before.peek("aval", total, "n", visit=visits[-1]) > 0
        else "no count"
    )
    return f"{text}; without them {last} at {visits[-1]}. By group at {visits[-1]}: {', '.join(arms)}."


def _median(lookup: Lookup, group: str, visit: str) -> str:
    """Return ``12.0 (n=18)``."""
    value = format_statistic("median", lookup.peek("aval", group, "median", visit=visit), 0)
    return f"{value} (n={format_count(lookup.peek('aval', group, 'n', visit=visit))})"


def heatmap_finding(data: pd.DataFrame, names: Sequence[str]) -> str:
    """Say the highest level that each subject's counts reached, and how many had rescue therapy.

    ``data`` has a record per count: USUBJID, level (one of ``names``, from low to high) and rescued.
    """
    if data.empty:
        return "No subject has a platelet count at a planned visit."
    rank = data["level"].map({name: place for place, name in enumerate(names)})
    best = rank.groupby(data["USUBJID"]).max()
    reached = counted((f"{name}:", (best == place).sum(), len(best)) for place, name in enumerate(names))
    framed = data.loc[data["rescued"], "USUBJID"].nunique()
    return (
        f"Highest level ({_UNIT}) that a subject's counts reached, after rescue therapy included: {reached}. "
        f"Counts after the start of rescue therapy: in {of(framed, len(best), 'subject')}."
    )


def best_finding(rows: pd.DataFrame, best: pd.DataFrame, ratio: float, study: Study) -> str:
    """Say median and range of the highest ratio, how many reached the rule's, and the best responses.

    ``best`` has a record per bar: AVAL (the ratio) and AVALC (the best confirmed response).
    """
    lookup, total = Lookup(rows), whole(study)
    number = lookup.peek("bestrat", total, "n")
    if not number or math.isnan(number):
        return "No subject has a platelet count before rescue therapy that can be set against baseline."
    median, low, high = (
        format_statistic(name, lookup.peek("bestrat", total, name), DECIMALS["BESTRAT"])
        for name in ("median", "min", "max")
    )
    reached = of((best["AVAL"] >= ratio).sum(), len(best), "subject")
    counts = [(name, (best["AVALC"] == name).sum()) for name in _RESPONSES]
    responses = ", ".join(f"{name} {format_count(n)}" for name, n in counts if n)
    return (
        f"Highest ratio to baseline: median {median}, from {low} to {high} "
        f"({words.plural(number, 'subject')}); at least {format_plain(ratio)} in {reached}. "
        f"Best confirmed response of those drawn: {responses or 'none judged'}."
    )
