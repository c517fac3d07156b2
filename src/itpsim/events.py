"""AE and SUPPAE: adverse events that agree with exposure, laboratory, platelet courses and disposition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.random import Generator
from pandas.api.extensions import ExtensionArray

from itpcsr.study import Efficacy
from itpsim.catalogue import STUDY_ID
from itpsim.people import GASTROINTESTINAL, INFARCTION, MENSTRUAL
from itpsim.tables import (
    Days,
    Floats,
    Texts,
    choose,
    day_text,
    draw_kind,
    draw_one_of,
    known_part,
    minute_text,
    pick,
    scaled,
    typed,
)

# The adverse event terms of the simulated trial (the published ones are the serious ones alone).

REACTION = "Infusion related reaction"
LIVER_ENZYME = "Alanine aminotransferase increased"


@dataclass(frozen=True)
class Term:
    """One term.

    Attributes
    ----------
    decod, verbatim, soc
        Preferred term, words of the investigator, system organ class (MedDRA wording).
    weight
        How often, against the other terms; ``by_dose`` terms count times the dose.
    grades
        Shares of CTCAE grades 1, 2 and 3.
    longest
        Longest duration in days.
    at_infusion
        The event starts during an infusion, or in the hours after its end; empty for any other time.
    """

    decod: str
    verbatim: str
    soc: str
    weight: float
    grades: tuple[float, float, float]
    longest: int
    at_infusion: Literal["", "during", "after"] = ""
    by_dose: bool = False


_GASTRO = "Gastrointestinal disorders"
_GENERAL = "General disorders and administration site conditions"
_INFECTION, _INJURY = "Infections and infestations", "Injury, poisoning and procedural complications"
_INVESTIGATION, _NERVOUS = "Investigations", "Nervous system disorders"
_VASCULAR, _AIRWAYS = "Vascular disorders", "UPPER RESPIRATORY INFECTION"
_SKIN, _RESPIRATORY = (
    "Skin and subcutaneous tissue disorders",
    "Respiratory, thoracic and mediastinal disorders",
)

# Weights, grades and durations are assumptions. Fever is the one event that meta-analyses tie to these cells,
# rising with dose. Grades are ones that CTCAE 5.0 knows for the term (infections have no grade 1).
TERMS = (
    Term("Pyrexia", "FEVER", _GENERAL, 4.0, (0.7, 0.3, 0.0), 2, at_infusion="after", by_dose=True),
    Term("Chills", "CHILLS", _GENERAL, 1.5, (0.9, 0.1, 0.0), 1, at_infusion="after", by_dose=True),
    Term("Flushing", "FLUSHING", _VASCULAR, 2.0, (0.9, 0.1, 0.0), 0, at_infusion="during", by_dose=True),
    Term("Headache", "HEADACHE", _NERVOUS, 2.0, (0.8, 0.2, 0.0), 3),
    Term("Dizziness", "DIZZINESS", _NERVOUS, 1.0, (0.9, 0.1, 0.0), 4),
    Term("Fatigue", "FATIGUE", _GENERAL, 2.0, (0.8, 0.2, 0.0), 20),
    Term("Nausea", "NAUSEA", _GASTRO, 1.5, (0.8, 0.2, 0.0), 4),
    Term("Upper respiratory tract infection", _AIRWAYS, _INFECTION, 3.0, (0.0, 1.0, 0.0), 12),
    Term("Urinary tract infection", "URINARY TRACT INFECTION", _INFECTION, 1.5, (0.0, 1.0, 0.0), 10),
    Term("Petechiae", "PETECHIAE", _SKIN, 2.5, (0.8, 0.2, 0.0), 12),
    Term("Ecchymosis", "BRUISES", _SKIN, 2.0, (0.8, 0.2, 0.0), 14),
    Term("Epistaxis", "NOSE BLEED", _RESPIRATORY, 1.5, (0.7, 0.3, 0.0), 3),
    Term("Gingival bleeding", "GUM BLEEDING", _GASTRO, 1.5, (0.8, 0.2, 0.0), 5),
    Term(LIVER_ENZYME, "ALT INCREASED", _INVESTIGATION, 1.5, (0.75, 0.25, 0.0), 28),
    Term("Insomnia", "INSOMNIA", "Psychiatric disorders", 1.0, (0.9, 0.1, 0.0), 30),
)

FIXED_TERMS = {
    REACTION: Term(REACTION, "INFUSION REACTION", _INJURY, 0.0, (0.0, 1.0, 0.0), 0, at_infusion="during"),
    INFARCTION: Term(INFARCTION, "ACUTE MYOCARDIAL INFARCTION", "Cardiac disorders", 0.0, (0, 0, 1), 14),
    MENSTRUAL: Term(
        MENSTRUAL,
        "PROFUSE MENSTRUATION",
        "Reproductive system and breast disorders",
        0.0,
        (0, 0, 1),
        8,
    ),
    GASTROINTESTINAL: Term(GASTROINTESTINAL, "GASTROINTESTINAL HEMORRHAGE", _GASTRO, 0.0, (0, 0, 1), 9),
}

BY_NAME = {term.decod: term for term in TERMS} | FIXED_TERMS


_QUALIFIERS = {"AEDLT": "Dose-Limiting Toxicity", "AEINFRN": "Infusion Reaction"}
_BEFORE_TERMS = ("Petechiae", "Gingival bleeding", "Insomnia", "Headache")
_CAUSALITY = np.array(["POSSIBLY RELATED", "UNLIKELY RELATED", "NOT RELATED"])
# Shares of these soon after an infusion, which may then be the cause, and later (assumption).
_SOON_SHARES, _LATER_SHARES = (0.4, 0.4, 0.2), (0.0, 0.4, 0.6)
# An event within these days of the last infusion may be related to it (assumption).
_POSSIBLE = 28
# Minutes from the end of the infusion to the start of an event that comes after it (assumption).
_AFTER_INFUSION = (30, 300)
# Only events of kinds that can last this many days may be still going on when the study ends.
_CHRONIC = 20


def draw_events(
    rng: Generator,
    people: pd.DataFrame,
    visits: pd.DataFrame,
    given: pd.DataFrame,
    last: pd.Series,
    rule: Efficacy,
) -> pd.DataFrame:
    """Return the adverse events, one row each, before they are written as SDTM.

    Columns: ``subject``; ``term`` (preferred term); ``day`` and ``end`` (from infusion 1, day 0; ``end``
    NaN while going on); ``minute`` (of the day, NaN where only the day is known); ``grade``; ``related``;
    ``serious``; ``dlt``; ``infusion`` (an infusion reaction); ``partial`` (the first day isn't known).
    """
    usual = _usual_events(rng, people)
    timing = np.array([term.at_infusion for term in TERMS])[usual["kind"]]
    bleeding = usual["term"].isin(rule.bleeding_terms).to_numpy()
    other = (timing == "") & ~bleeding
    parts = [
        _serious_events(rng, people),
        _reactions(given),
        _during_infusions(rng, usual[timing == "during"], given),
        _after_infusions(rng, usual[timing == "after"], given),
        _bleeding(rng, usual[bleeding], people, last),
        _at_any_time(rng, usual[other], visits, given, last),
        _events_before(rng, people),
    ]
    events = pd.concat(parts).sort_values(["subject", "day", "term"], ignore_index=True)
    return _blur(rng, events, int(people["enrolled"].sum()), rule)


def make_ae(people: pd.DataFrame, events: pd.DataFrame, given: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of AE, with the flags ``dlt`` and ``infusion`` for the supplement."""
    person = people[["USUBJID", "start"]].iloc[events["subject"]].reset_index(drop=True)
    organs = events["term"].map({name: term.soc for name, term in BY_NAME.items()})
    serious = np.where(events["serious"], "Y", "N")
    never = dict.fromkeys(("AESCONG", "AESDISAB", "AESDTH", "AESLIFE", "AESMIE"), "N")
    return pd.DataFrame(
        {
            "USUBJID": person["USUBJID"],
            "AETERM": verbatim(events["term"]),
            "AEDECOD": events["term"],
            "AEBODSYS": organs,
            "AESOC": organs,
            "AESER": serious,
            "AEACN": _action(events, given),
            "AEREL": events["related"],
            "AEOUT": _outcome(events),
            "AESHOSP": serious,
            "AETOXGR": events["grade"].astype("int64").astype("str"),
            "AESTDTC": _start_text(people, events),
            "AEENDTC": day_text(person["start"], events["end"]),
            "dlt": events["dlt"],
            "infusion": events["infusion"],
            **never,
        }
    )


def make_suppae(ae: pd.DataFrame) -> pd.DataFrame:
    """Return SUPPAE: a record per dose-limiting toxicity and per infusion reaction.

    ``ae`` has the flags of :func:`make_ae` and AESEQ.
    """
    parts = [
        ae.loc[ae[column], ["USUBJID", "AESEQ"]].assign(QNAM=name)
        for name, column in (("AEDLT", "dlt"), ("AEINFRN", "infusion"))
    ]
    supplement = pd.concat(parts).sort_values(["USUBJID", "AESEQ", "QNAM"], ignore_index=True)
    return typed(
        supplement.assign(
            STUDYID=STUDY_ID,
            RDOMAIN="AE",
            IDVAR="AESEQ",
            IDVARVAL=supplement["AESEQ"].astype("int64").astype("str"),
            QLABEL=supplement["QNAM"].map(_QUALIFIERS),
            QVAL="Y",
            QORIG="CRF",
            QEVAL="INVESTIGATOR",
        ),
        "SUPPAE",
    )


def verbatim(terms: pd.Series) -> pd.Series:
    """Return the investigator's words for preferred terms."""
    return terms.map({name: term.verbatim for name, term in BY_NAME.items()})


def _start_text(people: pd.DataFrame, events: pd.DataFrame) -> ExtensionArray:
    """Return AESTDTC: to the minute at infusions, else the day, or the month where the day isn't known."""
    start = people["start"].to_numpy()[events["subject"]]
    timed = minute_text(start, events["day"], events["minute"].fillna(0))
    return known_part(timed, np.select([events["partial"], events["minute"].isna()], [7, 10], default=16))


def _events(
    subject: npt.ArrayLike, term: object, day: npt.ArrayLike, end: object, **more: object
) -> pd.DataFrame:
    usual = {"minute": np.nan, "grade": 1, "related": "NOT RELATED"}
    flags = dict.fromkeys(("serious", "dlt", "infusion"), False)
    known = {"subject": subject, "term": term, "day": day, "end": end} | usual | flags | more
    types = {"bool": flags, "int64": ("subject", "day", "grade"), "str": ("term", "related")}
    types |= {"float64": ("end", "minute")}
    return pd.DataFrame(known).astype({name: kind for kind, names in types.items() for name in names})


def _usual_events(rng: Generator, people: pd.DataFrame) -> pd.DataFrame:
    """Draw what subjects with events have: ``subject``, ``kind`` (place in TERMS), ``grade``, ``duration``.

    Everyone has at least one event, with serious ones and reactions counted.
    """
    subjects = np.flatnonzero(people["emergent"])
    person = people.iloc[subjects]
    dose = person["dose"].to_numpy(dtype="float64")
    none_yet = (person["serious"] == "").to_numpy() & ~person["reaction"].to_numpy()
    weight, by_dose = (np.array([getattr(term, name) for term in TERMS]) for name in ("weight", "by_dose"))
    weights = weight * np.where(by_dose, dose[:, None], 1.0)
    row, kind = choose(rng, weights, rng.poisson(0.8 + 0.6 * dose) + none_yet)
    longest = np.array([term.longest for term in TERMS])
    return pd.DataFrame(
        {
            "subject": subjects[row],
            "kind": kind,
            "term": np.array([term.decod for term in TERMS])[kind],
            "grade": 1 + draw_kind(rng, np.array([term.grades for term in TERMS])[kind]),
            "duration": rng.integers(0, longest[kind] + 1),
        }
    )


def _serious_events(rng: Generator, people: pd.DataFrame) -> pd.DataFrame:
    subjects = np.flatnonzero(people["serious"] != "")
    person = people.iloc[subjects]
    term, day = person["serious"].to_numpy(), person["serious_day"].to_numpy(dtype="int64")
    longest = np.array([BY_NAME[name].longest for name in term], dtype="int64")
    toxic = term == INFARCTION
    related = np.where(toxic, "POSSIBLY RELATED", "NOT RELATED")
    end = day + rng.integers(4, longest + 1)
    return _events(subjects, term, day, end, grade=3, serious=True, dlt=toxic, related=related)


def _reactions(given: pd.DataFrame) -> pd.DataFrame:
    """Return the reactions that stopped an infusion: each starts five minutes before that."""
    infusion = given[given["interrupted"]]
    day, minute = infusion["day"], infusion["minute"] + infusion["minutes"] - 5
    known = {"minute": minute, "grade": 2, "related": "RELATED", "infusion": True}
    return _events(infusion["subject"], REACTION, day, day, **known)


def _during_infusions(rng: Generator, usual: pd.DataFrame, given: pd.DataFrame) -> pd.DataFrame:
    """Return events that start within one of the subject's infusions: after its start, before its end."""
    infusion = _infusion_of(rng, usual, given)
    share = rng.uniform(0.1, 0.9, len(usual))
    minute = infusion["minute"] + np.floor(share * infusion["minutes"])
    return _infusion_events(rng, usual, infusion["day"], minute)


def _after_infusions(rng: Generator, usual: pd.DataFrame, given: pd.DataFrame) -> pd.DataFrame:
    """Return events that start within hours of the end of one of the subject's infusions."""
    infusion = _infusion_of(rng, usual, given)
    minute = infusion["minute"] + infusion["minutes"] + rng.integers(*_AFTER_INFUSION, len(usual))
    return _infusion_events(rng, usual, infusion["day"], minute)


def _infusion_of(rng: Generator, usual: pd.DataFrame, given: pd.DataFrame) -> pd.DataFrame:
    drawn = draw_one_of(rng, given["subject"].to_numpy(), usual["subject"].to_numpy())
    return given.iloc[drawn].set_index(usual.index)


def _infusion_events(rng: Generator, usual: pd.DataFrame, day: pd.Series, minute: pd.Series) -> pd.DataFrame:
    related = rng.choice(["RELATED", "POSSIBLY RELATED"], len(usual))
    known = {"minute": minute, "grade": usual["grade"], "related": related, "infusion": True}
    return _events(usual["subject"], usual["term"], day, day + usual["duration"], **known)


def _bleeding(rng: Generator, usual: pd.DataFrame, people: pd.DataFrame, last: pd.Series) -> pd.DataFrame:
    """Place bleeding where platelets are low: in responders before the rise or after the loss."""
    subject, duration = usual["subject"].to_numpy(), usual["duration"].to_numpy()
    loss = people["loss"].to_numpy(dtype="float64")[subject]
    responder = (people["course"] != "").to_numpy()[subject]
    lost = ~np.isnan(loss) & (rng.random(subject.size) < 0.5)
    early = responder & ~lost
    lowest = np.where(lost, np.nan_to_num(loss) + 7, 1).astype("int64")
    final = last.to_numpy(dtype="int64")[subject] - duration
    highest = np.where(early, 3, np.maximum(lowest + 1, final))
    day = rng.integers(lowest, highest)
    end = day + np.where(early, np.minimum(duration, 2), duration)
    related = rng.choice(_CAUSALITY[1:], subject.size)
    return _events(
        subject, usual["term"], day, _until(end, subject, last), grade=usual["grade"], related=related
    )


def _at_any_time(
    rng: Generator, usual: pd.DataFrame, visits: pd.DataFrame, given: pd.DataFrame, last: pd.Series
) -> pd.DataFrame:
    """Place events on any day from the one after infusion 1; a liver enzyme rises in a blood sample."""
    subject = usual["subject"].to_numpy()
    day = rng.integers(1, np.maximum(2, last.to_numpy(dtype="int64")[subject] - 3))
    sampled = visits[
        visits["laboratory"] & (visits["day"] > 0) & (visits["day"] < visits["subject"].map(last))
    ]
    sample = draw_one_of(rng, sampled["subject"].to_numpy(), subject)
    found = (usual["term"] == LIVER_ENZYME).to_numpy() & (sample >= 0)
    day[found] = sampled["day"].to_numpy()[sample[found]]
    soon = day <= given.groupby("subject")["day"].max().reindex(subject).to_numpy() + _POSSIBLE
    related = _CAUSALITY[draw_kind(rng, np.where(soon[:, None], _SOON_SHARES, _LATER_SHARES))]
    end = _until(day + usual["duration"].to_numpy(), subject, last)
    return _events(subject, usual["term"], day, end, grade=usual["grade"], related=related)


def _until(end: Days, subject: Days, last: pd.Series) -> Floats:
    """Return the last day of events, NaN for those that outlast the subject's participation."""
    return np.where(end <= last.to_numpy()[subject], end, np.nan)


def _events_before(rng: Generator, people: pd.DataFrame) -> pd.DataFrame:
    """Return events between consent and infusion 1, also in subjects who have none afterwards."""
    enrolled, emergent = people["enrolled"].to_numpy(dtype=bool), people["emergent"].to_numpy()
    count = scaled(1, int(enrolled.sum()))
    chosen = pick(rng, enrolled & ~emergent, count) | pick(rng, emergent, count)
    subjects = np.flatnonzero(chosen)
    day = rng.integers(people["consent"].to_numpy()[subjects], -3)
    term = rng.choice(_BEFORE_TERMS, subjects.size)
    return _events(subjects, term, day, day + rng.integers(0, 3, subjects.size))


def _blur(rng: Generator, events: pd.DataFrame, n: int, rule: Efficacy) -> pd.DataFrame:
    """Leave some events going on, and forget the first day of some.

    Only events whose dates decide nothing published: not serious, no bleeding, not at an infusion; and for
    the forgotten day a subject with another treatment-emergent event, the earliest such event first. A
    liver enzyme keeps its day, which is that of a sample.
    """
    longest = events["term"].map({name: term.longest for name, term in BY_NAME.items()}).to_numpy()
    emergent = (events["day"] >= 0).to_numpy()
    plain = emergent & ~(events["serious"] | events["infusion"]).to_numpy()
    plain &= ~events["term"].isin(rule.bleeding_terms).to_numpy()
    ongoing = pick(rng, plain & (longest >= _CHRONIC), scaled(2, n))
    several = events["subject"].map(events.loc[emergent, "subject"].value_counts()).to_numpy() > 1
    several &= (events["term"] != LIVER_ENZYME).to_numpy()
    first = events[plain & several].drop_duplicates("subject").sort_values("day", kind="stable").index
    partial = np.zeros(len(events), dtype=bool)
    partial[first[: scaled(1, n)]] = True
    partial |= pick(rng, np.isin(events.index, first) & ~partial, scaled(1, n))
    return events.assign(end=events["end"].mask(ongoing), partial=partial)


def _action(events: pd.DataFrame, given: pd.DataFrame) -> Texts:
    last_infusion = events["subject"].map(given.groupby("subject")["day"].max())
    during = (events["day"] >= 0) & (events["day"] <= last_infusion)
    return np.select(
        [events["dlt"], events["term"] == REACTION, during],
        ["DRUG WITHDRAWN", "DRUG INTERRUPTED", "DOSE NOT CHANGED"],
        default="NOT APPLICABLE",
    )


def _outcome(events: pd.DataFrame) -> Texts:
    return np.select(
        [events["end"].isna(), events["term"] == INFARCTION],
        ["NOT RECOVERED/NOT RESOLVED", "RECOVERED/RESOLVED WITH SEQUELAE"],
        default="RECOVERED/RESOLVED",
    )
