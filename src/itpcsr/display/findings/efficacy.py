"""Findings of the charts of the platelet course and of response."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from csrkit.tables import words
from csrkit.tables.formats import (
    format_count,
    format_interval,
    format_number,
    format_percent,
    format_plain,
    format_statistic,
)
from csrkit.tables.lookup import Lookup
from itpcsr.display.findings import by_group, counted, of, single_arms, whole
from itpcsr.display.labels import DECIMALS
from itpcsr.study import Study

# Findings of the charts of the platelet course.

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


# Findings of the charts of response: lines of time, curves, subgroups.

_EVENTS = {
    "response": ("had a confirmed response", "time to it", "subject"),
    "duration": ("lost their response", "duration of response", "responder"),
}
_NOT_KNOWN = "Not known"  # the level of those whom a subgroup can't place: itself no subgroup


def swimmer_finding(best: pd.DataFrame, adcm: pd.DataFrame, study: Study) -> str:
    """Say how many subjects had a confirmed response, when it began, and whether it was lost.

    ``best`` has a record per subject: CRIT1FL (Y for a response), ADY (its first day), LOSDY (NaN while not
    lost), ARMCD.
    """
    size, had = len(best), best[best["CRIT1FL"] == "Y"]
    rescued = adcm.loc[adcm["RESCFL"] == "Y", "USUBJID"]
    rescue = f"Rescue therapy in {of(best['USUBJID'].isin(rescued).sum(), size, 'subject')}."
    if had.empty:
        return f"Confirmed response in {of(0, size, 'subject')}. {rescue}"
    lost = had["LOSDY"].notna().sum()
    groups = counted(
        (arm.label, (had["ARMCD"] == arm.code).sum(), (best["ARMCD"] == arm.code).sum())
        for arm in study.design.arms
        if (best["ARMCD"] == arm.code).any()
    )
    return (
        f"Confirmed response in {of(len(had), size, 'subject')} ({groups}), beginning "
        f"{_days(had['ADY'])}; lost in {of(lost, len(had))}, still held at the last count in "
        f"{of(len(had) - lost, len(had))}. {rescue}"
    )


def _days(days: pd.Series) -> str:
    first, last = format_count(days.min()), format_count(days.max())
    return f"on Day {first}" if first == last else f"from Day {first} to Day {last}"


def curves_finding(rows: pd.DataFrame, study: Study, name: str) -> str:
    """Say how many subjects had the event of a curve, its estimated median, and how many by arm."""
    lookup, total = Lookup(rows), whole(study)
    event, what, noun = _EVENTS[name]
    had = of(lookup.peek(name, total, "n"), lookup.peek(name, total, "N"), noun)
    median = lookup.peek(name, total, "median")
    time = "is not reached" if pd.isna(median) else f"is {format_number(median, 1)} days"
    groups = by_group(lookup, name, "", single_arms(study))
    return f"{had} {event}; the estimated median {what} {time}. By group: {groups}."


def subgroups_finding(data: pd.DataFrame) -> str:
    """Say the rate of all subjects, the lowest and the highest of a subgroup, and how the intervals lie.

    ``data`` has analysis (overall, or the variable), level, n, N, percent, ci_low, ci_high.
    """
    known = data.dropna(subset=["percent"])
    overall = known[known["analysis"] == "overall"]
    if overall.empty:
        return "No subject can be judged, so there is no rate of response."
    rate = overall.to_dict("records")[0]
    parts = [f"Response of all: {_rate(rate)}"]
    groups = known[(known["analysis"] != "overall") & (known["level"] != _NOT_KNOWN)]
    if groups["percent"].nunique() > 1:
        records = groups.to_dict("records")
        ends = {
            "lowest": min(records, key=lambda group: group["percent"]),
            "highest": max(records, key=lambda group: group["percent"]),
        }
        parts += [f"{end} in {_name(group)}: {_rate(group)}" for end, group in ends.items()]
    apart = (groups["ci_low"] > rate["percent"]) | (groups["ci_high"] < rate["percent"])
    inside = of(len(groups) - apart.sum(), len(groups), "subgroup")
    return f"{'; '.join(parts)}. The interval includes the rate of all in {inside}."


def _name(group: words.Record) -> str:
    return f"{group['analysis']} {group['level']}"


def _rate(group: words.Record) -> str:
    """Return ``8 of 18 (44.4%, exact interval 21.5 to 69.2)``; 0 has no percentage."""
    share = f"{format_percent(group['percent'])}%, " if group["n"] else ""
    interval = format_interval(group["ci_low"], group["ci_high"])
    return f"{of(group['n'], group['N'])} ({share}exact interval {interval})"
