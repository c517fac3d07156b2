"""The estimand: whom each intercurrent event touched, and whose data are missing."""

from __future__ import annotations

import pandas as pd

from csrkit.rows import absent_rows
from csrkit.stats.proportions import count_subjects, mark_unrecorded
from itpcsr.analysis.efficacy.scope import efficacy_members, efficacy_rows, missing_response, records_ends
from itpcsr.study import Study

EVENTS = ("rescue", "new_therapy", "incomplete", "death")
MISSING = ("left", "not_evaluable")


def analyse_estimand(
    adsl: pd.DataFrame, adrs: pd.DataFrame, intercurrent: pd.DataFrame, study: Study
) -> pd.DataFrame:
    """Count the subjects whom each intercurrent event touched, and those whose data are missing.

    ``analysis`` is touched (all subjects with the event), responder (those of them with a confirmed
    response) or after (those in whom it came after the response began); ``level`` is the event as in
    ``intercurrent`` (USUBJID, EVENT, ADY). ``analysis`` missing (all subjects) and missing_responder: level
    left (left the study early, for another reason than death; not estimable where the data record no end of
    the study) and not_evaluable. The group is the study's last column.
    """
    display = "tbl-estimand"
    if reason := missing_response(adrs, study):
        return absent_rows(display, reason)
    members = efficacy_members(adsl, study)
    total = study.design.columns[-1].key
    start = adrs[(adrs["PARAMCD"] == "BOR") & (adrs["AVAL"] == 1)].set_index("USUBJID")["ADY"]
    began = intercurrent["USUBJID"].map(start).astype("float64")
    sets = {
        "touched": intercurrent,
        "responder": intercurrent[began.notna()],
        "after": intercurrent[intercurrent["ADY"] >= began],
    }
    parts = [
        count_subjects(events, members, list(EVENTS), "EVENT").assign(analysis=name)
        for name, events in sets.items()
    ]
    parts += _missing(adsl, adrs, members, start.index)
    rows = efficacy_rows(parts, members, display, "ADSL, ADEX, ADCM, ADRS")
    return rows[rows["group"] == total].reset_index(drop=True)


def _missing(
    adsl: pd.DataFrame, adrs: pd.DataFrame, members: pd.DataFrame, responders: pd.Index
) -> list[pd.DataFrame]:
    """Count who left the study early alive, who couldn't be evaluated, and the responders among them."""
    left = adsl.loc[(adsl["EOSSTT"] == "DISCONTINUED") & (adsl["DTHFL"] != "Y"), "USUBJID"]
    unknown = adrs.loc[(adrs["PARAMCD"] == "BOR") & (adrs["AVALC"] == "NE"), "USUBJID"]
    levels = zip(MISSING, (left, unknown), strict=True)
    missing = pd.concat([subjects.to_frame().assign(LEVEL=name) for name, subjects in levels])
    parts = []
    for name, records in (
        ("missing", missing),
        ("missing_responder", missing[missing["USUBJID"].isin(responders)]),
    ):
        counts = count_subjects(records, members, list(MISSING), "LEVEL")
        whose = counts["level"] == "left"
        ends = counts[whose] if records_ends(adsl) else mark_unrecorded(counts[whose])
        parts.append(pd.concat([ends, counts[~whose]]).assign(analysis=name))
    return parts
