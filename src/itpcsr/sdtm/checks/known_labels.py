"""Terms, units and limits that rules compare with, and labels that derivations know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from csrkit.sdtm.participation import DISPOSED_TREATMENT
from itpcsr.study import Study

# Terms, units and limits that rules compare with.

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


# Labels that derivations compare: what they know of them, and what hangs on it.

# What DM says of subjects without an arm (SDTMIG 3.4, codelist ARMNULRS and its older terms).
NO_ARM = ("SCRNFAIL", "NOTASSGN", "NOTTRT", "UNPLAN")
_RACES = (
    "AMERICAN INDIAN OR ALASKA NATIVE", "ASIAN", "BLACK OR AFRICAN AMERICAN",
    "NATIVE HAWAIIAN OR OTHER PACIFIC ISLANDER", "WHITE", "MULTIPLE", "NOT REPORTED", "OTHER", "UNKNOWN",
)  # fmt: skip
_ETHNICITIES = ("HISPANIC OR LATINO", "NOT HISPANIC OR LATINO", "NOT REPORTED", "UNKNOWN")
_MILESTONES = (
    "ELIGIBILITY CRITERIA MET", "ENROLLED", "ENTERED INTO TRIAL", "INFORMED CONSENT OBTAINED", "RANDOMIZED",
)  # fmt: skip
_SCOPES = ("STUDY", "STUDY PARTICIPATION")

# Qualifiers of events (MedDRA levels) whose names are a letter or two from those that are read.
_OF_EVENTS = ("AELLT", "AEHLT", "AEHLGT", "AEDECOD", "AEDUR", "AELOC", "AEDIR")


@dataclass(frozen=True)
class Label:
    """One variable whose values a derivation compares with labels that it knows.

    ``known`` gives the labels by the study; ``exact`` where case and blanks matter to the derivation;
    ``key`` where a key result hangs on them; ``mistakes`` how many still make a misspelling; ``lost`` is
    what a misspelt label loses; ``others`` are labels like it that mean something else.
    """

    domain: str
    variable: str
    known: Callable[[Study], list[str]]
    lost: str
    key: bool = False
    exact: bool = False
    mistakes: int = 2
    others: tuple[str, ...] = ()


def _arms(study: Study) -> list[str]:
    return [arm.code for arm in study.design.arms]


def _therapy_of_disease(study: Study) -> list[str]:
    return _named(study.efficacy.itp_therapy_category if study.efficacy else "")


def _bleeding(study: Study) -> list[str]:
    return list(study.efficacy.bleeding_terms) if study.efficacy else []


def _disease(study: Study) -> list[str]:
    return [*study.safety.disease_terms, *study.safety.platelet_terms]


def _named(*labels: str) -> list[str]:
    return [label for label in labels if label]


LABELS = (
    Label("DM", "ARMCD", _arms, "the subject is in no cohort", key=True, exact=True),
    Label("DM", "ACTARMCD", _arms, "the subject's safety isn't grouped by it", key=True, exact=True),
    Label("DM", "RACE", lambda study: list(_RACES), "its table has a row of its own for it"),
    Label(
        "DM", "ETHNIC", lambda study: list(_ETHNICITIES), "its table has a row of its own for it"
    ),
    Label("CM", "CMCAT", _therapy_of_disease, "this therapy doesn't count as one of the disease"),
    *(
        Label(
            domain, f"{domain}{part}",
            lambda study: [therapy.term for therapy in study.baseline.prior_therapies],
            "the subject isn't counted under it",
        )
        for domain in ("CM", "PR")
        for part in ("DECOD", "TRT")
    ),
    Label(
        "SUPPAE", "QNAM", lambda study: ["AEDLT"], "this toxicity isn't counted as dose-limiting",
        key=True, exact=True, others=_OF_EVENTS,
    ),
    Label("SUPPAE", "QNAM", lambda study: ["AEINFRN"], "this reaction isn't counted", exact=True,
          others=_OF_EVENTS),
    Label("AE", "AEREL", lambda study: [*study.safety.related_values, *UNRELATED], "it isn't known"),
    Label("AE", "AEOUT", lambda study: list(OUTCOMES), "the outcome isn't known"),
    Label("AE", "AEACN", lambda study: list(ACTIONS), "the action on treatment isn't known"),
    Label("AE", "AEDECOD", _bleeding, "this event doesn't count as bleeding, which rules response out",
          key=True, mistakes=1),
    Label("AE", "AEDECOD", _disease, "this event isn't shown with those of the disease", mistakes=1),
    *(
        Label("MH", variable, lambda study: study.baseline.diagnosis_terms, "it isn't found", mistakes=1)
        for variable in ("MHDECOD", "MHTERM")
    ),
    Label("MH", "MHCAT", lambda study: ["PRIMARY DIAGNOSIS"], "the disease isn't found"),
    Label("DS", "DSCAT", lambda study: list(CATEGORIES), "this record isn't read"),
    Label("DS", "DSSCAT", lambda study: [*DISPOSED_TREATMENT, *_SCOPES],
          "this record counts as an end of the study"),
    Label("DS", "DSDECOD", lambda study: [*ENDINGS, *_MILESTONES], "its meaning isn't known"),
    Label("DV", "DVCAT", lambda study: [*_named(study.efficacy.major_deviation if study.efficacy else ""),
          "MINOR"], "the subject stays in the per-protocol set", key=True),
    Label("LB", "LBCAT", lambda study: [*study.laboratory.laboratory_categories, "CYTOKINE"],
          "these results aren't shown with those of their kind"),
)  # fmt: skip

# Variables with a closed codelist that no other rule holds them to.
CODELISTS: dict[tuple[str, str], tuple[str, ...]] = {
    ("DM", "RACE"): _RACES,
    ("DM", "ETHNIC"): _ETHNICITIES,
}

# Ends of the names of variables whose values are labels: they make rows and columns of tables.
SPELLED = (
    "ACN", "ACTARM", "ACTARMCD", "ARM", "ARMCD", "BODSYS", "CAT", "CLAS", "COUNTRY", "DECOD", "EPOCH",
    "ETHNIC", "METHOD", "OUT", "QNAM", "RACE", "REL", "SCAT", "SEV", "SEX", "SOC", "SPEC", "TEST", "TESTCD",
    "VISIT",
)  # fmt: skip


def tests_of_study(study: Study) -> dict[str, list[str]]:
    """Return the test codes that the study file names, by their domain."""
    named = {
        "IS": [test.code for test in study.antibody.antibody_tests],
        "MB": list(study.sampling.virus_tests),
        "PC": _named(study.sampling.concentration_test),
    }
    for marker in study.markers:
        if marker.domain:
            named.setdefault(marker.domain, []).append(marker.code)
    return {domain: list(dict.fromkeys(codes)) for domain, codes in sorted(named.items())}
