"""The subjects: cohorts, dates, demography and, behind the data, what will happen to each of them."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.random import Generator

from itpcsr.study import Study
from itpsim.draws import PUBLISHED_SUBJECTS, Days, Flags, Texts, allot, scaled, spread

# Infusion 1 of the first and of the last subject. Published: enrolment from November 2019 to August 2022.
_FIRST_START, _LAST_START = np.datetime64("2019-11-28"), np.datetime64("2022-08-30")
# A cohort starts when the one before it has been observed for the 28 days of the DLT window (assumption).
_COHORT_GAP = 35
# Infusions fall on Tuesday to Thursday, so that a day's deviation stays within the week: shift by weekday.
_SHIFT_TO_MIDWEEK = np.array([1, 0, 0, 0, -1, -2, 2])
_FEMALE = 15 / PUBLISHED_SUBJECTS
_AGE = (30, 44, 50)
_INELIGIBLE, _WITHDRAWN = 3, 1


def make_people(rng: Generator, study: Study, subjects: int | None) -> pd.DataFrame:
    """Return one row per screened subject, enrolled ones first, in the order of their numbers.

    Columns: USUBJID; ``enrolled``; ARMCD, ARM and ``dose`` (NaN for those not enrolled); ``cohort`` and
    ``place`` (number in the cohort from 0, as a share of its size); SEX, AGE; ``start`` (datetime64[D], the
    day of infusion 1, for others the day it was planned); ``consent`` and ``enrolment`` (days from
    ``start``, negative); ``weight`` (kg) and ``height`` (cm); ``exact`` (True where published counts hold).
    """
    sizes = cohort_sizes(study, subjects)
    n = int(sizes.sum())
    exact = is_as_conducted(study, n)
    enrolled = _enrolled(rng, study, sizes, exact=exact)
    people = pd.concat([enrolled, _not_enrolled(rng, n)], ignore_index=True)
    width = max(3, len(str(len(people))))
    people["SUBJID"] = [f"{number:0{width}d}" for number in range(1, len(people) + 1)]
    people["USUBJID"] = "SIM-" + people["SUBJID"].astype("str")
    people["consent"] = -rng.integers(7, 15, len(people))
    people["enrolment"] = -rng.integers(1, 4, len(people))
    people["height"] = np.round(np.where(people["SEX"] == "F", 160, 172) + rng.normal(0, 5, len(people)))
    body_mass = rng.normal(23.5, 2.8, len(people)).clip(18, 32)
    people["weight"] = np.round(body_mass * (people["height"] / 100) ** 2, 1)
    return people.assign(exact=exact)


def cohort_sizes(study: Study, subjects: int | None) -> Days:
    """Return the number of subjects per arm: as conducted, or ``subjects`` in the same proportions."""
    conducted = np.array([arm.enrolled or 0 for arm in study.design.arms], dtype="int64")
    if subjects is None or conducted.sum() == 0:
        return conducted
    quota = conducted * subjects / conducted.sum()
    sizes: Days = np.floor(quota).astype("int64")
    remainders = np.argsort(sizes - quota, kind="stable")
    sizes[remainders[: subjects - sizes.sum()]] += 1
    return sizes


def is_as_conducted(study: Study, n: int) -> bool:
    """Tell whether this is the trial as conducted, to which the published counts apply."""
    return n == PUBLISHED_SUBJECTS == sum(arm.enrolled or 0 for arm in study.design.arms)


def ascii_label(text: str) -> str:
    """Write an arm's label in the ASCII that transport files can hold: ``2.0 x 10^6/kg``."""
    powers = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda found: "^" + str(int(found.group().translate(_PLAIN))), text)
    return powers.replace("×", "x")


_PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def _enrolled(rng: Generator, study: Study, sizes: Days, *, exact: bool) -> pd.DataFrame:
    arms, n = study.design.arms, int(sizes.sum())
    cohort = np.repeat(np.arange(len(arms)), sizes)
    place = np.concatenate([np.zeros(0), *(np.arange(size) / size for size in sizes if size)])
    return pd.DataFrame(
        {
            "enrolled": True,
            "ARMCD": [arms[k].code for k in cohort],
            "ARM": [ascii_label(arms[k].label) for k in cohort],
            "dose": np.array([arms[k].dose or 0.0 for k in cohort], dtype="float64"),
            "cohort": cohort,
            "place": place,
            "SEX": _sex(allot(rng, n, _FEMALE, exact=exact)),
            "AGE": np.round(spread(rng, n, *_AGE)),
            "start": _starts(rng, cohort, len(arms)),
        }
    )


def _not_enrolled(rng: Generator, n: int) -> pd.DataFrame:
    """Return those who were screened but not treated: first the ineligible, then the withdrawn."""
    ineligible, withdrawn = scaled(_INELIGIBLE, n), scaled(_WITHDRAWN, n)
    count = ineligible + withdrawn
    span = int((_LAST_START - _FIRST_START).astype("int64"))
    return pd.DataFrame(
        {
            "enrolled": False,
            "ARMCD": ["SCRNFAIL"] * ineligible + ["NOTASSGN"] * withdrawn,
            "ARM": ["Screen Failure"] * ineligible + ["Not Assigned"] * withdrawn,
            "dose": np.nan,
            "cohort": -1,
            "place": np.nan,
            "SEX": _sex(rng.random(count) < _FEMALE),
            "AGE": rng.integers(_AGE[0], _AGE[-1] + 1, count).astype("float64"),
            "start": _FIRST_START + np.sort(rng.integers(0, span, count)),
        }
    )


def _sex(female: Flags) -> Texts:
    return np.where(female, "F", "M").astype(object)


def _starts(rng: Generator, cohort: Days, cohorts: int) -> np.ndarray:
    """Return the days of infusion 1: evenly spread over the enrolment period, cohorts after one another."""
    gaps = _COHORT_GAP * (cohorts - 1)
    span = int((_LAST_START - _FIRST_START).astype("int64")) - gaps
    places = np.arange(cohort.size) + rng.uniform(-0.2, 0.2, cohort.size)
    share = np.clip(places / max(cohort.size - 1, 1), 0, 1)
    if cohort.size:
        share[[0, -1]] = 0, min(cohort.size - 1, 1)
    days = _FIRST_START + (np.floor(span * share).astype("int64") + _COHORT_GAP * cohort)
    weekday = (days.astype("int64") + 3) % 7
    return np.asarray(days + _SHIFT_TO_MIDWEEK[weekday])
