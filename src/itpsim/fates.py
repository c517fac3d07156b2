"""What happens to each subject: response, serious events, rescue, early ends.

For the 18 subjects as conducted, who responds and who has which event is assigned at the published counts,
in random places; it is not drawn and hoped for. For any other number each is drawn with the same share.
Every choice of a cohort or of a person behind a published count is an assumption.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator

from itpcsr.study import Efficacy, Study
from itpsim.draws import PUBLISHED_SUBJECTS, Flags, Floats, Texts, allot, pick, scaled, spread

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
