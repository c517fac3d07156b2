"""How parameters of laboratory and vital signs are named and how many decimals their values have."""

from __future__ import annotations

import pandas as pd

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
