"""Study patients: disposition, protocol deviations and baseline characteristics."""

from __future__ import annotations

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
# Continuous variables of ADSL and their units.
BASELINE_MEASURES = {
    "AGE": "years",
    "WEIGHTBL": "kg",
    "HEIGHTBL": "cm",
    "DISDURM": "months",
    "BPLAT": "10^9/L",
    "NPRIOR": "therapies",
}


def analyse_flow(adsl: pd.DataFrame) -> pd.DataFrame:
    """Count subjects from screening to end of study, for the flow diagram (group ``total``).

    Levels: screened, not_enrolled and one per reason, enrolled, treated, completed_treatment,
    discontinued_treatment, completed_study, discontinued_study and their reasons; where there are such
    subjects also unrecorded_treatment and unrecorded_study, of whom the data record no end. ``analysis``
    names the box, ``level`` the reason within it ("NOT RECORDED" for none).
    """
    treated = adsl[adsl["SAFFL"] == "Y"]
    enrolled = adsl[adsl["ENRLFL"] == "Y"]
    out = adsl[adsl["ENRLFL"] == "N"]
    boxes: list[tuple[str, pd.DataFrame, str]] = [
        ("screened", adsl, ""),
        ("not_enrolled", out, "DCSREAS"),
        ("enrolled", enrolled, ""),
        ("treated", treated, ""),
    ]
    for end, (status, reason) in _ENDS.items():
        boxes.append((f"discontinued_{end}", treated[treated[status] == "DISCONTINUED"], reason))
        if _partly_recorded(treated, status):
            boxes.append((f"unrecorded_{end}", treated[treated[status] == ""], ""))
        boxes.append((f"completed_{end}", treated[treated[status] == "COMPLETED"], ""))
    counts = [
        (name, "", float(len(frame)), "") if _recorded(treated, name) else (name, "", np.nan, NOT_RECORDED)
        for name, frame, _ in boxes
    ]
    for name, frame, reason in boxes:
        if reason:
            named = name_unrecorded(frame[reason])
            counts += [(name, level, float((named == level).sum()), "") for level in levels_of(named)]
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

    An end that the data record for nobody (of treatment or of study) is not estimable. One that they record
    for some alone has the state unrecorded for the others: of treatment for those treated, of the study for
    all. Who ended early without a reason has the level "NOT RECORDED".
    """
    members = assign_groups(adsl, study.design.columns, "ENRLFL")
    subjects = adsl[adsl["ENRLFL"] == "Y"]
    states = {
        "treated": subjects["SAFFL"] == "Y",
    }
    for end, (status, _) in _ENDS.items():
        states[f"completed_{end}"] = subjects[status] == "COMPLETED"
        states[f"discontinued_{end}"] = subjects[status] == "DISCONTINUED"
        # whoever never began treatment has no end of it to record
        due = states["treated"] if end == "treatment" else subjects["ENRLFL"] == "Y"
        if _partly_recorded(subjects[due], status):
            states[f"unrecorded_{end}"] = due & (subjects[status] == "")
    parts = [size_rows(members)]
    for name, state in states.items():
        counts = count_subjects(subjects[state].assign(level=name), members, [name], "level")
        counts = counts if _recorded(subjects, name) else mark_unrecorded(counts)
        parts.append(counts.assign(analysis="status"))
    for end, (_, reason) in _ENDS.items():
        chosen = subjects[states[f"discontinued_{end}"]]
        chosen = chosen.assign(level=name_unrecorded(chosen[reason]))
        counts = count_subjects(chosen, members, levels_of(chosen["level"]), "level")
        parts.append(counts.assign(analysis=f"discontinued_{end}"))
    return make_rows(
        pd.concat(parts, ignore_index=True),
        display="tbl-disposition",
        population="enrolled subjects",
        dataset="ADSL",
    )


def _recorded(subjects: pd.DataFrame, state: str) -> bool:
    """Tell whether the data record the end that a state is about: no record isn't a count of zero."""
    status = _ENDS.get(state.rpartition("_")[2], ("", ""))[0]
    return not status or subjects.empty or bool((subjects[status] != "").any())


def _partly_recorded(subjects: pd.DataFrame, status: str) -> bool:
    """Tell whether the data record an end for some of the subjects, but not for all."""
    return bool((subjects[status] != "").any() and (subjects[status] == "").any())


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
