"""Vital signs: changes around each infusion, or by visit in a study without infusions."""

from __future__ import annotations

import pandas as pd

from csrkit.absence import is_absent
from csrkit.rows import absent_rows, make_rows
from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.summaries import summarize
from itpcsr.analysis.laboratory import course_of, visits_of, with_end_of_treatment
from itpcsr.study import Study

_DISPLAY = "tbl-vital-signs"
_NO_DOMAIN = "The study's data hold no vital signs domain (VS), so vital signs can't be shown."


def analyse_vital_signs(adsl: pd.DataFrame, advs: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Summarise vital signs by group.

    With infusions: ``analysis`` is PARAMCD, ``level`` the infusion (``Infusion 1``), ``visit`` the time
    point; at those before the infusion the value, later the change from it in the same subject. Without
    infusions: ``level`` is value or change (from baseline), after the time point (a position) where there is
    one (``STANDING | value``), ``visit`` as in the laboratory course. Only parameters measured after
    treatment began are shown.
    """
    if is_absent(advs, "VS"):
        return absent_rows(_DISPLAY, _NO_DOMAIN)
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    chosen = advs[advs["USUBJID"].isin(members["USUBJID"])]
    infusions = bool(study.design.infusion_days)
    parts = _around_infusions(chosen, members) if infusions else _by_visit(chosen, members, study)
    if not parts:
        return absent_rows(_DISPLAY, "No vital sign was recorded after treatment began.")
    rows = pd.concat([size_rows(members), *parts], ignore_index=True)
    return make_rows(rows, display=_DISPLAY, population="safety set", dataset="ADVS")


def _around_infusions(advs: pd.DataFrame, members: pd.DataFrame) -> list[pd.DataFrame]:
    timed = advs[advs["INFNUM"].notna()].sort_values("ATPTN", kind="stable")
    parts = []
    for (parameter, number), records in timed.groupby(["PARAMCD", "INFNUM"], sort=True):
        if not (records["ATPTN"] >= 0).any():
            continue
        infusion = f"Infusion {number:g}"
        points = records.assign(AVISIT=records["ATPT"])
        for variable, part in (
            ("AVAL", points[points["ATPTN"] < 0].drop_duplicates(["USUBJID", "AVISIT"], keep="last")),
            ("CHGPRE", points[points["ATPTN"] >= 0].drop_duplicates(["USUBJID", "AVISIT"], keep="last")),
        ):
            visits = list(dict.fromkeys(part["AVISIT"]))
            if visits:
                found = summarize(part, members, variable, visits)
                unit = str(part["AVALU"].iloc[0])
                parts.append(found.assign(analysis=str(parameter), level=infusion, unit=unit))
    return parts


def _by_visit(advs: pd.DataFrame, members: pd.DataFrame, study: Study) -> list[pd.DataFrame]:
    values = with_end_of_treatment(advs)
    visits = visits_of(values, study.visits.laboratory_weeks)
    after = values.loc[values["AVISIT"] != "Baseline", "PARAMCD"]
    parts = []
    for (parameter, position), records in values.groupby(["PARAMCD", "BASETYPE"], sort=True):
        if parameter in set(after):
            found = course_of(records, members, visits).assign(analysis=str(parameter))
            prefix = f"{position} | " if position else ""
            parts.append(found.assign(level=prefix + found["level"]))
    return parts
