"""Words of the displays, names and decimals of parameters, and what is said of rescue therapy."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from itpcsr.study import Study

# How parameters of laboratory and vital signs are named and how many decimals their values have.

# Decimals of the data; means get one more, SDs two more.
PARAMETER_DECIMALS = {
    **dict.fromkeys(("ALT", "AST", "ALP", "GGT", "CREAT", "PLAT", "HGB", "CK", "SODIUM", "CL"), 0),
    **dict.fromkeys(("BILI", "TEMP", "WEIGHT"), 1),
    **dict.fromkeys(("WBC", "NEUT", "LYM", "MONO", "EOS", "BASO", "RBC", "K"), 2),
    **dict.fromkeys(("PULSE", "SYSBP", "DIABP", "RESP", "HEIGHT"), 0),
}
_BY_UNIT = {("HGB", "mmol/L"): 2, ("HGB", "g/dL"): 1, ("BILI", "mg/dL"): 2, ("CREAT", "mg/dL"): 2}
_OTHER = 1
_SIGNS = {"10^9/L": "10⁹/L", "10^12/L": "10¹²/L", "umol/L": "µmol/L", "(C)": "(°C)"}
VIRUS_TESTS = {
    "HBSAG": "Hepatitis B virus surface antigen",
    "HBDNA": "Hepatitis B virus DNA",
    "HCAB": "Hepatitis C virus antibody",
    "HIV12AB": "HIV-1/2 antibody",
    "TPLAB": "Treponema pallidum antibody (syphilis)",
}


def parameter_names(records: pd.DataFrame) -> dict[str, str]:
    """Return PARAMCD to PARAM with its unit, as a reader expects it."""
    first = records.drop_duplicates("PARAMCD").set_index("PARAMCD")["PARAM"]
    return {str(code): pretty_unit(str(name).replace(" ()", "")) for code, name in first.items()}


def pretty_unit(text: str) -> str:
    """Return text with the units of the data as they are printed."""
    for code, sign in _SIGNS.items():
        text = text.replace(code, sign)
    return text


def parameter_decimals(parameter: str, unit: str) -> int:
    """Return the decimals of a parameter's values in this unit; 1 where nothing is known of it."""
    return _BY_UNIT.get((parameter, unit), PARAMETER_DECIMALS.get(parameter, _OTHER))


# Words of the displays, and decimals of the data, by the names that result rows give.

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
DECIMALS_OF_ROWS = {
    **DECIMALS,
    **{name.lower(): decimals for name, decimals in DECIMALS.items()},
    **dict.fromkeys(("ls_means", "arm_difference"), 1),
    "hazard_ratio": 2,
}
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


# What displays of platelet counts say about counts after rescue therapy: every one of them says it.

INCLUDED = "Counts after rescue therapy are included."
LEFT_OUT = (
    "Counts from the first day of rescue therapy on are left out; n: subjects with a count that remains. "
    "Subjects given rescue fared worse than others, so the later weeks describe those who needed none."
)


def platelet_note(study: Study, parameters: Collection[str] | None = None) -> list[str]:
    """Return the note of a display of many laboratory tests, where the platelet count is one of them.

    ``parameters`` are the PARAMCD shown; None where they aren't known. No note for a study without platelet
    response or without rescue therapy.
    """
    rule = study.efficacy
    if rule is None or not rule.rescue_category:
        return []
    shown = parameters is None or rule.platelet_test in parameters
    return ["Platelet counts after rescue therapy are included."] if shown else []
