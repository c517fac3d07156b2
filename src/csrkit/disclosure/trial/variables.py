"""What an external version keeps of each domain. A variable that no table here names is left out.

What is named is what the report reads, so that an identifier, a comment or a sponsor's own variable that
nobody thought of is left out by itself.
"""

from __future__ import annotations

# Domains that describe the trial and hold no subject.
TRIAL_DESIGN = ("TA", "TE", "TI", "TS", "TV")
DOMAINS = (
    "DM", "EX", "AE", "LB", "VS", "CM", "MH", "PR", "DS", "DV", "SV", "MB", "PC", "IS", "CP", "RS",
    "SUPPAE", "RELREC", *TRIAL_DESIGN,
)  # fmt: skip
# Variables that mean the same in every domain.
COMMON = (
    "STUDYID", "DOMAIN", "USUBJID", "VISITNUM", "VISIT", "VISITDY", "EPOCH",
    "RDOMAIN", "IDVAR", "IDVARVAL", "QNAM", "QLABEL", "QVAL", "QORIG", "QEVAL", "RELID", "RELTYPE",
)  # fmt: skip
DEMOGRAPHICS = (
    "SUBJID", "RFSTDTC", "RFENDTC", "RFXSTDTC", "RFXENDTC", "RFICDTC", "RFPENDTC", "DTHDTC", "DTHFL",
    "AGE", "AGEU", "SEX", "RACE", "ETHNIC", "COUNTRY", "ARMCD", "ARM", "ACTARMCD", "ACTARM", "ARMNRS",
    "DMDTC", "DMDY",
)  # fmt: skip
# Variables by the part of their name behind that of the domain: LBSTRESN is LB and STRESN.
BY_DOMAIN = (
    "SEQ", "CAT", "SCAT", "TESTCD", "TEST", "TERM", "TRT", "DECOD", "BODSYS", "SOC", "CLAS", "ADJ",
    "SER", "ACN", "REL", "OUT", "SEV", "TOXGR", "SCAN", "SCONG", "SDISAB", "SDTH", "SHOSP", "SLIFE", "SMIE",
    "SOD", "DOSE", "DOSU", "DOSFRM", "DOSFRQ", "ROUTE", "OCCUR", "PRESP", "STAT",
    "ORRES", "ORRESU", "STRESC", "STRESN", "STRESU", "STNRLO", "STNRHI", "NRIND", "LLOQ", "ULOQ", "CLSIG",
    "SPEC", "METHOD", "MRKSTR", "BDAGT", "EVAL", "LOBXFL", "BLFL", "DRVFL",
    "TPT", "TPTNUM", "TPTREF", "ELTM", "RFTDTC", "DTC", "STDTC", "ENDTC", "DY", "STDY", "ENDY",
    "STRF", "ENRF", "STRTPT", "ENRTPT", "STTPT", "ENTPT",
)  # fmt: skip
# Supplemental qualifiers of adverse events, by QNAM.
QUALIFIERS = ("AEDLT", "AEINFRN")
# Words as they were reported, and the coded term that stands in their place.
CODED = {
    "AETERM": "AEDECOD",
    "CMTRT": "CMDECOD",
    "DSTERM": "DSDECOD",
    "DVTERM": "DVDECOD",
    "MHTERM": "MHDECOD",
    "PRTRT": "PRDECOD",
}
# Groups of records, which count anew within each subject.
GROUPS = ("AEGRPID",)
NOT_CODED = "NOT CODED"  # with a number, so that two different therapies of a subject stay two
# Free text whose presence alone is counted.
PRESENCE = {"EXADJ": "REASON LEFT OUT"}


def is_kept(variable: str, domain: str) -> bool:
    """Tell whether a variable of a domain stays in an external version."""
    if domain in TRIAL_DESIGN or variable in COMMON:
        return True
    if domain == "DM" and variable in DEMOGRAPHICS:
        return True
    if variable in GROUPS:
        return True
    return variable.startswith(domain) and variable.removeprefix(domain) in BY_DOMAIN
