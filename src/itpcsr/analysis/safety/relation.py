"""Adverse events by their relation to treatment."""

from __future__ import annotations

import pandas as pd

from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.proportions import UNRECORDED, name_unrecorded
from csrkit.stats.tally import rank_levels
from itpcsr.analysis.safety.by_term import label_terms
from itpcsr.analysis.safety.kinds import absent, count, rows_of, select_events, why_absent
from itpcsr.study import Study


def analyse_ae_relation(adsl: pd.DataFrame, adae: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Count subjects and events by recorded relation, then the related ones by SOC and PT.

    ``analysis`` is relation (``level`` as recorded, those that count as related first, "NOT RECORDED" last)
    and, for events that count as related, any, soc and pt as in ``analyse_ae_by_term``.
    """
    display = "tbl-ae-relation"
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    events = select_events(adae, members)
    if sentence := why_absent(adae, events):
        return absent(display, sentence)
    relation = events.assign(level=name_unrecorded(events["AEREL"]))
    levels = _in_order(relation, study)
    parts = [size_rows(members), count(relation, members, levels, "level").assign(analysis="relation")]
    related = label_terms(select_events(adae, members, "related"))
    for analysis in ("any", "soc", "pt"):
        terms = ["any"] if analysis == "any" else rank_levels(related, members, analysis)
        parts.append(count(related, members, terms, analysis).assign(analysis=analysis))
    return rows_of(parts, display)


def _in_order(events: pd.DataFrame, study: Study) -> list[str]:
    """Return the relations found: related ones in the study's order, then others by name, unknown last."""
    order = [value.upper() for value in study.safety.related_values]
    ranks = {
        value: (
            order.index(value.upper()) if value.upper() in order else len(order),
            value == UNRECORDED,
            value,
        )
        for value in events["level"].unique()
    }
    return sorted(ranks, key=lambda value: ranks[value])
