"""Each rule fires on the trial that breaks it, and names what is broken."""

import pandas as pd
import pytest

from csrkit.small_texts import own_texts
from itpcsr.sdtm import Trial
from itpcsr.sdtm.checks import COLUMNS, RULES, check_trial
from itpcsr.sdtm.checks.rules import Tables
from itpcsr.sdtm.exposure import FLAGGED
from itpcsr.study.questionnaires import Questionnaire, Questionnaires
from tests.csrkit.sdtm.reads import Reads
from tests.damage import again, both, drop, empty, every, fired, keep, nothing, put, strip, where
from tests.small import day
from tests.whole import at, held_domains, table, week_day


def trial_visits(domains):
    """Add the planned visits."""
    weeks = [
        {"VISITNUM": week + 2.0, "VISIT": f"WEEK {week}", "VISITDY": week_day(week) * 1.0}
        for week in range(1, 29)
    ]
    screening = {"VISITNUM": 1.0, "VISIT": "SCREENING", "VISITDY": -7.0}
    domains["TV"] = table("TV", [screening, *weeks])


def results(name, when, unit, **values):
    """Add results of one sample of subject 01."""
    rows = [
        {
            "USUBJID": "01", f"{name}SEQ": 900.0 + number, f"{name}TESTCD": code, f"{name}TEST": code,
            f"{name}STRESN": value, f"{name}STRESU": unit, f"{name}STRESC": f"{value:g}", f"{name}DTC": when,
        }
        for number, (code, value) in enumerate(values.items())
    ]  # fmt: skip

    def damage(domains):
        domains[name] = pd.concat([domains[name], pd.DataFrame(rows)], ignore_index=True)

    return damage


MOOD = Questionnaire(key="mood", category="Mood", code="SUM", label="Sum", items={"A": 5.0, "B": 10.0})


def answers(**scores):
    """Add one assessment of a questionnaire of subject 01."""
    rows = [
        {
            "USUBJID": "01", "QSSEQ": place, "QSTESTCD": code, "QSCAT": "MOOD", "QSSTRESN": score,
            "QSDTC": day(8), "VISIT": "WEEK 1", "VISITNUM": 4.0,
        }
        for place, (code, score) in enumerate(scores.items(), start=1)
    ]  # fmt: skip

    def damage(domains):
        domains["QS"] = table("QS", rows)

    return damage


def test_a_total_of_its_items_and_one_without_record_are_no_fault(study):
    study = study.model_copy(update={"questionnaires": Questionnaires(questionnaire_list=[MOOD])})
    for scores in ({"A": 5.0, "B": 4.0, "SUM": 9.0}, {"A": 5.0, "B": 4.0}):
        domains = held_domains()
        answers(**scores)(domains)
        assert all(fired(rule, domains, study).empty for rule in ("QS-01", "QS-02"))


def pressures(systolic, diastolic):
    return results("VS", at(1), "mmHg", SYSBP=systolic, DIABP=diastolic)


def cells(**values):
    return results("CP", at(36), "%", **values)


def several(name, code, unit, *values):
    """Add one result a week."""
    return both(
        *(results(name, at(8 + 7 * week), unit, **{code: value}) for week, value in enumerate(values))
    )


def of_each(name, code, unit, values):
    """Add three equal results by subject."""

    def damage(domains):
        for subject, value in values.items():
            several(name, code, unit, value, value, value)(domains)
            added = domains[name].index[-3:]
            domains[name].loc[added, "USUBJID"] = subject

    return damage


def titres(*found):
    """Add titres of one antibody, one a week."""
    rows = [
        {"USUBJID": "01", "ISSEQ": 900.0 + n, "ISTESTCD": "HLA2AB", "ISSTRESC": titre, "ISDTC": at(8 + 7 * n)}
        for n, titre in enumerate(found)
    ]  # fmt: skip

    def damage(domains):
        domains["IS"] = pd.concat([domains["IS"], table("IS", rows)], ignore_index=True)

    return damage


def by_flags(study):
    """Return the study with the baseline that the data flag."""
    rule = study.baseline.model_copy(update={"baseline_rule": FLAGGED})
    return study.model_copy(update={"baseline": rule})


# rule, damage, words of the message
CASES = [
    ("STR-01", drop("EX"), "Domain EX is missing; it is required"),
    ("STR-02", strip("DM", "AGE"), "domain DM lacks AGE"),
    ("STR-03", every("AE", AESTDTC=20200310.0), "AE: AESTDTC is numeric; SDTM has text there"),
    ("STR-04", empty("AE"), "AE: has no records"),
    ("STR-05", strip("RS", "USUBJID"), "RS: has no USUBJID"),
    ("STR-06", drop("AE"), "AE: the domain is absent, so the report can't show adverse events"),
    ("STR-07", drop("MB"), "MB: the domain is absent, so nothing is known of viruses"),
    ("STR-08", where("LB", "LBTESTCD", "PLAT", LBTESTCD="PLT"), "LBTESTCD is never PLAT"),
    ("STR-09", keep("DM", "USUBJID == '01'"), "DM: holds 1 subject;"),
    ("STR-10", every("DM", SEX="M"), "all subjects are of one sex; cells in blood are measured in sex F alone"),
    ("KEY-01", again("DM"), "DM: more than one record for 01"),
    ("KEY-02", put("LB", 1, LBSEQ=1.0), "LBSEQ appears twice for 01"),
    ("KEY-03", put("AE", USUBJID="09"), "AE: records of 09, who is not in DM"),
    ("KEY-04", put("AE", USUBJID=""), "AE: USUBJID is empty in 1 record"),
    ("KEY-05", put("DM", STUDYID="OTHER"), "holds several studies"),
    ("KEY-06", every("LB", STUDYID="OTHER"), "LB: STUDYID is 'OTHER', but DM says 'NCT04014166-SIM'"),
    ("KEY-07", every("DM", STUDYID="OTHER"), "STUDYID is 'OTHER', but the study file is of NCT04014166"),
    ("KEY-08", put("DM", 1, SUBJID="01"), "the same person under several USUBJID"),
    ("KEY-09", put("DM", USUBJID="SIM 001"), "blanks or odd characters"),
    ("KEY-10", again("AE"), "AE: AETERM of 01 is 'FEVER' (AESEQ 2); recorded before"),
    ("KEY-11", again("LB", 3), "the same result twice at 2020-03-31T08:00"),
    ("KEY-12", again("LB", 3, LBSTRESN=40.0, LBSTRESC="40"), "several results at 2020-03-31T08:00"),
    ("TXT-01", put("AE", AETERM="H\ufffdMATOMA"), "characters lost in an encoding"),
    ("TXT-02", put("AE", AETERM=" FEVER"), "blanks at the start"),
    ("TERM-01", put("AE", AESER="Yes"), "AE: AESER of 01 is 'Yes' (AESEQ 1); allowed: Y or N"),
    ("TERM-02", put("AE", AETOXGR="SEVERE"), "AETOXGR of 01 is 'SEVERE' (AESEQ 1); allowed are the grades 1 to 5"),
    ("TERM-03", put("DM", SEX="female"), "SEX of 01 is 'female'"),
    ("TERM-04", put("AE", AEREL="MAYBE"), "counts as not related"),
    ("TERM-05", put("AE", AEOUT="Fatal"), "Only FATAL counts as fatal"),
    ("TERM-06", put("AE", AEACN="STOPPED"), "Only DRUG WITHDRAWN counts as withdrawal"),
    ("TERM-07", put("DS", DSCAT="Disposition event"), "OTHER EVENT are read") ,
    ("TERM-08", put("EX", EPOCH="MAIN"), "no term of the codelist EPOCH"),
    ("TERM-09", put("LB", LBNRIND="BELOW"), "no term of the codelist NRIND"),
    ("TERM-10", put("LB", LBSTAT="MISSED"), "allowed: NOT DONE or nothing"),
    ("TERM-11", put("AE", AESHOSP="1"), "AESHOSP of 01 is '1'"),
    ("TERM-12", put("DM", AGEU="MONTHS"), "AGE is reported in years"),
    ("TERM-13", put("SUPPAE", QVAL="Yes"), "QVAL of AEINFRN is 'Yes'"),
    ("SUPP-01", put("SUPPAE", IDVARVAL="99"), "SUPPAE: AEINFRN names a record (AESEQ '99') of 01 that isn't there"),
    ("SUPP-02", put("SUPPCM", IDVARVAL="99"), "SUPPCM: CMNOTE names a record (CMSEQ '99') of 01 that isn't there"),
    ("SUPP-03", again("SUPPAE"), "SUPPAE: AEINFRN appears twice for AESEQ 1 of 01; keep one"),
    ("SUPP-04", again("SUPPCM"), "SUPPCM: CMNOTE appears twice for CMSEQ 1 of 01; keep one"),
    ("SUPP-05", put("SUPPAE", RDOMAIN="CM"), "in SUPPAE it has to be AE"),
    ("SUPP-06", put("SUPPAE", QNAM="AETOXGR", QVAL="3"), "AE has another value of AETOXGR"),
    ("DATE-01", put("LB", LBDTC="10MAR2020"), "LBDTC of 01 is '10MAR2020' (LBSEQ 1); dates are ISO 8601"),
    ("DATE-02", put("EX", EXSTDTC="2020-03"), "is no complete date; study days can't be counted"),
    ("DATE-03", put("EX", EXENDTC="2019-01-01"), "EXENDTC lies before EXSTDTC"),
    ("DATE-04", put("AE", AEENDTC="2020-02"), "AEENDTC lies before AESTDTC, 2020-03-17T11:00"),
    ("DATE-05", put("DM", RFICDTC=day(3)), "consent after the first infusion, 2020-03-10"),
    ("DATE-06", put("DM", BRTHDTC="2018"), "before the subject's birth"),
    ("DATE-07", put("LB", LBDTC=at(-20)), "before the day of consent"),
    ("DATE-08", put("DM", DTHFL="Y", DTHDTC=day(100)), "after the subject's death"),
    ("DATE-09", put("DM", RFPENDTC=day(100)), "after the end of participation"),
    ("DATE-10", put("DM", RFXSTDTC=day(2)), "the first administration in EX is of 2020-03-10"),
    ("DATE-11", put("AE", AESTDY=9.0), "but AESTDTC is study day 8"),
    ("DATE-12", put("AE", AESTDTC="2020-03"), "a partial date: the earliest day it allows"),
    ("DATE-13", put("CM", CMSTDTC="0215-02"), "before 1900"),
    ("DATE-14", put("LB", 4, LBDTC="2020-04"), "this platelet count is left out"),
    ("DM-01", every("DM", ARMCD="A"), "no subject's ARMCD is an arm of the study"),
    ("DM-02", put("DM", ARMCD="ESC5"), "DM: 01 ('ESC5') got treatment in EX"),
    ("DM-03", put("DM", ACTARMCD="ESC10"), "planned was 'ESC05'"),
    ("DM-04", put("DM", ARM="Half"), "ARMCD 'ESC05' goes by several names"),
    ("DM-05", again("DM", USUBJID="04"), "cohort ESC05 has 4 subjects, but 3 were to be enrolled"),
    ("DM-06", put("DM", AGE=61.0), "the protocol takes 18 to 60 years"),
    ("DM-07", keep("EX", "USUBJID != '01'"), "enrolled, never treated"),
    ("DM-08", put("DM", AGE=float("nan")), "DM: AGE of 01 is empty"),
    ("DM-09", put("DM", DTHFL="Y"), "DTHFL is Y"),
    ("DM-11", put("DM", ACTARMCD="SCRNFAIL"), "it counts as enrolled. Correct DM or EX"),
    ("DTH-01", put("DM", DTHFL="Y", DTHDTC=day(150)), "died by DM, and no record of DS, AE tells of it"),
    ("DTH-01", put("AE", AEOUT="FATAL"), "died by AE, and no record of DM, DS tells of it"),
    ("DTH-02", both(put("DM", DTHFL="Y", DTHDTC=day(150)), put("AE", AESDTH="Y", AEENDTC=day(151))), "has several dates of death"),
    ("OCC-01", put("CM", CMPRESP="Y", CMOCCUR="U"), "with a date it counts as having taken place"),
    ("TIME-01", put("AE", AESTDTC="", AESTRTPT="BEFORE", AESTTPT="SOME DAY"), "doesn't say whether it was before treatment"),
    ("VAL-01", put("DM", AGE=-4.0), "AGE of 01 is -4; no age that a person can have"),
    ("VAL-02", put("LB", LBSTRESN=3e6), "LBSTRESN of 01 is 3000000 (LBSEQ 1); no platelet count in 10^9/L"),
    ("VAL-03", put("VS", VSSTRESN=6000.0), "WEIGHT is 2 to 400 kg"),
    ("VAL-04", where("VS", "VSTESTCD", "TEMP", VSSTRESN=98.6), "TEMP lies in 30 to 44 C"),
    ("VAL-05", put("PC", PCSTRESN=-1.0), "MSC can't be negative"),
    ("VAL-06", put("CP", CPSTRESN=120.0), "TREG is a percentage"),
    ("VAL-07", put("LB", LBSTRESC="12"), "but LBSTRESC is '12'. The number is used"),
    ("VAL-08", put("LB", LBORRES="12"), "but LBORRES is '12' in the same unit"),
    ("VAL-09", put("LB", LBSTNRLO=400.0), "above the upper limit of PLAT, 350"),
    ("VAL-10", put("LB", LBNRIND="NORMAL"), "but PLAT is 10, and the range 125 to 350"),
    ("VAL-11", put("LB", LBSTRESN=float("nan"), LBSTRESC="CLUMPED"), "is no number and is left out"),
    ("UNIT-04", where("LB", "LBTESTCD", "PLAT", LBTESTCD="K", LBSTRESU="mg/dL"), "these values have no grade"),
    ("VAL-18", put("LB", LBSTRESN=float("nan"), LBSTRESC="<5"), "is only known to be <5"),
    ("VAL-18", put("LB", LBSTRESN=float("nan"), LBSTRESC="<5"), "is left out of means (1 of 87 results of this test)"),
    ("VAL-18", where("LB", "LBTESTCD", "IL10", LBSTRESN=float("nan"), LBSTRESC="<1", LBTESTCD="INTLK10"), "results of INTLK10 that are only known to lie beyond a limit: 18 of 18. In means of markers 0.5 times"),
    ("VAL-18", put("VS", VSSTRESC=">150"), "WEIGHT of 2020-03-03T08:00 is only known to be >150 kg. It is left out"),
    ("VAL-18", put("VS", VSSTRESN=float("nan"), VSSTRESC="", VSORRES="≥150"), "is only known to be >=150 kg"),
    ("VAL-18", put("IS", ISSTRESC=">1:640"), "HLA1AB of 2020-03-09T08:00 is only known to be >640"),
    ("VAL-18", put("IS", ISTESTCD="GP2B3AAB", ISSTRESC=">10"), "the limit is taken as its ratio (1 of 1 results"),
    ("VAL-18", where("CP", "CPTESTCD", "TREG", CPSTRESC=">90", CPTESTCD="TLHRTLH"), "results of TLHRTLH that are only known"),
    ("PC-13", put("PC", 3, PCSTRESN=5000.0, PCSTRESC=">5000"), "is only known to be >5000 CELLS/ML. It is left out (1 samples"),
    ("PC-13", put("PC", 3, PCSTRESN=float("nan"), PCSTRESC="", PCORRES=">5000"), "is only known to be >5000 CELLS/ML"),
    ("IS-04", put("IS", ISTESTCD="GP2B3AAB", ISSTRESC="<2"), "reaches the cut-off of 1 isn't known"),
    ("IS-05", put("IS", ISSTRESC="POSITIVE", ISSTRESN=0.5), "no dilution, so the titre of HLA1AB on 2020-03-09T08:00"),
    ("IS-06", titres("1:10", "1:20", "1:37", "1:40", "1:40", "1:160"), "a titre of 37 is no doubling from 40"),
    ("DM-12", every("DM", COUNTRY="China"), "no code of ISO 3166-1 alpha-3"),
    ("DM-12", both(every("DM", COUNTRY="CHN"), put("DM", COUNTRY="CHI")), "COUNTRY of 01 is 'CHI'; no code of ISO 3166-1 alpha-3, such as CHN or USA (nearly 'CHN')"),
    ("DTH-03", both(put("DM", DTHFL="Y"), keep("EX", "USUBJID != '01'")), "01 died by DM, and EX has no administration"),
    ("AE-04", put("AE", AESDTH="Y"), "the outcome of 'Pyrexia' is 'RECOVERED/RESOLVED', and AESDTH 'Y'"),
    ("AE-21", put("AE", AESLIFE="Y"), "AETOXGR of 01 is '1' (AESEQ 1); but AESLIFE is Y for 'Pyrexia'"),
    ("AE-22", put("AE", AESEV="Severe"), "but AESEV of 'Pyrexia' is 'Severe'"),
    ("AE-23", put("AE", AEDECOD="Platelet count decreased"), "but the lowest PLAT of 'Platelet count decreased' is 20, grade 4"),
    ("AE-23", both(put("AE", AEDECOD="Neutropenia", AETOXGR="4", AEENDTC=""), results("LB", at(8), "10^9/L", NEUT=3.0)), "the lowest NEUT of 'Neutropenia' is 3, grade 1"),
    ("CM-09", both(again("CM", CMCAT="RESCUE THERAPY", CMSTDTC=day(40)), again("CM", 1, CMCAT="CONCOMITANT MEDICATION", CMSTDTC=day(30))), "CMCAT of 02 is 'CONCOMITANT MEDICATION' (CMSEQ 3); but RITUXIMAB, begun on"),
    ("CM-09", again("CM", CMCAT="CONCOMITANT MEDICATION", CMINDC="Low platelets", CMSTDTC=day(30)), "for 'LOW PLATELETS', looks like 'RESCUE THERAPY'"),
    ("TERM-26", put("VS", VSTESTCD="Weight"), "VSTESTCD of 01 is 'Weight' (VSSEQ 1); codes are read as they stand"),
    ("QUAL-02", put("MH", MHSTRF="AFTER"), "MHSTRF is 'AFTER' in 1 record(s) and isn't read"),
    ("VAL-19", put("LB", LBSTRESN=float("nan"), LBSTRESC="<50"), "A response that hangs on it is not evaluable"),
    ("VAL-20", put("LB", LBSPEC="URINE"), "is a parameter of its own"),
    ("VAL-12", put("LB", LBSTRESN=float("nan"), LBSTRESC="", LBORRES=""), "nothing says NOT DONE"),
    ("UNIT-01", put("LB", LBSTRESU="/uL"), "LB: LBSTRESU of 01: PLAT is in '/uL'; 10^9/L is expected"),
    ("UNIT-01", put("PC", 1, PCSTRESU="CELLS/UL"), "MSC is in 'CELLS/UL'; CELLS/ML is expected"),
    ("UNIT-02", every("EX", EXDOSU="mg"), "the study's dose unit is 10^6 CELLS/KG"),
    ("UNIT-03", put("LB", 30, LBSTRESU="ng/L"), "IL10 is 'ng/L', 'pg/mL'"),
    ("EX-01", put("EX", EXDOSE=-1.0), "EXDOSE is negative"),
    ("EX-02", put("EX", EXDOSE=5.0), "the arm ESC05 gets 0.5, and EXADJ gives no reason"),
    ("EX-03", put("EX", EXDOSE=0.0), "doesn't count as an infusion"),
    ("EX-04", put("EX", 1, EXSTDTC=at(12, "09:00"), EXENDTC=at(12, "10:00")), "study day 12; infusions are planned on"),
    ("EX-05", again("EX", 3, EXSTDTC=at(29), EXENDTC=at(29, "09:00")), "infusion 5 of 4 planned"),
    ("EX-06", again("EX", 3), "the same administration appears twice"),
    ("EX-07", again("EX", 3, EXSTDTC=at(22, "11:00"), EXENDTC=at(22, "12:00")), "a further part of the infusion begun before"),
    ("EX-08", put("EX", EXENDTC=at(1, "22:00")), "the infusion took 780 minutes"),
    ("EX-09", keep("EX", "USUBJID != '01' or EXSEQ < 4"), "the last of 3 infusions; 4 were planned"),
    ("EX-10", put("EX", EXTRT="PLACEBO"), "other subjects got 'hUC-MSC'"),
    ("BASE-01", keep("LB", "USUBJID != '01' or LBDY > 0"), "no platelet count of 01 before the first infusion"),
    ("BASE-02", keep("LB", "USUBJID != '01' or LBDY < 0"), "no platelet count of 01 after the first infusion"),
    ("BASE-03", put("LB", LBSTRESN=60.0), "the baseline count reaches 30"),
    ("BASE-04", put("LB", LBSTRESN=0.0), "no ratio to this baseline"),
    ("BASE-05", put("LB", 4, LBBLFL="Y"), "isn't the last before the first infusion"),
    ("BASE-06", keep("VS", "USUBJID != '01'"), "no weight of 01 on or before the day of the first infusion"),
    ("BASE-08", every("LB", LBBLFL=""), "no record of PLAT before the first dose is flagged as baseline (LBBLFL, LBLOBXFL), so the last one before it counts, in 3 subject(s)"),
    ("BASE-08", nothing, "no record of HLA1AB before"),
    ("VIS-01", put("SV", 3, SVSTDTC=day(33)), "study day 33, planned for day 29 (±2)"),
    ("VIS-02", put("SV", 4, SVSTDTC=day(10)), "before a visit with a lower number"),
    ("VIS-03", again("SV", 4, SVSTDTC=day(60)), "VISIT 'WEEK 5' of 01 is on days that are too far apart"),
    ("VIS-04", put("SV", 4, VISIT="WEEK FIVE"), "visit number 7 has another name elsewhere"),
    ("VIS-05", keep("LB", "USUBJID != '01' or VISIT not in ['WEEK 7', 'WEEK 9']"), "planned weeks 7, 9"),
    ("VIS-06", put("LB", 4, LBDTC=at(40)), "SV has WEEK 4 on 2020-04-07"),
    ("AE-01", put("AE", AESER="Y"), "no criterion of seriousness is Y for 'Pyrexia'"),
    ("AE-02", put("AE", AESHOSP="Y"), "It doesn't count as serious"),
    ("AE-03", put("AE", AEOUT="FATAL"), "but AESDTH is 'N'"),
    ("AE-04", put("AE", AETOXGR="5"), "the outcome of 'Pyrexia' is 'RECOVERED/RESOLVED'"),
    ("AE-05", put("AE", AEREL=""), "AEREL of 01 is empty (AESEQ 1); so 'Pyrexia' counts as not related"),
    ("AE-06", strip("AE", "AEREL"), "AE: has no AEREL"),
    ("AE-07", put("AE", AEDECOD=""), "so the event 'FEVER' is shown as not coded"),
    ("AE-08", put("AE", AEBODSYS="Vascular disorders"), "'Pyrexia' is in several classes"),
    ("AE-09", put("AE", AESTDTC=""), "counts as treatment-emergent unless"),
    ("AE-10", put("AE", AESTDTC=day(-30)), "may be medical history"),
    ("AE-11", put("AE", AEOUT="NOT RECOVERED/NOT RESOLVED"), "AEENDTC of 01 is"),
    ("AE-12", put("AE", AEENDTC=""), "is recovered; it counts as ongoing"),
    ("AE-13", both(every("SUPPAE", QNAM="AEDLT"), keep("EX", "USUBJID != '01'")), "a dose-limiting toxicity before or without"),
    ("AE-14", put("AE", AESTDTC=day(100)), "none was given in the 24 hours before"),
    ("AE-15", put("AE", AEACN="DRUG WITHDRAWN"), "infusions go on after the start of 'Pyrexia'"),
    ("AE-16", both(put("AE", AEACN="DRUG WITHDRAWN"), keep("EX", "USUBJID != '01'")), "was never treated"),
    ("DS-01", again("DS", 2, DSSTDTC=day(190)), "a second end of the study"),
    ("DS-02", put("DS", 2, DSDECOD="GONE"), "no term of the codelist NCOMPLT"),
    ("DS-03", put("DS", 2, DSSTDTC=day(90)), "where follow-up takes 28 weeks"),
    ("DS-04", keep("EX", "USUBJID != '01' or EXSEQ < 4"), "completed treatment with 3 of 4 infusions"),
    ("DS-05", keep("DS", "USUBJID != '01'"), "the subject counts as ongoing"),
    ("DS-06", again("DS", DSDECOD="SCREEN FAILURE", DSCAT="DISPOSITION EVENT"), "EX has an administration"),
    ("DS-07", put("DS", 2, DSSTDTC="2020-09"), "the end (COMPLETED) has no complete date"),
    ("MH-01", put("MH", MHTERM="Asthma", MHDECOD="Asthma"), "no history of 01 names the disease"),
    ("MH-02", put("MH", MHSTDTC=""), "so the duration of 'Immune thrombocytopenia' is unknown"),
    ("MH-03", put("MH", MHSTDTC="2020-05"), "the disease starts after consent"),
    ("CM-01", again("CM", CMCAT="Rescue"), "only 'RESCUE THERAPY' ends response"),
    ("CM-02", again("CM", CMCAT="PRIOR THERAPY"), "only 'PRIOR ITP THERAPY' counts as earlier therapy"),
    ("CM-03", drop("PR"), "PR: the domain is absent, so rescue therapy recorded there isn't known"),
    ("CM-04", again("CM", CMCAT="RESCUE THERAPY", CMSTDTC=""), "rescue therapy (RITUXIMAB) without a date"),
    ("CM-05", both(again("CM", CMCAT="RESCUE THERAPY", CMSTDTC=day(40)), put("LB", 9, LBSTRESN=90.0)), "after rescue therapy"),
    ("CM-06", put("CM", CMDECOD=""), "'RITUXIMAB' isn't coded"),
    ("PC-01", put("PC", 2, PCDTC=at(1, "07:00")), "before infusion 1, though named 1 h after it"),
    ("PC-02", put("PC", 2, PCDTC=at(1, "11:30")), "1.50 h from infusion 1 where 1 h were planned"),
    ("PC-03", put("DM", SEX="M"), "records of 01, whose sex is M (10)"),
    ("PC-04", keep("PC", "USUBJID != '01'"), "no sample of 01 (sex F), who was treated"),
    ("PC-05", put("PC", PCSTRESN=60.0), "below the limit of quantification, 120"),
    ("PC-06", put("PC", 2, PCTPTNUM=3.0), "no hour of the protocol"),
    ("PC-07", keep("PC", "PCTPTNUM != 4"), "has 9 of the 10 planned samples"),
    ("PC-08", put("PC", 2, PCRFTDTC=at(2, "09:00")), "neither start nor end of infusion 1"),
    ("PC-09", every("PC", PCLLOQ=50.0), "the study file says 120"),
    ("PC-10", put("PC", 2, PCDTC=day(1)), "no date with time"),
    ("MB-01", keep("MB", f"not (USUBJID == '01' and MBTESTCD == 'HCAB' and MBDTC == '{at(week_day(16))}')"), "no HCAB of 01 near week(s) 16"),
    ("MB-02", put("MB", MBSTRESC="POSITIVE"), "a safety finding"),
    ("MB-03", keep("MB", f"USUBJID != '01' or MBDTC > '{day(1)}'"), "no virus test of 01 before infusion 1"),
    ("MB-04", put("MB", MBSTRESC="CLEAN"), "neither NEGATIVE, POSITIVE nor a number"),
    ("IS-01", nothing, "who isn't among the first 1 treated"),
    ("IS-02", keep("IS", f"USUBJID != '01' or ISDTC < '{day(1)}'"), "no antibody sample of 01 after treatment"),
    ("IS-03", put("IS", ISSTRESC="1:4O"), "ISSTRESC of 01 is '1:4O'"),
    ("CP-01", keep("CP", f"USUBJID != '01' or CPDTC != '{at(week_day(8))}'"), "no cell phenotypes of 01 near week(s) 8"),
    ("CP-02", keep("LB", f"USUBJID != '01' or LBCAT != 'CYTOKINE' or LBDTC != '{at(week_day(8))}'"), "no cytokines of 01 near week(s) 8"),
    ("CP-03", keep("CP", f"USUBJID != '01' or CPDTC > '{day(1)}'"), "no cell phenotypes of 01 before infusion 1"),
    ("RS-01", put("RS", RSSTRESN=7.0), "the WHO grade of bleeding (2020-03-17T08:00) is 0, 1, 2, 3 or 4"),
    ("RS-02", put("RS", 2, RSSTRESN=3.0), "but no bleeding event then in AE"),
    ("TERM-14", put("DM", 1, ACTARMCD="ESC5"), "ACTARMCD of 02 is 'ESC5'; nearly 'ESC05', so the subject's safety"),
    ("TERM-14", put("AE", AEDECOD="Epistaxsis"), "nearly 'Epistaxis', so this event doesn't count as bleeding"),
    ("TERM-14", put("SUPPAE", QNAM="aedlt"), "nearly 'AEDLT', so this toxicity isn't counted"),
    ("TERM-15", put("AE", AEREL="RELTED"), "AEREL of 01 is 'RELTED' (AESEQ 1); nearly 'RELATED'"),
    ("TERM-15", put("SUPPAE", QNAM="AEINFRM"), "nearly 'AEINFRN'"),
    ("TERM-15", put("DS", 2, DSSCAT="TREATMNT"), "nearly 'TREATMENT', so this record counts as an end of the study"),
    ("TERM-16", put("DM", RACE="ASAIN"), "RACE of 01 is 'ASAIN'; no term of its codelist (nearly 'ASIAN')"),
    ("TERM-17", put("AE", 1, AEDECOD="PYREXIA"), "AEDECOD of 02 is 'PYREXIA' (AESEQ 1); elsewhere written 'Pyrexia'"),
    ("TERM-17", put("AE", 1, AEBODSYS="General  disorders"), "elsewhere written 'General disorders'"),
    ("TERM-18", both(put("PR", 1, PRDECOD="SPLENECTOMI"), again("PR", 2, PRSTDTC="2017")), "one letter away from 'SPLENECTOMY'"),
    ("TERM-19", put("LB", 3, LBTEST="Thrombocytes"), "LBTESTCD 'PLAT' goes with 'PLAT' elsewhere"),
    ("TERM-20", where("IS", "ISTESTCD", "HLA1AB", ISTESTCD="HLA1A"), "nearly 'HLA1AB', which the study file names"),
    ("TERM-21", put("LB", 3, LBTESTCD="PLT"), "LBTESTCD of 01 is 'PLT' (LBSEQ 4); a platelet count that isn't read"),
    ("TERM-22", put("SUPPAE", QNAM="DLTFL", QLABEL="Dose limiting toxicity"), "only AEDLT is read"),
    ("TERM-23", put("SUPPAE", QNAM="INFR"), "only AEINFRN is read"),
    ("TERM-24", put("DM", ACTARMCD="OTHER"), "neither an arm of the study"),
    ("TERM-25", both(trial_visits, put("LB", 4, VISIT="CYCLE 2")), "VISIT of 01 is 'CYCLE 2' (LBSEQ 5); no visit of the trial"),
    ("QUAL-01", put("EX", EXSTRTPT="BEFORE"), "EXSTRTPT has values in 1 record(s) ('BEFORE'); nothing reads it"),
    ("QUAL-02", put("LB", 3, LBACPTFL="N"), "LBACPTFL is 'N' in 1 record(s) and isn't read: results count even where"),
    ("QUAL-02", both(every("MB", MBSPEC="SERUM"), put("MB", MBSPEC="PLASMA")), "MBSPEC is 'PLASMA', 'SERUM'"),
    ("DATE-15", put("DM", RFSTDTC=at(-6)), "the first administration in EX is of 2020-03-10"),
    ("DATE-16", put("DM", RFXENDTC=at(15)), "the end of the last administration in EX is of 2020-03-31"),
    ("DATE-17", put("DM", RFICDTC=day(-9)), "DS has informed consent on 2020-03-02"),
    ("DATE-18", put("DM", RFPENDTC=day(190)), "DS has the end of the study on 2020-09-22"),
    ("VAL-13", several("LB", "ALT", "U/L", 20.0, 22.0, 2100.0, 19.0), "ALT on 2020-03-31T08:00, 100 times the subject's median, 20.98"),
    ("VAL-14", of_each("LB", "CREAT", "umol/L", {"01": 70.0, "02": 80.0, "03": 75.0, "04": 72.0, "05": 0.8}), "the subject's median of CREAT is 0.8, that of all subjects 72"),
    ("VAL-15", several("VS", "WEIGHT", "kg", 60.0, 132.0, 61.0), "WEIGHT on 2020-03-24T08:00, where the subject's median is"),
    ("VAL-16", where("VS", "VSTESTCD", "WEIGHT", VSSTRESN=228.0), "which makes 83.7 kg/m²"),
    ("VAL-17", put("LB", 5, LBSTRESN=200.0), "a platelet count on 2020-04-14T08:00 between counts of about 20"),
    ("EX-11", both(put("EX", 1, EXSTDTC=at(15, "09:00")), put("EX", 2, EXSTDTC=at(8, "09:00"))), "Were the dates of two exchanged?"),
    ("EX-12", every("EX", VISIT="DAY 1", VISITDY=1.0), "study day 8, but DAY 1 is planned for day 1 (±2)"),
    ("FLAG-01", put("LB", 3, LBBLFL="Y"), "LBBLFL of 01 is 'Y' (LBSEQ 4); a second baseline of PLAT"),
    ("FLAG-01", put("LB", 1, LBBLFL="Y"), "a second baseline of PLAT"),
    ("FLAG-02", put("LB", 3, LBBLFL="Y"), "but PLAT is of 2020-03-31T08:00, after the first dose"),
    ("FLAG-03", put("CP", 0, CPDTC=at(40)), "no TREG of 01 before the first dose"),
    ("FLAG-04", both(put("VS", VSBLFL=""), again("DM", USUBJID="04"), again("EX", USUBJID="04"), again("VS", USUBJID="04", VSBLFL="Y")), "VSBLFL marks no WEIGHT of 01"),
    ("VIS-07", both(trial_visits, put("LB", 4, VISIT="WEEK 9")), "but TV says WEEK 4 for visit number 6"),
    ("VIS-08", every("IS", ISELTM="-PT30M", ISTPT="BEFORE", ISRFTDTC=at(1, "09:00")), "but its time point is 'BEFORE'"),
    ("AE-17", every("SUPPAE", QNAM="AEDLT"), "AETOXGR of 01 is '1' (AESEQ 1); but 'Pyrexia' is marked as dose-limiting"),
    ("AE-18", both(every("SUPPAE", QNAM="AEDLT"), put("AE", AEREL="NOT RELATED")), "AEREL of 01 is 'NOT RELATED'"),
    ("AE-19", both(every("SUPPAE", QNAM="AEDLT"), put("AE", AESTDTC=day(40))), "study day 40, and 'Pyrexia' is marked"),
    ("AE-20", put("DS", 1, DSTERM="DOSE-LIMITING TOXICITY"), "no event of 01 is marked by AEDLT in SUPPAE"),
    ("CM-01", again("CM", CMCAT="RESUCE THERAPY"), "only 'RESCUE THERAPY' ends response"),
    ("CM-01", again("PR", PRCAT="SALVAGE"), "only 'RESCUE THERAPY' ends response"),
    ("CM-07", put("CM", CMCAT=""), "so 'RITUXIMAB' counts neither as rescue nor as earlier therapy"),
    ("CM-08", put("CM", CMSTDTC=day(20)), "it starts after the first infusion, 2020-03-29"),
    ("PC-11", put("PC", PCSTRESN=500.0), "quantified before infusion 1"),
    ("PC-12", put("PC", 3, PCSTRESN=9000.0), "unlike other subjects"),
    ("REL-01", pressures(70.0, 120.0), "VSSTRESN of 01 is 120; DIABP on 2020-03-10T08:00, above SYSBP, 70, at the same time"),
    ("REL-01", cells(TLYLY=60.0, TLHLY=80.0), "TLHLY on 2020-04-14T08:00, above TLYLY, 60, of the same sample"),
    ("REL-02", cells(TLYLY=60.0, TLHLY=50.0, TLCLY=40.0), "TLHLY + TLCLY make 90, more than TLYLY, 60"),
    ("REL-03", cells(TLYLY=0.76, BLYCELY=0.1, NKLY=0.1), "a fraction, it seems"),
    ("REL-04", cells(TLHLY=40.0, TLCLY=20.0, TLYHTLYC=1.0), "but TLHLY / TLCLY make 2"),
    ("REL-05", put("IS", ISTESTCD="GP2B3AAB", ISSTRESC="POSITIVE", ISSTRESN=0.21), "the ratio of GP2B3AAB on 2020-03-09T08:00 is 0.21"),
    ("REL-06", put("MB", MBORRES="POSITIVE"), "MBSTRESC of 01 is 'NEGATIVE' (MBSEQ 1); but MBORRES is 'POSITIVE'"),
    ("RS-03", put("RS", RSTESTCD="ITPSKIN", RSCAT="ITP-BAT", RSSTRESN=7.0), "RSSTRESN of 01 is 7 (RSSEQ 1); ITPSKIN of ITP-BAT (2020-03-17T08:00) is a whole number from 0 to 3"),
    ("RS-03", put("RS", RSTESTCD="ITPMUCOS", RSCAT="itp-bat", RSSTRESN=0.5), "ITPMUCOS of ITP-BAT (2020-03-17T08:00) is a whole number"),
    ("RS-05", put("RS", RSSTRESN=float("nan"), RSSTRESC="SEVERE"), "RSSTRESC of 01 is 'SEVERE' (RSSEQ 1); WHOBLEED of 2020-03-17T08:00 has no number"),
    ("RS-05", put("RS", RSSTRESN=float("nan"), RSSTRESC="", RSORRES=">=3"), "RSSTRESC of 01 is '>=3'"),
    ("RS-06", put("RS", RSTESTCD="ECOG", RSCAT="ECOG"), "neither WHOBLEED nor a test of ITP-BAT"),
    ("QS-01", answers(A=6.0), "QSSTRESN of 01 is 6 (QSSEQ 1); a score of A is between 0 and 5"),
    ("QS-02", answers(A=5.0, B=4.0, SUM=8.0), "QSSTRESN of 01 is 8 (QSSEQ 3); the items of SUM at WEEK 1 give 9"),
    ("RS-04", put("RS", RSORRES="2"), "RSSTRESN of 01 is 1 (RSSEQ 1); but RSORRES of WHOBLEED is '2'"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "damage", "words"), CASES, ids=[case[0] for case in CASES])
def test_each_rule_fires_and_says_what_is_wrong(study, rule, damage, words):
    domains = held_domains()
    if rule == "IS-01":
        study = study.model_copy(
            update={"sampling": study.sampling.model_copy(update={"antibody_subjects": 1})}
        )
    if rule == "BASE-08":
        study = by_flags(study)
    if rule.startswith("QS-"):
        study = study.model_copy(update={"questionnaires": Questionnaires(questionnaire_list=[MOOD])})
    damage(domains)
    found = fired(rule, domains, study)
    assert words in "\n".join(found["message"])
    assert set(found["domain"]) <= {*domains, *held_domains()}


def test_nothing_is_found_where_nothing_is_wrong(study):
    assert check_trial(Trial(held_domains()), study)["message"].tolist() == []


def test_tests_without_a_flag_are_named_where_the_study_goes_by_flags_alone(study):
    domains = held_domains()
    every("LB", LBBLFL="")(domains)
    assert fired("BASE-08", domains, study).empty
    found = fired("BASE-08", domains, by_flags(study))
    assert found.loc[found["domain"] == "LB", "value"].tolist() == ["PLAT"]
    assert "VS" not in set(found["domain"])
    # one flag is enough: whoever has none then has no baseline, as another rule says
    put("LB", LBBLFL="y")(domains)
    assert "LB" not in set(fired("BASE-08", domains, by_flags(study))["domain"])
    # a flag after the first dose marks no baseline
    every("LB", LBBLFL="")(domains)
    put("LB", 3, LBBLFL="Y")(domains)
    assert "LB" in set(fired("BASE-08", domains, by_flags(study))["domain"])


@pytest.mark.parametrize("score", [float("nan"), 0.0, 4.0])
def test_grades_of_the_scale_and_missing_ones_are_no_fault(study, score):
    domains = held_domains()
    text = "" if score != score else f"{score:g}"
    put("RS", RSSTRESN=score, RSSTRESC=text, RSORRES=text)(domains)
    assert all(fired(rule, domains, study).empty for rule in ("RS-01", "RS-03", "RS-05", "RS-06"))


@pytest.mark.parametrize(
    "damage",
    [
        again("CM", CMTRT="PARACETAMOL", CMDECOD="PARACETAMOL", CMCAT="CONCOMITANT MEDICATION", CMSTDTC=day(30)),
        again("CM", 1, CMCAT="CONCOMITANT MEDICATION", CMSTDTC=day(-3)),
        again("CM", 1, CMCAT="CONCOMITANT MEDICATION", CMINDC="Premedication", CMSTDTC=day(30)),
        again("CM", 1, CMCAT="RESCUE  therapy", CMSTDTC=day(30)),
    ],
)  # fmt: skip
def test_other_drugs_earlier_therapy_and_premedication_are_no_rescue(study, damage):
    domains = held_domains()
    both(again("CM", CMCAT="RESCUE THERAPY", CMSTDTC=day(40)), damage)(domains)
    assert fired("CM-09", domains, study).empty


@pytest.mark.parametrize(("term", "grade"), [("Platelet count decreased", "3"), ("Pyrexia", "1")])
def test_a_grade_next_to_that_of_the_count_is_none_to_ask_for(study, term, grade):
    domains = held_domains()
    put("AE", AEDECOD=term, AETOXGR=grade)(domains)
    assert fired("AE-23", domains, study).empty


@pytest.mark.parametrize(
    "series", [("1:10", "1:20", "1:40", "1:640", "1:80"), ("1:5", "1:12.5", "1:31", "1:78", "1:9")]
)
def test_titres_of_one_dilution_and_of_none_are_not_told(study, series):
    domains = held_domains()
    titres(*series)(domains)
    assert fired("IS-06", domains, study).empty


@pytest.mark.parametrize("name", ["AELLT", "AEHLT", "AETRTEM"])
def test_a_qualifier_of_another_meaning_is_no_misspelling(study, name):
    domains = held_domains()
    again("SUPPAE", QNAM=name, QLABEL="Lower level term", QVAL="Fever")(domains)
    assert fired("TERM-14", domains, study).empty
    assert fired("TERM-15", domains, study).empty


def test_what_was_decided_on_reading_is_a_note(study):
    trial = Trial(held_domains(), notes={"DM": ("Text was read as cp1252.",)})
    found = check_trial(trial, study)
    assert found[["rule", "severity", "message"]].to_numpy().tolist() == [
        ["STR-11", "note", "DM: Text was read as cp1252."]
    ]


def test_every_rule_has_a_case_and_a_source():
    assert {rule for rule, *_ in CASES} | {"STR-11", "STR-12", "TXT-03"} == set(RULES)
    assert len(RULES) >= 60
    assert all(rule.title and rule.source for rule in RULES.values())


def test_findings_are_text_in_a_total_order(study):
    domains = held_domains()
    for _, damage, _ in CASES[30:60]:
        damage(domains)
    found = check_trial(Trial(domains), study)
    assert list(found.columns) == COLUMNS
    assert (found.dtypes == "str").all()
    ranks = found["severity"].map({"error": 0, "warning": 1, "note": 2})
    assert ranks.is_monotonic_increasing
    assert not found.duplicated().any()
    again = check_trial(Trial({name: domains[name] for name in reversed(domains)}), study)
    assert found.equals(again)


def apply(rules, domains, study):
    with own_texts(domains) as held:
        tables = Tables(Trial(held))
        for rule in rules:
            if rule.find is not None and rule.applies(tables):
                list(rule.find(tables, study))


@pytest.fixture(scope="module")
def reads(study):
    """Return what each rule reads of the whole trial: only what it reads can make it fail where it is lacking."""
    with own_texts(held_domains()) as domains:
        tables = Tables(Trial(domains))
        return {name: Reads(rule, tables, study) for name, rule in RULES.items()}


def test_what_a_rule_reads_is_known(reads):
    assert reads["KEY-09"].any_of("DM", ["USUBJID"])
    assert not reads["KEY-09"].any_of("DM", ["AGE", "SEX"])
    assert reads["DATE-05"].any_of("EX", ["EXSTDTC"])  # by way of the first infusion
    assert reads["TXT-01"].any_of("LB", ["LBTESTCD"])  # which looks at every variable


@pytest.mark.parametrize("name", sorted(held_domains()))
def test_no_rule_raises_without_a_domain_or_a_variable_that_it_needs(study, reads, name):
    rules = [rule for rule in RULES.values() if any(need.split(".")[0] == name for need in rule.needs)]
    for damage in (drop(name), empty(name)):
        domains = held_domains()
        damage(domains)
        apply(rules, domains, study)
    for variable in held_domains()[name].columns:
        domains = held_domains()
        strip(name, variable)(domains)
        apply([rule for rule in rules if reads[rule.id].any_of(name, [variable])], domains, study)


KINDS = [
    "USUBJID",
    "STUDYID",
    "SEQ",
    "TESTCD",
    "STRESN",
    "STRESC",
    "STRESU",
    "ORRES",
    "ORRESU",
    "DTC",
    "STDTC",
    "ENDTC",
    "CAT",
    "TRT",
    "DECOD",
    "DY",
    "STDY",
    "VISITNUM",
    "VISIT",
    "VISITDY",
    "STAT",
    "QNAM",
    "IDVAR",
    "IDVARVAL",
]


def test_no_rule_raises_without_a_kind_of_variable_in_any_domain(study, reads):
    """Most rules that look at every domain have no needs of their own."""
    for kind in KINDS:
        whole = held_domains()
        lost = {name: [c for c in frame if c in (kind, f"{name}{kind}")] for name, frame in whole.items()}
        rules = [
            rule
            for rule in RULES.values()
            if not rule.needs
            and any(reads[rule.id].any_of(name, variables) for name, variables in lost.items() if variables)
        ]
        apply(rules, {name: frame.drop(columns=lost[name]) for name, frame in whole.items()}, study)


def test_no_rule_raises_where_everything_is_missing(study):
    for damage in (lambda frame: frame.head(0), lambda frame: frame.iloc[:, :0], _blank):
        found = check_trial(Trial({name: damage(frame) for name, frame in held_domains().items()}), study)
        assert "error" in set(found["severity"]) or damage is not _blank
    assert "STR-01" in set(check_trial(Trial({}), study)["rule"])


def _blank(frame):
    return frame.assign(**{c: "" if frame[c].dtype == "str" else float("nan") for c in frame})
