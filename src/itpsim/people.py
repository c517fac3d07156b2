"""The subjects: cohorts, dates, demography and, behind the data, what will happen to each of them."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.random import Generator

from itpcsr.study import Efficacy, Study
from itpsim.tables import PUBLISHED_SUBJECTS, Days, Flags, Floats, Texts, allot, pick, scaled, spread

# What happens to each subject: response, serious events, rescue, early ends.
#
# For the 18 subjects as conducted, who responds and who has which event is assigned at the published counts,
# in random places; it is not drawn and hoped for. For any other number each is drawn with the same share.
# Every choice of a cohort or of a person behind a published count is an assumption.

# Published: responders 0/3, 2/3, 3/6 and 3/6 at these doses.
_DOSES, _RESPONSE = (0.5, 1.0, 2.0), (0.0, 2 / 3, 1 / 2)
# Published: terms and counts of the serious events.
INFARCTION, MENSTRUAL, GASTROINTESTINAL = (
    "Acute myocardial infarction",
    "Heavy menstrual bleeding",
    "Gastrointestinal haemorrhage",
)
_SERIOUS = (INFARCTION, MENSTRUAL, GASTROINTESTINAL, GASTROINTESTINAL)
_EMERGENT = 13
# Kinds of response in the shares wanted among 8 responders (assumption; the complete share is unpublished):
# lowest and highest plateau in 10^9/L, and whether the response is lost before the end of follow-up.
_COURSES = (
    ("complete", 110, 190, False),
    ("response", 60, 95, False),
    ("response", 60, 95, True),
    ("complete", 110, 190, False),
    ("response", 60, 95, True),
    ("partial", 36, 46, False),
    ("complete", 110, 190, True),
    ("response", 60, 95, False),
)
# Lowest, median and highest baseline (10^9/L) and day of first response. Assumption, near 13 earlier patients
# given such cells elsewhere (baseline 1 to 15, median 9; response on days 7 to 17, median 12); baselines
# reach 25 because the trial took all below 30.
_BASELINE = (3, 10, 25)
_RISE = (7, 12, 17)
_FLAGS, _TEXTS = ["reaction", "emergent", "spike"], ["course", "serious", "left_reason"]


def add_fates(rng: Generator, people: pd.DataFrame, study: Study, rule: Efficacy) -> pd.DataFrame:
    """Add each subject's latent course; days count from infusion 1 (day 0), NaN where there is none.

    Those not enrolled have no course: False, empty or NaN.


    Columns: ``baseline`` and ``threshold`` (10^9/L, the count that qualifies as response), ``course``
    (complete, response, partial, or empty for a non-responder), ``plateau``, ``rise`` and ``loss`` (days);
    ``serious`` (preferred term or empty) and ``serious_day``; ``reaction`` (an infusion is interrupted);
    ``emergent`` (has treatment-emergent events); ``rescue_day``; ``spike`` (one isolated high count);
    ``left_day`` and ``left_reason`` (end of participation before the end of follow-up).
    """
    enrolled = people["enrolled"].to_numpy(dtype=bool)
    treated = people[enrolled].reset_index(drop=True)
    treated = _response(rng, treated, rule)
    treated = _serious_events(rng, treated, study)
    treated = _quiet_fates(rng, treated, study)
    fated = pd.concat([treated, people[~enrolled]], ignore_index=True)
    fated[_FLAGS] = fated[_FLAGS].fillna(False).astype("bool")
    fated[_TEXTS] = fated[_TEXTS].fillna("").astype("str")
    return fated


def _response(rng: Generator, people: pd.DataFrame, rule: Efficacy) -> pd.DataFrame:
    n = len(people)
    responder = np.zeros(n, dtype=bool)
    for cohort in np.unique(people["cohort"]):
        members = (people["cohort"] == cohort).to_numpy()
        share = float(np.interp(people.loc[members, "dose"].iloc[0], _DOSES, _RESPONSE))
        responder[members] = allot(rng, int(members.sum()), share, exact=bool(people["exact"].all()))
    baseline = np.round(spread(rng, n, *_BASELINE))
    threshold = np.maximum(rule.response_count, rule.response_ratio * baseline)
    courses = _courses(rng, responder)
    # A plateau below the threshold would be no response: high baselines need higher ones.
    plateau = np.maximum(courses["plateau"], threshold + 8)
    return people.assign(baseline=baseline, threshold=threshold, **courses | {"plateau": plateau})


def _courses(rng: Generator, responder: Flags) -> dict[str, Texts | Floats]:
    who = rng.permutation(np.flatnonzero(responder))
    # Kinds of response in turn, so that 8 responders have each of them once.
    names, low, high, lost = (np.resize(np.array(part), who.size) for part in zip(*_COURSES, strict=True))
    kind = np.full(responder.size, "", dtype=object)
    plateau, rise, loss = (np.full(responder.size, np.nan) for _ in range(3))
    kind[who] = names
    plateau[who] = rng.uniform(low, high)
    rise[who] = np.round(spread(rng, who.size, *_RISE))
    loss[who] = np.where(lost, rng.integers(60, 150, who.size), np.nan)
    return {"course": kind, "plateau": plateau, "rise": rise, "loss": loss}


def _serious_events(rng: Generator, people: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Give the serious events to subjects in whom they are plausible.

    The infarction is the dose-limiting toxicity, so it falls among those treated before their cohort was
    widened, between the last two infusions, and on a responder if there is one, because very few platelets
    make it unlikely. Bleeding falls on non-responders; one kind on women only.
    """
    n = len(people)
    terms = (
        _SERIOUS if people["exact"].all() else rng.choice(_SERIOUS, rng.binomial(n, 4 / PUBLISHED_SUBJECTS))
    )
    widened = {
        arm.code: arm.planned / arm.enrolled
        for arm in study.design.arms
        if arm.planned and arm.enrolled and arm.enrolled > arm.planned
    }
    low = (people["course"] == "").to_numpy()
    early = (people["place"] < people["ARMCD"].map(widened).astype("float64").fillna(0)).to_numpy()
    eligible = {
        INFARCTION: early & ~low if (early & ~low).any() else early,
        MENSTRUAL: low & (people["SEX"] == "F").to_numpy(),
        GASTROINTESTINAL: low,
    }
    last_infusion = study.design.infusion_days[-1] - 1
    days = {
        INFARCTION: (last_infusion - 5, last_infusion - 2),
        MENSTRUAL: (30, 100),
        GASTROINTESTINAL: (35, 140),
    }
    serious, day = np.full(n, "", dtype=object), np.full(n, np.nan)
    for term, among in eligible.items():
        chosen = pick(rng, among & (serious == ""), list(terms).count(term))
        serious[chosen], day[chosen] = term, rng.integers(*days[term], int(chosen.sum()))
    return people.assign(serious=serious, serious_day=day)


def _quiet_fates(rng: Generator, people: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Choose who has the interrupted infusion, any event at all, rescue, one high count, an early end."""
    n, exact = len(people), bool(people["exact"].all())
    calm = (people["serious"] == "").to_numpy()
    highest = (people["dose"] == people["dose"].max()).to_numpy()
    reaction = pick(rng, calm & highest, scaled(1, n))
    emergent = _emergent(rng, calm, reaction, exact=exact)
    free = calm & (people["course"] == "").to_numpy()
    rescued = pick(rng, free, scaled(1, n))
    spike = pick(rng, free & ~rescued, scaled(1, n))
    left = pick(rng, free & ~rescued & ~spike, scaled(2, n))
    bleeding = people["serious"].isin([MENSTRUAL, GASTROINTESTINAL]).to_numpy()
    rescue_day = np.where(
        bleeding, people["serious_day"], np.where(rescued, rng.integers(35, 120, n), np.nan)
    )
    reasons = np.resize(
        np.array(["WITHDRAWAL BY SUBJECT", "LOST TO FOLLOW-UP"], dtype=object), int(left.sum())
    )
    left_reason = np.full(n, "", dtype=object)
    left_reason[left] = reasons
    return people.assign(
        reaction=reaction,
        emergent=emergent,
        rescue_day=rescue_day,
        spike=spike,
        left_day=np.where(left, rng.integers(75, 7 * study.design.follow_up_weeks - 20, n), np.nan),
        left_reason=left_reason,
    )


def _emergent(rng: Generator, calm: Flags, reaction: Flags, *, exact: bool) -> Flags:
    """Everybody with a serious event or a reaction, and others up to the published share."""
    certain = ~calm | reaction
    if exact:
        return certain | pick(rng, ~certain, _EMERGENT - int(certain.sum()))
    surely = len(_SERIOUS) + 1
    share = (_EMERGENT - surely) / (PUBLISHED_SUBJECTS - surely)
    return certain | (rng.random(calm.size) < share)


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
