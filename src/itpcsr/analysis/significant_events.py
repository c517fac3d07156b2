"""Deaths, other serious and other significant adverse events: which they are, and how many."""

from __future__ import annotations

import pandas as pd

from csrkit.absence import is_absent
from csrkit.rows import absent_rows, make_rows
from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.proportions import count_events, count_subjects, mark_unrecorded
from itpcsr.study import Study

# Actions with treatment that make an event significant (ICH E3, 12.3.1).
INTERVENTIONS = ("DRUG WITHDRAWN", "DRUG INTERRUPTED", "DOSE REDUCED")
DISPLAYS = {"death": "tbl-deaths", "serious": "tbl-serious-events", "significant": "tbl-significant-events"}
NO_EVENTS = "The study's data hold no adverse event domain (AE), so adverse events can't be listed."
_NO_OUTCOME = "The data record neither outcome nor death of any event, so deaths can't be listed."
_NO_SERIOUSNESS = (
    "The data don't record of any event whether it was serious, so serious events can't be listed."
)


def select_events(adsl: pd.DataFrame, adae: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the events of treated subjects that have to be listed, with LISTED and narrative flag NARRFL.

    LISTED is death (fatal), serious (flagged so and not fatal) or significant: a dose-limiting toxicity, an
    event for which treatment was withdrawn, interrupted or reduced, or one from the study's severe grade on.
    NARRFL is Y for deaths, serious events, dose-limiting toxicities, events that ended treatment and infusion
    reactions that interrupted it. Events before treatment are among them; their day is negative. A death
    (ADSL.DTHFL, whichever domain records it) that no event tells of has a record without term that ends on
    the day of death.
    """
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    events = adae[adae["USUBJID"].isin(members["USUBJID"])]
    acted = events["AEACN"].str.upper().isin(INTERVENTIONS)
    significant = (events["DLTFL"] == "Y") | (events["SEVFL"] == "Y") | acted
    listed = pd.Series("", index=events.index, dtype="str").mask(significant, "significant")
    listed = listed.mask(events["SERFL"] == "Y", "serious").mask(events["FATALFL"] == "Y", "death")
    told = listed.isin(["death", "serious"]) | (events[["DLTFL", "DISCFL"]] == "Y").any(axis=1)
    told |= acted & (events["INFRFL"] == "Y")
    events = events.assign(LISTED=listed, NARRFL=told.map({True: "Y", False: "N"}).astype("str"))
    events = pd.concat([events[events["LISTED"] != ""], _untold_deaths(adsl, events, members)])
    return events.sort_values(["USUBJID", "ASTDT", "AESEQ"], ignore_index=True)


def _untold_deaths(adsl: pd.DataFrame, events: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    """Records of deaths (ADSL.DTHFL) that no adverse event tells of, ending on the day of death."""
    told = events.loc[events["FATALFL"] == "Y", "USUBJID"]
    chosen = (adsl["DTHFL"] == "Y") & adsl["USUBJID"].isin(members["USUBJID"]) & ~adsl["USUBJID"].isin(told)
    dead = adsl[chosen].reset_index(drop=True)
    records = events.head(0).reindex(dead.index)
    records[records.columns[events.dtypes == "str"]] = ""
    records = records.assign(
        USUBJID=dead["USUBJID"],
        AEENDTC=dead["DTHDTC"],
        AENDT=dead["DTHDT"],
        AENDTF=dead["DTHDTF"],
        AENDY=dead["DTHADY"],
        AEOUT="FATAL",
        LISTED="death",
        NARRFL="Y",
    )
    return records.astype(events.dtypes.to_dict())


def count_listed(adsl: pd.DataFrame, adae: pd.DataFrame, events: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Count the subjects and events of each listing by column; n, N, percent and events.

    A listing of what the data can't show is one absent row with a sentence.
    """
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    parts = []
    for kind, display in DISPLAYS.items():
        if sentence := _unrecorded(adae, events, kind):
            parts.append(absent_rows(display, sentence))
            continue
        chosen = events[events["LISTED"] == kind].rename(columns={"LISTED": "listed"})
        counts = [
            size_rows(members),
            count_subjects(chosen, members, [kind], "listed").assign(analysis="listed"),
            count_events(chosen, members, [kind], "listed").assign(analysis="listed"),
        ]
        parts.append(_rows(pd.concat(counts, ignore_index=True), display))
    return pd.concat(parts, ignore_index=True)


def _unrecorded(adae: pd.DataFrame, events: pd.DataFrame, kind: str) -> str:
    """Return the sentence for a listing that the data can't fill, "" for one that they can."""
    if (events["LISTED"] == kind).any():
        return ""
    if is_absent(adae, "AE"):
        return NO_EVENTS
    if len(adae):
        if kind == "death" and (adae["FATALFL"] == "").all():
            return _NO_OUTCOME
        if kind == "serious" and (adae["AESER"] == "").all():
            return _NO_SERIOUSNESS
    return ""


def count_narrated(
    adsl: pd.DataFrame, adae: pd.DataFrame, events: pd.DataFrame, study: Study
) -> pd.DataFrame:
    """Count the subjects with a narrative, and the events told in it, by column."""
    display = "txt-narratives"
    if is_absent(adae, "AE") and events.empty:
        return absent_rows(display, NO_EVENTS)
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    told = events[events["NARRFL"] == "Y"].assign(level="narrative")
    counts = [
        size_rows(members),
        count_subjects(told, members, ["narrative"], "level").assign(analysis="narrated"),
        count_events(told, members, ["narrative"], "level").assign(analysis="narrated"),
    ]
    return _rows(pd.concat(counts, ignore_index=True), display)


def count_significance(
    adsl: pd.DataFrame, adae: pd.DataFrame, events: pd.DataFrame, study: Study
) -> pd.DataFrame:
    """Count, among the other significant events, the subjects and events by reason for being listed.

    ``level`` is dlt, intervention or severe; an event can have several. What the data record of no event is
    not estimable.
    """
    if is_absent(adae, "AE"):
        return absent_rows(DISPLAYS["significant"], NO_EVENTS).head(0)
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    other = events[events["LISTED"] == "significant"]
    chosen = {
        "dlt": (other[other["DLTFL"] == "Y"], adae["DLTFL"]),
        "intervention": (other[other["AEACN"].str.upper().isin(INTERVENTIONS)], adae["AEACN"]),
        "severe": (other[other["SEVFL"] == "Y"], adae["ASEVN"].dropna()),
    }
    parts = []
    for level, (records, recorded) in chosen.items():
        named = records.assign(level=level)
        counts = pd.concat(
            [count_subjects(named, members, [level], "level"), count_events(named, members, [level], "level")]
        )
        parts.append(counts if len(adae) == 0 or (recorded != "").any() else mark_unrecorded(counts))
    return _rows(pd.concat(parts, ignore_index=True).assign(analysis="reason"), DISPLAYS["significant"])


def _rows(counts: pd.DataFrame, display: str) -> pd.DataFrame:
    return make_rows(counts, display=display, population="safety set", dataset="ADAE")
