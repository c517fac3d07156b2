"""The response oracle: courses of platelet counts with the answer worked out by hand.

Day 8 is week 1, Day 29 week 4, Day 183 week 26. The baseline is the count on Day 1 unless said otherwise. Where
two careful people would dispute the answer, ``why`` says how the choice goes and what the other reading is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd
import pytest

from itpcsr.adam.datasets import Datasets
from tests import small


@dataclass(frozen=True)
class Course:
    """One subject: counts by day, answers by PARAMCD or variable of CBOR, and what else was recorded."""

    why: str
    counts: dict[int, float]
    answers: dict[str, object]
    bleeding: tuple[tuple[int, int | None], ...] = ()  # days of adverse events, None for no end
    grades: dict[int, int] = field(default_factory=dict)  # WHO grades by day
    rescue: str = ""  # first day of rescue therapy, ISO 8601, possibly partial


def weekly(*values: float, first: int = 1) -> dict[int, float]:
    """Return values at weekly visits, from week ``first`` on."""
    return {1 + 7 * (first + place): value for place, value in enumerate(values)}


STEADY = {1: 10, **weekly(*[60.0] * 28)}
COURSES = {
    "plain": Course(
        "two counts a week apart, at least 30 and doubled",
        {1: 10, 8: 35, 15: 40},
        {"CBOR": "R", "ADY": 8, "CNFDY": 15, "PLAT": 35, "CNFPLAT": 40, "LOSDY": None},
    ),
    "six days": Course("six days apart confirm nothing", {1: 10, 8: 35, 14: 40}, {"CBOR": "NR"}),
    "fifty and fifty": Course(
        "high enough and doubled for eight weeks, never 100", {1: 10, **weekly(*[55] * 8)}, {"CBOR": "R", "CRDY": None}
    ),
    "complete": Course(
        "CR is nested in R: the response dates from 40 on Day 8, the complete one from Day 15",
        {1: 10, 8: 40, 15: 120, 22: 130},
        {"CBOR": "CR", "ADY": 8, "CRDY": 15},
    ),
    "complete without doubling": Course(
        "IWG asks for no doubling of a complete response; reading it as R and more would say NR",
        {1: 60, 8: 110, 15: 115},
        {"CBOR": "CR", "ADY": 8},
    ),
    "complete once": Course(
        "one count of 100 isn't a confirmed complete response, but it confirms the response",
        {1: 10, 8: 35, 15: 110, 22: 60},
        {"CBOR": "R", "CRDY": None},
    ),
    "exact limits": Course("30 and exactly twice baseline both count", {1: 15, 8: 30, 15: 30}, {"CBOR": "R"}),
    "below doubling": Course("39 of 20 isn't doubled", {1: 20, 8: 39, 15: 39}, {"CBOR": "NR", "ASHEARLY": "NR"}),
    "baseline of nothing": Course(
        "a baseline of 0 is doubled by every count: 30 decides alone", {1: 0, 8: 30, 15: 31}, {"CBOR": "R"}
    ),
    "gap of visits": Course(
        "two missed visits between two qualifying counts; one could ask for a count in between",
        {1: 10, 8: 35, 29: 36},
        {"CBOR": "R", "ADY": 8, "CNFDY": 29},
    ),
    "gap of months": Course(
        "no limit to the gap: the counts in between weren't taken, not low; one could call it unconfirmed",
        {1: 10, 8: 35, 120: 36},
        {"CBOR": "R", "CNFDY": 120},
    ),
    "dip in between": Course(
        "29 between two qualifying counts breaks the run; counting occasions would say R",
        {1: 10, 8: 35, 12: 29, 15: 35},
        {"CBOR": "NR"},
    ),
    "later run": Course(
        "the first run isn't confirmed, a later one is, and dates the response",
        {1: 10, 8: 35, 15: 20, 22: 31, 29: 32},
        {"CBOR": "R", "ADY": 22},
    ),
    "late responder": Course(
        "week 20: late, and IWG doubts that it is the treatment's; no limit is set, so it counts",
        {1: 10, 8: 12, 141: 40, 148: 45},
        {"CBOR": "R", "ADY": 141, "ASHINIT": "NE"},
    ),
    "single high count": Course("one count of 200 is not confirmed", {1: 10, 8: 200, 15: 12}, {"CBOR": "NR"}),
    "every other week": Course(
        "no two qualifying counts in a row", {1: 10, 8: 35, 15: 28, 22: 35}, {"CBOR": "NR"}
    ),
    "bleeding at first": Course(
        "bleeding on the day of the first count: the run begins with the next one",
        {1: 10, 8: 35, 15: 40, 22: 41},
        {"CBOR": "R", "ADY": 15, "IWGNOBL": "R"},
        bleeding=((8, 8),),
    ),
    "bleeding at confirmation": Course(
        "both counts must be free of bleeding; asking it of the first alone would say R",
        {1: 10, 8: 35, 15: 40},
        {"CBOR": "NR", "IWGNOBL": "R"},
        bleeding=((15, 15),),
    ),
    "bleeding between": Course(
        "bleeding between two visits isn't on the day of a count; one could let it break the run",
        {1: 10, 8: 35, 15: 40},
        {"CBOR": "R"},
        bleeding=((10, 12),),
    ),
    "bleeding without end": Course(
        "an event that never ended is there on every later day", {1: 10, 8: 35, 15: 40}, {"CBOR": "NR"}, bleeding=((5, None),)
    ),
    "bleeding on the scale": Course(
        "WHO grade 1 without adverse event: the primary rule reads events, the other definition both",
        {1: 10, 8: 35, 15: 40},
        {"CBOR": "R", "IWGSCALE": "NR"},
        grades={8: 1, 15: 0},
    ),
    "grade 0": Course(
        "grade 0 is no bleeding", {1: 10, 8: 35, 15: 40}, {"IWGSCALE": "R"}, grades={8: 0, 15: 0}
    ),
    "rescue before": Course(
        "all high counts follow rescue; taken as they are they would be a response",
        {1: 10, 8: 12, 15: 60, 22: 70},
        {"CBOR": "NR", "IWGRESC": "R", "COMPOS": "NR"},
        rescue=small.day(10),
    ),
    "rescue in between": Course(
        "rescue between first and confirming count: the confirming one doesn't count",
        {1: 10, 8: 35, 15: 40, 22: 40},
        {"CBOR": "NR", "IWGRESC": "R"},
        rescue=small.day(12),
    ),
    "rescue after": Course(
        "confirmed before rescue stays a response, lost on the day of rescue; the composite says no",
        {1: 10, 8: 35, 15: 40, 22: 45},
        {"CBOR": "R", "LOSDY": 20, "COMPOS": "NR"},
        rescue=small.day(20),
    ),
    "rescue of unknown day": Course(
        "rescue in March 2020 may have begun on Day 1: nothing after it counts",
        {1: 10, 8: 35, 15: 40},
        {"CBOR": "NR"},
        rescue="2020-03",
    ),
    "lost": Course(
        "two counts below 30 a week apart: lost on the first of them",
        {1: 10, **weekly(40, 45, 50, 20, 15)},
        {"CBOR": "R", "ADY": 8, "LOSDY": 29},
    ),
    "dip after confirmation": Course(
        "one low count, the next is high: no loss, as a loss needs two; by the first low count it would be one",
        {1: 10, **weekly(40, 45, 20, 50, 52)},
        {"CBOR": "R", "LOSDY": None},
    ),
    "low at the end": Course(
        "the last count is low and nothing follows: a loss that isn't confirmed isn't one",
        {1: 10, **weekly(40, 45, 50, 20)},
        {"CBOR": "R", "LOSDY": None},
    ),
    "lost by doubling": Course(
        "35 is above 30 but not twice 20: the response is lost", {1: 20, **weekly(50, 60, 35, 35)}, {"CBOR": "R", "LOSDY": 22}
    ),
    "held": Course(
        "60 for 28 weeks: every definition but the complete ones says R",
        STEADY,
        {"CBOR": "R", "ASHEARLY": "R", "ASHINIT": "R", "ASHDUR": "R", "CN2020": "R", "CNSUST": "R", "FIFTY68": "R"},
    ),
    "lost before six months": Course(
        "60 up to week 20, then 12: durable and sustained response fail, and so do the last 8 weeks",
        {1: 10, **weekly(*[60] * 20, *[12] * 8)},
        {"CBOR": "R", "ASHDUR": "NR", "CNSUST": "NR", "FIFTY68": "NR", "LOSDY": 148},
    ),
    "six of eight": Course(
        "of weeks 21 to 28 two are missed and six hold 50: enough; a seventh low one would be too many",
        {1: 10, **weekly(*[12] * 20), **weekly(50, 50, 50, first=21), **weekly(50, 50, 50, first=26)},
        {"FIFTY68": "R"},
    ),
    "five of eight": Course(
        "five of the last eight weeks, three missed: missed weeks don't count as response",
        {1: 10, **weekly(*[12] * 20), **weekly(50, 50, 50, 50, 50, first=24)},
        {"FIFTY68": "NR"},
    ),
    "not followed": Course(
        "a response, and the last count in week 10: sustained response can't be judged; one could call it no",
        {1: 10, **weekly(*[60] * 10)},
        {"CBOR": "R", "CNSUST": "NE", "ASHDUR": "NE", "FIFTY68": "NE"},
    ),
    "no count": Course("no count after the first infusion", {1: 10}, {"CBOR": "NE", "ASHEARLY": "NE"}),
    "no baseline": Course(
        "without baseline no doubling can be judged; 50 in 6 of 8 weeks needs none",
        weekly(*[60] * 28),
        {"CBOR": "NE", "FIFTY68": "R"},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def judged(study):
    """All courses as the subjects of one trial."""
    names = list(COURSES)
    domains = {
        "DM": small.dm(*((name, "ESC05") for name in names)),
        "EX": small.ex(*names),
        "LB": pd.concat([small.platelets(name, course.counts) for name, course in COURSES.items()]),
        "AE": small.events(
            *(
                small.event(name, "Epistaxis", small.day(start), "" if end is None else small.day(end))
                for name, course in COURSES.items()
                for start, end in course.bleeding
            )
        ),
        "CM": pd.DataFrame(
            [
                {"USUBJID": name, "CMSEQ": 1.0, "CMTRT": "X", "CMCAT": "RESCUE THERAPY", "CMSTDTC": course.rescue}
                for name, course in COURSES.items()
                if course.rescue
            ]
        ),
        "RS": pd.DataFrame(
            [
                {
                    "USUBJID": name, "RSSEQ": float(day), "RSTESTCD": "WHOBLEED", "RSTEST": "WHO",
                    "RSCAT": "WHO", "RSSTRESN": float(grade), "RSDTC": small.day(day), "VISIT": "",
                }
                for name, course in COURSES.items()
                for day, grade in course.grades.items()
            ]
        ),
    }  # fmt: skip
    return Datasets(
        small.trial(**{name: frame.reset_index(drop=True) for name, frame in domains.items()}), study
    )


@pytest.mark.parametrize("name", COURSES)
def test_course(judged, name):
    adrs = judged["adrs"]
    of_subject = adrs[adrs["USUBJID"] == name].drop_duplicates("PARAMCD").set_index("PARAMCD")
    for key, wanted in COURSES[name].answers.items():
        if key in of_subject.index:
            assert of_subject.loc[key, "AVALC"] == wanted, f"{key}: {COURSES[name].why}"
        elif wanted is None:
            assert pd.isna(of_subject.loc["CBOR", key]), f"{key}: {COURSES[name].why}"
        else:
            assert of_subject.loc["CBOR", key] == wanted, f"{key}: {COURSES[name].why}"


def test_there_are_thirty_courses_and_all_definitions_are_asked(study):
    assert len(COURSES) >= 30
    asked = {key for course in COURSES.values() for key in course.answers}
    assert {definition.key for definition in study.efficacy.response_definitions} <= asked


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("single high count", "qualifying counts not confirmed"),
        ("below doubling", "no count reached the threshold"),
        ("rescue before", "threshold reached only after rescue therapy"),
        ("bleeding without end", "threshold reached only on days with bleeding"),
        ("no count", "no platelet count after the first infusion"),
        ("no baseline", "no platelet count before the first infusion"),
    ],
)
def test_why_there_is_no_response(judged, name, reason):
    best = judged["adrs"].query("PARAMCD == 'CBOR'").set_index("USUBJID")
    assert best.loc[name, "REASON"] == reason


@pytest.mark.parametrize(
    ("name", "code", "days", "censored"),
    [
        ("lost", "TTRESP", 8, 0),
        ("lost", "DURRESP", 21, 0),  # Day 8 to Day 29
        ("lost", "TTLOSS", 29, 0),
        ("rescue after", "DURRESP", 12, 0),  # Day 8 to the day of rescue
        ("dip after confirmation", "DURRESP", 28, 1),
        ("rescue before", "TTRESP", 22, 1),  # to the last count, after rescue
        ("no count", "TTRESP", 1, 1),
        ("complete", "TTCR", 15, 0),
        ("plain", "TTCR", 15, 1),
    ],
)
def test_times(judged, name, code, days, censored):
    times = judged["adtte"].set_index(["USUBJID", "PARAMCD"]).loc[(name, code)]
    assert (times["AVAL"], times["CNSR"]) == (days, censored)


def test_only_responders_have_a_duration(judged):
    responders = judged["adrs"].query("PARAMCD == 'CBOR' and CRIT1FL == 'Y'")["USUBJID"]
    assert set(judged["adtte"].query("PARAMCD == 'DURRESP'")["USUBJID"]) == set(responders)


def test_time_in_response_is_between_first_and_last_qualifying_count(judged):
    shares = judged["adrs"].query("PARAMCD == 'PCTRESP'").set_index("USUBJID")["AVAL"]
    assert shares["lost"] == pytest.approx(100 * 15 / 36)  # Days 8 to 22 of 36
    assert shares["single high count"] == 0
    assert pd.isna(shares["no count"])


def test_the_best_ratio_leaves_counts_after_rescue_out(judged):
    ratios = judged["adrs"].query("PARAMCD == 'BESTRAT'").set_index("USUBJID")
    assert ratios.loc["rescue before", "AVAL"] == 1.2
    assert ratios.loc["complete", "AVAL"] == 13
    assert ratios.loc["no count", "REASON"] == "no platelet count that counts"
