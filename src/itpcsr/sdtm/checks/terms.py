"""Terms, units and limits that rules compare with."""

from __future__ import annotations

GRADE = r"(?:GRADE[ \t\n\f\r]*)?[1-5]"  # a CTCAE grade, with or without the word
YES_NO = ("Y", "N", "")
SEX = ("F", "M", "U", "UNDIFFERENTIATED", "INTERSEX")
# CDISC codelists OUT, ACN, NRIND, EPOCH and NCOMPLT, as far as a trial like this needs them.
OUTCOMES = (
    "", "FATAL", "NOT RECOVERED/NOT RESOLVED", "RECOVERED/RESOLVED", "RECOVERED/RESOLVED WITH SEQUELAE",
    "RECOVERING/RESOLVING", "UNKNOWN",
)  # fmt: skip
ACTIONS = (
    "", "DOSE INCREASED", "DOSE NOT CHANGED", "DOSE RATE REDUCED", "DOSE REDUCED", "DRUG INTERRUPTED",
    "DRUG WITHDRAWN", "NOT APPLICABLE", "UNKNOWN",
)  # fmt: skip
INDICATORS = ("", "ABNORMAL", "HIGH", "HIGH HIGH", "LOW", "LOW LOW", "NORMAL")
EPOCHS = (
    "", "SCREENING", "RUN-IN", "BASELINE", "TREATMENT", "FOLLOW-UP", "WASHOUT", "OPEN LABEL TREATMENT",
    "LONG-TERM FOLLOW-UP", "BLINDED TREATMENT", "CONTINUATION TREATMENT", "INDUCTION TREATMENT",
)  # fmt: skip
CATEGORIES = ("PROTOCOL MILESTONE", "DISPOSITION EVENT", "OTHER EVENT")
ENDINGS = (
    "ADVERSE EVENT", "COMPLETED", "DEATH", "DISEASE RELAPSE", "FAILURE TO MEET RANDOMIZATION CRITERIA",
    "LACK OF EFFICACY", "LOST TO FOLLOW-UP", "NON-COMPLIANCE WITH STUDY DRUG", "OTHER", "PHYSICIAN DECISION",
    "PREGNANCY", "PROGRESSIVE DISEASE", "PROTOCOL DEVIATION", "PROTOCOL VIOLATION", "RECOVERY",
    "SCREEN FAILURE", "SITE TERMINATED BY SPONSOR", "STUDY TERMINATED BY SPONSOR", "TECHNICAL PROBLEMS",
    "WITHDRAWAL BY PARENT/GUARDIAN", "WITHDRAWAL BY SUBJECT",
)  # fmt: skip
# Ways of saying that an event isn't, or hardly, related; every other word has to stand in the study file.
UNRELATED = (
    "", "NOT RELATED", "UNRELATED", "UNLIKELY RELATED", "UNLIKELY", "NONE", "N", "NO", "REMOTE",
    "NOT APPLICABLE", "DEFINITELY NOT RELATED", "PROBABLY NOT RELATED",
)  # fmt: skip
SERIOUS = ("AESCONG", "AESDISAB", "AESDTH", "AESHOSP", "AESLIFE", "AESMIE", "AESCAN", "AESOD")
POSITIVE = ("POSITIVE", "POS", "REACTIVE", "DETECTED", "+")
# The same count of cells per volume by other names; none of them needs a conversion.
COUNT_UNITS = frozenset(
    {"10^9/L", "10*9/L", "G/L", "GI/L", "10^3/UL", "10*3/UL", "K/UL", "10E9/L", "10E3/UL"}
)
# Lowest and highest value of a test that a living person can have, in the units named. The limits are wide:
# what lies outside is a mistake of unit, decimal mark or typing.
POSSIBLE: dict[tuple[str, str], tuple[float, float, frozenset[str]]] = {
    ("LB", "WBC"): (0, 1000, COUNT_UNITS),
    ("LB", "NEUT"): (0, 500, COUNT_UNITS),
    ("LB", "LYM"): (0, 1000, COUNT_UNITS),
    ("LB", "HGB"): (10, 300, frozenset({"G/L"})),
    ("LB", "K"): (1, 12, frozenset({"MMOL/L"})),
    ("LB", "SODIUM"): (90, 200, frozenset({"MMOL/L"})),
    ("LB", "ALT"): (0, 30000, frozenset({"U/L"})),
    ("LB", "AST"): (0, 30000, frozenset({"U/L"})),
    ("LB", "ALP"): (0, 10000, frozenset({"U/L"})),
    ("LB", "GGT"): (0, 10000, frozenset({"U/L"})),
    ("LB", "BILI"): (0, 1500, frozenset({"UMOL/L"})),
    ("LB", "CREAT"): (0, 3000, frozenset({"UMOL/L"})),
    ("VS", "TEMP"): (30, 44, frozenset({"C"})),
    ("VS", "SYSBP"): (40, 300, frozenset({"MMHG"})),
    ("VS", "DIABP"): (15, 200, frozenset({"MMHG"})),
    ("VS", "PULSE"): (20, 250, frozenset({"BEATS/MIN"})),
    ("VS", "HR"): (20, 250, frozenset({"BEATS/MIN"})),
    ("VS", "RESP"): (4, 80, frozenset({"BREATHS/MIN"})),
    ("VS", "OXYSAT"): (40, 100, frozenset({"%"})),
}
PLATELETS = (0.0, 3000.0)  # 10^9/L
PERSON = {"WEIGHT": (2.0, 400.0, "KG"), "HEIGHT": (30.0, 250.0, "CM")}
AGE = (0.0, 120.0)  # years
EARLIEST_YEAR = 1900
INFUSION_MINUTES = (10.0, 360.0)
DOSE_TOLERANCE = 0.1  # of the planned dose
TIME_TOLERANCE = 0.1  # of a sample's nominal time
REACTION_HOURS = 24.0  # within which a reaction to an infusion starts
# Limits of age by registry number, for a trial whose TS doesn't carry AGEMIN and AGEMAX.
REGISTERED_AGES = {"NCT04014166": (18.0, 60.0)}
