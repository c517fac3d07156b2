"""Findings of the charts of response: lines of time, curves, subgroups."""

from __future__ import annotations

import pandas as pd

from csrkit.tables import words
from csrkit.tables.formats import format_count, format_interval, format_number, format_percent
from csrkit.tables.lookup import Lookup
from itpcsr.display.findings.phrases import by_group, counted, of, single_arms, whole
from itpcsr.study import Study

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
