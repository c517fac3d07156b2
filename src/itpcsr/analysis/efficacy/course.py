"""Platelet course by visit, and each subject's best count."""

from __future__ import annotations

import pandas as pd

from csrkit.limits import constant, exceeds, span_of
from csrkit.rows import absent_rows
from csrkit.stats.proportions import count_subjects
from csrkit.stats.summaries import summarize
from itpcsr.analysis.efficacy.scope import (
    efficacy_members,
    efficacy_rows,
    missing_efficacy,
    missing_response,
)
from itpcsr.study import Study

# What a display is called that leaves out counts after rescue therapy, beside the one that has them all.
NO_RESCUE = "-no-rescue"
COURSE = {"AVAL": "10^9/L", "CHG": "10^9/L", "R2BASE": "ratio"}


def select_platelets(
    adsl: pd.DataFrame, adlb: pd.DataFrame, study: Study, *, after_rescue: bool = True
) -> pd.DataFrame:
    """Return the platelet counts of the full analysis set, one record per subject and analysis visit.

    Without ``after_rescue`` those from the first day of rescue therapy on are left out (ARESCFL); a visit
    whose count is one of them has none, so that no other count steps into its place.
    """
    if missing_efficacy(adlb, study) or study.efficacy is None:
        return adlb.head(0)
    subjects = adsl.loc[adsl["FASFL"] == "Y", "USUBJID"]
    chosen = (adlb["PARAMCD"] == study.efficacy.platelet_test) & (adlb["ANL01FL"] == "Y")
    kept = chosen & adlb["USUBJID"].isin(subjects)
    return adlb[kept if after_rescue else kept & (adlb["ARESCFL"] != "Y")]


def named(display: str, after_rescue: bool) -> str:
    """Return the display's name: that of the version without counts after rescue where they are left out."""
    return display if after_rescue else f"{display}{NO_RESCUE}"


def analyse_platelet_course(
    adsl: pd.DataFrame, adlb: pd.DataFrame, study: Study, *, after_rescue: bool = True
) -> pd.DataFrame:
    """Summarise platelet counts, change and ratio to baseline by analysis visit and column.

    ``analysis`` is AVAL, CHG or R2BASE; ``visit`` is Baseline or Week w (no change at baseline). Analysis
    ``reached`` counts the subjects whose count at the visit is at least ``level`` (10^9/L), of those with a
    count at it. Without ``after_rescue`` the counts from the first day of rescue therapy on are left out, and
    the display is ``tbl-platelets-no-rescue``.
    """
    display = named("tbl-platelets", after_rescue)
    if reason := missing_efficacy(adlb, study):
        return absent_rows(display, reason)
    platelets = select_platelets(adsl, adlb, study, after_rescue=after_rescue)
    members = efficacy_members(adsl, study)
    visits = ["Baseline", *(f"Week {week}" for week in study.visits.platelet_weeks)]
    parts = [
        summarize(platelets, members, variable, visits if variable == "AVAL" else visits[1:]).assign(
            analysis=variable, unit=unit
        )
        for variable, unit in COURSE.items()
        if variable == "AVAL" or len(visits) > 1
    ]
    parts += [_reached(platelets, members, visit, study) for visit in visits]
    return efficacy_rows(parts, members, display, "ADLB")


def _reached(platelets: pd.DataFrame, members: pd.DataFrame, visit: str, study: Study) -> pd.DataFrame:
    here = platelets[platelets["AVISIT"] == visit]
    seen = members[members["USUBJID"].isin(here["USUBJID"])]
    levels = [] if study.efficacy is None else study.efficacy.platelet_levels
    names = [f"{level:g}" for level in levels]
    reached = pd.concat(
        [
            here.loc[_reaches(here, level), ["USUBJID"]].assign(level=name)
            for level, name in zip(levels, names, strict=True)
        ]
        or [here[["USUBJID"]].head(0).assign(level="")]
    )
    return count_subjects(reached, seen, names, "level").assign(analysis="reached", visit=visit)


def _reaches(counts: pd.DataFrame, level: float) -> pd.Series:
    """Tell which counts are at least the level: one beyond the measuring range where it is certain."""
    sure, _ = exceeds(span_of(counts), constant(level, len(counts)), equal=True)
    return pd.Series(sure, index=counts.index)


def analyse_best_ratio(adsl: pd.DataFrame, adrs: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Summarise each subject's highest ratio to baseline before rescue therapy, by column.

    ``analysis`` is BESTRAT; a subject without baseline, or without a count before rescue, has none.
    """
    display = "fig-platelet-best"
    if reason := missing_response(adrs, study):
        return absent_rows(display, reason)
    members = efficacy_members(adsl, study)
    best = adrs[adrs["PARAMCD"] == "BESTRAT"]
    summary = summarize(best, members, "AVAL").assign(analysis="BESTRAT", unit="ratio")
    return efficacy_rows([summary], members, display, "ADRS")
