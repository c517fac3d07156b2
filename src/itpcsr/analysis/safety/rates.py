"""Adverse events per patient-year, so that groups followed for unlike times can be read side by side."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.absence import is_absent
from csrkit.stats.groups import assign_groups, group_sizes, size_rows
from csrkit.stats.poisson import GARWOOD, poisson_interval
from csrkit.stats.proportions import NO_SUBJECTS, NOT_RECORDED
from itpcsr.analysis.safety.kinds import NO_DOMAIN, absent, is_recorded, rows_of, select_events
from itpcsr.study import Study

DAYS_PER_YEAR = 365.25
# Kind of event, and its parameter in ADAETTE.
PARAMETERS = {"any": "AEANY", "related": "AEREL", "severe": "AESEV", "serious": "AESER"}
_UNITS = {"events": "events", "years": "patient-years"}


def analyse_ae_rates(
    adsl: pd.DataFrame, adae: pd.DataFrame, adaette: pd.DataFrame, study: Study, confidence: float
) -> pd.DataFrame:
    """Estimate rates per patient-year with Garwood's exact intervals.

    ``level`` is the kind of event. ``analysis`` is rate (all events over all time at risk) or first
    (subjects with an event over the time up to their first one). Statistics: events, years (patient-years
    of 365.25 days), rate, rate_low, rate_high. A rate of something that the data record for nobody, or of
    no time at risk, is not estimable.
    """
    display = "tbl-ae-rates"
    if is_absent(adae, "AE"):
        return absent(display, NO_DOMAIN)
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    years = adsl.set_index("USUBJID")["RISKD"] / DAYS_PER_YEAR
    parts = [size_rows(members)]
    for kind, code in PARAMETERS.items():
        reason = "" if is_recorded(adae, kind) else NOT_RECORDED
        events = select_events(adae, members, kind).groupby("USUBJID").size()
        every = pd.DataFrame({"events": events.reindex(years.index, fill_value=0), "years": years})
        times = adaette[adaette["PARAMCD"] == code].set_index("USUBJID")
        first = pd.DataFrame({"events": 1.0 - times["CNSR"], "years": times["AVAL"] / DAYS_PER_YEAR})
        for analysis, subjects in (("rate", every), ("first", first)):
            rows = _rates(subjects, members, confidence, reason)
            parts.append(rows.assign(analysis=analysis, level=kind))
    return rows_of(parts, display, "ADAE, ADAETTE, ADSL")


def _rates(subjects: pd.DataFrame, members: pd.DataFrame, confidence: float, reason: str) -> pd.DataFrame:
    """Return the rates by group of events and years by subject."""
    joined = members.merge(subjects, left_on="USUBJID", right_index=True)
    table = joined.groupby("group", observed=False)[["events", "years"]].sum()
    table["rate"] = table["events"] / table["years"].where(table["years"] > 0)
    table["rate_low"], table["rate_high"] = poisson_interval(table["events"], table["years"], confidence)
    empty = group_sizes(members).reindex(table.index) == 0
    long = table.assign(empty=empty).reset_index().melt(["group", "empty"], var_name="statistic")
    if reason:
        long["value"] = long["value"].mask(long["statistic"] != "years")
    why = np.where(long["empty"], NO_SUBJECTS, reason or "no time at risk")
    interval = long["statistic"].isin(["rate_low", "rate_high"])
    return long.drop(columns="empty").assign(
        group=long["group"].astype("str"),
        unit=long["statistic"].map(_UNITS).fillna("per patient-year"),
        method=np.where(interval, GARWOOD, ""),
        reason=np.where(long["value"].isna(), why, ""),
    )
