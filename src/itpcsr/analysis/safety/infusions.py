"""Adverse events by their time against the infusions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.tally import rank_levels
from itpcsr.analysis.safety.kinds import absent, count, rows_of, select_events, why_absent
from itpcsr.study import Study

TIMES = ("within", "later", "before", "unknown")
_NO_INFUSIONS = (
    "Study treatment isn't given by infusions, so adverse events can't be placed in time against them."
)


def analyse_ae_infusions(
    adsl: pd.DataFrame, adae: pd.DataFrame, adex: pd.DataFrame, study: Study, confidence: float
) -> pd.DataFrame:
    """Count subjects and events by onset against the infusions, with exact intervals.

    ``analysis`` is onset (``level``: within the study's hours of an infusion, later, on Day 1 before the
    first infusion, or unknown), onset_related (the same of related events), within and latest. Within
    counts, by number of the infusion, onsets during it or within the hours; latest all onsets from it to
    the next one. Both are of the subjects given that infusion: their number is N.
    """
    display = "tbl-ae-infusion"
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    chosen = select_events(adae, members)
    if sentence := _why_absent(adae, chosen, study):
        return absent(display, sentence)
    events = _place(chosen)
    related = events[events["RELFL"] == "Y"]
    shown = [time for time in TIMES if time in ("within", "later") or (events["time"] == time).any()]
    parts = [size_rows(members)]
    for analysis, chosen in (("onset", events), ("onset_related", related)):
        parts.append(count(chosen, members, shown, "time", confidence).assign(analysis=analysis))
    given = adex.assign(number=_as_text(adex["EXNUM"]))[["USUBJID", "number"]]
    most = int(max([len(study.design.infusion_days), *adex["EXNUM"].dropna()]))
    for number in map(str, range(1, most + 1)):
        had = members[members["USUBJID"].isin(given.loc[given["number"] == number, "USUBJID"])]
        at = events[events["number"] == number]
        within = count(at[at["time"] == "within"], had, [number], "number", confidence)
        parts.append(within.assign(analysis="within"))
        parts.append(count(at, had, [number], "number").assign(analysis="latest"))
    return rows_of(parts, display, "ADAE, ADEX")


def analyse_ae_infusion_terms(adsl: pd.DataFrame, adae: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Count subjects and events by onset against the infusions and preferred term.

    ``analysis`` is the time of onset (as in ``analyse_ae_infusions``); ``level`` is "any" or the PT, in
    order of decreasing frequency. Times without any event have the level "any" alone.
    """
    display = "tbl-ae-infusion-pt"
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    chosen = select_events(adae, members)
    if sentence := _why_absent(adae, chosen, study):
        return absent(display, sentence)
    events = _place(chosen).assign(any="any")
    parts = [size_rows(members)]
    for time in TIMES:
        chosen = events[events["time"] == time]
        if time in ("within", "later") or len(chosen):
            terms = rank_levels(chosen, members, "AEDECOD")
            parts.append(count(chosen, members, ["any"], "any").assign(analysis=time))
            parts.append(count(chosen, members, terms, "AEDECOD").assign(analysis=time))
    return rows_of(parts, display)


def _why_absent(adae: pd.DataFrame, events: pd.DataFrame, study: Study) -> str:
    return why_absent(adae, events) if study.design.infusion_days else _NO_INFUSIONS


def _place(events: pd.DataFrame) -> pd.DataFrame:
    """Add ``time`` (one of TIMES) and ``number`` (the latest infusion as text, "" unknown)."""
    flag, number = events["INFTIMFL"], events["INFNUM"]
    time = np.select(
        [flag == "Y", number == 0, flag == "N"], ["within", "before", "later"], default="unknown"
    )
    return events.assign(time=time, number=_as_text(number))


def _as_text(numbers: pd.Series) -> pd.Series:
    return numbers.astype("Int64").astype("str").where(numbers.notna(), "")
