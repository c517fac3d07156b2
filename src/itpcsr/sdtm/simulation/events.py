"""AE and SUPPAE: adverse events that agree with exposure, platelet courses and disposition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator

from itpcsr.sdtm.simulation.catalogue import STUDY_ID
from itpcsr.sdtm.simulation.draws import pick, scaled
from itpcsr.sdtm.simulation.exposure import REACTION_INFUSION
from itpcsr.sdtm.simulation.fates import INFARCTION
from itpcsr.sdtm.simulation.tables import day_text, minute_text, typed
from itpcsr.sdtm.simulation.terms import FIXED_TERMS, REACTION, TERMS, Term
from itpcsr.study import Efficacy

_QUALIFIERS = {"AEDLT": "Dose-Limiting Toxicity", "AEINFRN": "Infusion Reaction"}
_BEFORE_TERMS = ("Petechiae", "Gingival bleeding", "Insomnia", "Headache")
_CAUSALITY = ("POSSIBLY RELATED", "UNLIKELY RELATED", "NOT RELATED")
# An event within these days of the last infusion may be related to it (assumption).
_POSSIBLE = 28
# Only events of kinds that can last this many days may be still going on when the study ends.
_CHRONIC = 20
_BY_NAME = {term.decod: term for term in TERMS} | FIXED_TERMS


def draw_events(
    rng: Generator, people: pd.DataFrame, given: pd.DataFrame, last: pd.Series, rule: Efficacy
) -> pd.DataFrame:
    """Return the adverse events, one row each, before they are written as SDTM.

    Columns: ``subject``; ``term`` (preferred term); ``day`` and ``end`` (from infusion 1, day 0; ``end``
    NaN while going on); ``minute`` (of the day, NaN where only the day is known); ``grade``; ``related``;
    ``serious``; ``dlt``; ``infusion`` (an infusion reaction); ``partial`` (the first day isn't known).
    """
    rows: list[dict[str, Any]] = []
    for subject in np.flatnonzero(people["emergent"].fillna(False).to_numpy(dtype=bool)):
        own = given[given["subject"] == subject]
        rows += _emergent_events(rng, people.iloc[subject], own, int(last[subject]), rule)
    rows += _events_before(rng, people)
    columns = ["subject", "term", "day", "end", "minute", "grade", "related", "serious", "dlt", "infusion"]
    events = pd.DataFrame(rows, columns=columns).sort_values(["subject", "day", "term"], ignore_index=True)
    return _blur(rng, events, int(people["enrolled"].sum()), rule)


def make_ae(people: pd.DataFrame, events: pd.DataFrame, given: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of AE, with the flags ``dlt`` and ``infusion`` for the supplement."""
    terms = [_BY_NAME[name] for name in events["term"]]
    person = people.iloc[events["subject"]].reset_index(drop=True)
    serious = np.where(events["serious"], "Y", "N")
    never = dict.fromkeys(("AESCONG", "AESDISAB", "AESDTH", "AESLIFE", "AESMIE"), "N")
    starts, end = _start_text(person, events), events["end"].astype("float64")
    return pd.DataFrame(
        {
            "USUBJID": person["USUBJID"],
            "AETERM": [term.verbatim for term in terms],
            "AEDECOD": [term.decod for term in terms],
            "AEBODSYS": [term.soc for term in terms],
            "AESOC": [term.soc for term in terms],
            "AESER": serious,
            "AEACN": _action(events, given),
            "AEREL": events["related"],
            "AEOUT": _outcome(events),
            "AESHOSP": serious,
            "AETOXGR": [str(grade) for grade in events["grade"]],
            "AESTDTC": starts,
            "AEENDTC": day_text(person["start"], end),
            "dlt": events["dlt"].astype(bool),
            "infusion": events["infusion"].astype(bool),
            **never,
        }
    )


def make_suppae(ae: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return SUPPAE: one record per dose-limiting toxicity and per infusion reaction of ``ae``."""
    keys = ["USUBJID", "AEDECOD", "AESTDTC"]
    flags = rows[[*keys, "dlt", "infusion"]].astype(dict.fromkeys(keys, "str"))
    flagged = ae.merge(flags, on=keys, how="left", validate="1:1")
    parts = [
        flagged.loc[flagged[column].astype(bool), ["USUBJID", "AESEQ"]].assign(QNAM=name)
        for name, column in (("AEDLT", "dlt"), ("AEINFRN", "infusion"))
    ]
    supplement = pd.concat(parts, ignore_index=True).sort_values(["USUBJID", "AESEQ", "QNAM"])
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
        ).reset_index(drop=True),
        "SUPPAE",
    )


def _event(subject: int, term: str, day: int, end: float, **more: object) -> dict[str, Any]:
    event = {"subject": subject, "term": term, "day": day, "end": end}
    usual = {"minute": np.nan, "grade": 1, "related": "NOT RELATED"}
    return event | usual | dict.fromkeys(("serious", "dlt", "infusion"), False) | more


def _emergent_events(
    rng: Generator, person: pd.Series, own: pd.DataFrame, last: int, rule: Efficacy
) -> list[dict[str, Any]]:
    subject = int(own["subject"].iloc[0])
    rows = []
    if person["serious"]:
        rows.append(_serious_event(rng, subject, person))
    if person["reaction"]:
        rows.append(_reaction(subject, own))
    count = int(rng.poisson(0.8 + 0.6 * person["dose"])) + (not rows)
    weights = np.array([term.weight * (person["dose"] if term.by_dose else 1.0) for term in TERMS])
    chosen = rng.choice(len(TERMS), min(count, len(TERMS)), replace=False, p=weights / weights.sum())
    return rows + [_usual_event(rng, subject, TERMS[k], person, own, last, rule) for k in chosen]


def _serious_event(rng: Generator, subject: int, person: pd.Series) -> dict[str, Any]:
    term, day = FIXED_TERMS[person["serious"]], int(person["serious_day"])
    end = day + int(rng.integers(4, term.longest + 1))
    toxic = term.decod == INFARCTION
    related = "POSSIBLY RELATED" if toxic else "NOT RELATED"
    return _event(subject, term.decod, day, end, grade=3, serious=True, dlt=toxic, related=related)


def _reaction(subject: int, own: pd.DataFrame) -> dict[str, Any]:
    """Return the reaction that stopped an infusion: it starts five minutes before that."""
    infusion = own[own["number"] == REACTION_INFUSION].iloc[0]
    minute = infusion["minute"] + infusion["minutes"] - 5
    day = int(infusion["day"])
    return _event(subject, REACTION, day, day, minute=minute, grade=2, related="RELATED", infusion=True)


def _usual_event(
    rng: Generator, subject: int, term: Term, person: pd.Series, own: pd.DataFrame, last: int, rule: Efficacy
) -> dict[str, Any]:
    grade = 1 + int(rng.choice(3, p=term.grades))
    duration = int(rng.integers(0, term.longest + 1))
    if term.at_infusion:
        return _infusion_event(rng, subject, term, own, grade, duration)
    if term.decod in rule.bleeding_terms:
        day, duration = _bleeding_days(rng, person, duration, last)
        related = str(rng.choice(_CAUSALITY[1:]))
    else:
        day = int(rng.integers(1, max(2, last - 3)))
        soon = day <= own["day"].max() + _POSSIBLE
        related = str(rng.choice(_CAUSALITY, p=(0.4, 0.4, 0.2) if soon else (0.0, 0.4, 0.6)))
    end = day + duration if day + duration <= last else np.nan
    return _event(subject, term.decod, day, end, grade=grade, related=related)


def _infusion_event(
    rng: Generator, subject: int, term: Term, own: pd.DataFrame, grade: int, duration: int
) -> dict[str, Any]:
    """Return an event that starts within five hours of the start of one of the subject's infusions."""
    infusion = own.iloc[int(rng.integers(len(own)))]
    day, minute = int(infusion["day"]), infusion["minute"] + int(rng.integers(20, 300))
    related = str(rng.choice(["RELATED", "POSSIBLY RELATED"]))
    known = {"minute": minute, "grade": grade, "related": related, "infusion": True}
    return _event(subject, term.decod, day, day + duration, **known)


def _bleeding_days(rng: Generator, person: pd.Series, duration: int, last: int) -> tuple[int, int]:
    """Place bleeding where platelets are low: in responders before the rise or after the loss."""
    if not person["course"]:
        return int(rng.integers(1, max(2, last - duration))), duration
    if not np.isnan(person["loss"]) and rng.random() < 0.5:
        after = int(person["loss"]) + 7
        return int(rng.integers(after, max(after + 1, last - duration))), duration
    return int(rng.integers(1, 3)), min(duration, 2)


def _events_before(rng: Generator, people: pd.DataFrame) -> list[dict[str, Any]]:
    """Return events between consent and infusion 1, also in a subject who has none afterwards."""
    enrolled = people["enrolled"].to_numpy(dtype=bool)
    emergent = people["emergent"].fillna(False).to_numpy(dtype=bool)
    count = scaled(1, int(enrolled.sum()))
    rows = []
    for subject in np.flatnonzero(pick(rng, enrolled & ~emergent, count) | pick(rng, emergent, count)):
        day = int(rng.integers(people["consent"].iloc[subject], -3))
        rows.append(_event(int(subject), str(rng.choice(_BEFORE_TERMS)), day, day + int(rng.integers(0, 3))))
    return rows


def _blur(rng: Generator, events: pd.DataFrame, n: int, rule: Efficacy) -> pd.DataFrame:
    """Leave some events going on, and forget the first day of some.

    Only events whose dates decide nothing published: not serious, no bleeding, not at an infusion; and for
    the forgotten day a subject with another treatment-emergent event, the earliest such event first.
    """
    longest = np.array([_BY_NAME[name].longest for name in events["term"]], dtype="int64")
    emergent = (events["day"] >= 0).to_numpy(dtype=bool)
    plain = emergent & ~events[["serious", "infusion"]].astype(bool).any(axis=1).to_numpy()
    plain &= ~events["term"].isin(rule.bleeding_terms).to_numpy()
    ongoing = pick(rng, plain & (longest >= _CHRONIC), scaled(2, n))
    several = events["subject"].map(events.loc[emergent, "subject"].value_counts()).to_numpy() > 1
    first = events[plain & several].drop_duplicates("subject").sort_values("day", kind="stable").index
    partial = np.zeros(len(events), dtype=bool)
    partial[first[: scaled(1, n)]] = True
    partial |= pick(rng, np.isin(events.index, first) & ~partial, scaled(1, n))
    return events.assign(end=events["end"].astype("float64").mask(ongoing), partial=partial)


def _start_text(person: pd.DataFrame, events: pd.DataFrame) -> list[str]:
    days, minutes = events["day"].astype("int64"), events["minute"].astype("float64")
    timed = minute_text(person["start"], days, minutes.fillna(0))
    return [
        text[:7] if partial else text[:10] if untimed else text
        for text, partial, untimed in zip(timed, events["partial"], minutes.isna(), strict=True)
    ]


def _action(events: pd.DataFrame, given: pd.DataFrame) -> np.ndarray:
    last_infusion = events["subject"].map(given.groupby("subject")["day"].max())
    during = (events["day"] >= 0) & (events["day"] <= last_infusion)
    return np.select(
        [events["dlt"].astype(bool), events["term"] == REACTION, during],
        ["DRUG WITHDRAWN", "DRUG INTERRUPTED", "DOSE NOT CHANGED"],
        default="NOT APPLICABLE",
    )


def _outcome(events: pd.DataFrame) -> np.ndarray:
    return np.select(
        [events["end"].isna(), events["term"] == INFARCTION],
        ["NOT RECOVERED/NOT RESOLVED", "RECOVERED/RESOLVED WITH SEQUELAE"],
        default="RECOVERED/RESOLVED",
    )
