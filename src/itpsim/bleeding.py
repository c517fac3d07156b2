"""RS: bleeding by the WHO scale and by ITP-BAT, in step with platelets and with adverse events."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator

from itpcsr.study import Efficacy
from itpsim.draws import Days, Flags, Floats
from itpsim.findings import by_test, collected, in_response
from itpsim.laboratory import flag_baseline
from itpsim.tables import texts

# Probability of bleeding without an adverse event, by platelet count in 10^9/L (assumption).
_COUNTS, _PROBABILITIES = (0, 10, 20, 30, 50, 100), (0.7, 0.6, 0.45, 0.25, 0.08, 0.0)
# Share of subjects who bleed with WHO grade 2 at screening; the others have grade 1 (assumption).
_SECOND_GRADE = 0.3
_ITP_BAT_WEEKS = (4, 8, 12, 16, 28)
# Code, name and category; the domains of ITP-BAT in the order of their numbers.
_SCALES = (
    ("WHOBLEED", "WHO Bleeding Grade", "WHO BLEEDING SCALE"),
    ("ITPSKIN", "ITP-BAT Skin Grade", "ITP-BAT"),
    ("ITPMUCOS", "ITP-BAT Visible Mucosae Grade", "ITP-BAT"),
    ("ITPORGAN", "ITP-BAT Organ Grade", "ITP-BAT"),
)
_SKIN, _MUCOSA, _ORGAN = range(3)
# Where a bleeding term bleeds; every other one is of an organ.
_PLACES = {
    "Petechiae": _SKIN,
    "Ecchymosis": _SKIN,
    "Purpura": _SKIN,
    "Epistaxis": _MUCOSA,
    "Gingival bleeding": _MUCOSA,
}
_MUCOSAL_SHARE, _SKIN_TOO = 0.3, 0.4
_HIGHEST_GRADE, _NOT_SCORED = 4, -1


def make_rs(
    rng: Generator,
    people: pd.DataFrame,
    samples: pd.DataFrame,
    counts: Floats,
    events: pd.DataFrame,
    rule: Efficacy,
) -> pd.DataFrame:
    """Return the rows of RS: the state on the day of each planned blood count.

    Everyone enrolled bleeds at screening with grade 1 or 2. Afterwards a bleeding adverse event gives its
    grade on its days; other bleeding is of grade 1, likelier the fewer platelets there are, and never during
    a response.

    Parameters
    ----------
    samples, counts
        The blood samples with the platelet count (10^9/L) of each.
    """
    planned = samples["VISITDY"].notna().to_numpy()
    taken, counts = samples[planned].reset_index(drop=True), counts[planned]
    event, place = _bleeding_events(taken, events, rule)
    grade = np.maximum(event, _other_bleeding(rng, people, taken, counts))
    domains = _by_domain(rng, grade, np.where(event == grade, place, -1))
    weeks = taken["VISITDY"].isin([1.0 + 7 * week for week in _ITP_BAT_WEEKS])
    scored = (weeks | (taken["VISIT"] == "SCREENING")).to_numpy()
    grades = np.column_stack([grade, *(np.where(scored, values, _NOT_SCORED) for values in domains)]).ravel()
    codes, names, categories = zip(*_SCALES, strict=True)
    rows = by_test(collected("RS", people, taken), {"RSTESTCD": codes, "RSTEST": names, "RSCAT": categories})
    done = grades != _NOT_SCORED
    rows, grades = rows[done].reset_index(drop=True), grades[done]
    text = texts([str(value) for value in range(_HIGHEST_GRADE + 1)]).take(grades)
    rows = rows.assign(RSORRES=text, RSSTRESC=text, RSSTRESN=grades.astype("float64"), RSEVAL="INVESTIGATOR")
    return flag_baseline(rows, people, "RS")


def _bleeding_events(taken: pd.DataFrame, events: pd.DataFrame, rule: Efficacy) -> tuple[Days, Days]:
    """Return for each sample the highest grade of bleeding events on its day (0 without), and its place."""
    bleeding = events.loc[
        events["term"].isin(rule.bleeding_terms), ["subject", "term", "day", "end", "grade"]
    ]
    bleeding = bleeding.rename(columns={"day": "from"}).astype({"subject": "int64"})
    pairs = taken[["subject", "day"]].reset_index(names="sample").merge(bleeding, on="subject")
    during = (pairs["from"] <= pairs["day"]) & (pairs["day"] <= pairs["end"].astype("float64").fillna(np.inf))
    worst = pairs[during].astype({"grade": "int64"}).sort_values(["sample", "grade"], kind="stable")
    worst = worst.drop_duplicates("sample", keep="last")
    grade, place = np.zeros(len(taken), dtype="int64"), np.full(len(taken), -1, dtype="int64")
    grade[worst["sample"]] = np.minimum(worst["grade"], _HIGHEST_GRADE)
    place[worst["sample"]] = worst["term"].map(_PLACES).fillna(_ORGAN).astype("int64")
    return grade, place


def _other_bleeding(rng: Generator, people: pd.DataFrame, taken: pd.DataFrame, counts: Floats) -> Days:
    subject, day = taken["subject"].to_numpy(), taken["day"].to_numpy(dtype="float64")
    bleeds = rng.random(subject.size) < np.interp(counts, _COUNTS, _PROBABILITIES)
    bleeds &= ~in_response(people, subject, day)
    at_screening: Flags = (taken["VISIT"] == "SCREENING").to_numpy()
    enrolled = people["enrolled"].to_numpy(dtype=bool)[subject]
    worst = 1 + (rng.random(len(people)) < _SECOND_GRADE).astype("int64")[subject]
    return np.where(at_screening & enrolled, worst, bleeds.astype("int64"))


def _by_domain(rng: Generator, grade: Days, place: Days) -> list[Days]:
    """Return the grades of skin, mucosae and organs; the worst of them is the WHO grade."""
    somewhere = np.where(rng.random(grade.size) < _MUCOSAL_SHARE, _MUCOSA, _SKIN)
    worst = np.where(place >= 0, place, somewhere)
    skin_too = (rng.random(grade.size) < _SKIN_TOO) & (grade > 0)
    domains = [np.where(worst == domain, grade, 0) for domain in (_SKIN, _MUCOSA, _ORGAN)]
    domains[_SKIN] = np.maximum(domains[_SKIN], skin_too.astype("int64"))
    return domains
