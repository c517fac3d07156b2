"""Adverse events by each subject's highest grade."""

from __future__ import annotations

import pandas as pd

from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.proportions import count_subjects
from csrkit.stats.tally import rank_levels
from itpcsr.analysis.safety.by_term import label_terms
from itpcsr.analysis.safety.kinds import absent, rows_of, select_events, why_absent
from itpcsr.study import Study

GRADES = ("1", "2", "3", "4", "5", "not recorded")


def analyse_ae_grades(adsl: pd.DataFrame, adae: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Count subjects once by the highest grade they had: of any event, of each SOC and of each PT.

    ``analysis`` is any, soc or pt with the level of the term, and any_grade, soc_grade or pt_grade with
    ``term | grade``; the grade is 1 to 5, or "not recorded" where none of the subject's events of the term
    has one. Of terms only the grades that occur are counted, of any event all.
    """
    display = "tbl-ae-grade"
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    chosen = select_events(adae, members)
    if sentence := why_absent(adae, chosen):
        return absent(display, sentence)
    events = label_terms(chosen).assign(ASEVN=chosen["ASEVN"])
    parts = [size_rows(members)]
    for analysis in ("any", "soc", "pt"):
        terms = rank_levels(events, members, analysis)
        parts.append(count_subjects(events, members, terms, analysis).assign(analysis=analysis))
        worst = _highest(events, analysis)
        levels = [f"{term} | {grade}" for term in terms for grade in GRADES]
        if analysis != "any":
            levels = [level for level in levels if level in set(worst["level"])]
        graded = count_subjects(worst, members, levels, "level")
        parts.append(graded.assign(analysis=f"{analysis}_grade"))
    return rows_of(parts, display)


def _highest(events: pd.DataFrame, term: str) -> pd.DataFrame:
    """Return one record per subject and term with the level ``term | highest grade``."""
    worst = events.groupby(["USUBJID", term], observed=True)["ASEVN"].max().reset_index()
    grade = worst["ASEVN"].astype("Int64").astype("str").where(worst["ASEVN"].notna(), GRADES[-1])
    return pd.DataFrame(
        {"USUBJID": worst["USUBJID"].astype("str"), "level": worst[term].astype("str") + " | " + grade}
    )
