"""Laboratory values that a study shows as safety variables, and the abnormal ones one by one."""

from __future__ import annotations

import pandas as pd

from csrkit.absence import is_absent
from csrkit.limits import read_limits, stand_in
from csrkit.rows import absent_rows, make_rows
from csrkit.stats.groups import assign_groups
from itpcsr.study import Laboratory, Study

NO_DOMAIN = "The study's data hold no laboratory domain (LB), so laboratory values cannot be shown."
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


def analyse_abnormal_values(adsl: pd.DataFrame, adlb: pd.DataFrame, study: Study) -> pd.DataFrame:
    """List the values after treatment began that are worse than at baseline and of high grade.

    Listed are values of toxicity grade ``abnormal_grade`` or more that is higher than the one at baseline (or
    whose baseline has no grade), and those that the data call clinically significant. One value has the rows
    value, range_low, range_high, grade, baseline, baseline_grade and day: ``analysis`` is listing, ``group``
    the subject, ``category`` PARAMCD, ``level`` LBSEQ, ``visit`` the visit's name; what isn't recorded has no
    row.
    ``method`` of value and baseline holds the sign of a limit (``>`` of ``>2000``). With no such value the
    display is one sentence.
    """
    if sentence := missing_sentence(adlb, study):
        return absent_rows("", sentence)
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    values = safety_values(adlb, study.laboratory)
    values = values[values["USUBJID"].isin(members["USUBJID"]) & (values["ONTRTFL"] == "Y")]
    listed = values[_is_worse(values, study.laboratory.abnormal_grade) | (values["CLSIGFL"] == "Y")]
    if listed.empty:
        return absent_rows("", _nothing_listed(study.laboratory))
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
            "category": listed["PARAMCD"],
            "level": listed["LBSEQ"].astype("Int64").astype("str"),
            "visit": listed["VISIT"],
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
    rows = (
        pd.concat(parts).dropna(subset=["value"]).sort_values(["group", "category", "order"], kind="stable")
    )
    return make_rows(
        rows.drop(columns="order"),
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
