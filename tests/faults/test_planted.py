"""Faults planted in the simulated trial one at a time: a finding names the subject and the variable.

Every fault is one that a hand, a keyboard or an export makes, and that leaves data which can be read. Those
of the first list went unnoticed once.
"""

from __future__ import annotations

from functools import cache

import pandas as pd
import pytest

from itpcsr.sdtm import Trial
from itpcsr.sdtm.checks import ERROR, RULES, WARNING, check_trial
from tests.damage import fired

DAY = pd.Timedelta(days=1)


def change(name, condition, **values):
    """Set values in the records for which the query holds; there has to be one."""

    def damage(domains):
        frame = domains[name].copy()
        rows = frame.query(condition).index
        assert len(rows), f"no record of {name} is {condition}"
        for variable, value in values.items():
            if variable not in frame:
                frame[variable] = ""
            frame.loc[rows, variable] = value
        domains[name] = frame

    return damage


def scale(name, condition, factor, place=None):
    """Multiply number, text and original of the records, or of one of them."""

    def damage(domains):
        frame = domains[name].copy()
        rows = frame.query(condition).index
        rows = rows if place is None else rows[place : place + 1]
        assert len(rows), f"no record of {name} is {condition}"
        number = (frame.loc[rows, f"{name}STRESN"] * factor).round(4)
        frame.loc[rows, f"{name}STRESN"] = number
        for variable in (f"{name}STRESC", f"{name}ORRES"):
            frame.loc[rows, variable] = number.map("{:g}".format).astype("str")
        domains[name] = frame

    return damage


def later(name, condition, days, *variables):
    """Move dates by some days, times of day stay."""

    def damage(domains):
        frame = domains[name].copy()
        rows = frame.query(condition).index
        assert len(rows), f"no record of {name} is {condition}"
        for variable in variables:
            moved = pd.to_datetime(frame.loc[rows, variable].str[:10]) + days * DAY
            frame.loc[rows, variable] = moved.dt.strftime("%Y-%m-%d") + frame.loc[rows, variable].str[10:]
        domains[name] = frame

    return damage


def exchange(name, one, other, *variables):
    """Exchange values between two records."""

    def damage(domains):
        frame = domains[name].copy()
        (first,), (second,) = (frame.query(condition).index for condition in (one, other))
        for variable in variables:
            frame.loc[[first, second], variable] = frame.loc[[second, first], variable].to_numpy()
        domains[name] = frame

    return damage


def swap(name, condition, one, other):
    """Exchange the results of two tests of one sample."""
    results = [f"{name}{part}" for part in ("STRESN", "STRESC", "ORRES")]
    return exchange(
        name,
        f"{condition} and {name}TESTCD == '{one}'",
        f"{condition} and {name}TESTCD == '{other}'",
        *results,
    )


def subset_above_parent(domains):
    for test, value in (("TLYLY", 76.0), ("TLHLY", 94.0), ("TLCLY", 60.0)):
        condition = f"USUBJID == 'SIM-001' and VISIT == 'WEEK 4' and CPTESTCD == '{test}'"
        change("CP", condition, CPSTRESN=value, CPSTRESC=f"{value:g}", CPORRES=f"{value:g}")(domains)


def flag_twice(domains):
    change(
        "LB", "USUBJID == 'SIM-003' and LBTESTCD == 'ALT' and VISIT == 'SCREENING'", LBBLFL="Y", LBLOBXFL="Y"
    )(domains)


def toxicity_elsewhere(domains):
    """Move the mark of the dose-limiting toxicity to a mild event of the same subject."""
    marks, events = domains["SUPPAE"].copy(), domains["AE"]
    place = marks.index[marks["QNAM"] == "AEDLT"][0]
    own = events[events["USUBJID"] == marks.loc[place, "USUBJID"]]
    mild = own[own["AETOXGR"] == "1"]
    domains["AE"] = events
    if mild.empty:
        change(
            "AE",
            f"USUBJID == '{marks.loc[place, 'USUBJID']}' and AESEQ == 1",
            AETOXGR="1",
            AESER="N",
            AESHOSP="N",
        )(domains)
        marks.loc[place, "IDVARVAL"] = "1"
    else:
        marks.loc[place, "IDVARVAL"] = f"{mild['AESEQ'].iloc[0]:g}"
    domains["SUPPAE"] = marks


def later_baseline(domains):
    """Record and date the antibodies of Day 1 as those of Week 4."""
    condition = "USUBJID == 'SIM-003' and VISIT == 'DAY 1' and ISCAT == 'PLATELET AUTOANTIBODIES'"
    later("IS", condition, 28, "ISDTC")(domains)
    change("IS", condition, VISIT="WEEK 4", VISITNUM=7.0, VISITDY=29.0, ISBLFL="", ISLOBXFL="", ISDY=29.0)(
        domains
    )


PC_RESULTS = ("PCSTRESN", "PCSTRESC", "PCORRES")
ONE_SAMPLE = "USUBJID == 'SIM-004' and VISIT == 'WEEK 1' and VSTPTNUM == 4"

# id, damage, subject and variable that the finding names, its rule
UNNOTICED = [
    ("the reference start a week early", later("DM", "USUBJID == 'SIM-002'", -7, "RFSTDTC"), "SIM-002", "RFSTDTC", "DATE-15"),
    ("the end of exposure a week early", later("DM", "USUBJID == 'SIM-002'", -7, "RFXENDTC"), "SIM-002", "RFXENDTC", "DATE-16"),
    ("day and month of consent exchanged", change("DM", "USUBJID == 'SIM-013'", RFICDTC="2021-11-12"), "SIM-013", "RFICDTC", "DATE-17"),
    ("a race misspelt", change("DM", "USUBJID == 'SIM-005'", RACE="ASAIN"), "SIM-005", "RACE", "TERM-16"),
    (
        "infusions 2 and 3 exchanged",
        exchange("EX", "USUBJID == 'SIM-006' and EXSEQ == 2", "USUBJID == 'SIM-006' and EXSEQ == 3", "EXSTDTC", "EXENDTC", "EXSTDY", "EXENDY"),
        "SIM-006", "VISITNUM", "EX-11",
    ),
    ("a relation in small letters", change("AE", "USUBJID == 'SIM-018' and AESEQ == 2", AEREL="possibly related"), "SIM-018", "AEREL", "TERM-17"),
    ("a term in capitals", change("AE", "USUBJID == 'SIM-018' and AEDECOD == 'Pyrexia'", AEDECOD="PYREXIA"), "SIM-018", "AEDECOD", "TERM-17"),
    ("a toxicity marked at a mild event", toxicity_elsewhere, "SIM-007", "AETOXGR", "AE-17"),
    ("the mark of toxicities misspelt", change("SUPPAE", "QNAM == 'AEDLT'", QNAM="AEDLTT"), "SIM-007", "QNAM", "TERM-14"),
    ("two baselines of ALT", flag_twice, "SIM-003", "LBBLFL", "FLAG-01"),
    ("ALT a hundred times as high", scale("LB", "USUBJID == 'SIM-009' and LBTESTCD == 'ALT'", 100, 3), "SIM-009", "LBSTRESN", "VAL-13"),
    ("IL-6 a thousand times as high", scale("LB", "USUBJID == 'SIM-004' and LBTESTCD == 'INTLK6'", 1000, 2), "SIM-004", "LBSTRESN", "VAL-13"),
    ("a weight in pounds", scale("VS", "USUBJID == 'SIM-001' and VSTESTCD == 'WEIGHT'", 2.2046, 0), "SIM-001", "VSSTRESN", "VAL-15"),
    ("systolic and diastolic exchanged", swap("VS", ONE_SAMPLE, "SYSBP", "DIABP"), "SIM-004", "VSSTRESN", "REL-01"),
    ("ten times the cells", scale("PC", "USUBJID == 'SIM-002' and PCTPTNUM == 0.5", 10), "SIM-002", "PCSTRESN", "PC-12"),
    (
        "the samples around the infusion exchanged",
        exchange("PC", "USUBJID == 'SIM-002' and PCTPTNUM == -0.5", "USUBJID == 'SIM-002' and PCTPTNUM == 0.5", *PC_RESULTS),
        "SIM-002", "PCSTRESN", "PC-11",
    ),
    ("antibodies of Day 1 dated at Week 4", later_baseline, "SIM-003", "ISTESTCD", "FLAG-03"),
    (
        "positive with a low ratio",
        change("IS", "USUBJID == 'SIM-001' and ISSTRESN == 0.21", ISSTRESC="POSITIVE", ISORRES="POSITIVE"),
        "SIM-001", "ISSTRESC", "REL-05",
    ),
    ("a subset above its parent", subset_above_parent, "SIM-001", "CPSTRESN", "REL-04"),
    ("a fraction as a percentage", scale("CP", "USUBJID == 'SIM-001' and CPTESTCD == 'TLYLY'", 0.01, 0), "SIM-001", "CPSTRESN", "VAL-13"),
    ("a grade that the scale hasn't", change("RS", "USUBJID == 'SIM-003' and RSTESTCD == 'ITPSKIN' and RSSEQ < 4", RSSTRESN=7.0, RSSTRESC="7", RSORRES="7"), "SIM-003", "RSSTRESN", "RS-03"),
    ("the rescue category misspelt", change("CM", "USUBJID == 'SIM-018' and CMCAT == 'RESCUE THERAPY'", CMCAT="RESUCE THERAPY"), "SIM-018", "CMCAT", "TERM-18"),
    ("rescue for low platelets as other medication", change("CM", "USUBJID == 'SIM-018' and CMCAT == 'RESCUE THERAPY'", CMCAT="CONCOMITANT MEDICATION", CMINDC="LOW PLATELET COUNT"), "SIM-018", "CMCAT", "CM-09"),
    ("a code of no country", change("DM", "USUBJID == 'SIM-005'", COUNTRY="CHI"), "SIM-005", "COUNTRY", "DM-12"),
    ("a life-threatening event of grade 3", change("AE", "AEDECOD == 'Acute myocardial infarction'", AESLIFE="Y"), "SIM-007", "AETOXGR", "AE-21"),
    ("a score of bleeding in words", change("RS", "USUBJID == 'SIM-003' and RSTESTCD == 'WHOBLEED' and RSSEQ < 40", RSSTRESN=float("nan"), RSSTRESC="MILD", RSORRES="MILD"), "SIM-003", "RSSTRESC", "RS-05"),
]  # fmt: skip


@pytest.fixture(scope="module")
def clean(simulated, study):
    """Return what a rule says of the trial without faults, asked once."""
    return cache(lambda rule: set(fired(rule, simulated, study)["message"]))


@pytest.mark.parametrize(
    ("damage", "subject", "variable", "rule"),
    [case[1:] for case in UNNOTICED],
    ids=[case[0] for case in UNNOTICED],
)
def test_a_planted_fault_is_named(simulated, study, clean, damage, subject, variable, rule):
    domains = dict(simulated)
    damage(domains)
    found = fired(rule, domains, study)
    found = found[~found["message"].isin(clean(rule))]
    named = found[(found["subject"] == subject) & (found["variable"] == variable)]
    assert len(named), found[["subject", "variable", "message"]].to_string()
    assert RULES[rule].severity in (ERROR, WARNING)


def test_a_fault_of_each_kind_is_among_the_findings_of_the_whole_trial(simulated, study, clean):
    """The faults of different subjects, planted at once: the checks as a whole name them, too."""
    domains, planted = dict(simulated), {}
    for _, damage, subject, variable, rule in UNNOTICED:
        if subject not in planted:
            damage(domains)
            planted[subject] = (rule, subject, variable)
    found = check_trial(Trial(domains), study)
    found = found[found["severity"].isin([ERROR, WARNING])]
    named = set(found[["rule", "subject", "variable"]].itertuples(index=False, name=None))
    assert len(planted) >= 10
    assert set(planted.values()) <= named
