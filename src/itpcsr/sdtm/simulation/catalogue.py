"""Names, order and labels of the simulated SDTM domains (SDTMIG 3.4)."""

from __future__ import annotations

STUDY_ID = "NCT04014166-SIM"

DATASET_LABELS = {
    "AE": "Adverse Events (simulated)",
    "CM": "Concomitant Medications (simulated)",
    "DM": "Demographics (simulated)",
    "DS": "Disposition (simulated)",
    "EX": "Exposure (simulated)",
    "LB": "Laboratory Test Results (simulated)",
    "MH": "Medical History (simulated)",
    "PR": "Procedures (simulated)",
    "SUPPAE": "Supplemental AE (simulated)",
    "VS": "Vital Signs (simulated)",
}

_KEYS = {
    "STUDYID": "Study Identifier",
    "DOMAIN": "Domain Abbreviation",
    "USUBJID": "Unique Subject Identifier",
}
_VISIT = {
    "VISITNUM": "Visit Number",
    "VISIT": "Visit Name",
    "VISITDY": "Planned Study Day of Visit",
}
_EPOCH = {"EPOCH": "Epoch"}


def _sequence(prefix: str) -> dict[str, str]:
    return {f"{prefix}SEQ": "Sequence Number"}


def _period(prefix: str, what: str) -> dict[str, str]:
    return {
        f"{prefix}STDTC": f"Start Date/Time of {what}",
        f"{prefix}ENDTC": f"End Date/Time of {what}",
        f"{prefix}STDY": f"Study Day of Start of {what}",
        f"{prefix}ENDY": f"Study Day of End of {what}",
    }


def _finding(prefix: str) -> dict[str, str]:
    return {
        f"{prefix}ORRES": "Result or Finding in Original Units",
        f"{prefix}ORRESU": "Original Units",
        f"{prefix}STRESC": "Character Result/Finding in Std Format",
        f"{prefix}STRESN": "Numeric Result/Finding in Standard Units",
        f"{prefix}STRESU": "Standard Units",
    }


# Variable to label in the order of the SDTMIG; every label has at most the 40 characters of transport files.
VARIABLE_LABELS: dict[str, dict[str, str]] = {
    "DM": {
        **_KEYS,
        "SUBJID": "Subject Identifier for the Study",
        "RFSTDTC": "Subject Reference Start Date/Time",
        "RFENDTC": "Subject Reference End Date/Time",
        "RFXSTDTC": "Date/Time of First Study Treatment",
        "RFXENDTC": "Date/Time of Last Study Treatment",
        "RFICDTC": "Date/Time of Informed Consent",
        "RFPENDTC": "Date/Time of End of Participation",
        "DTHDTC": "Date/Time of Death",
        "DTHFL": "Subject Death Flag",
        "SITEID": "Study Site Identifier",
        "AGE": "Age",
        "AGEU": "Age Units",
        "SEX": "Sex",
        "RACE": "Race",
        "ARMCD": "Planned Arm Code",
        "ARM": "Description of Planned Arm",
        "ACTARMCD": "Actual Arm Code",
        "ACTARM": "Description of Actual Arm",
        "COUNTRY": "Country",
        "DMDTC": "Date/Time of Collection",
        "DMDY": "Study Day of Collection",
    },
    "EX": {
        **_KEYS,
        **_sequence("EX"),
        "EXTRT": "Name of Treatment",
        "EXDOSE": "Dose",
        "EXDOSU": "Dose Units",
        "EXDOSFRM": "Dose Form",
        "EXROUTE": "Route of Administration",
        "EXADJ": "Reason for Dose Adjustment",
        **_VISIT,
        **_EPOCH,
        **_period("EX", "Treatment"),
    },
    "AE": {
        **_KEYS,
        **_sequence("AE"),
        "AETERM": "Reported Term for the Adverse Event",
        "AEDECOD": "Dictionary-Derived Term",
        "AEBODSYS": "Body System or Organ Class",
        "AESOC": "Primary System Organ Class",
        "AESER": "Serious Event",
        "AEACN": "Action Taken with Study Treatment",
        "AEREL": "Causality",
        "AEOUT": "Outcome of Adverse Event",
        "AESCONG": "Congenital Anomaly or Birth Defect",
        "AESDISAB": "Persist or Signif Disability/Incapacity",
        "AESDTH": "Results in Death",
        "AESHOSP": "Requires or Prolongs Hospitalization",
        "AESLIFE": "Is Life Threatening",
        "AESMIE": "Other Medically Important Serious Event",
        "AETOXGR": "Standard Toxicity Grade",
        **_EPOCH,
        **_period("AE", "Adverse Event"),
    },
    "SUPPAE": {
        "STUDYID": "Study Identifier",
        "RDOMAIN": "Related Domain Abbreviation",
        "USUBJID": "Unique Subject Identifier",
        "IDVAR": "Identifying Variable",
        "IDVARVAL": "Identifying Variable Value",
        "QNAM": "Qualifier Variable Name",
        "QLABEL": "Qualifier Variable Label",
        "QVAL": "Data Value",
        "QORIG": "Origin",
        "QEVAL": "Evaluator",
    },
    "LB": {
        **_KEYS,
        **_sequence("LB"),
        "LBTESTCD": "Lab Test or Examination Short Name",
        "LBTEST": "Lab Test or Examination Name",
        "LBCAT": "Category for Lab Test",
        **_finding("LB"),
        "LBSTNRLO": "Reference Range Lower Limit-Std Units",
        "LBSTNRHI": "Reference Range Upper Limit-Std Units",
        "LBNRIND": "Reference Range Indicator",
        "LBSPEC": "Specimen Type",
        "LBLOBXFL": "Last Observation Before Exposure Flag",
        "LBBLFL": "Baseline Flag",
        **_VISIT,
        **_EPOCH,
        "LBDTC": "Date/Time of Specimen Collection",
        "LBDY": "Study Day of Specimen Collection",
    },
    "VS": {
        **_KEYS,
        **_sequence("VS"),
        "VSTESTCD": "Vital Signs Test Short Name",
        "VSTEST": "Vital Signs Test Name",
        **_finding("VS"),
        "VSLOBXFL": "Last Observation Before Exposure Flag",
        "VSBLFL": "Baseline Flag",
        **_VISIT,
        **_EPOCH,
        "VSDTC": "Date/Time of Measurements",
        "VSDY": "Study Day of Vital Signs",
    },
    "DS": {
        **_KEYS,
        **_sequence("DS"),
        "DSTERM": "Reported Term for the Disposition Event",
        "DSDECOD": "Standardized Disposition Term",
        "DSCAT": "Category for Disposition Event",
        "DSSCAT": "Subcategory for Disposition Event",
        **_EPOCH,
        "DSSTDTC": "Start Date/Time of Disposition Event",
        "DSSTDY": "Study Day of Start of Disposition Event",
    },
    "MH": {
        **_KEYS,
        **_sequence("MH"),
        "MHTERM": "Reported Term for the Medical History",
        "MHDECOD": "Dictionary-Derived Term",
        "MHCAT": "Category for Medical History",
        "MHBODSYS": "Body System or Organ Class",
        "MHSTDTC": "Start Date/Time of Medical History Event",
        "MHSTDY": "Study Day of Start of Observation",
    },
    "PR": {
        **_KEYS,
        **_sequence("PR"),
        "PRTRT": "Reported Name of Procedure",
        "PRDECOD": "Standardized Procedure Name",
        "PRCAT": "Category for Procedure",
        "PRINDC": "Indication",
        **_EPOCH,
        **_period("PR", "Procedure"),
    },
    "CM": {
        **_KEYS,
        **_sequence("CM"),
        "CMTRT": "Reported Name of Drug, Med, or Therapy",
        "CMDECOD": "Standardized Medication Name",
        "CMCAT": "Category for Medication",
        "CMINDC": "Indication",
        "CMCLAS": "Medication Class",
        "CMROUTE": "Route of Administration",
        **_EPOCH,
        **_period("CM", "Medication"),
    },
}
