"""Planned visits, and when each subject came."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator

from itpcsr.study import Study
from itpsim.draws import Texts
from itpsim.fates import INFARCTION

_SCREENING_DAY = -7
# The day before infusion 1, in the count without a day 0.
DAY_BEFORE = -1
_DEVIATIONS = (-3, -2, -1, 0, 1, 2, 3)
_DEVIATION_SHARES = (0.01, 0.04, 0.13, 0.64, 0.13, 0.04, 0.01)
_INFUSION_DEVIATIONS, _INFUSION_SHARES = (-1, 0, 1), (0.05, 0.9, 0.05)
_MISSED = 0.04


def planned_visits(study: Study) -> pd.DataFrame:
    """Return VISITNUM, VISIT, VISITDY and what is planned.

    ``infusion`` is its number or 0, ``laboratory`` a full blood test; ``blood`` is a platelet count, which
    every visit has but the day before infusion 1.
    """
    infusions = {day: number for number, day in enumerate(study.design.infusion_days, start=1)}
    laboratory = {1 + 7 * week for week in study.visits.laboratory_weeks} | {_SCREENING_DAY, 1}
    weeks = {*study.visits.platelet_weeks, *study.visits.laboratory_weeks, study.design.follow_up_weeks}
    before = [DAY_BEFORE] if study.sampling.immune_weeks else []
    days = [_SCREENING_DAY, *before, *sorted({1, *infusions, *(1 + 7 * week for week in weeks)})]
    return pd.DataFrame(
        {
            "VISITNUM": np.arange(1.0, len(days) + 1),
            "VISIT": [_visit_name(day) for day in days],
            "VISITDY": np.array(days, dtype="float64"),
            "infusion": [infusions.get(day, 0) for day in days],
            "laboratory": [day in laboratory for day in days],
            "blood": [day != DAY_BEFORE for day in days],
        }
    )


def attend(rng: Generator, study: Study, people: pd.DataFrame) -> pd.DataFrame:
    """Return the visits that took place, one row each, in order of subject and day.

    Columns: ``subject`` (row number in ``people``), those of :func:`planned_visits`, ``day`` (from
    infusion 1, day 0) and ``given`` (an infusion was given). Those not enrolled have screening alone.
    """
    plan = planned_visits(study)
    visits = plan.merge(pd.DataFrame({"subject": np.arange(len(people))}), how="cross")
    visits = visits.sort_values(["subject", "VISITNUM"], ignore_index=True)
    person = people.iloc[visits["subject"]].reset_index(drop=True)
    visits["day"] = _actual_days(rng, visits, person)
    stopped = (person["serious"] == INFARCTION) & (visits["day"] >= person["serious_day"])
    visits["given"] = (visits["infusion"] > 0) & ~stopped
    fixed = (visits["infusion"] > 0) | (visits["VISITDY"] <= 1) | (visits["VISITDY"] == plan["VISITDY"].max())
    took_place = fixed | (rng.random(len(visits)) >= _MISSED)
    gone = visits["day"] > person["left_day"].astype("float64")
    expected = person["enrolled"] | (visits["VISITNUM"] == 1)
    attended: pd.DataFrame = visits[took_place & expected & ~gone]
    return attended.reset_index(drop=True)


def last_days(people: pd.DataFrame, visits: pd.DataFrame) -> pd.Series:
    """Return each subject's last day in the study: the last visit, the early end, or after screening."""
    last = visits.groupby("subject")["day"].max().reindex(np.arange(len(people)))
    return people["left_day"].astype("float64").fillna(last.where(people["enrolled"], last + 3))


def _visit_name(day: int) -> str:
    if day == _SCREENING_DAY:
        return "SCREENING"
    return f"WEEK {(day - 1) // 7}" if day > 1 and (day - 1) % 7 == 0 else f"DAY {day}"


def _actual_days(rng: Generator, visits: pd.DataFrame, person: pd.DataFrame) -> Texts:
    usual = rng.choice(_DEVIATIONS, len(visits), p=_DEVIATION_SHARES)
    infusion = rng.choice(_INFUSION_DEVIATIONS, len(visits), p=_INFUSION_SHARES)
    moved = np.where(visits["infusion"] > 0, infusion, usual)
    planned = visits["VISITDY"] - 1 + np.where(visits["VISITDY"] == 1, 0, moved)
    screening = person["consent"] + rng.integers(0, 3, len(visits))
    days = np.where(visits["VISITDY"] < 1, screening, planned)
    return np.where(visits["VISITDY"] == DAY_BEFORE, DAY_BEFORE, days).astype("int64")
