"""Who stands in the figures of single subjects: safety timelines and laboratory courses."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from csrkit.many import why_not_one_by_one
from csrkit.rows import absent_rows, make_rows
from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.proportions import count_events, count_subjects
from itpcsr.study import Study

_TOO_MANY = (
    "Tables and listings of events stand for a line of time of each subject with a serious event: {why}. "
    "Each subject's events are in the analysis dataset ADAE."
)
_NO_VALUES = "The study's data hold no values of these laboratory tests, so their course can't be shown."


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
    display = "fig-timeline"
    if drawn.empty:
        return absent_rows(display, "No treated subject has a serious adverse event to draw.")
    if why := why_not_one_by_one(len(drawn), most):
        return absent_rows(display, _TOO_MANY.format(why=why))
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
    return make_rows(
        pd.concat(rows, ignore_index=True), display=display, population="safety set", dataset="ADAE"
    )


def count_courses(adsl: pd.DataFrame, adlb: pd.DataFrame, study: Study, tests: Sequence[str]) -> pd.DataFrame:
    """Count, for each laboratory test, the subjects with a value and their values, by column.

    ``level`` is the test code; tests that the data don't have fall out.
    """
    display = "fig-laboratory-subjects"
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    values = adlb[adlb["USUBJID"].isin(members["USUBJID"])]
    known = [test for test in tests if (values["PARAMCD"] == test).any()]
    if not known:
        return absent_rows(display, _NO_VALUES)
    values = values[values["PARAMCD"].isin(known)]
    rows = [
        size_rows(members),
        count_subjects(values, members, known, "PARAMCD").assign(analysis="course"),
        count_events(values, members, known, "PARAMCD").assign(
            analysis="course", statistic="values", unit="values"
        ),
    ]
    return make_rows(
        pd.concat(rows, ignore_index=True), display=display, population="safety set", dataset="ADLB"
    )
