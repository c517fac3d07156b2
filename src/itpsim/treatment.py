"""EX, CM, MH and PR: infusions, drugs before and during the study, disease history."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.random import Generator

from itpcsr.study import Efficacy, Study
from itpsim.events import LIVER_ENZYME, REACTION, verbatim
from itpsim.people import GASTROINTESTINAL, INFARCTION, MENSTRUAL
from itpsim.tables import (
    PUBLISHED_SUBJECTS,
    Days,
    Floats,
    Texts,
    allot,
    choose,
    day_text,
    known_part,
    minute_text,
    pick,
    scaled,
    spread,
)

# EX: one record per infusion given.

# The infusion in which the reaction happens, and the share of the dose that was in by then (assumption).
REACTION_INFUSION, SHARE_GIVEN = 2, 0.6


def infusions(rng: Generator, people: pd.DataFrame, visits: pd.DataFrame) -> pd.DataFrame:
    """Return the infusions given, one row each.

    Columns: ``subject``, ``number`` (1 to 4), ``day`` (from infusion 1, day 0), ``minute`` of the day at
    the start, ``minutes`` (duration), ``interrupted``, VISITNUM, VISIT, VISITDY.
    """
    given = visits.loc[visits["given"], ["subject", "infusion", "day", "VISITNUM", "VISIT", "VISITDY"]]
    given = given.rename(columns={"infusion": "number"}).reset_index(drop=True)
    reaction = people["reaction"].to_numpy()[given["subject"]]
    interrupted = reaction & (given["number"] == REACTION_INFUSION).to_numpy()
    usual = np.round(60 + 6 * rng.standard_normal(len(given))).clip(45, 80)
    return given.assign(
        minute=9 * 60 + 30 + 5 * rng.integers(0, 24, len(given)),
        minutes=np.where(interrupted, 35, usual).astype("int64"),
        interrupted=interrupted,
    )


def make_ex(study: Study, people: pd.DataFrame, given: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of EX; the dose is the cohort's, but for the interrupted infusion."""
    person = people[["USUBJID", "dose", "start"]].iloc[given["subject"]].reset_index(drop=True)
    share = np.where(given["interrupted"], SHARE_GIVEN, 1.0)
    return pd.DataFrame(
        {
            "USUBJID": person["USUBJID"],
            "EXTRT": study.identity.product,
            "EXDOSE": np.round(person["dose"] * share, 2),
            "EXDOSU": study.design.dose_unit,
            "EXDOSFRM": "INJECTION, SUSPENSION",
            "EXROUTE": "INTRAVENOUS",
            "EXADJ": np.where(given["interrupted"], "INFUSION RELATED REACTION", ""),
            "VISITNUM": given["VISITNUM"],
            "VISIT": given["VISIT"],
            "VISITDY": given["VISITDY"],
            "EXSTDTC": minute_text(person["start"], given["day"], given["minute"]),
            "EXENDTC": minute_text(person["start"], given["day"], given["minute"] + given["minutes"]),
        }
    )


# MH and PR: disease history, splenectomy and platelet transfusions.

DISEASE = "IMMUNE THROMBOCYTOPENIA"
MANY_THERAPIES = 5
_DAYS_PER_MONTH = 365.25 / 12
# Published: months since diagnosis, and subjects with splenectomy, rituximab, five or more therapies.
_MONTHS = (15, 73, 360)
_SPLENECTOMY, _HISTORY_RITUXIMAB, _MANY = (count / PUBLISHED_SUBJECTS for count in (10, 13, 15))
# Splenectomy was more than 3 months before screening (publication).
_SINCE_SPLENECTOMY = 100
# Serious bleeding gets platelets on these days (assumption).
_TRANSFUSED, _TRANSFUSION_DAYS = (GASTROINTESTINAL, MENSTRUAL), (0, 2)
_DIAGNOSIS = ("Immune thrombocytopenia", "Blood and lymphatic system disorders")
_OTHER_HISTORY = np.array(
    [
        ("Hypertension", "Vascular disorders"),
        ("Hepatic steatosis", "Hepatobiliary disorders"),
        ("Cholelithiasis", "Hepatobiliary disorders"),
        ("Osteoporosis", "Musculoskeletal and connective tissue disorders"),
        ("Iron deficiency anaemia", "Blood and lymphatic system disorders"),
        ("Type 2 diabetes mellitus", "Metabolism and nutrition disorders"),
    ]
)


def add_history(rng: Generator, people: pd.DataFrame) -> pd.DataFrame:
    """Add ``diagnosis`` (day, negative), ``splenectomy``, ``rituximab`` and ``therapies`` (how many)."""
    enrolled = people["enrolled"].to_numpy(dtype=bool)
    treated, exact = people[enrolled], bool(people["exact"].all())
    n = len(treated)
    months = np.sort(np.round(np.exp(spread(rng, n, *np.log(_MONTHS)))))
    # Long disease goes with age, so that nobody was diagnosed before birth.
    order = np.argsort(treated["AGE"].to_numpy(dtype="float64") + rng.normal(0, 4, n), kind="stable")
    diagnosis = np.empty(n)
    diagnosis[order] = -np.round(months * _DAYS_PER_MONTH)
    splenectomy = allot(rng, n, _SPLENECTOMY, exact=exact)
    rituximab = allot(rng, n, _HISTORY_RITUXIMAB, exact=exact)
    many = allot(rng, n, _MANY, exact=exact)
    therapies = np.where(many, rng.integers(MANY_THERAPIES, 9, n), rng.integers(3, MANY_THERAPIES, n))
    added = {
        "diagnosis": diagnosis,
        "splenectomy": splenectomy,
        "rituximab": rituximab,
        "therapies": therapies,
    }
    known = pd.DataFrame(added, index=treated.index).reindex(people.index)
    return people.join(known)


def make_mh(rng: Generator, people: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of MH: the diagnosis, and a few other conditions with partial dates."""
    treated = people[people["enrolled"]]
    diagnoses = pd.DataFrame(
        {
            "USUBJID": treated["USUBJID"],
            "MHTERM": _DIAGNOSIS[0],
            "MHBODSYS": _DIAGNOSIS[1],
            "MHCAT": "PRIMARY DIAGNOSIS",
            "MHSTDTC": day_text(treated["start"], treated["diagnosis"]),
        }
    )
    table = pd.concat([diagnoses, _other_conditions(rng, treated)], ignore_index=True)
    return table.assign(MHDECOD=table["MHTERM"])


def make_pr(rng: Generator, people: pd.DataFrame, study: Study, rule: Efficacy) -> pd.DataFrame:
    """Return the rows of PR: splenectomy before the study, and platelet transfusions as rescue."""
    operated = people[people["enrolled"] & (people["splenectomy"] == 1)]
    earliest = operated["diagnosis"].to_numpy(dtype="int64") + 60
    day = rng.integers(earliest, operated["consent"].to_numpy() - _SINCE_SPLENECTOMY)
    category = study.baseline.prior_therapy_category
    parts = [_procedures(operated, "SPLENECTOMY", category, day, DISEASE)]
    bled = people[people["serious"].isin(_TRANSFUSED) & people["rescue_day"].notna()]
    for after in _TRANSFUSION_DAYS:
        date, reason = bled["rescue_day"] + after, verbatim(bled["serious"])
        parts.append(_procedures(bled, "PLATELET TRANSFUSION", rule.rescue_category, date, reason))
    return pd.concat(parts, ignore_index=True)


def _other_conditions(rng: Generator, treated: pd.DataFrame) -> pd.DataFrame:
    n = len(treated)
    weights = np.ones((n, len(_OTHER_HISTORY)))
    row, condition = choose(rng, weights, np.minimum(2, rng.poisson(0.5, n)))
    person = treated.iloc[row]
    since = day_text(person["start"], -rng.integers(200, 3000, row.size))
    return pd.DataFrame(
        {
            "USUBJID": person["USUBJID"],
            "MHTERM": _OTHER_HISTORY[condition, 0],
            "MHBODSYS": _OTHER_HISTORY[condition, 1],
            "MHCAT": "GENERAL MEDICAL HISTORY",
            "MHSTDTC": known_part(since, rng.choice([4, 7], row.size)),
        }
    )


def _procedures(
    person: pd.DataFrame, name: str, category: str, day: npt.ArrayLike, reason: str | pd.Series
) -> pd.DataFrame:
    date = day_text(person["start"], day)
    return pd.DataFrame(
        {
            "USUBJID": person["USUBJID"],
            "PRTRT": name,
            "PRDECOD": name,
            "PRCAT": category,
            "PRINDC": reason,
            "PRSTDTC": date,
            "PRENDTC": date,
        }
    )


# CM: earlier drugs, drugs kept on during the study, rescue, and drugs given for adverse events.


class Drug(NamedTuple):
    """One drug: reported and standard name, class, route, and the length of a course in days."""

    reported: str
    decod: str
    family: str
    route: str
    days: int


_PREDNISONE = Drug("PREDNISONE", "PREDNISONE", "GLUCOCORTICOIDS", "ORAL", 60)
_DEXAMETHASONE = Drug("DEXAMETHASONE", "DEXAMETHASONE", "GLUCOCORTICOIDS", "ORAL", 4)
_RITUXIMAB = Drug("RITUXIMAB", "RITUXIMAB", "ANTI-CD20 ANTIBODIES", "INTRAVENOUS", 22)
_IVIG = Drug("IVIG", "IMMUNOGLOBULINS NORMAL HUMAN", "IMMUNOGLOBULINS", "INTRAVENOUS", 5)
_RHTPO = Drug("RHTPO", "RECOMBINANT HUMAN THROMBOPOIETIN", "THROMBOPOIETIC AGENTS", "SUBCUTANEOUS", 14)
_ELTROMBOPAG = Drug("ELTROMBOPAG", "ELTROMBOPAG", "THROMBOPOIETIC AGENTS", "ORAL", 90)
_DANAZOL = Drug("DANAZOL", "DANAZOL", "ANDROGENS", "ORAL", 90)
# First-line and other earlier drugs, and the shares of the others among those used (assumption).
_STEROIDS = (_PREDNISONE, _DEXAMETHASONE)
_OTHERS = (
    _IVIG,
    _RHTPO,
    _ELTROMBOPAG,
    Drug("CYCLOSPORINE A", "CICLOSPORIN", "IMMUNOSUPPRESSANTS", "ORAL", 90),
    _DANAZOL,
    Drug("VINCRISTINE", "VINCRISTINE", "VINCA ALKALOIDS", "INTRAVENOUS", 22),
    Drug("AZATHIOPRINE", "AZATHIOPRINE", "IMMUNOSUPPRESSANTS", "ORAL", 90),
    Drug("MYCOPHENOLATE MOFETIL", "MYCOPHENOLATE MOFETIL", "IMMUNOSUPPRESSANTS", "ORAL", 90),
    Drug("CYCLOPHOSPHAMIDE", "CYCLOPHOSPHAMIDE", "IMMUNOSUPPRESSANTS", "INTRAVENOUS", 30),
)
_OTHER_SHARES = (0.24, 0.2, 0.16, 0.12, 0.1, 0.06, 0.04, 0.04, 0.04)
_KEPT = (_ELTROMBOPAG, _DANAZOL)
_CONCOMITANT = 3
_LONGEST_COURSE = max(drug.days for drug in (*_STEROIDS, _RITUXIMAB, *_OTHERS))
# Earlier drugs ended this many days before screening.
_WASHOUT = 60
# Shares of subjects with a second course of steroids, and of records whose day isn't known (assumption).
_REPEATED, _DAY_UNKNOWN = 0.5, 0.4
# Rescue by the serious event that asks for it ("" for none); its reason is the event, or this.
_RESCUE = {GASTROINTESTINAL: _IVIG, MENSTRUAL: _DEXAMETHASONE, "": _RHTPO}
_LOW_COUNT = "LOW PLATELET COUNT"
# What an adverse event is treated with, from which grade on (assumption). None of it moves platelets.
_PARACETAMOL = Drug("PARACETAMOL", "PARACETAMOL", "ANILIDES", "ORAL", 2)
_ANTIHISTAMINE = Drug("DIPHENHYDRAMINE", "DIPHENHYDRAMINE", "ANTIHISTAMINES", "INTRAVENOUS", 1)
_TREATMENT = {
    "Pyrexia": (1, _PARACETAMOL),
    "Headache": (2, _PARACETAMOL),
    "Nausea": (2, Drug("ONDANSETRON", "ONDANSETRON", "SEROTONIN ANTAGONISTS", "ORAL", 2)),
    "Upper respiratory tract infection": (2, Drug("AMOXICILLIN", "AMOXICILLIN", "PENICILLINS", "ORAL", 7)),
    "Urinary tract infection": (2, Drug("LEVOFLOXACIN", "LEVOFLOXACIN", "FLUOROQUINOLONES", "ORAL", 5)),
    "Insomnia": (1, Drug("ZOPICLONE", "ZOPICLONE", "HYPNOTICS AND SEDATIVES", "ORAL", 7)),
    "Flushing": (2, _ANTIHISTAMINE),
    REACTION: (1, _ANTIHISTAMINE),
    LIVER_ENZYME: (2, Drug("GLYCYRRHIZIN", "GLYCYRRHIZIC ACID", "LIVER THERAPY", "ORAL", 14)),
    INFARCTION: (1, Drug("ATORVASTATIN", "ATORVASTATIN", "HMG COA REDUCTASE INHIBITORS", "ORAL", 365)),
}
_FOR_EVENTS = "CONCOMITANT MEDICATION"
_DRUGS = {
    drug.decod: drug
    for drug in (*_STEROIDS, _RITUXIMAB, *_OTHERS, *(drug for _, drug in _TREATMENT.values()))
}


def make_cm(
    rng: Generator, people: pd.DataFrame, events: pd.DataFrame, last: pd.Series, study: Study, rule: Efficacy
) -> pd.DataFrame:
    """Return the rows of CM, one per course; the indication of a drug for an event is AETERM."""
    prior = study.baseline.prior_therapy_category
    parts = [
        _earlier(rng, people, prior),
        _kept(rng, people),
        _rescue(people, rule.rescue_category),
        _for_events(people, events, last),
    ]
    return pd.concat(parts, ignore_index=True)


def _courses(
    people: pd.DataFrame,
    subject: Days,
    drug: npt.ArrayLike,
    start: npt.ArrayLike,
    end: npt.ArrayLike,
    known: npt.ArrayLike = 10,
) -> pd.DataFrame:
    """Return one row per course: days from infusion 1, an end of NaN while going on, length of the dates."""
    person = people[["USUBJID", "start"]].iloc[subject].reset_index(drop=True)
    names = pd.Series(drug, dtype="str")
    decoded = {
        f"CM{column}": names.map({name: getattr(drug, field) for name, drug in _DRUGS.items()})
        for column, field in (("TRT", "reported"), ("DECOD", "decod"), ("CLAS", "family"), ("ROUTE", "route"))
    }
    dates = {
        name: known_part(day_text(person["start"], day), np.broadcast_to(known, len(person)))
        for name, day in (("CMSTDTC", start), ("CMENDTC", end))
    }
    return pd.DataFrame({"USUBJID": person["USUBJID"], **decoded, **dates})


def _length(drug: npt.ArrayLike) -> Floats:
    days = pd.Series(drug, dtype="str").map({name: drug.days for name, drug in _DRUGS.items()})
    return np.asarray(days, dtype="float64")


def _names(drugs: tuple[Drug, ...]) -> Texts:
    return np.array([drug.decod for drug in drugs], dtype=object)


def _earlier(rng: Generator, people: pd.DataFrame, category: str) -> pd.DataFrame:
    """Return earlier drugs: a steroid soon after diagnosis, then others at random times."""
    subjects = np.flatnonzero(people["enrolled"])
    person = people.iloc[subjects]
    row, drug = _earlier_drugs(rng, person)
    first = person["diagnosis"].to_numpy(dtype="int64")[row] + 10
    latest = person["consent"].to_numpy()[row] - _WASHOUT - _LONGEST_COURSE
    start = rng.integers(first + 20, latest)
    start[: subjects.size] = first[: subjects.size]
    known = np.where(rng.random(row.size) < _DAY_UNKNOWN, 7, 10)
    table = _courses(people, subjects[row], drug, start, start + _length(drug) - 1, known)
    return table.assign(CMCAT=category, CMINDC=DISEASE)


def _earlier_drugs(rng: Generator, person: pd.DataFrame) -> tuple[Days, Texts]:
    """Return rows of ``person`` and drugs: first everyone's one steroid, which some have a second time.

    The steroid, rituximab, splenectomy and the others together are the subject's number of therapies.
    """
    everyone = np.arange(len(person))
    steroid = _names(_STEROIDS)[rng.integers(0, len(_STEROIDS), len(person))]
    rituximab, splenectomy = (person[name].to_numpy(dtype=bool) for name in ("rituximab", "splenectomy"))
    others = person["therapies"].to_numpy(dtype="int64") - 1 - splenectomy - rituximab
    row, other = choose(rng, np.tile(_OTHER_SHARES, (len(person), 1)), others)
    again = rng.random(len(person)) < _REPEATED
    rows = [everyone, row, everyone[rituximab], everyone[again]]
    rituximabs = np.repeat(_names((_RITUXIMAB,)), int(rituximab.sum()))
    return np.concatenate(rows), np.concatenate([steroid, _names(_OTHERS)[other], rituximabs, steroid[again]])


def _kept(rng: Generator, people: pd.DataFrame) -> pd.DataFrame:
    """Return drugs for the disease that were begun before the study and go on throughout."""
    many = (people["therapies"] >= MANY_THERAPIES).to_numpy(dtype=bool)
    subjects = np.flatnonzero(pick(rng, many, scaled(_CONCOMITANT, int(people["enrolled"].sum()))))
    drug = _names(_KEPT)[rng.integers(0, len(_KEPT), subjects.size)]
    start = people["consent"].to_numpy()[subjects] - rng.integers(60, 200, subjects.size)
    table = _courses(people, subjects, drug, start, np.full(subjects.size, np.nan))
    return table.assign(CMCAT="CONCOMITANT ITP THERAPY", CMINDC=DISEASE)


def _rescue(people: pd.DataFrame, category: str) -> pd.DataFrame:
    subjects = np.flatnonzero(people["rescue_day"].notna())
    reason, start = people["serious"].iloc[subjects], people["rescue_day"].to_numpy(dtype="float64")[subjects]
    drug = reason.map({event: drug.decod for event, drug in _RESCUE.items()}).to_numpy()
    table = _courses(people, subjects, drug, start, start + _length(drug) - 1)
    return table.assign(CMCAT=category, CMINDC=verbatim(reason).fillna(_LOW_COUNT).to_numpy())


def _for_events(people: pd.DataFrame, events: pd.DataFrame, last: pd.Series) -> pd.DataFrame:
    """Return drugs given from an event's first day; their end is empty if it is after participation."""
    grade = events["term"].map({term: grade for term, (grade, _) in _TREATMENT.items()})
    treated = events[events["grade"] >= grade].reset_index(drop=True)
    subject = treated["subject"].to_numpy()
    drug = treated["term"].map({term: drug.decod for term, (_, drug) in _TREATMENT.items()})
    start = treated["day"].to_numpy(dtype="float64")
    end = start + _length(drug) - 1
    end = np.where(end > last.to_numpy()[subject], np.nan, end)
    table = _courses(people, subject, drug, start, end, np.where(treated["partial"], 7, 10))
    return table.assign(CMCAT=_FOR_EVENTS, CMINDC=verbatim(treated["term"]))
