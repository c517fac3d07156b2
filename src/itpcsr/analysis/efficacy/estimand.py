"""The intercurrent events of the estimand: whom each touched."""

from __future__ import annotations

import pandas as pd

from itpcsr.analysis.efficacy.scope import efficacy_members, efficacy_rows, missing_response
from itpcsr.analysis.proportions import count_subjects
from itpcsr.results import absent_rows
from itpcsr.study import Study

EVENTS = ("rescue", "new_therapy", "incomplete", "death", "left")


def analyse_estimand(
    adsl: pd.DataFrame, adrs: pd.DataFrame, intercurrent: pd.DataFrame, study: Study
) -> pd.DataFrame:
    """Count the subjects whom each intercurrent event touched.

    ``analysis`` is touched (all subjects with the event), responder (those of them with a confirmed
    response) or after (those in whom it came after the response began); ``level`` is the event as in
    ``intercurrent`` (USUBJID, EVENT, ADY). The group is the study's last column.
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
    rows = efficacy_rows(parts, members, display, "ADSL, ADEX, ADCM, ADAE")
    return rows[rows["group"] == total].reset_index(drop=True)
