"""Arrange response into tables: definitions side by side, other sets, rates, times, the estimand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from csrkit.tables.formats import format_count, format_level, format_number, format_plain
from csrkit.tables.layouts import EXACT_NOTE, count_row, finish, interval_row, joined, sentence_if_absent
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Header, Row, Table
from itpcsr.study import Column, ResponseDefinition, Study

_SETS = {
    "primary": "Primary: all subjects, not evaluable as non-response",
    "left_early": "Leaving the study early as non-response",
    "observed": "As observed: evaluable subjects",
    "protocol": "Per protocol: without major deviation",
    "no_rescue": "Subjects never given rescue therapy",
}
_RESCUE = {
    "counts from rescue on do not count": "counts from its first day on don't count",
    "any rescue is no response": "at any time: no response",
    "not considered": "not considered",
}


def _definitions(study: Study) -> list[ResponseDefinition]:
    rule = study.efficacy
    return [] if rule is None else [rule.primary, *rule.response_definitions]


@sentence_if_absent
def table_definitions(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange what each definition of response asks for; ``rows`` are those of the responders by them."""
    heads = ("Count, 10⁹/L", "When", "Bleeding on the day", "Rescue therapy", "Source")
    body = [
        Row(
            definition.label,
            (
                _count(definition),
                _when(definition),
                definition.bleeding.replace("bleeding scale", "WHO scale"),
                _RESCUE[definition.rescue],
                definition.source,
            ),
        )
        for definition in _definitions(study)
    ]
    return Table("Definition", tuple(Header(head) for head in heads), tuple(body))


def _count(definition: ResponseDefinition) -> str:
    text = f"≥{format_plain(definition.count)}"
    if definition.ratio > 0:
        text += f" and ≥{format_plain(definition.ratio)} × baseline"
    if definition.complete_count is None:
        return text
    return f"{text}, or ≥{format_plain(definition.complete_count)} (complete)"


def _when(definition: ResponseDefinition) -> str:
    confirmed = f"confirmed over ≥{definition.confirmation_days} days"
    return {
        "confirmed": confirmed,
        "held to a week": f"{confirmed} and not lost by Week {definition.week}",
        "at a week": f"Week {definition.week} ± {definition.window_days} days",
        "weeks of the last": f"≥{definition.weeks_needed} of the last {definition.weeks_counted} weeks",
    }[definition.kind]


@sentence_if_absent
def table_response_definitions(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange responders by every definition, side by side with the primary rule."""
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    for definition in _definitions(study):
        key = definition.key
        body.append(count_row(lookup, f"{definition.label}, n (%)", columns, key, "responder"))
        body.append(interval_row(lookup, columns, key, "responder", confidence))
        if any(lookup.value(key, column.key, "n", "NE") > 0 for column in columns):
            body.append(count_row(lookup, "Not evaluable", columns, key, "NE", 1))
    notes = [
        EXACT_NOTE.format(level=format_level(confidence)),
        "Percentages of all subjects; those not evaluable by a definition count as non-responders.",
    ]
    return finish("Responders by definition", lookup, columns, body, notes)


@sentence_if_absent
def table_sensitivity(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange responders of the primary rule in other sets of subjects."""
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    for name, label in _SETS.items():
        if lookup.has(name):
            cells = tuple(_of_total(lookup, name, column.key) for column in columns)
            body.append(Row(f"{label}, n/N (%)", cells))
            body.append(interval_row(lookup, columns, name, "responder", confidence))
    return finish("Analysis", lookup, columns, body, [EXACT_NOTE.format(level=format_level(confidence))])


def _of_total(lookup: Lookup, analysis: str, group: str) -> str:
    n, total = (lookup.value(analysis, group, name, "responder") for name in ("n", "N"))
    if math.isnan(n):
        return lookup.text(analysis, group, "n", "responder")
    text = f"{format_count(n)}/{format_count(total)}"
    if n == 0:
        return text
    return f"{text} ({lookup.text(analysis, group, 'percent', 'responder')})"


@sentence_if_absent
def table_rates(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange response rates with their intervals, and the posterior."""
    columns, lookup = study.design.columns, Lookup(rows)
    level = format_level(confidence)
    body = [count_row(lookup, "Responders, n (%)", columns, "rate", "")]
    for name, label in (("exact", "Clopper-Pearson"), ("wilson", "Wilson"), ("jeffreys", "Jeffreys")):
        cells = tuple(lookup.interval(name, column.key) for column in columns)
        body.append(Row(f"{level}% CI, {label}", cells, 1))
    body.append(Row("Posterior of the rate, %"))
    for name in ("mean", "median"):
        cells = tuple(format_number(lookup.value("posterior", c.key, name), 1) for c in columns)
        body.append(Row(name.capitalize(), cells, 1))
    body.append(
        Row(f"{level}% credible interval", tuple(lookup.interval("posterior", c.key) for c in columns), 1)
    )
    for threshold in lookup.levels("exceeds"):
        cells = tuple(lookup.text("exceeds", column.key, "percent", threshold) for column in columns)
        body.append(Row(f"Probability that the rate exceeds {threshold}%, %", cells, 1))
    return finish("Response rate", lookup, columns, body, _rate_notes(study, level))


def _rate_notes(study: Study, level: str) -> list[str]:
    prior = [1.0, 1.0] if study.efficacy is None else study.efficacy.rate_prior
    first, second = (format_plain(value) for value in prior)
    return [
        f"CI: confidence interval at level {level}%, in percent; the credible interval has equal tails.",
        f"Posterior under a beta({first}, {second}) prior, group by group: nothing is borrowed from others.",
    ]


_TIMES = {
    "response": ("Time to response, all subjects", "With response", "With response by {day}, % [at risk]"),
    "complete": (
        "Time to complete response, all subjects",
        "With complete response",
        "With it by {day}, % [at risk]",
    ),
    "duration": (
        "Duration of response, responders",
        "Response lost",
        "Still in response {after}, % [at risk]",
    ),
    "loss": (
        "Time from first infusion to loss, responders",
        "Response lost",
        "Not lost by {day}, % [at risk]",
    ),
}


@sentence_if_absent
def table_response_times(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange time to response, duration and loss: median and shares by day; and the time in response."""
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    for name, (head, event, share) in _TIMES.items():
        body.append(Row(head))
        cells = tuple(_events(lookup, name, column.key) for column in columns)
        body.append(Row(f"{event}, n/N", cells, 1))
        body += _median_rows(lookup, columns, name, confidence)
        for day in lookup.visits(name):
            label = share.format(day=day, after=f"after {day.removeprefix('Day ')} days")
            body += _share_rows(lookup, columns, name, day, label, confidence)
    body.append(Row("Time in response, % of the days observed"))
    for label, names in (
        ("Mean (SD)", ("mean", "sd")),
        ("Median", ("median",)),
        ("Min, max", ("min", "max")),
    ):
        cells = tuple(joined(lookup, "PCTRESP", column.key, names) for column in columns)
        body.append(Row(label, cells, 1))
    notes = [
        "Kaplan-Meier estimates with log-log intervals (Brookmeyer and Crowley for the median), in days; the "
        "first infusion is on Day 1. Without event the time ends, censored, with the last platelet count.",
        "[At risk]: subjects without event and under observation at the start of the day.",
        "SD: standard deviation.",
    ]
    return finish("Confirmed response", lookup, columns, body, notes)


def _events(lookup: Lookup, name: str, group: str) -> str:
    n, total = (lookup.value(name, group, statistic) for statistic in ("n", "N"))
    return f"{format_count(n)}/{format_count(total)}"


def _median_rows(lookup: Lookup, columns: Sequence[Column], name: str, confidence: float) -> list[Row]:
    medians = tuple(lookup.statistic(name, column.key, "median", 0) for column in columns)
    limits = tuple(_limits(lookup, name, column.key, "median", "") for column in columns)
    return [Row("Median, days", medians, 1), Row(f"{format_level(confidence)}% CI", limits, 2)]


def _share_rows(
    lookup: Lookup, columns: Sequence[Column], name: str, day: str, label: str, confidence: float
) -> list[Row]:
    cells = []
    for column in columns:
        percent = lookup.statistic(name, column.key, "km_percent", 0, day)
        at_risk = format_count(lookup.value(name, column.key, "at_risk", visit=day))
        cells.append(f"{percent} [{at_risk}]")
    limits = tuple(_limits(lookup, name, column.key, "km", day) for column in columns)
    return [Row(label, tuple(cells), 1), Row(f"{format_level(confidence)}% CI", limits, 2)]


def _limits(lookup: Lookup, name: str, group: str, prefix: str, visit: str) -> str:
    """Return the limits of an interval of which one may not be estimable."""
    pair = [lookup.value(name, group, f"{prefix}_{side}", visit=visit) for side in ("low", "high")]
    texts = [format_number(value, 1) for value in pair]
    return texts[0] if texts == ["NE", "NE"] else " to ".join(texts)


_POLICY = "Treatment policy: counts are taken as they are"
_EVENTS = {
    "rescue": "Rescue therapy",
    "new_therapy": "Other new therapy of the disease",
    "incomplete": "Fewer infusions than planned",
    "death": "Death",
}
_MISSING = {
    "left": (
        "Leaving the study early",
        "Judged by the counts up to then: no response without a confirmed one among them",
    ),
    "not_evaluable": ("Response not evaluable", "Counted as no response"),
}


def rescue_strategy(definition: ResponseDefinition) -> str:
    """Return the strategy of ICH E9(R1) by which a definition takes rescue therapy.

    It is composite only where a responder who is given rescue therapy later stops being one: at any time, or
    up to the weeks that decide. A best response confirmed before rescue stands, so there the strategy is that
    of the time before the event.
    """
    if definition.rescue == "not considered":
        return _POLICY
    if definition.rescue == "any rescue is no response":
        return "Composite: rescue therapy at any time is no response"
    if definition.kind != "confirmed":
        return "Composite: counts from its first day on are no response"
    return (
        "While on treatment: judged by the counts before its first day; a response confirmed by then stands"
    )


def _strategies(study: Study) -> dict[str, str]:
    return {
        "rescue": "" if study.efficacy is None else rescue_strategy(study.efficacy.primary),
        "new_therapy": _POLICY,
        "incomplete": "Treatment policy: the subject is analysed as treated",
        "death": "While alive: judged by the counts up to it",
    }


@sentence_if_absent
def table_estimand(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange the five attributes of the estimand, each intercurrent event with whom it touched.

    What is missing stands apart: leaving the study is no intercurrent event.
    """
    lookup, total = Lookup(rows), study.design.columns[-1].key
    size = format_count(lookup.value("size", total, "N"))
    body = [Row(label, (text, "", "")) for label, text in _attributes(study).items()]
    body.append(Row("Intercurrent events and their strategies"))
    strategies = _strategies(study)
    for event, label in _EVENTS.items():
        touched = lookup.count_percent("touched", total, event)
        responders, after = (
            format_count(lookup.value(name, total, "n", event)) for name in ("responder", "after")
        )
        body.append(Row(label, (strategies[event], touched, f"{responders} ({after})"), 1))
    body.append(
        Row("Population-level summary", ("Proportion with response, with exact confidence interval", "", ""))
    )
    body.append(Row("Missing data, which are no intercurrent event, and their handling"))
    for name, (label, handling) in _MISSING.items():
        cells = (
            lookup.count_percent("missing", total, name),
            format_count(lookup.value("missing_responder", total, "n", name)),
        )
        body.append(Row(label, (handling, *cells), 1))
    heads = (
        Header("Definition"),
        Header("Subjects, n (%)", size),
        Header("Of them responders (after response began)"),
    )
    notes = (
        "In a single arm there is no comparison and no causal contrast: the estimand describes response.",
    )
    return Table("Attribute", heads, tuple(body), (*notes, *lookup.notes()))


def _attributes(study: Study) -> dict[str, str]:
    infusions = len(study.design.infusion_days)
    weeks = study.design.follow_up_weeks
    return {
        "Population": f"Subjects with {study.identity.condition} given at least one administration",
        "Treatment": f"{study.identity.product}, {infusions} planned infusions at the dose of the cohort",
        "Variable": f"Best confirmed response (CR or R, IWG 2009) by Week {weeks}",
    }
