"""Platelet course and best confirmed response."""

from __future__ import annotations

import pandas as pd

from itpcsr.analysis.groups import assign_groups, size_rows
from itpcsr.analysis.proportions import count_subjects
from itpcsr.analysis.summaries import summarize
from itpcsr.results import absent_rows, make_rows
from itpcsr.study import Study

RESPONSES = ("CR", "R", "NR", "NE")
COURSE = {"AVAL": "10^9/L", "CHG": "10^9/L", "R2BASE": "ratio"}
_NOT_DEFINED = "This study defines no platelet response, so efficacy is not analysed here."
_NO_COUNTS = (
    "The study's data hold no platelet counts, so the platelet course and the response can't be shown."
)


def missing_efficacy(adlb: pd.DataFrame, study: Study) -> str:
    """Return the sentence that says why there is no efficacy analysis, or "" where there is one."""
    if study.efficacy is None:
        return _NOT_DEFINED
    return "" if (adlb["PARAMCD"] == study.efficacy.platelet_test).any() else _NO_COUNTS


def select_platelets(adsl: pd.DataFrame, adlb: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the platelet counts of the full analysis set, one record per subject and analysis visit."""
    if missing_efficacy(adlb, study) or study.efficacy is None:
        return adlb.head(0)
    subjects = adsl.loc[adsl["FASFL"] == "Y", "USUBJID"]
    chosen = (adlb["PARAMCD"] == study.efficacy.platelet_test) & (adlb["ANL01FL"] == "Y")
    return adlb[chosen & adlb["USUBJID"].isin(subjects)]


def analyse_platelet_course(adsl: pd.DataFrame, adlb: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Summarise platelet counts, change and ratio to baseline by analysis visit and column.

    ``analysis`` is AVAL, CHG or R2BASE; ``visit`` is Baseline or Week w (no change at baseline).
    """
    display = "tbl-platelets"
    if reason := missing_efficacy(adlb, study):
        return absent_rows(display, reason)
    platelets = select_platelets(adsl, adlb, study)
    members = assign_groups(adsl, study.design.columns, "FASFL")
    visits = ["Baseline", *(f"Week {week}" for week in study.visits.platelet_weeks)]
    parts = [
        summarize(platelets, members, variable, visits if variable == "AVAL" else visits[1:]).assign(
            analysis=variable, unit=unit
        )
        for variable, unit in COURSE.items()
        if variable == "AVAL" or len(visits) > 1
    ]
    return make_rows(
        pd.concat([size_rows(members), *parts]),
        display=display,
        population="full analysis set",
        dataset="ADLB",
    )


def analyse_response(
    adsl: pd.DataFrame, adrs: pd.DataFrame, adlb: pd.DataFrame, study: Study, confidence: float
) -> pd.DataFrame:
    """Count best confirmed response by column, with exact intervals.

    ``analysis`` is overall (level responder: CR or R) or category (levels CR, R, NR, NE). A subject who
    can't be evaluated counts in N and not as responder.
    """
    display = "tbl-response"
    if reason := missing_efficacy(adlb, study):
        return absent_rows(display, reason)
    members = assign_groups(adsl, study.design.columns, "FASFL")
    best = adrs[adrs["PARAMCD"] == "BOR"]
    responders = best[best["AVAL"] == 1].assign(level="responder")
    overall = count_subjects(responders, members, ["responder"], "level", confidence)
    by_category = count_subjects(best, members, list(RESPONSES), "AVALC", confidence)
    return make_rows(
        pd.concat(
            [
                size_rows(members),
                overall.assign(analysis="overall"),
                by_category.assign(analysis="category"),
            ]
        ),
        display=display,
        population="full analysis set",
        dataset="ADRS",
    )
