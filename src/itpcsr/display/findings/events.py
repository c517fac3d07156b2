"""Findings of the charts of adverse events: the time to the first one, and incidence by dose."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from csrkit.tables import words
from csrkit.tables.formats import format_number
from csrkit.tables.lookup import Lookup
from itpcsr.display.findings.phrases import by_group, of, single_arms, whole
from itpcsr.study import Study


def times_finding(rows: pd.DataFrame, study: Study) -> str:
    """Say how many subjects had an event, the estimated median time to the first, and how many by arm."""
    lookup, total = Lookup(rows), whole(study)
    had = of(lookup.peek("any", total, "n"), lookup.peek("any", total, "N"), "subject")
    median = lookup.peek("any", total, "median")
    time = (
        "the estimated share with an event does not exceed one half"
        if pd.isna(median)
        else f"the estimated median time to the first is {format_number(median, 1)} days"
    )
    return f"{had} had an adverse event; {time}. By group: {by_group(lookup, 'any', '', single_arms(study))}."


def incidence_finding(rows: pd.DataFrame, names: Mapping[str, str]) -> str:
    """Say how many subjects of each dose had an event, a serious one, and the most frequent term.

    ``names`` has the label of each group in its order.
    """
    lookup = Lookup(rows)
    parts = [
        f"Any adverse event: {by_group(lookup, 'kind', 'any', names)}",
        f"Serious: {by_group(lookup, 'kind', 'serious', names)}",
    ]
    for term in lookup.levels("term")[:1]:
        parts.append(f"Most frequent term: {words.term(term)}, {by_group(lookup, 'term', term, names)}")
    return f"{'. '.join(parts)}."
