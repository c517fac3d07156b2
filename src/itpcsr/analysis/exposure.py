"""Exposure to study treatment: how much each subject was given, for how long, and what was interrupted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.rows import absent_rows, make_rows
from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.proportions import NO_SUBJECTS, count_events, count_subjects, mark_unrecorded
from csrkit.stats.summaries import summarize
from csrkit.stats.tally import rank_levels
from itpcsr.study import Study

_DAYS_PER_YEAR = 365.25
_NO_INFUSIONS = "Study treatment isn't given by infusions, so there are none to show one by one."


def analyse_exposure(adsl: pd.DataFrame, adex: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Describe administrations received of those planned, doses, and time on treatment and on study.

    ``analysis`` is administrations (counts by number), NADMIN (those whose dose isn't recorded count, too),
    CUMDOSE (sum of EXDOSE), RDI (relative dose intensity: the sum as percent of the dose planned for the arm
    given times the infusions planned), TRTDURD (days from first to last administration), STUDYD (days from
    the first one to the end of participation) and years (patient-years on study of each column, statistic
    years). What adds up EXDOSE is shown only where each record is one administration (a study with infusion
    days), RDI only where the study gives a planned dose.
    """
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    subjects = _doses_by_subject(adsl, adex, study)
    parts = [size_rows(members)]
    units = {"TRTDURD": "days", "STUDYD": "days"}
    if study.design.infusion_days:
        parts.append(_count_administrations(subjects, members, len(study.design.infusion_days)))
        doses = {"NADMIN": "administrations", "CUMDOSE": study.design.dose_unit, "RDI": "%"}
        units = doses | units
        if subjects["RDI"].isna().all() and len(subjects):
            del units["RDI"]
    for variable, unit in units.items():
        parts.append(summarize(subjects, members, variable).assign(analysis=variable, unit=unit))
    parts.append(_patient_years(subjects, members))
    return make_rows(
        pd.concat(parts, ignore_index=True),
        display="tbl-exposure",
        population="safety set",
        dataset="ADSL, ADEX",
    )


def _doses_by_subject(adsl: pd.DataFrame, adex: pd.DataFrame, study: Study) -> pd.DataFrame:
    subjects = adsl.loc[adsl["SAFFL"] == "Y", ["USUBJID", "TRTDURD", "STUDYD"]]
    given = adex.groupby("USUBJID").agg(NADMIN=("EXNUM", "max"), PLANDOSE=("PLANDOSE", "first"))
    given["CUMDOSE"] = adex.groupby("USUBJID")["EXDOSE"].sum(min_count=1)
    subjects = subjects.merge(given.reset_index(), on="USUBJID", how="left", validate="1:1")
    planned = subjects["PLANDOSE"] * len(study.design.infusion_days)
    return subjects.assign(RDI=100 * subjects["CUMDOSE"] / planned.where(planned > 0))


def _count_administrations(subjects: pd.DataFrame, members: pd.DataFrame, planned: int) -> pd.DataFrame:
    """Count subjects by number of administrations, from the planned number down to 1."""
    most = max([planned, *subjects["NADMIN"].dropna().astype(int)])
    levels = [str(number) for number in range(most, 0, -1)]
    shown = subjects.assign(level=subjects["NADMIN"].astype("Int64").astype("str"))
    return count_subjects(shown, members, levels, "level").assign(analysis="administrations")


def _patient_years(subjects: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    joined = members.merge(subjects, on="USUBJID")
    grouped = joined.groupby("group", observed=False)["STUDYD"]
    years = (grouped.sum(min_count=1) / _DAYS_PER_YEAR).rename("value").reset_index()
    return years.assign(
        group=years["group"].astype("str"),
        analysis="years",
        statistic="years",
        unit="patient-years",
        reason=np.where(years["value"].isna(), NO_SUBJECTS, ""),
    )


def analyse_infusions(adsl: pd.DataFrame, adex: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Describe each infusion: subjects who received it, its dose, and whether it was interrupted.

    ``analysis`` is given (``level``: number of the infusion; of all subjects), EXDOSE (``visit``:
    ``Infusion k``), adjusted (``level``: the number; of the subjects given that infusion), any_adjusted
    and reason (EXADJ; of all subjects, with the number of infusions as events). An infusion is counted as
    adjusted where EXADJ gives a reason.
    """
    display = "tbl-infusions"
    if not study.design.infusion_days:
        return absent_rows(display, _NO_INFUSIONS)
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    given = adex[adex["USUBJID"].isin(members["USUBJID"])]
    given = given.assign(number=given["EXNUM"].astype("int64").astype("str"), any="any")
    most = int(max([len(study.design.infusion_days), *given["EXNUM"]]))
    numbers = [str(number) for number in range(1, most + 1)]
    given["AVISIT"] = "Infusion " + given["number"]
    doses = summarize(given, members, "EXDOSE", [f"Infusion {number}" for number in numbers])
    parts = [
        size_rows(members),
        count_subjects(given, members, numbers, "number").assign(analysis="given"),
        doses.assign(analysis="EXDOSE", unit=study.design.dose_unit),
        *_count_adjusted(given, members, numbers),
    ]
    return make_rows(
        pd.concat(parts, ignore_index=True), display=display, population="safety set", dataset="ADEX"
    )


def _count_adjusted(given: pd.DataFrame, members: pd.DataFrame, numbers: list[str]) -> list[pd.DataFrame]:
    adjusted = given[given["ADJFL"] == "Y"]
    parts = []
    for number in numbers:
        had = members[members["USUBJID"].isin(given.loc[given["number"] == number, "USUBJID"])]
        parts.append(count_subjects(adjusted, had, [number], "number").assign(analysis="adjusted"))
    levels = rank_levels(adjusted, members, "EXADJ")
    for analysis, variable, shown in (("any_adjusted", "any", ["any"]), ("reason", "EXADJ", levels)):
        counts = [f(adjusted, members, shown, variable) for f in (count_subjects, count_events)]
        parts.append(pd.concat(counts).assign(analysis=analysis))
    recorded = given.empty or bool((given["ADJFL"] != "").any())
    return parts if recorded else [mark_unrecorded(part) for part in parts]
