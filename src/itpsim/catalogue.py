"""Names, order and labels of the simulated SDTM domains (SDTMIG 3.4)."""

from __future__ import annotations

STUDY_ID = "NCT04014166-SIM"

DATASET_LABELS = {
    "AE": "Adverse Events (simulated)",
    "CM": "Concomitant Medications (simulated)",
    "CP": "Cell Phenotype Findings (simulated)",
    "DM": "Demographics (simulated)",
    "DS": "Disposition (simulated)",
    "DV": "Protocol Deviations (simulated)",
    "EX": "Exposure (simulated)",
    "IS": "Immunogenicity (simulated)",
    "LB": "Laboratory Test Results (simulated)",
    "MB": "Microbiology Specimen (simulated)",
    "MH": "Medical History (simulated)",
    "PC": "PK Concentrations (simulated)",
    "PR": "Procedures (simulated)",
    "RS": "Disease Response (simulated)",
    "SUPPAE": "Supplemental AE (simulated)",
    "SV": "Subject Visits (simulated)",
    "TA": "Trial Arms (simulated)",
    "TE": "Trial Elements (simulated)",
    "TI": "Trial Inclusion Criteria (simulated)",
    "TS": "Trial Summary (simulated)",
    "TV": "Trial Visits (simulated)",
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
_DESIGN = {name: _KEYS[name] for name in ("STUDYID", "DOMAIN")}


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


def _flags(prefix: str) -> dict[str, str]:
    return {
        f"{prefix}LOBXFL": "Last Observation Before Exposure Flag",
        f"{prefix}BLFL": "Baseline Flag",
    }


def _timing(prefix: str, what: str) -> dict[str, str]:
    return {
        **_VISIT,
        **_EPOCH,
        f"{prefix}DTC": f"Date/Time of {what}",
        f"{prefix}DY": f"Study Day of {what}",
    }


def _time_point(prefix: str) -> dict[str, str]:
    return {
        f"{prefix}TPT": "Planned Time Point Name",
        f"{prefix}TPTNUM": "Planned Time Point Number",
        f"{prefix}ELTM": "Planned Elapsed Time from Time Point Ref",
        f"{prefix}TPTREF": "Time Point Reference",
        f"{prefix}RFTDTC": "Date/Time of Reference Time Point",
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
        **_time_point("VS"),
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
    "MB": {
        **_KEYS,
        **_sequence("MB"),
        "MBTESTCD": "Microbiology Test or Finding Short Name",
        "MBTEST": "Microbiology Test or Finding Name",
        "MBCAT": "Category",
        "MBORRES": "Result or Finding in Original Units",
        "MBSTRESC": "Result or Finding in Standard Format",
        "MBSPEC": "Specimen Material Type",
        **_flags("MB"),
        **_timing("MB", "Specimen Collection"),
    },
    "PC": {
        **_KEYS,
        **_sequence("PC"),
        "PCTESTCD": "Pharmacokinetic Test Short Name",
        "PCTEST": "Pharmacokinetic Test Name",
        "PCCAT": "Test Category",
        **_finding("PC"),
        "PCSPEC": "Specimen Material Type",
        "PCLLOQ": "Lower Limit of Quantitation",
        **_timing("PC", "Specimen Collection"),
        **_time_point("PC"),
    },
    "IS": {
        **_KEYS,
        **_sequence("IS"),
        "ISTESTCD": "Immunogenicity Test/Exam Short Name",
        "ISTEST": "Immunogenicity Test or Examination Name",
        "ISBDAGT": "Binding Agent",
        "ISCAT": "Category for Immunogenicity Test",
        **_finding("IS"),
        "ISSPEC": "Specimen Type",
        **_flags("IS"),
        **_timing("IS", "Specimen Collection"),
        **_time_point("IS"),
    },
    "CP": {
        **_KEYS,
        **_sequence("CP"),
        "CPTESTCD": "Test or Examination Short Name",
        "CPTEST": "Name of Measurement, Test or Examination",
        "CPCAT": "Category for Measurement",
        "CPMRKSTR": "Marker String",
        **_finding("CP"),
        "CPSPEC": "Specimen Material Type",
        **_flags("CP"),
        **_timing("CP", "Specimen Collection"),
    },
    "RS": {
        **_KEYS,
        **_sequence("RS"),
        "RSTESTCD": "Assessment Short Name",
        "RSTEST": "Assessment Name",
        "RSCAT": "Category for Assessment",
        "RSORRES": "Result or Finding in Original Units",
        "RSSTRESC": "Character Result/Finding in Std Format",
        "RSSTRESN": "Numeric Result/Finding in Standard Units",
        "RSEVAL": "Evaluator",
        **_flags("RS"),
        **_timing("RS", "Assessment"),
    },
    "DV": {
        **_KEYS,
        **_sequence("DV"),
        "DVTERM": "Protocol Deviation Term",
        "DVDECOD": "Protocol Deviation Coded Term",
        "DVCAT": "Category for Protocol Deviation",
        **_EPOCH,
        "DVSTDTC": "Start Date/Time of Deviation",
        "DVSTDY": "Study Day of Start of Deviation",
    },
    "SV": {
        **_KEYS,
        **_VISIT,
        **_EPOCH,
        **_period("SV", "Visit"),
        "SVUPDES": "Description of Unplanned Visit",
    },
    "TA": {
        **_DESIGN,
        "ARMCD": "Planned Arm Code",
        "ARM": "Description of Planned Arm",
        "TAETORD": "Planned Order of Element within Arm",
        "ETCD": "Element Code",
        "ELEMENT": "Description of Element",
        "TABRANCH": "Branch",
        "EPOCH": "Epoch",
    },
    "TE": {
        **_DESIGN,
        "ETCD": "Element Code",
        "ELEMENT": "Description of Element",
        "TESTRL": "Rule for Start of Element",
        "TEENRL": "Rule for End of Element",
    },
    "TV": {
        **_DESIGN,
        **_VISIT,
        "TVSTRL": "Visit Start Rule",
    },
    "TI": {
        **_DESIGN,
        "IETESTCD": "Incl/Excl Criterion Short Name",
        "IETEST": "Inclusion/Exclusion Criterion",
        "IECAT": "Inclusion/Exclusion Category",
    },
    "TS": {
        **_DESIGN,
        "TSSEQ": "Sequence Number",
        "TSPARMCD": "Trial Summary Parameter Short Name",
        "TSPARM": "Trial Summary Parameter",
        "TSVAL": "Parameter Value",
        "TSVALNF": "Parameter Null Flavor",
    },
}
