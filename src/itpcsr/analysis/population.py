"""Study patients: disposition, protocol deviations and baseline characteristics."""

from __future__ import annotations

import numpy as np
import pandas as pd

from itpcsr.absence import is_absent
from itpcsr.analysis.comparisons import compare_categories, compare_means, single_arm_columns
from itpcsr.analysis.groups import assign_groups, size_rows
from itpcsr.analysis.proportions import NOT_RECORDED, count_events, count_subjects, mark_unrecorded
from itpcsr.analysis.summaries import summarize
from itpcsr.results import absent_rows, make_rows
from itpcsr.study import Study

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
    discontinued_treatment, completed_study, discontinued_study and their reasons. ``analysis`` names the
    box, ``level`` the reason within it.
    """
    treated = adsl[adsl["SAFFL"] == "Y"]
    enrolled = adsl[adsl["ENRLFL"] == "Y"]
    out = adsl[adsl["ENRLFL"] == "N"]
    boxes: list[tuple[str, pd.DataFrame, str]] = [
        ("screened", adsl, ""),
        ("not_enrolled", out, "DCSREAS"),
        ("enrolled", enrolled, ""),
        ("treated", treated, ""),
        ("discontinued_treatment", treated[treated["EOTSTT"] == "DISCONTINUED"], "DCTREAS"),
        ("completed_treatment", treated[treated["EOTSTT"] == "COMPLETED"], ""),
        ("discontinued_study", treated[treated["EOSSTT"] == "DISCONTINUED"], "DCSREAS"),
        ("completed_study", treated[treated["EOSSTT"] == "COMPLETED"], ""),
    ]
    counts = [
        (name, "", float(len(frame)), "") if _recorded(treated, name) else (name, "", np.nan, NOT_RECORDED)
        for name, frame, _ in boxes
    ]
    for name, frame, reason in boxes:
        if reason:
            counts += [(name, str(text), float(n), "") for text, n in _ordered_counts(frame[reason])]
    rows = pd.DataFrame(counts, columns=["analysis", "level", "value", "reason"])
    return make_rows(
        rows.assign(statistic="n", unit="subjects"),
        display="fig-disposition",
        population="all subjects",
        dataset="ADSL",
        group="total",
    )


def _ordered_counts(values: pd.Series) -> list[tuple[object, int]]:
    """Count values, most frequent first, ties by name."""
    counts = values[values != ""].value_counts()
    return sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))


def analyse_disposition(adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Count enrolled subjects by column: treated, end of treatment and of study, with reasons.

    An end that the data record for nobody (of treatment or of study) is not estimable.
    """
    members = assign_groups(adsl, study.design.columns, "ENRLFL")
    subjects = adsl[adsl["ENRLFL"] == "Y"]
    states = {
        "treated": subjects["SAFFL"] == "Y",
        "completed_treatment": subjects["EOTSTT"] == "COMPLETED",
        "discontinued_treatment": subjects["EOTSTT"] == "DISCONTINUED",
        "completed_study": subjects["EOSSTT"] == "COMPLETED",
        "discontinued_study": subjects["EOSSTT"] == "DISCONTINUED",
    }
    parts = [size_rows(members)]
    for name, state in states.items():
        counts = count_subjects(subjects[state].assign(level=name), members, [name], "level")
        counts = counts if _recorded(subjects, name) else mark_unrecorded(counts)
        parts.append(counts.assign(analysis="status"))
    for name, reason in (("discontinued_treatment", "DCTREAS"), ("discontinued_study", "DCSREAS")):
        chosen = subjects[states[name]]
        levels = [str(text) for text, _ in _ordered_counts(chosen[reason])]
        parts.append(count_subjects(chosen, members, levels, reason).assign(analysis=name))
    return make_rows(
        pd.concat(parts, ignore_index=True),
        display="tbl-disposition",
        population="enrolled subjects",
        dataset="ADSL",
    )


def _recorded(subjects: pd.DataFrame, state: str) -> bool:
    """Tell whether the data record the end that a state is about: no record isn't a count of zero."""
    status = {"treatment": "EOTSTT", "study": "EOSSTT"}.get(state.rpartition("_")[2])
    return status is None or subjects.empty or bool((subjects[status] != "").any())


def analyse_deviations(adsl: pd.DataFrame, addv: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Count enrolled subjects with protocol deviations, and deviations, by column.

    ``analysis`` is any, category (DVCAT) or term; the level of a term is ``category | term``. Statistics
    are n, N, percent and events. Terms come in order of decreasing frequency, ties by name.
    """
    display = "tbl-deviations"
    if is_absent(addv, "DV"):
        sentence = "The study's data hold no domain of protocol deviations (DV), so they can't be shown."
        return absent_rows(display, sentence)
    members = assign_groups(adsl, study.design.columns, "ENRLFL")
    records = addv[addv["USUBJID"].isin(members["USUBJID"])]
    records = records.assign(any="any", category=records["DVCAT"])
    records["term"] = records["DVCAT"] + " | " + records["DVDECOD"]
    parts = [size_rows(members)]
    for analysis in ("any", "category", "term"):
        levels = (
            ["any"] if analysis == "any" else [str(name) for name, _ in _ordered_counts(records[analysis])]
        )
        counts = count_subjects(records, members, levels, analysis)
        events = count_events(records, members, levels, analysis)
        parts.append(pd.concat([counts, events]).assign(analysis=analysis))
    return make_rows(
        pd.concat(parts, ignore_index=True), display=display, population="enrolled subjects", dataset="ADDV"
    )


def analyse_baseline(adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Describe demographic and baseline characteristics of treated subjects by column.

    ``analysis`` is the variable; categories are ``level``. Variables without any value are left out. With a
    control arm each variable also gets one p_value (group empty): ANOVA or Pearson's chi-square.
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
        part = count_subjects(subjects, members, levels, variable)
        if len(compared):
            part = pd.concat([part, compare_categories(subjects, compared, variable)])
        parts.append(part.assign(analysis=variable))
    return make_rows(
        pd.concat(parts, ignore_index=True), display=display, population="safety set", dataset="ADSL"
    )


def _categories(subjects: pd.DataFrame, study: Study) -> dict[str, list[str]]:
    """Return each category variable that has data with its levels, most frequent first."""
    levels = {
        name: [str(value) for value, _ in _ordered_counts(subjects[name])]
        for name in ("SEX", "RACE")
        if name in subjects
    }
    flags = {therapy.flag: ["Y"] for therapy in study.baseline.prior_therapies if therapy.flag in subjects}
    return {name: values for name, values in {**levels, **flags}.items() if values}
