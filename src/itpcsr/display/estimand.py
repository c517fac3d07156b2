"""The estimand as a table, and what each definition of response asks for in words."""

from __future__ import annotations

import pandas as pd

from csrkit.tables.formats import format_count, format_plain
from csrkit.tables.layouts import sentence_if_absent
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Header, Row, Table
from itpcsr.study import ResponseDefinition, Study

_RESCUE = {
    "counts from rescue on do not count": "counts from its first day on do not count",
    "any rescue is no response": "at any time: no response",
    "not considered": "not considered",
}


def describe_definition(definition: ResponseDefinition) -> dict[str, str]:
    """Return what a definition of response asks for, by the heads of the table of definitions."""
    return {
        "Definition": definition.label,
        "Count, 10⁹/L": _count(definition),
        "When": _when(definition),
        "Bleeding on the day": definition.bleeding.replace("bleeding scale", "WHO scale"),
        "Rescue therapy": _RESCUE[definition.rescue],
        "Source": definition.source,
    }


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
