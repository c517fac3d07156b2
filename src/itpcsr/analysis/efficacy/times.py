"""Time to response, its duration and loss by Kaplan-Meier, and the share of time in response."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from csrkit.rows import absent_rows
from csrkit.stats.proportions import NO_SUBJECTS, count_subjects
from csrkit.stats.summaries import summarize
from csrkit.stats.survival import at_risk, kaplan_meier
from csrkit.stats.time_estimates import estimate_times
from itpcsr.analysis.efficacy.scope import efficacy_members, efficacy_rows, missing_response
from itpcsr.study import Study

# Analysis name: PARAMCD in ADTTE, and whether the share is that of subjects without the event.
TIMES = {
    "response": ("TTRESP", False),
    "complete": ("TTCR", False),
    "duration": ("DURRESP", True),
    "loss": ("TTLOSS", True),
}
NO_RESPONDER = "no responder in this group"
_LISTED_DAYS = 28


def analyse_response_times(
    adsl: pd.DataFrame,
    adrs: pd.DataFrame,
    adtte: pd.DataFrame,
    study: Study,
    days: Sequence[int],
    confidence: float,
) -> pd.DataFrame:
    """Estimate times of response by column, by Kaplan-Meier, and summarise the share of time in response.

    ``analysis`` response and complete (time to it, all subjects; shares with it), duration and loss (of
    responders; shares without loss). Statistics: n and N, subjects with the event and subjects at risk;
    median, median_low, median_high in days; and by day (``visit`` is ``Day d``) at_risk, km_percent, km_low,
    km_high. ``days`` are study days, for the duration days since the response began. ``analysis`` PCTRESP
    summarises the percentage of days in confirmed response.
    """
    display = "tbl-response-times"
    if reason := missing_response(adrs, study):
        return absent_rows(display, reason)
    members = efficacy_members(adsl, study)
    parts = []
    for name, (code, without_event) in TIMES.items():
        times = adtte[adtte["PARAMCD"] == code]
        at_start = members[members["USUBJID"].isin(times["USUBJID"])]
        had = times[times["CNSR"] == 0].assign(level="")
        empty = NO_RESPONDER if without_event else NO_SUBJECTS
        rows = [_with_reason(count_subjects(had, at_start, [""], "level"), empty)]
        joined = times.merge(members, on="USUBJID")
        for group in members["group"].cat.categories:
            estimates = estimate_times(joined[joined["group"] == group], days, confidence, without_event)
            rows.append(_with_reason(estimates, empty).assign(group=group))
        parts.append(pd.concat(rows).assign(analysis=name))
    shares = summarize(adrs[adrs["PARAMCD"] == "PCTRESP"], members, "AVAL")
    parts.append(shares.assign(analysis="PCTRESP", unit="%"))
    return efficacy_rows(parts, members, display, "ADTTE")


def _with_reason(rows: pd.DataFrame, empty: str) -> pd.DataFrame:
    return rows.assign(reason=rows["reason"].replace(NO_SUBJECTS, empty))


def estimate_response_curves(
    adsl: pd.DataFrame, adtte: pd.DataFrame, study: Study, name: str, confidence: float
) -> pd.DataFrame:
    """Return the Kaplan-Meier curves of one time, for its figure.

    ``name`` is one of TIMES. Columns: group, day, percent (with the event, or without it where the table
    shows that), at_risk (subjects at the start of the day), censored (whose time ends on it without event)
    and listed (every 28 days, where the figure gives the number at risk). Columns of the report that pool
    arms are left out, but for the last one, the total.
    """
    code, without_event = TIMES[name]
    columns = [column for column in study.design.columns if len(column.arms) == 1]
    columns += [column for column in study.design.columns[-1:] if column not in columns]
    members = efficacy_members(adsl, study)
    members = members[members["group"].isin([column.key for column in columns])]
    times = adtte[adtte["PARAMCD"] == code].merge(members, on="USUBJID")
    parts = [pd.DataFrame(columns=["group", "day", "percent", "at_risk", "censored", "listed"])]
    for group, part in times.groupby("group", observed=True):
        time, event = part["AVAL"].to_numpy("float64"), (part["CNSR"] == 0).to_numpy()
        curve = kaplan_meier(time, event, confidence)
        listed = np.arange(0, times["AVAL"].max() + 1, _LISTED_DAYS)
        days = np.unique(np.concatenate([curve.time, listed[listed <= curve.time[-1]]]))
        share = np.array([curve.at(day)[0] for day in days])
        data = {"group": str(group), "day": days, "percent": 100 * (share if without_event else 1 - share)}
        data["at_risk"] = [at_risk(time, day) for day in days]
        data["censored"] = [int(((time == day) & ~event).sum()) for day in days]
        data["listed"] = np.isin(days, listed)
        parts.append(pd.DataFrame(data))
    return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
