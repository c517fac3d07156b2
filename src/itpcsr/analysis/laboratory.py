"""Laboratory values: course over time, status against the normal range, and abnormal values one by one."""

from __future__ import annotations

import pandas as pd

from csrkit.absence import is_absent
from csrkit.limits import read_limits, stand_in
from csrkit.rows import absent_rows, make_rows
from csrkit.stats.exact_tables import Drawing
from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.proportions import count_subjects
from csrkit.stats.stratified import compare_shifts, compare_statuses
from csrkit.stats.summaries import summarize
from itpcsr.analysis.comparisons import single_arm_columns
from itpcsr.study import Laboratory, Study

END_OF_TREATMENT = "End of treatment"
STATUSES = ["LOW", "NORMAL", "HIGH"]
NO_DOMAIN = "The study's data hold no laboratory domain (LB), so laboratory values can't be shown."
_NO_VALUES = "The study's data hold no laboratory value of a treated subject in the categories shown."


def safety_values(adlb: pd.DataFrame, rules: Laboratory) -> pd.DataFrame:
    """Return the records of the categories that the study shows as safety variables."""
    categories = [name.upper() for name in rules.laboratory_categories]
    return adlb[adlb["PARCAT1"].isin(categories)] if categories else adlb


def missing_sentence(adlb: pd.DataFrame, study: Study) -> str:
    """Return why there is nothing to show, or "" where there is."""
    if is_absent(adlb, "LB"):
        return NO_DOMAIN
    return _NO_VALUES if safety_values(adlb, study.laboratory).empty else ""


def analyse_lab_course(adsl: pd.DataFrame, adlb: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Summarise each laboratory parameter by visit: its values and the changes from baseline.

    ``analysis`` is PARAMCD, ``level`` value or change, ``visit`` Baseline, Week w (the study's
    ``laboratory_weeks``; all planned weeks of the data where it names none) and, where the study has an end
    of treatment, End of treatment. Changes are of subjects with a value at baseline and at the visit.
    """
    display = "tbl-lab-course"
    if sentence := missing_sentence(adlb, study):
        return absent_rows(display, sentence)
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    values = with_end_of_treatment(safety_values(adlb, study.laboratory))
    visits = visits_of(values, study.visits.laboratory_weeks)
    parts = [size_rows(members)]
    for parameter, records in values.groupby("PARAMCD", sort=True):
        parts.append(course_of(records, members, visits).assign(analysis=str(parameter)))
    return make_rows(
        pd.concat(parts, ignore_index=True), display=display, population="safety set", dataset="ADLB"
    )


def with_end_of_treatment(records: pd.DataFrame) -> pd.DataFrame:
    """Return the planned visits' records, and those at the end of treatment once more under its name."""
    planned = records[records["ANL01FL"] == "Y"]
    ends = planned[planned["EOTFL"] == "Y"]
    return pd.concat([planned, ends.assign(AVISIT=END_OF_TREATMENT)], ignore_index=True)


def visits_of(records: pd.DataFrame, weeks: list[int]) -> list[str]:
    """Return the visits to show in their order: baseline, the weeks (all if empty), end of treatment."""
    found = sorted(records.loc[records["AVISITN"] > 0, "AVISITN"].unique())
    visits = ["Baseline", *(f"Week {int(week)}" for week in (weeks or found))]
    return [*visits, END_OF_TREATMENT] if (records["AVISIT"] == END_OF_TREATMENT).any() else visits


def course_of(records: pd.DataFrame, members: pd.DataFrame, visits: list[str]) -> pd.DataFrame:
    """Summarise AVAL at all visits and CHG at those after baseline; ``level`` is value or change."""
    unit = str(records["AVALU"].iloc[0])
    value = summarize(records, members, "AVAL", visits).assign(level="value", unit=unit)
    change = summarize(records, members, "CHG", visits[1:]).assign(level="change", unit=unit)
    return pd.concat([value, change], ignore_index=True) if len(visits) > 1 else value


def analyse_lab_ranges(
    adsl: pd.DataFrame, adlb: pd.DataFrame, study: Study, seed: int = Drawing.seed
) -> pd.DataFrame:
    """Count subjects by the status of their most deviating value, alone and by status at baseline.

    ``analysis`` status: LOW, NORMAL or HIGH against the normal range (``level`` is ``PARAMCD | status``), of
    the subjects with a value after baseline. ``analysis`` shift: against the study's thresholds, of the
    subjects with that status at baseline (``PARAMCD | status at baseline to status``). With a control
    arm each parameter also has two p_values (group empty): Fisher's exact test of the statuses (``level``
    is PARAMCD), and the Cochran-Mantel-Haenszel test of general association for the shifts, controlling for
    the status at baseline. Where the statuses allow too many tables to enumerate, Fisher's p is drawn with
    ``seed``: its method says so, and p_error and tables_drawn stand beside it.
    """
    display = "tbl-lab-ranges"
    if sentence := missing_sentence(adlb, study):
        return absent_rows(display, sentence)
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    compared = assign_groups(adsl, single_arm_columns(study.design), "SAFFL")
    values = safety_values(adlb, study.laboratory)
    worst = values[values["WORSTFL"] == "Y"]
    if worst.empty:
        return absent_rows(display, "No subject has a laboratory value at a planned visit after baseline.")
    parts = [size_rows(members)]
    for parameter, records in worst.groupby("PARAMCD", sort=True):
        parts.append(_statuses(records, members, str(parameter)))
        parts.append(_shifts(records, members, str(parameter)))
        if len(compared):
            status = compare_statuses(records, compared, "ANRIND", Drawing(seed=seed)).assign(
                analysis="status"
            )
            shift = compare_shifts(records, compared, "LIMIND", "BLIMIND").assign(analysis="shift")
            parts.append(pd.concat([status, shift]).assign(level=str(parameter)))
    return make_rows(
        pd.concat(parts, ignore_index=True), display=display, population="safety set", dataset="ADLB"
    )


def _statuses(records: pd.DataFrame, members: pd.DataFrame, parameter: str) -> pd.DataFrame:
    known = records[records["ANRIND"] != ""]
    named = known.assign(level=parameter + " | " + known["ANRIND"])
    levels = [f"{parameter} | {status}" for status in STATUSES]
    return count_among(named, members, levels).assign(analysis="status")


def _shifts(records: pd.DataFrame, members: pd.DataFrame, parameter: str) -> pd.DataFrame:
    parts = []
    for base in STATUSES:
        known = records[(records["BLIMIND"] == base) & (records["LIMIND"] != "")]
        named = known.assign(level=parameter + " | " + base + " to " + known["LIMIND"])
        levels = [f"{parameter} | {base} to {status}" for status in STATUSES]
        parts.append(count_among(named, members, levels))
    return pd.concat(parts, ignore_index=True).assign(analysis="shift")


def count_among(
    records: pd.DataFrame, members: pd.DataFrame, levels: list[str], confidence: float | None = None
) -> pd.DataFrame:
    """Count subjects by ``level`` among those who have a record: N is their number, not the group's."""
    having = members[members["USUBJID"].isin(records["USUBJID"])]
    return count_subjects(records, having, levels, "level", confidence)


def analyse_abnormal_values(adsl: pd.DataFrame, adlb: pd.DataFrame, study: Study) -> pd.DataFrame:
    """List the values after treatment began that are worse than at baseline and of high grade.

    Listed are values of toxicity grade ``abnormal_grade`` or more that is higher than the one at baseline (or
    whose baseline has no grade), and those that the data call clinically significant. One value has the rows
    value, range_low, range_high, grade, baseline, baseline_grade and day: ``analysis`` is listing, ``group``
    the subject, ``level`` PARAMCD, ``visit`` the visit's name and LBSEQ; what isn't recorded has no row.
    ``method`` of value and baseline holds the sign of a limit (``>`` of ``>2000``). With no such value the
    display is one sentence.
    """
    display = "tbl-lab-abnormal"
    if sentence := missing_sentence(adlb, study):
        return absent_rows(display, sentence)
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    values = safety_values(adlb, study.laboratory)
    values = values[values["USUBJID"].isin(members["USUBJID"]) & (values["ONTRTFL"] == "Y")]
    listed = values[_is_worse(values, study.laboratory.abnormal_grade) | (values["CLSIGFL"] == "Y")]
    if listed.empty:
        return absent_rows(display, _nothing_listed(study.laboratory))
    low = listed["ATOXDIR"] != "H"
    numbers = {
        "value": stand_in(listed),
        "range_low": listed["ANRLO"],
        "range_high": listed["ANRHI"],
        "grade": pd.to_numeric(listed["ATOXGR"], errors="coerce"),
        "baseline": stand_in(listed, "BASE", "BASEC"),
        "baseline_grade": pd.to_numeric(listed["BTOXGRL"].where(low, listed["BTOXGRH"]), errors="coerce"),
        "day": listed["ADY"],
    }
    keys = pd.DataFrame(
        {
            "group": listed["USUBJID"],
            "level": listed["PARAMCD"],
            "visit": listed["VISIT"] + " | " + listed["LBSEQ"].astype("Int64").astype("str"),
            "order": range(len(listed)),
        }
    )
    units = {"day": "day", "grade": "", "baseline_grade": ""}
    signs = {"value": read_limits(listed["AVALC"])["sign"], "baseline": read_limits(listed["BASEC"])["sign"]}
    parts = [
        keys.assign(
            statistic=name,
            value=column,
            unit=units.get(name, listed["AVALU"]),
            method=signs.get(name, ""),
        )
        for name, column in numbers.items()
    ]
    rows = pd.concat(parts).dropna(subset=["value"]).sort_values(["group", "level", "order"], kind="stable")
    return make_rows(
        rows.drop(columns="order"),
        display=display,
        analysis="listing",
        population="safety set",
        dataset="ADLB",
    )


def _is_worse(values: pd.DataFrame, least: int) -> pd.Series:
    worse = pd.Series(False, index=values.index)
    for side in ("L", "H"):
        grade = pd.to_numeric(values[f"ATOXGR{side}"], errors="coerce")
        base = pd.to_numeric(values[f"BTOXGR{side}"], errors="coerce").fillna(-1)
        worse |= (grade >= least) & (grade > base)
    return worse


def _nothing_listed(rules: Laboratory) -> str:
    if not rules.toxicity_criteria:
        return "Laboratory values are not graded in this study, so none is listed as abnormal."
    return (
        f"No laboratory value after the start of treatment had {rules.toxicity_criteria} grade "
        f"{rules.abnormal_grade} or higher above the grade at baseline."
    )
