"""The adverse event terms of the simulated trial (the published ones are the serious ones alone)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from itpsim.fates import GASTROINTESTINAL, INFARCTION, MENSTRUAL

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
