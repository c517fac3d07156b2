"""Infusions: the protocol's dose, on its days, once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from csrkit.sdtm.performed import is_performed
from itpcsr.sdtm.checks import terms
from itpcsr.sdtm.checks.findings import ERROR, NOTE, WARNING, values
from itpcsr.sdtm.checks.rules import PROTOCOL, REALITY, REPORT, rule
from itpcsr.sdtm.checks.tables import Tables, look_up, study_days
from itpcsr.sdtm.infusion_parts import number_infusions
from itpcsr.study import Study

_NEEDS = "EX.EXSTDTC EX.EXDOSE"


@rule("EX-02", WARNING, "The dose is the cohort's", PROTOCOL, f"{_NEEDS} DM.ARMCD")
def _other_doses(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.design.infusion_days:
        doses = _with_planned_dose(tables, study)
        apart = (doses["EXDOSE"] - doses["planned"]).abs() > terms.DOSE_TOLERANCE * doses["planned"]
        text = "the arm {arm} gets {planned:g}, and EXADJ gives no reason. Correct it or record a deviation."
        yield values("EX", doses[apart & (doses["EXADJ"] == "") & (doses["EXDOSE"] > 0)], "EXDOSE", text)


@rule("EX-03", WARNING, "An administration has a dose", REPORT, f"{_NEEDS} DM.ARMCD")
def _no_doses(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    doses = _with_planned_dose(tables, study)
    yield values("EX", doses[doses["EXDOSE"].isna()], "EXDOSE", "so the sum of doses is too low. Fill it in.")
    ex = tables.get("EX", "EXTRT", "EXDOSE", "EXOCCUR")
    nothing = ex[(ex["EXDOSE"] == 0) & (ex["EXOCCUR"] != "N") & ~is_performed("EX", ex)]
    text = "so nothing was given: it doesn't count as an infusion. Set EXOCCUR to N, or correct the dose."
    yield values("EX", nothing, "EXDOSE", text)


def _with_planned_dose(tables: Tables, study: Study) -> pd.DataFrame:
    doses = tables.administrations(study)
    planned = {arm.code: arm.dose for arm in study.design.arms if arm.dose is not None}
    arms = look_up(tables.by_subject("ARMCD"), doses["USUBJID"])
    return doses.assign(arm=arms, planned=arms.map(planned).astype("float64"))


@rule("EX-04", WARNING, "Infusions are given on the planned days", PROTOCOL, "EX.EXSTDTC")
def _other_days(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    planned = study.design.infusion_days
    if planned:
        doses = tables.infusions
        day = study_days(doses["start_day"], look_up(tables.first_day, doses["USUBJID"]))
        apart = np.abs(day.to_numpy()[:, None] - np.array(planned, dtype="float64")[None, :]).min(axis=1)
        window = study.visits.visit_window_days
        late = doses.assign(day=day)[apart > window]
        shown = ", ".join(map(str, planned))
        yield values(
            "EX", late, "EXSTDTC",
            f"study day {{day:g}}; infusions are planned on days {shown} (±{window}). Record a deviation.",
        )  # fmt: skip


@rule("EX-05", WARNING, "There are no more infusions than planned", PROTOCOL, "EX.EXSTDTC")
def _too_many(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    planned = len(study.design.infusion_days)
    if planned:
        doses = tables.administrations(study)
        number = doses.groupby("USUBJID").cumcount() + 1
        extra = doses.assign(number=number)[number > planned]
        text = f"infusion {{number}} of {planned} planned. Check for one that stands twice."
        yield values("EX", extra, "EXSTDTC", text)


@rule("EX-06", ERROR, "An infusion stands once", REPORT, _NEEDS)
def _repeated(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    doses = tables.infusions
    twice = doses[doses.duplicated(["USUBJID", "EXTRT", "EXSTDTC", "EXENDTC", "EXDOSE"])]
    text = "the same administration stands twice, so dose and number would count double. Keep one."
    yield values("EX", twice, "EXSTDTC", text)


@rule("EX-07", WARNING, "An infusion is in one part", PROTOCOL, _NEEDS)
def _two_a_day(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.design.infusion_days:
        doses = tables.infusions
        further = doses[number_infusions(doses).duplicated()]
        text = (
            "a further part of the infusion begun before: the two count as one, with both doses. Correct the "
            "date if it is another infusion."
        )
        yield values("EX", further, "EXSTDTC", text)


@rule("EX-08", WARNING, "An infusion takes a possible time", REALITY, "EX.EXSTDTC EX.EXENDTC")
def _odd_durations(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.design.infusion_days:
        doses = tables.infusions
        minutes = (doses["end_time"] - doses["start_time"]).dt.total_seconds() / 60
        low, high = terms.INFUSION_MINUTES
        odd = doses.assign(minutes=minutes)[(minutes >= 0) & ((minutes < low) | (minutes > high))]
        text = f"the infusion took {{minutes:g}} minutes; {low:g} to {high:g} are expected. Check both times."
        yield values("EX", odd, "EXENDTC", text)


@rule("EX-09", NOTE, "All planned infusions are given", PROTOCOL, "EX.EXSTDTC")
def _too_few(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    planned = len(study.design.infusion_days)
    if planned:
        given = tables.administrations(study)
        last = given.drop_duplicates("USUBJID", keep="last")
        number = look_up(given["USUBJID"].value_counts(), last["USUBJID"])
        short = last.assign(number=number)[number < planned]
        text = (
            f"the last of {{number}} infusions; {planned} were planned. The reason is in DS or DV, if "
            "anywhere."
        )
        yield values("EX", short, "EXSTDTC", text)


@rule("EX-10", NOTE, "One treatment is given", REPORT, "EX.EXTRT")
def _several_treatments(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.design.infusion_days:
        ex = tables.get("EX", "EXTRT")
        usual = ex["EXTRT"].value_counts().index[:1]
        other = ex[~ex["EXTRT"].isin(usual)]
        text = f"other subjects got {', '.join(map(repr, usual))}. All count as the study's treatment."
        yield values("EX", other, "EXTRT", text)


@rule("EX-11", WARNING, "Infusions are in the order of their visits and numbers", REPORT, "EX.EXSTDTC")
def _out_of_order(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.design.infusion_days:
        ex = tables.get("EX", "EXTRT", "VISITNUM", "VISITDY", "EXSTDTC")
        doses = ex.loc[tables.infusions.index]  # in order of time
        for variable in ("VISITNUM", "VISITDY", "EXSEQ"):
            if variable in doses:
                number = doses[variable]
                earlier = number.groupby(doses["USUBJID"]).cummax()
                wrong = doses.assign(earlier=earlier)[number < earlier]
                text = (
                    "given on {EXSTDTC}, after one with number {earlier:g}. Were the dates of two exchanged?"
                )
                if variable == "EXSEQ" and doses["VISITNUM"].notna().any():
                    continue  # where visits are known, records may be numbered as they come
                yield values("EX", wrong, variable, text)


@rule("EX-12", WARNING, "Infusions are given near the day of their visit", PROTOCOL, "EX.EXSTDTC EX.VISITDY")
def _off_day(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.design.infusion_days:
        ex = tables.get("EX", "VISIT", "VISITDY", "EXSTDTC")
        doses = ex.loc[tables.infusions.index]
        first = look_up(tables.first_day, doses["USUBJID"])
        on = study_days(tables.day("EX", "EXSTDTC").reindex(doses.index), first)
        window = study.visits.visit_window_days
        off = doses.assign(on=on)[((on - doses["VISITDY"]).abs() > window) & (doses["VISITDY"] > 0)]
        text = f"study day {{on:g}}, but {{VISIT}} is planned for day {{VISITDY:g}} (±{window}). Check both."
        yield values("EX", off, "EXSTDTC", text)
