"""How long adverse events lasted and how they ended; events are counted here, not subjects."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.proportions import count_events, name_unrecorded
from csrkit.stats.summaries import summarize
from csrkit.stats.tally import rank_levels
from itpcsr.analysis.safety.kinds import absent, rows_of, select_events, why_absent
from itpcsr.study import Study

NO_EVENTS = "no events in this group"


def analyse_ae_outcomes(adsl: pd.DataFrame, adae: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Describe duration and outcome of treatment-emergent adverse events.

    ``analysis`` is event (``level`` all, related, no_end), ADURN (duration in days, of events with both
    days known: n, mean, sd, median, quartiles, min, max), ADURN_RELATED (the same of related events) and
    outcome (``level`` as recorded, by frequency; "NOT RECORDED" for none). Statistics of counts are events
    and percent, of the group's events.
    """
    display = "tbl-ae-outcome"
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    events = select_events(adae, members)
    if sentence := why_absent(adae, events):
        return absent(display, sentence)
    related = events[events["RELFL"] == "Y"]
    open_ended = events[events["AEENDTC"] == ""]
    kinds = pd.concat(
        [events.assign(level="all"), related.assign(level="related"), open_ended.assign(level="no_end")]
    )
    outcome = events.assign(level=name_unrecorded(events["AEOUT"]))
    totals = count_events(kinds, members, ["all"], "level").set_index("group")["value"]
    levels = rank_levels(outcome, members, "level")
    parts = [
        size_rows(members),
        _shares(count_events(kinds, members, ["all", "related", "no_end"], "level"), totals, "event"),
        _shares(count_events(outcome, members, levels, "level"), totals, "outcome"),
    ]
    for analysis, chosen in (("ADURN", events), ("ADURN_RELATED", related)):
        parts.append(summarize(chosen, members, "ADURN").assign(analysis=analysis, unit="days"))
    return rows_of(parts, display)


def _shares(counts: pd.DataFrame, totals: pd.Series, analysis: str) -> pd.DataFrame:
    """Return counts of events with their percentage of all events of the group."""
    total = totals.reindex(counts["group"].astype("str")).to_numpy()
    percent: pd.Series = 100 * counts["value"] / np.where(total > 0, total, np.nan)
    shares = counts.assign(statistic="percent", unit="%", value=percent)
    shares["reason"] = np.where(percent.isna(), NO_EVENTS, "")
    return pd.concat([counts, shares], ignore_index=True).assign(analysis=analysis)
