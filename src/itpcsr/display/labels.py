"""Words of the displays, and decimals of the data, by the names that result rows give."""

from __future__ import annotations

from itpcsr.display.parameters import PARAMETER_DECIMALS
from itpcsr.study import Study

STATES = {
    "treated": "Treated",
    "not_treated": "Not treated",
    "completed_treatment": "Completed treatment",
    "discontinued_treatment": "Discontinued treatment",
    "unrecorded_treatment": "End of treatment not recorded",
    "completed_study": "Completed study",
    "discontinued_study": "Discontinued study",
    "unrecorded_study": "End of study not recorded",
}
# Variable, label, decimals of the data.
BASELINE = {
    "AGE": ("Age, years", 0),
    "SEX": ("Sex, n (%)", 0),
    "RACE": ("Race, n (%)", 0),
    "WEIGHTBL": ("Weight, kg", 1),
    "HEIGHTBL": ("Height, cm", 1),
    "DISDURM": ("Time since diagnosis, months", 0),
    "BPLAT": ("Platelet count, 10⁹/L", 0),
    "NPRIOR": ("Distinct prior therapies", 0),
}
CATEGORY_LABELS = {
    "F": "Female",
    "M": "Male",
    "U": "Unknown",
    "AMERICAN INDIAN OR ALASKA NATIVE": "American Indian or Alaska Native",
    "BLACK OR AFRICAN AMERICAN": "Black or African American",
    "NATIVE HAWAIIAN OR OTHER PACIFIC ISLANDER": "Native Hawaiian or other Pacific Islander",
}
EXPOSURE = {
    "NADMIN": ("Administrations received", 0),
    "CUMDOSE": ("Cumulative dose", 1),
    "RDI": ("Relative dose intensity, %", 0),
    "TRTDURD": ("First to last administration, days", 0),
    "STUDYD": ("Time on study, days", 0),
}
# Decimals of the data by variable: means get one more, SDs two more. Variables not named here are whole.
DECIMALS = {
    **{name: decimals for name, (_, decimals) in (BASELINE | EXPOSURE).items()},
    "R2BASE": 1,
    "BESTRAT": 1,
    "PCTRESP": 0,
    "EXDOSE": 1,
    **dict.fromkeys(("TMAX", "TLST", "LAMZHL", "deviation"), 1),
    **PARAMETER_DECIMALS,
}
# The same by analysis, which has the name of a variable in small letters.
DECIMALS_OF_ROWS = {**DECIMALS, **{name.lower(): decimals for name, decimals in DECIMALS.items()}}
OVERVIEW = {
    "any": "Any adverse event",
    "related": "Related",
    "severe": "Severe",
    "serious": "Serious",
    "dlt": "Dose-limiting toxicity",
    "infusion_reaction": "Infusion reaction",
    "interruption": "Leading to interruption of treatment",
    "withdrawal": "Leading to withdrawal of treatment",
    "fatal": "Fatal",
}


def sentence_case(text: str) -> str:
    """Return coded text as a reader expects it: only an all-capitals text is lowered."""
    return text.capitalize() if text.isupper() else text


def dose_unit(study: Study) -> str:
    """Return the dose unit of the study as text for readers."""
    return study.design.dose_unit.replace("10^6 CELLS/KG", "10⁶ cells/kg")
