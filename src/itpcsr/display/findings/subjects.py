"""Findings of the charts of subjects, events and laboratory values, and of related studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from csrkit.tables import words
from csrkit.tables.formats import format_count, format_number, format_plain
from csrkit.tables.lookup import Lookup
from itpcsr.display.findings import by_group, counted, of, single_arms, whole
from itpcsr.study import Study

# Findings of the charts of disposition, infusions and the course of each subject.

_REASONS = 3  # reasons named; the chart has all


def flow_finding(rows: pd.DataFrame) -> str:
    """Say how many subjects passed each step, and the most frequent reasons of those who left."""
    totals = rows[rows["level"] == ""].set_index("analysis")["value"]
    lead = (
        f"{words.plural(totals['screened'], 'subject')} screened, {format_count(totals['enrolled'])} "
        f"enrolled, {format_count(totals['treated'])} treated"
    )
    for name, text in (("not_enrolled", "not enrolled"), ("not_treated", "enrolled but not treated")):
        if totals.get(name, 0) > 0:
            lead += f"; {format_count(totals[name])} {text}{_reasons(rows, name)}"
    due = {"treatment": totals["treated"], "study": totals["enrolled"]}
    ends = [_end(rows, totals, name) for name, subjects in due.items() if subjects]
    return f"{lead}. {words.capitalize('; '.join(ends))}." if ends else f"{lead}."


def _end(rows: pd.DataFrame, totals: pd.Series, name: str) -> str:
    completed, left = totals[f"completed_{name}"], totals[f"discontinued_{name}"]
    if pd.isna(completed) or pd.isna(left):
        return f"the end of {name} is not recorded"
    whose = "treatment" if name == "treatment" else "the study"
    text = f"{format_count(completed)} completed {whose}"
    early = f"{format_count(left)} ended it early{_reasons(rows, f'discontinued_{name}')}"
    unrecorded = totals.get(f"unrecorded_{name}", 0)
    of_others = f", the end is not recorded for {format_count(unrecorded)}" if unrecorded else ""
    return f"{text}, {early if left else 'none ended it early'}{of_others}"


def _reasons(rows: pd.DataFrame, name: str) -> str:
    own = rows[(rows["analysis"] == name) & (rows["level"] != "")]
    items = [
        f"{words.term(level)} {format_count(n)}" for level, n in zip(own["level"], own["value"], strict=True)
    ]
    more = f", {len(items) - _REASONS} other reasons" if len(items) > _REASONS else ""
    return f" ({', '.join(items[:_REASONS])}{more})" if items else ""


def infusions_finding(rows: pd.DataFrame, study: Study) -> str:
    """Say who was given the first and the last planned infusion, and how many infusions were adjusted."""
    lookup, total = Lookup(rows), whole(study)
    treated = lookup.peek("size", total, "N")
    if not treated:
        return "No subject was treated."
    first, last = (
        of(lookup.peek("given", total, "n", number), treated)
        for number in ("1", str(len(study.design.infusion_days)))
    )
    return (
        f"The first infusion was given to {first} and the last planned one to {last} treated subjects. "
        f"{_adjusted(lookup, total)}"
    )


def _adjusted(lookup: Lookup, total: str) -> str:
    subjects = lookup.peek("any_adjusted", total, "n", "any")
    if pd.isna(subjects):
        return "Whether infusions were adjusted is not recorded."
    if not subjects:
        return "No infusion was interrupted or otherwise adjusted."
    infusions = words.plural(lookup.peek("any_adjusted", total, "events", "any"), "infusion")
    return f"Interrupted or otherwise adjusted: {infusions} in {words.plural(subjects, 'subject')}."


def timeline_finding(drawn: pd.DataFrame, datasets: Mapping[str, pd.DataFrame], study: Study) -> str:
    """Count what the timelines of the subjects drawn show; ``datasets`` are those of the chart.

    Rescue and response belong to a study that defines a platelet response.
    """
    names, total = set(drawn["USUBJID"]), len(drawn)

    def own(name: str) -> pd.DataFrame:
        return datasets[name][datasets[name]["USUBJID"].isin(names) & datasets[name]["ASTDY"].notna()]

    events, rescue = own("adae"), own("admh")
    severe = events["SEVFL"] == "Y"
    lead = f"{words.plural(len(events), 'adverse event')} in {of(_subjects(events), total, 'subject')} drawn"
    severe_text = f"{format_count(severe.sum())} severe, in {of(_subjects(events[severe]), total)}"
    judged = (
        []
        if study.efficacy is None
        else [
            f"rescue therapy in {of(_subjects(rescue[rescue['ACAT1'] == 'RESCUE THERAPY']), total)}",
            f"confirmed response in {of(_subjects(own('response')), total)}",
        ]
    )
    return f"{lead} ({severe_text}); {'; '.join([*judged, _completers(drawn)])}."


def _completers(drawn: pd.DataFrame) -> str:
    """Say how many completed the study, as the flow of subjects does: no record isn't an early end."""
    unknown = int((drawn["EOSSTT"] == "").sum())
    if unknown and unknown == len(drawn):
        return "the end of the study is not recorded"
    text = f"{of((drawn['EOSSTT'] == 'COMPLETED').sum(), len(drawn))} completed the study"
    return f"{text}, its end is not recorded for {format_count(unknown)}" if unknown else text


def _subjects(records: pd.DataFrame) -> int:
    return int(records["USUBJID"].nunique())


# Findings of the charts of adverse events: the time to the first one, and incidence by dose.


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


# Findings of the charts of laboratory values of single subjects.


def courses_finding(data: pd.DataFrame) -> str:
    """Say in how many subjects a value of each test ever lay outside its reference limits.

    ``data`` has Subject, test, Value, and the limits low and high (NaN where not recorded) in the order of
    the tests.
    """
    values = {str(name): part for name, part in data.groupby("test", sort=False)}
    above = _outside(values, data["Value"] > data["high"])
    below = _outside(values, data["Value"] < data["low"])
    if data[["low", "high"]].isna().all(axis=None):
        size = words.plural(data["Subject"].nunique(), "subject")
        return f"Values of {words.plural(len(values), 'test')} in {size}; reference limits are not recorded."
    return f"Subjects with a value above the upper reference limit: {above}. Below the lower limit: {below}."


def _outside(values: Mapping[str, pd.DataFrame], outside: pd.Series) -> str:
    items = [
        (name, part.loc[outside[part.index], "Subject"].nunique(), part["Subject"].nunique())
        for name, part in values.items()
    ]
    return counted(item for item in items if item[1]) or "none"


def edish_finding(rows: pd.DataFrame, peaks: pd.DataFrame, study: Study, limits: Mapping[str, float]) -> str:
    """Say how many subjects lie in each quadrant, and the highest peaks drawn.

    ``peaks`` has ALT and BILI of the subjects drawn, as multiples of the upper limit of normal.
    """
    lookup, total = Lookup(rows), whole(study)
    n = {name: lookup.peek("quadrant", total, "n", name) for name in ("both", "alt", "bilirubin")}
    size = lookup.peek("quadrant", total, "N", "both")
    alt, bilirubin = (format_plain(limits[name]) for name in ("ALT", "BILI"))
    text = (
        f"ALT at least {alt} times and bilirubin more than {bilirubin} times the upper limit of normal: "
        f"{of(n['both'], size, 'subject')}; ALT alone: {format_count(n['alt'])}; bilirubin alone: "
        f"{format_count(n['bilirubin'])}."
    )
    if peaks.empty:
        return text
    highest = [format_number(peaks[name].max(), 2) for name in ("ALT", "BILI")]
    return f"{text} Highest ALT {highest[0]} times, highest bilirubin {highest[1]} times its limit."


# Finding of the chart of related studies.


def related_finding(data: pd.DataFrame, statuses: Sequence[str], phases: Sequence[str]) -> str:
    """Say how many studies there are by status and by phase; ``data`` has Status, Phase and Studies."""
    total = words.plural(data["Studies"].sum(), "study", "studies")
    status, phase = _counted(data, "Status", statuses), _counted(data, "Phase", phases)
    return f"{words.capitalize(total)}; by status: {status}; by phase: {phase}."


def _counted(data: pd.DataFrame, name: str, order: Sequence[str]) -> str:
    sums = data.groupby(name)["Studies"].sum()
    return ", ".join(f"{format_count(sums[value])} {value}" for value in order if value in sums.index)
