"""Deaths, other serious and other significant adverse events: which, how many, and whose course is drawn."""

from __future__ import annotations

import pandas as pd

from csrkit.absence import is_absent
from csrkit.many import why_not_one_by_one
from csrkit.rows import absent_rows, make_rows
from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.proportions import count_events, count_subjects, mark_unrecorded
from itpcsr.study import Study

# Actions with treatment that make an event significant (ICH E3, 12.3.1).
INTERVENTIONS = ("DRUG WITHDRAWN", "DRUG INTERRUPTED", "DOSE REDUCED")
_TOO_MANY = (
    "Tables and listings of events replace a timeline of each subject with a serious event: {why}. "
    "Each subject's events are in the analysis dataset ADAE."
)
NO_EVENTS = "The study's data hold no adverse event domain (AE), so adverse events cannot be listed."
_NO_OUTCOME = "The data record neither outcome nor death of any event, so deaths cannot be listed."
_NO_SERIOUSNESS = (
    "The data do not record of any event whether it was serious, so serious events cannot be listed."
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


def count_listed(
    adsl: pd.DataFrame, adae: pd.DataFrame, events: pd.DataFrame, study: Study, kind: str
) -> pd.DataFrame:
    """Count the subjects and events of one listing by column; n, N, percent and events.

    ``kind`` is death, serious or significant. A listing of what the data can't show is one absent row with a
    sentence.
    """
    if sentence := _unrecorded(adae, events, kind):
        return absent_rows("", sentence)
    chosen = events[events["LISTED"] == kind].rename(columns={"LISTED": "level"})
    return _rows(_count(adsl, chosen, study, kind).assign(analysis="listed"), adsl, study)


def _count(adsl: pd.DataFrame, records: pd.DataFrame, study: Study, level: str) -> pd.DataFrame:
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    counts = [count(records, members, [level], "level") for count in (count_subjects, count_events)]
    return pd.concat(counts, ignore_index=True)


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
    if is_absent(adae, "AE") and events.empty:
        return absent_rows("", NO_EVENTS)
    told = events[events["NARRFL"] == "Y"].assign(level="narrative")
    return _rows(_count(adsl, told, study, "narrative").assign(analysis="narrated"), adsl, study)


def count_significance(
    adsl: pd.DataFrame, adae: pd.DataFrame, events: pd.DataFrame, study: Study
) -> pd.DataFrame:
    """Count, among the other significant events, the subjects and events by reason for being listed.

    ``level`` is dlt, intervention or severe; an event can have several. What the data record of no event is
    not estimable.
    """
    if is_absent(adae, "AE"):
        return absent_rows("", NO_EVENTS).head(0)
    other = events[events["LISTED"] == "significant"]
    chosen = {
        "dlt": (other[other["DLTFL"] == "Y"], adae["DLTFL"]),
        "intervention": (other[other["AEACN"].str.upper().isin(INTERVENTIONS)], adae["AEACN"]),
        "severe": (other[other["SEVFL"] == "Y"], adae["ASEVN"].dropna()),
    }
    parts = []
    for level, (records, recorded) in chosen.items():
        counts = _count(adsl, records.assign(level=level), study, level)
        parts.append(counts if len(adae) == 0 or (recorded != "").any() else mark_unrecorded(counts))
    return make_rows(pd.concat(parts).assign(analysis="reason"), population="safety set", dataset="ADAE")


def _rows(counts: pd.DataFrame, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    sizes = size_rows(assign_groups(adsl, study.design.columns, "SAFFL"))
    return make_rows(pd.concat([sizes, counts]), population="safety set", dataset="ADAE")


def select_drawn(adsl: pd.DataFrame, events: pd.DataFrame, study: Study, most: int) -> pd.DataFrame:
    """Return the subjects of the timeline: all treated, or in a large study those with a serious event.

    ``events`` come from ``select_events``; with more than ``most`` treated subjects only those with a fatal
    or serious event are drawn. Columns of ADSL, in the order of the study's arms, then by subject.
    """
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    subjects = adsl[adsl["USUBJID"].isin(members["USUBJID"])]
    if len(subjects) > most:
        serious = events.loc[events["LISTED"].isin(["death", "serious"]), "USUBJID"]
        subjects = subjects[subjects["USUBJID"].isin(serious)]
    order = {code: place for place, code in enumerate(study.design.reported_arms)}
    placed = subjects.assign(place=subjects["SAFARMCD"].map(order))
    return placed.sort_values(["place", "USUBJID"], ignore_index=True).drop(columns="place")


def count_drawn(
    adsl: pd.DataFrame, adae: pd.DataFrame, drawn: pd.DataFrame, study: Study, most: int = 40
) -> pd.DataFrame:
    """Count the subjects drawn, and their events with and without a start day, by column.

    Nobody is drawn where even those with a serious event are more than ``most``.
    """
    if drawn.empty:
        return absent_rows("", "No treated subject has a serious adverse event to draw.")
    if why := why_not_one_by_one(len(drawn), most):
        return absent_rows("", _TOO_MANY.format(why=why))
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    subjects = drawn[["USUBJID"]].assign(level="subjects")
    events = adae[adae["USUBJID"].isin(drawn["USUBJID"])]
    placed = events["ASTDY"].notna().map({True: "drawn", False: "without a start day"}).astype("str")
    rows = [
        size_rows(members),
        count_subjects(subjects, members, ["subjects"], "level").assign(analysis="drawn"),
        count_events(events.assign(level=placed), members, ["drawn", "without a start day"], "level").assign(
            analysis="events"
        ),
    ]
    return make_rows(pd.concat(rows, ignore_index=True), population="safety set", dataset="ADAE")
