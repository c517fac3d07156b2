"""The simulated trial, broken in one way per case: the rule that names it, and words of its sentence."""

import pytest

from tests.damage import again, both, drop, empty, every, fired, keep, put, strip, where


def late_visits(domains):
    for name in ("SV", "LB"):
        if name in domains:
            where(name, "VISIT", "WEEK 28", VISITDY=180.0)(domains)


# id, damage, rule, words of the finding
CASES = [
    # what is there
    ("no subjects' domain", drop("DM"), "STR-01", "Domain DM is missing"),
    ("no exposure domain", drop("EX"), "STR-01", "Domain EX is missing"),
    ("no adverse event domain", drop("AE"), "STR-06", "can't show adverse events"),
    ("no laboratory domain", drop("LB"), "STR-06", "can't show laboratory values"),
    ("no disposition domain", drop("DS"), "STR-06", "can't show disposition"),
    ("no vital signs domain", drop("VS"), "STR-07", "nothing is known of weight"),
    ("no history domain", drop("MH"), "STR-07", "nothing is known of duration of the disease"),
    ("no medication domain", drop("CM"), "CM-03", "rescue therapy recorded there isn't known"),
    ("no procedure domain", drop("PR"), "CM-03", "rescue therapy recorded there isn't known"),
    ("no supplement of events", drop("SUPPAE"), "STR-07", "nothing is known of dose-limiting toxicities"),
    ("no doses", strip("EX", "EXDOSE"), "STR-02", "lacks EXDOSE"),
    ("no sexes", strip("DM", "SEX"), "STR-02", "lacks SEX"),
    ("no seriousness", strip("AE", "AESER"), "STR-02", "lacks AESER"),
    ("no laboratory dates", strip("LB", "LBDTC"), "STR-02", "lacks LBDTC"),
    ("no relations", strip("AE", "AEREL"), "AE-06", "AE: has no AEREL"),
    ("no rescue category", strip("CM", "CMCAT"), "CM-03", "CMCAT is not in the data"),
    ("a file without rows", empty("AE"), "STR-04", "AE: has no records"),
    ("no subject at all", empty("DM"), "STR-09", "holds 0 subjects"),
    ("one subject", keep("DM", "USUBJID == 'SIM-001'"), "STR-09", "holds 1 subject;"),
    ("an all-male trial", every("DM", SEX="M"), "STR-10", "all subjects are of one sex"),
    ("platelets under another code", where("LB", "LBTESTCD", "PLAT", LBTESTCD="PLT"), "STR-08", "found ALP"),
    ("events without a class of their own", put("AE", AEBODSYS=""), "AE-07", "is shown as not coded"),
    # keys
    ("a subject twice", again("DM"), "KEY-01", "more than one record for SIM-001"),
    ("a number twice", put("EX", 1, EXSEQ=1.0), "KEY-02", "EXSEQ appears twice for SIM-001"),
    ("events of a stranger", put("AE", USUBJID="SIM-999"), "KEY-03", "SIM-999, who is not in DM"),
    ("a subject in small letters", put("LB", USUBJID="sim-001"), "KEY-03", "sim-001, who is not in DM"),
    ("a subject with a blank", put("LB", USUBJID=" SIM-001"), "KEY-03", "who is not in DM"),
    ("nobody's event", put("AE", USUBJID=""), "KEY-04", "USUBJID is empty in 1 record"),
    ("two studies", put("DM", STUDYID="X"), "KEY-05", "holds several studies"),
    ("a file of another study", every("LB", STUDYID="X"), "KEY-06", "LB: STUDYID is 'X'"),
    ("another study", every("DM", STUDYID="NCT00000000"), "KEY-07", "but the study file is of NCT04014166"),
    ("a person under two numbers", put("DM", 1, SUBJID="001"), "KEY-08", "under several USUBJID"),
    ("the same event twice", again("AE"), "KEY-10", "recorded before"),
    ("the same count twice", again("LB"), "KEY-11", "the same result twice"),
    ("two counts at one time", again("LB", LBSTRESN=9.0, LBSTRESC="9"), "KEY-12", "several results at"),
    ("a qualifier of no event", put("SUPPAE", IDVARVAL="77"), "SUPP-01", "that isn't there"),
    ("a qualifier by an unknown key", put("SUPPAE", IDVAR="AESPID"), "SUPP-01", "that isn't there"),
    ("a qualifier twice", again("SUPPAE"), "SUPP-03", "appears twice"),
    ("a qualifier of another domain", put("SUPPAE", RDOMAIN="LB"), "SUPP-05", "it has to be AE"),
    # arms
    ("a subject in no cohort", put("DM", ARMCD="ESC50"), "DM-02", "got treatment in EX"),
    ("cohorts nobody knows", every("DM", ARMCD="A"), "DM-01", "no subject's ARMCD"),
    ("a subject in two cohorts", put("DM", ACTARMCD="ESC20"), "DM-03", "planned was 'ESC05'"),
    ("a crowded cohort", put("DM", 3, ARMCD="ESC05"), "DM-05", "cohort ESC05 has 4 subjects"),
    ("too old", put("DM", AGE=71.0), "DM-06", "the protocol takes 18 to 60 years"),
    ("enrolled, never treated", keep("EX", "USUBJID != 'SIM-002'"), "DM-07", "SIM-002 has arm ESC05"),
    ("treated in spite of failing", put("DS", 3, DSDECOD="SCREEN FAILURE"), "DS-06", "EX has an administration"),
    ("age unknown", put("DM", AGE=float("nan")), "DM-08", "AGE of SIM-001 is empty"),
    ("age impossible", put("DM", AGE=360.0), "VAL-01", "AGE of SIM-001 is 360"),
    # dates
    ("a date in words", put("LB", LBDTC="21NOV2019"), "DATE-01", "'21NOV2019'"),
    ("a date of no calendar", put("AE", AESTDTC="2020-02-30"), "DATE-01", "'2020-02-30'"),
    ("a time of no clock", put("LB", LBDTC="2019-11-21T25:00"), "DATE-01", "T25:00"),
    ("a time zone of nowhere", put("EX", EXSTDTC="2019-11-28T11:25+25:00"), "DATE-01", "in local time"),
    ("a first dose in a month", put("EX", EXSTDTC="2019-11"), "DATE-02", "study days can't be counted"),
    ("a dose without date", put("EX", EXSTDTC=""), "DATE-02", "EXSTDTC of SIM-001 is empty"),
    ("a dose that ends first", put("EX", EXENDTC="2019-11-27"), "DATE-03", "lies before EXSTDTC"),
    ("an event that ends first", put("AE", AEENDTC="2019-11-01"), "DATE-04", "lies before AESTDTC"),
    ("consent after treatment", put("DM", RFICDTC="2019-12-24"), "DATE-05", "consent after the first infusion"),
    ("a sample before consent", put("LB", LBDTC="2019-10-01"), "DATE-07", "before the day of consent"),
    ("a sample after death", put("DM", DTHFL="Y", DTHDTC="2020-01-15"), "DATE-08", "after the subject's death"),
    ("a sample after the end", put("DM", RFPENDTC="2020-01-15"), "DATE-09", "after the end of participation"),
    ("another first dose in DM", put("DM", RFXSTDTC="2019-11-29"), "DATE-10", "is of 2019-11-28"),
    ("a wrong study day", put("EX", EXSTDY=5.0), "DATE-11", "is study day 1"),
    ("the wrong century", put("MH", MHSTDTC="0217-07-29"), "DATE-13", "before 1900"),
    ("a diagnosis after consent", put("MH", MHSTDTC="2020"), "MH-03", "the disease starts after consent"),
    # infusions
    ("ten times the dose", put("EX", EXDOSE=5.0), "EX-02", "the arm ESC05 gets 0.5"),
    ("a negative dose", put("EX", EXDOSE=-0.5), "EX-01", "EXDOSE is negative"),
    ("no dose", put("EX", EXDOSE=0.0), "EX-03", "nothing was given"),
    ("doses in milligrams", every("EX", EXDOSU="mg"), "UNIT-02", "the study's dose unit"),
    ("an infusion five days late", put("EX", 2, EXSTDTC="2019-12-15", EXENDTC="2019-12-15"), "EX-04", "study day 18"),
    ("five infusions", again("EX", 3, EXSTDTC="2019-12-27", EXENDTC="2019-12-27"), "EX-05", "infusion 5 of 4"),
    ("an infusion twice", again("EX"), "EX-06", "the same administration appears twice"),
    ("two infusions on a day", again("EX", EXSTDTC="2019-11-28T15:00", EXENDTC="2019-11-28T16:00"), "EX-07", "the two count as one"),
    ("an infusion of a night", put("EX", EXENDTC="2019-11-29T08:00"), "EX-08", "took 1235 minutes"),
    # values
    ("platelets below zero", where("LB", "LBTESTCD", "PLAT", LBSTRESN=-5.0), "VAL-02", "LBSTRESN of SIM-001 is -5"),
    ("platelets per litre", where("LB", "LBTESTCD", "PLAT", LBSTRESN=3e6), "VAL-02", "Was it counted per µL?"),
    ("platelets per microlitre", where("LB", "LBTESTCD", "PLAT", LBSTRESU="/uL"), "UNIT-01", "PLAT is in '/uL'"),
    ("weight in stones", where("VS", "VSTESTCD", "WEIGHT", VSSTRESU="STONE"), "UNIT-01", "no known unit"),
    ("weight in grams", where("VS", "VSTESTCD", "WEIGHT", VSSTRESN=6e4), "VAL-03", "WEIGHT is 2 to 400 kg"),
    ("haemoglobin in g/dL as g/L", where("LB", "LBTESTCD", "K", LBSTRESN=41.6), "VAL-04", "K lies in 1 to 12"),
    ("one test in two units", put("LB", LBSTRESU="ukat/L"), "UNIT-03", "LBSTRESU of PLAT is '10^9/L', 'ukat/L'"),
    ("number and text apart", put("LB", LBSTRESC="750"), "VAL-07", "but LBSTRESC is '750'"),
    ("a range upside down", put("LB", LBSTNRLO=500.0), "VAL-09", "above the upper limit of PLAT"),
    ("normal, it says", where("LB", "LBTESTCD", "PLAT", LBNRIND="NORMAL"), "VAL-10", "but PLAT is"),
    ("no baseline", keep("LB", "not (LBTESTCD == 'PLAT' and LBDY <= 1)"), "BASE-01", "no platelet count of SIM-001"),
    ("a healthy baseline", where("LB", "LBBLFL", "Y", LBSTRESN=150.0, LBSTRESC="150"), "BASE-03", "reaches 30"),
    ("missing visits", keep("LB", "not (VISIT == 'WEEK 12')"), "VIS-05", "12"),
    ("a visit out of its window", late_visits, "VIS-01", "planned for day 180"),
    # events
    ("serious without a criterion", where("AE", "AESHOSP", "Y", AESHOSP="N"), "AE-01", "no criterion"),
    ("a criterion, not serious", where("AE", "AESER", "Y", AESER="N"), "AE-02", "doesn't count as serious"),
    ("fatal and alive", put("AE", AEOUT="FATAL"), "DTH-01", "no record of DM, DS tells of it"),
    ("grade 5 and recovered", put("AE", AETOXGR="5"), "AE-04", "RECOVERED/RESOLVED"),
    ("grade 6", put("AE", AETOXGR="6"), "TERM-02", "allowed are the grades 1 to 5"),
    ("an unknown relation", put("AE", AEREL="Y"), "TERM-04", "counts as not related"),
    ("an answer in words", put("AE", AESER="Yes"), "TERM-01", "allowed: Y or N"),
    ("an unknown end", where("DS", "DSDECOD", "LOST TO FOLLOW-UP", DSDECOD="LOST"), "DS-02", "counts as discontinued"),
    ("a reaction far from any infusion", where("AE", "AEDECOD", "Infusion related reaction", AESTDTC="2022-12-28"), "AE-14", "in the 24 hours before"),
    ("rescue in other words", where("CM", "CMCAT", "RESCUE THERAPY", CMCAT="Rescue"), "CM-01", "ends response"),
    ("an encoding lost", put("AE", AETERM="BL\ufffdUE FLECKEN"), "TXT-01", "lost in an encoding"),
    ("two ends of the study", both(again("DS", 3, DSDECOD="DEATH")), "DS-01", "a second end of the study"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("damage", "rule", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_the_fault_is_named(simulated, study, damage, rule, words):
    domains = dict(simulated)
    damage(domains)
    found = fired(rule, domains, study)
    assert words in "\n".join(found["message"])


def test_there_are_many_kinds_of_fault():
    assert len(CASES) >= 80
