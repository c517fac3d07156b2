"""Time to the first adverse event of each kind, by Kaplan-Meier."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from csrkit.absence import is_absent
from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.proportions import count_subjects, mark_unrecorded
from csrkit.stats.survival import kaplan_meier
from csrkit.stats.time_estimates import estimate_times
from itpcsr.analysis.safety.kinds import NO_DOMAIN, absent, is_recorded, rows_of
from itpcsr.analysis.safety.rates import PARAMETERS
from itpcsr.study import Study


def analyse_ae_times(
    adsl: pd.DataFrame,
    adae: pd.DataFrame,
    adaette: pd.DataFrame,
    study: Study,
    days: Sequence[int],
    confidence: float,
) -> pd.DataFrame:
    """Estimate the time to the first event of each kind and column, by Kaplan-Meier.

    ``analysis`` is the kind (any, related, severe, serious). Statistics: n, N, percent of subjects with an
    event; median, median_low, median_high (days); and by day (``visit`` is ``Day d``) at_risk, the subjects
    without event under observation just before it, and km_percent, km_low, km_high, the estimated
    percentage with an event by the end of it. ``days`` are study days, the first infusion is on Day 1.
    """
    display = "tbl-ae-time"
    if is_absent(adae, "AE"):
        return absent(display, NO_DOMAIN)
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    parts = [size_rows(members)]
    for kind, code in PARAMETERS.items():
        times = adaette[adaette["PARAMCD"] == code]
        had = times[times["CNSR"] == 0].assign(level="")
        counts = count_subjects(had, members, [""], "level")
        if not is_recorded(adae, kind):
            parts.append(mark_unrecorded(counts).assign(analysis=kind))
            continue
        joined = times.merge(members, on="USUBJID")
        for group in members["group"].cat.categories:
            of_group = joined[joined["group"] == group]
            counts = pd.concat([counts, estimate_times(of_group, days, confidence).assign(group=group)])
        parts.append(counts.assign(analysis=kind))
    return rows_of(parts, display, "ADAETTE")


def estimate_ae_curves(
    adsl: pd.DataFrame, adaette: pd.DataFrame, study: Study, confidence: float
) -> pd.DataFrame:
    """Return the Kaplan-Meier curves of the time to any event, for the figure.

    Columns: group, day, percent (with an event by the end of the day), and censored (number of subjects
    whose time at risk ends on the day without event). Each curve starts at Day 0 with 0. Columns of the
    report that pool arms are left out, but for the last one, the total.
    """
    columns = [column for column in study.design.columns if len(column.arms) == 1]
    columns += [column for column in study.design.columns[-1:] if column not in columns]
    members = assign_groups(adsl, columns, "SAFFL")
    times = adaette[adaette["PARAMCD"] == PARAMETERS["any"]].merge(members, on="USUBJID")
    parts = [pd.DataFrame(columns=["group", "day", "percent", "censored"])]
    for group, part in times.groupby("group", observed=True):
        time, event = part["AVAL"].to_numpy("float64"), (part["CNSR"] == 0).to_numpy()
        curve = kaplan_meier(time, event, confidence)
        ended = [int(((time == day) & ~event).sum()) for day in curve.time]
        parts.append(
            pd.DataFrame(
                {
                    "group": str(group),
                    "day": curve.time,
                    "percent": 100 * (1 - curve.share),
                    "censored": ended,
                }
            )
        )
    return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
