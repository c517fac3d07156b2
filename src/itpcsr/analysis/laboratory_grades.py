"""Toxicity grades of laboratory values: from the grade at baseline to the worst one."""

from __future__ import annotations

import pandas as pd

from csrkit.rows import absent_rows, make_rows
from csrkit.stats.groups import assign_groups, size_rows
from itpcsr.analysis.laboratory import count_among, missing_sentence, safety_values
from itpcsr.study import Study

GRADES = [str(grade) for grade in range(5)]


def analyse_lab_grades(
    adsl: pd.DataFrame, adlb: pd.DataFrame, study: Study, confidence: float
) -> pd.DataFrame:
    """Count subjects by their worst toxicity grade after treatment began, by the grade at baseline.

    Terms of both sides (too low, too high) stand apart. N is the number of subjects with a grade at
    baseline and one after it, at planned and unscheduled visits. ``analysis`` worsened: the worst grade is
    higher than the one at baseline (``level`` is the term), with exact interval; high: it is moreover at
    least ``abnormal_grade``; shift: ``term | grade at baseline to worst grade``; all levels of the grades
    that occur in some group.
    """
    display = "tbl-lab-grades"
    if sentence := missing_sentence(adlb, study):
        return absent_rows(display, sentence)
    if not study.laboratory.toxicity_criteria:
        return absent_rows(display, "The study names no toxicity criteria, so values aren't graded.")
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    values = safety_values(adlb, study.laboratory)
    parts = [size_rows(members)]
    for term, worst in worst_grades(values).groupby("term", sort=False):
        parts.append(_count_term(worst, members, str(term), study.laboratory.abnormal_grade, confidence))
    if len(parts) == 1:
        return absent_rows(display, "No laboratory value could be graded before and after treatment began.")
    return make_rows(
        pd.concat(parts, ignore_index=True), display=display, population="safety set", dataset="ADLB"
    )


def worst_grades(values: pd.DataFrame) -> pd.DataFrame:
    """Return USUBJID, term, PARAMCD, base and worst (0 to 4), one row per subject and term.

    Subjects without a grade at baseline or without one after it have no row.
    """
    parts = []
    for side in ("L", "H"):
        names = {f"ATOXDSC{side}": "term", f"ATOXGR{side}": "worst", f"BTOXGR{side}": "base"}
        after = values[values["ONTRTFL"] == "Y"].rename(columns=names)
        after = after[["USUBJID", "PARAMCD", *names.values()]]
        known = after[(after["term"] != "") & (after["worst"] != "") & (after["base"] != "")]
        known = known.astype({"worst": "int64", "base": "int64"})
        parts.append(known.groupby(["PARAMCD", "term", "USUBJID"], as_index=False).max())
    both = pd.concat(parts, ignore_index=True)
    return both.sort_values(["PARAMCD", "term", "USUBJID"], ignore_index=True)


def _count_term(
    worst: pd.DataFrame, members: pd.DataFrame, term: str, least: int, confidence: float
) -> pd.DataFrame:
    rises = worst["worst"] > worst["base"]
    flags = {"worsened": rises, "high": rises & (worst["worst"] >= least)}
    parts = []
    for analysis, flag in flags.items():
        named = worst.assign(level=flag.map({True: term, False: ""}))
        parts.append(count_among(named, members, [term], confidence).assign(analysis=analysis))
    shifts = worst.assign(level=term + " | " + _text(worst["base"]) + " to " + _text(worst["worst"]))
    levels = [
        f"{term} | {base} to {grade}"
        for base in GRADES
        for grade in GRADES
        if f"{term} | {base} to {grade}" in set(shifts["level"])
    ]
    parts.append(count_among(shifts, members, levels).assign(analysis="shift"))
    return pd.concat(parts, ignore_index=True)


def _text(grades: pd.Series) -> pd.Series:
    return grades.astype("str")
