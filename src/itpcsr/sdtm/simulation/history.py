"""MH, PR and CM: disease history, earlier therapy, concomitant therapy and rescue."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.random import Generator

from itpcsr.sdtm.simulation.draws import PUBLISHED_SUBJECTS, allot, pick, scaled, spread
from itpcsr.sdtm.simulation.fates import GASTROINTESTINAL, MENSTRUAL
from itpcsr.sdtm.simulation.tables import day_text, records
from itpcsr.study import Efficacy, Study

_DAYS_PER_MONTH = 365.25 / 12
# Published: months since diagnosis, and subjects with splenectomy, rituximab, five or more therapies.
_MONTHS = (15, 73, 360)
_SPLENECTOMY, _RITUXIMAB, _MANY = (count / PUBLISHED_SUBJECTS for count in (10, 13, 15))
_MANY_THERAPIES = 5
_CONCOMITANT = 3
# Earlier therapy ended well before screening; splenectomy more than 3 months before it (publication).
_WASHOUT, _SINCE_SPLENECTOMY = 60, 100
_DISEASE = "IMMUNE THROMBOCYTOPENIA"


class Drug(NamedTuple):
    """One drug: reported and standard name, class, route, and the length of a course in days."""

    reported: str
    decod: str
    family: str
    route: str
    days: int


_STEROIDS = (
    Drug("PREDNISONE", "PREDNISONE", "GLUCOCORTICOIDS", "ORAL", 60),
    Drug("DEXAMETHASONE", "DEXAMETHASONE", "GLUCOCORTICOIDS", "ORAL", 4),
)
_RITUXIMAB_DRUG = Drug("RITUXIMAB", "RITUXIMAB", "ANTI-CD20 ANTIBODIES", "INTRAVENOUS", 22)
_IVIG = Drug("IVIG", "IMMUNOGLOBULINS NORMAL HUMAN", "IMMUNOGLOBULINS", "INTRAVENOUS", 5)
_RHTPO = Drug("RHTPO", "RECOMBINANT HUMAN THROMBOPOIETIN", "THROMBOPOIETIC AGENTS", "SUBCUTANEOUS", 14)
_ELTROMBOPAG = Drug("ELTROMBOPAG", "ELTROMBOPAG", "THROMBOPOIETIC AGENTS", "ORAL", 90)
_DANAZOL = Drug("DANAZOL", "DANAZOL", "ANDROGENS", "ORAL", 90)
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
_LONGEST_COURSE = max(drug.days for drug in (*_STEROIDS, _RITUXIMAB_DRUG, *_OTHERS))
# Shares of subjects with a second course of steroids, and of records whose day isn't known (assumption).
_REPEATED, _DAY_UNKNOWN = 0.5, 0.4
_KEPT = (_ELTROMBOPAG, _DANAZOL)
# Rescue by the serious event that asks for it ("" for none): drug and reason; bleeding also gets platelets.
_RESCUE = {
    GASTROINTESTINAL: (_IVIG, "GASTROINTESTINAL HEMORRHAGE"),
    MENSTRUAL: (_STEROIDS[1], "PROFUSE MENSTRUATION"),
    "": (_RHTPO, "LOW PLATELET COUNT"),
}
_TRANSFUSED = (GASTROINTESTINAL, MENSTRUAL)
_OTHER_HISTORY = (
    ("Hypertension", "Vascular disorders"),
    ("Hepatic steatosis", "Hepatobiliary disorders"),
    ("Cholelithiasis", "Hepatobiliary disorders"),
    ("Osteoporosis", "Musculoskeletal and connective tissue disorders"),
    ("Iron deficiency anaemia", "Blood and lymphatic system disorders"),
    ("Type 2 diabetes mellitus", "Metabolism and nutrition disorders"),
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
    rituximab = allot(rng, n, _RITUXIMAB, exact=exact)
    many = allot(rng, n, _MANY, exact=exact)
    therapies = np.where(many, rng.integers(_MANY_THERAPIES, 9, n), rng.integers(3, _MANY_THERAPIES, n))
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
    rows = []
    for person in records(people[people["enrolled"]]):
        disease = ("Immune thrombocytopenia", "Blood and lymphatic system disorders")
        rows.append((person.USUBJID, *disease, "PRIMARY DIAGNOSIS", _date(person, person.diagnosis)))
        for k in rng.choice(len(_OTHER_HISTORY), min(2, rng.poisson(0.5)), replace=False):
            since = _date(person, -int(rng.integers(200, 3000)), int(rng.choice([4, 7])))
            rows.append((person.USUBJID, *_OTHER_HISTORY[k], "GENERAL MEDICAL HISTORY", since))
    table = pd.DataFrame(rows, columns=["USUBJID", "MHTERM", "MHBODSYS", "MHCAT", "MHSTDTC"])
    return table.assign(MHDECOD=table["MHTERM"])


def make_pr(rng: Generator, people: pd.DataFrame, study: Study, rule: Efficacy) -> pd.DataFrame:
    """Return the rows of PR: splenectomy before the study, and platelet transfusions as rescue."""
    rows = []
    for person in records(people[people["enrolled"]]):
        if person.splenectomy:
            day = int(rng.integers(int(person.diagnosis) + 60, person.consent - _SINCE_SPLENECTOMY))
            category = study.baseline.prior_therapy_category
            rows.append((person.USUBJID, "SPLENECTOMY", category, _DISEASE, _date(person, day)))
        if person.serious in _TRANSFUSED and not np.isnan(person.rescue_day):
            reason = _RESCUE[person.serious][1]
            rows += [
                (person.USUBJID, "PLATELET TRANSFUSION", rule.rescue_category, reason, _date(person, day))
                for day in (person.rescue_day, person.rescue_day + 2)
            ]
    table = pd.DataFrame(rows, columns=["USUBJID", "PRTRT", "PRCAT", "PRINDC", "PRSTDTC"])
    return table.assign(PRDECOD=table["PRTRT"], PRENDTC=table["PRSTDTC"])


def make_cm(rng: Generator, people: pd.DataFrame, study: Study, rule: Efficacy) -> pd.DataFrame:
    """Return the rows of CM: earlier drugs, drugs kept on during the study, and rescue."""
    prior = study.baseline.prior_therapy_category
    treated = people[people["enrolled"]]
    many = (treated["therapies"] >= _MANY_THERAPIES).to_numpy(dtype=bool)
    kept = pick(rng, many, scaled(_CONCOMITANT, len(treated)))
    rows = []
    for person, keeps in zip(records(treated), kept, strict=True):
        rows += _earlier(rng, person, prior)
        if keeps:
            drug, day = _KEPT[int(rng.integers(len(_KEPT)))], person.consent - int(rng.integers(60, 200))
            rows.append(_record(person, drug, "CONCOMITANT ITP THERAPY", _DISEASE, _date(person, day), ""))
        if not np.isnan(person.rescue_day):
            drug, reason = _RESCUE[person.serious]
            days = _date(person, person.rescue_day), _date(person, person.rescue_day + drug.days - 1)
            rows.append(_record(person, drug, rule.rescue_category, reason, *days))
    names = ["USUBJID", "CMTRT", "CMDECOD", "CMCLAS", "CMROUTE", "CMCAT", "CMINDC", "CMSTDTC", "CMENDTC"]
    return pd.DataFrame(rows, columns=names)


def _earlier(rng: Generator, person: Any, category: str) -> list[tuple[str, ...]]:
    """Return a subject's earlier drugs: a steroid first, sometimes again, then others at random times.

    The one steroid, rituximab, splenectomy and the others together are the subject's number of therapies.
    """
    steroid = _STEROIDS[int(rng.integers(len(_STEROIDS)))]
    others = int(person.therapies) - 1 - bool(person.splenectomy) - bool(person.rituximab)
    chosen = rng.choice(len(_OTHERS), others, replace=False, p=_OTHER_SHARES)
    drugs = [_OTHERS[k] for k in chosen] + [_RITUXIMAB_DRUG] * bool(person.rituximab)
    drugs += [steroid] * int(rng.random() < _REPEATED)
    first, latest = int(person.diagnosis) + 10, person.consent - _WASHOUT - _LONGEST_COURSE
    starts = [first, *rng.integers(first + 20, latest, len(drugs))]
    rows = []
    for drug, start in zip([steroid, *drugs], starts, strict=True):
        known = 7 if rng.random() < _DAY_UNKNOWN else 10
        days = _date(person, start, known), _date(person, start + drug.days - 1, known)
        rows.append(_record(person, drug, category, _DISEASE, *days))
    return rows


def _record(person: Any, drug: Drug, category: str, reason: str, start: str, end: str) -> tuple[str, ...]:
    return (
        person.USUBJID, drug.reported, drug.decod, drug.family, drug.route, category, reason, start, end,
    )  # fmt: skip


def _date(person: Any, day: float, length: int = 10) -> str:
    """Return the date ``day`` days after infusion 1 as text, cut to what is known of it."""
    return str(day_text(np.datetime64(person.start, "D"), day))[:length]
