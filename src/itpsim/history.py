"""MH and PR: disease history, splenectomy and platelet transfusions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.random import Generator

from itpcsr.study import Efficacy, Study
from itpsim.draws import PUBLISHED_SUBJECTS, allot, choose, spread
from itpsim.events import verbatim
from itpsim.fates import GASTROINTESTINAL, MENSTRUAL
from itpsim.tables import day_text, known_part

DISEASE = "IMMUNE THROMBOCYTOPENIA"
MANY_THERAPIES = 5
_DAYS_PER_MONTH = 365.25 / 12
# Published: months since diagnosis, and subjects with splenectomy, rituximab, five or more therapies.
_MONTHS = (15, 73, 360)
_SPLENECTOMY, _RITUXIMAB, _MANY = (count / PUBLISHED_SUBJECTS for count in (10, 13, 15))
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
    rituximab = allot(rng, n, _RITUXIMAB, exact=exact)
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
