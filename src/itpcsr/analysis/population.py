"""Study patients: disposition, protocol deviations and baseline characteristics."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from csrkit.absence import is_absent
from csrkit.rows import absent_rows, make_rows
from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.proportions import (
    NOT_RECORDED,
    count_events,
    count_subjects,
    levels_of,
    mark_unrecorded,
    name_unrecorded,
)
from csrkit.stats.summaries import summarize
from itpcsr.analysis.comparisons import compare_categories, compare_means, single_arm_columns
from itpcsr.study import Study

# The ends that ADSL records: state and reason.
_ENDS = {"treatment": ("EOTSTT", "DCTREAS"), "study": ("EOSSTT", "DCSREAS")}
COMPLETED = "COMPLETED STUDY"  # the end of the study of whoever completed it without having been treated
# Continuous variables of ADSL and their units.
BASELINE_MEASURES = {
    "AGE": "years",
    "WEIGHTBL": "kg",
    "HEIGHTBL": "cm",
    "DISDURM": "months",
    "BPLAT": "10^9/L",
    "NPRIOR": "therapies",
}


class _State(NamedTuple):
    """Subjects in one state: a box of the flow and a row of the table."""

    name: str
    subjects: pd.DataFrame
    why: str = ""  # the variable that says why
    recorded: bool = True  # no record isn't a count of zero


def _states(adsl: pd.DataFrame) -> list[_State]:
    """Return the states of enrolled subjects that the flow and the table both count.

    They are treated; not_treated where there are such subjects; and of treatment and of the study completed,
    discontinued and, where the data record the end of some alone, unrecorded. An end of treatment is of those
    treated, an end of the study of all enrolled: whoever never began treatment has no end of it to record.
    """
    enrolled = adsl[adsl["ENRLFL"] == "Y"]
    treated, untreated = (enrolled[enrolled["SAFFL"] == flag] for flag in ("Y", "N"))
    states = [_State("treated", treated)]
    if len(untreated):
        states.append(_State("not_treated", untreated.assign(WHY=_ends_of_study(untreated)), "WHY"))
    for end, due in (("treatment", treated), ("study", enrolled)):
        status, reason = _ENDS[end]
        unknown = due[status] == ""
        recorded = due.empty or not unknown.all()
        states += [
            _State(f"completed_{end}", due[due[status] == "COMPLETED"], "", recorded),
            _State(f"discontinued_{end}", due[due[status] == "DISCONTINUED"], reason, recorded),
        ]
        if recorded and unknown.any():
            states.append(_State(f"unrecorded_{end}", due[unknown]))
    return states


def _ends_of_study(subjects: pd.DataFrame) -> pd.Series:
    """Return how the study ended for each: completed all the same, or the reason of an early end."""
    status, reason = _ENDS["study"]
    return subjects[reason].mask(subjects[status] == "COMPLETED", COMPLETED)


def analyse_flow(adsl: pd.DataFrame) -> pd.DataFrame:
    """Count subjects from screening to end of study, for the flow diagram (group ``total``).

    ``analysis`` names the box: screened, not_enrolled, enrolled, and the states of the enrolled that
    ``analyse_disposition`` counts. ``level`` is the reason within it ("NOT RECORDED" for none); of those not
    treated it is how the study ended for them.
    """
    boxes = [
        _State("screened", adsl),
        _State("not_enrolled", adsl[adsl["ENRLFL"] == "N"], "DCSREAS"),
        _State("enrolled", adsl[adsl["ENRLFL"] == "Y"]),
        *_states(adsl),
    ]
    counts = [
        (box.name, "", float(len(box.subjects)), "") if box.recorded else (box.name, "", np.nan, NOT_RECORDED)
        for box in boxes
    ]
    for box in boxes:
        if box.why:
            named = name_unrecorded(box.subjects[box.why])
            counts += [(box.name, level, float((named == level).sum()), "") for level in levels_of(named)]
    rows = pd.DataFrame(counts, columns=["analysis", "level", "value", "reason"])
    return make_rows(
        rows.assign(statistic="n", unit="subjects"),
        display="fig-disposition",
        population="all subjects",
        dataset="ADSL",
        group="total",
    )


def analyse_disposition(adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Count enrolled subjects by column: treated, end of treatment and of study, with reasons.

    ``analysis`` status has the states as levels (treated, not_treated, completed_treatment,
    discontinued_treatment, unrecorded_treatment, and the same of study), discontinued_treatment and
    discontinued_study have the reasons. An end that the data record for nobody (of treatment or of study) is
    not estimable. One that they record for some alone has the state unrecorded for the others: of treatment
    for those treated, of the study for all. Who ended early without a reason has the level "NOT RECORDED".
    """
    members = assign_groups(adsl, study.design.columns, "ENRLFL")
    states = _states(adsl)
    parts = [size_rows(members)]
    for state in states:
        counts = count_subjects(state.subjects.assign(level=state.name), members, [state.name], "level")
        counts = counts if state.recorded else mark_unrecorded(counts)
        parts.append(counts.assign(analysis="status"))
    for state in states:
        if state.name.startswith("discontinued_"):
            chosen = state.subjects.assign(level=name_unrecorded(state.subjects[state.why]))
            counts = count_subjects(chosen, members, levels_of(chosen["level"]), "level")
            parts.append(counts.assign(analysis=state.name))
    return make_rows(
        pd.concat(parts, ignore_index=True),
        display="tbl-disposition",
        population="enrolled subjects",
        dataset="ADSL",
    )


def analyse_deviations(adsl: pd.DataFrame, addv: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Count enrolled subjects with protocol deviations, and deviations, by column.

    ``analysis`` is any, category (DVCAT) or term; the level of a term is ``category | term``. Statistics
    are n, N, percent and events. Levels come in order of decreasing frequency, ties by name. A deviation
    without category or term has the level "NOT RECORDED"; where the data know no categories, terms alone
    are counted.
    """
    display = "tbl-deviations"
    if is_absent(addv, "DV"):
        sentence = "The study's data hold no domain of protocol deviations (DV), so they can't be shown."
        return absent_rows(display, sentence)
    members = assign_groups(adsl, study.design.columns, "ENRLFL")
    records = addv[addv["USUBJID"].isin(members["USUBJID"])]
    categories = bool((records["DVCAT"] != "").any())
    category = name_unrecorded(records["DVCAT"]) if categories else records["DVCAT"]
    records = records.assign(any="any", category=category)
    records["term"] = category + " | " + name_unrecorded(records["DVDECOD"])
    parts = [size_rows(members)]
    for analysis in ("any", "category", "term") if categories else ("any", "term"):
        levels = ["any"] if analysis == "any" else levels_of(records[analysis])  # also of no deviation
        counts = count_subjects(records, members, levels, analysis)
        events = count_events(records, members, levels, analysis)
        parts.append(pd.concat([counts, events]).assign(analysis=analysis))
    return make_rows(
        pd.concat(parts, ignore_index=True), display=display, population="enrolled subjects", dataset="ADDV"
    )


def analyse_baseline(adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Describe demographic and baseline characteristics of treated subjects by column.

    ``analysis`` is the variable; categories are ``level``, "NOT RECORDED" for subjects without one, so that
    the levels hold all subjects. Variables without any value are left out. With a control arm each variable
    also gets one p_value (group empty): ANOVA or Pearson's chi-square, of the subjects with a value.
    """
    columns, display = study.design.columns, "tbl-baseline"
    subjects = adsl[adsl["SAFFL"] == "Y"]
    if subjects.empty:
        return absent_rows(display, "No subject was treated, so there are no baseline characteristics.")
    members = assign_groups(adsl, columns, "SAFFL")
    compared = assign_groups(adsl, single_arm_columns(study.design), "SAFFL")
    parts = [size_rows(members)]
    for variable, unit in BASELINE_MEASURES.items():
        if variable in subjects and subjects[variable].notna().any():
            part = summarize(subjects, members, variable)
            if len(compared):
                part = pd.concat([part, compare_means(subjects, compared, variable)])
            parts.append(part.assign(analysis=variable, unit=unit))
    for variable, levels in _categories(subjects, study).items():
        named = subjects.assign(level=name_unrecorded(subjects[variable]))
        part = count_subjects(named, members, levels, "level")
        if len(compared):
            part = pd.concat([part, compare_categories(subjects, compared, variable)])
        parts.append(part.assign(analysis=variable))
    return make_rows(
        pd.concat(parts, ignore_index=True), display=display, population="safety set", dataset="ADSL"
    )


def _categories(subjects: pd.DataFrame, study: Study) -> dict[str, list[str]]:
    """Return each category variable that has data with its levels, most frequent first."""
    levels = {
        name: levels_of(name_unrecorded(subjects[name]))
        for name in ("SEX", "RACE")
        if name in subjects and (subjects[name] != "").any()
    }
    flags = {therapy.flag: ["Y"] for therapy in study.baseline.prior_therapies if therapy.flag in subjects}
    return {**levels, **flags}
