"""Best confirmed response, by courses whose answer is worked out by hand. Day 8 is week 1."""

import pandas as pd
import pytest

from itpcsr.adam.datasets import Datasets
from tests import small

# counts by study day, best response
COURSES = [
    ({1: 10, 8: 35, 15: 40}, "R"),
    ({1: 10, 8: 35, 14: 40}, "NR"),  # six days apart
    ({1: 10, 8: 35, 15: 29}, "NR"),  # not confirmed
    ({1: 10, 8: 35, 12: 29, 15: 35}, "NR"),  # a failing count in between
    ({1: 10, 8: 35, 29: 35}, "R"),  # missed visits in between don't break it
    ({1: 20, 8: 35, 15: 39}, "NR"),  # not doubled
    ({1: 20, 8: 40, 15: 40}, "R"),  # exactly doubled
    ({1: 10, 8: 30, 15: 30}, "R"),  # exactly 30
    ({1: 10, 8: 120, 15: 100}, "CR"),
    ({1: 10, 8: 120, 15: 99}, "R"),  # one complete count isn't confirmed, the response is
    ({1: 10, 8: 50, 15: 120, 22: 130}, "CR"),
    ({1: 60, 8: 110, 15: 115}, "CR"),  # a complete response needs no doubling
    ({1: 60, 8: 110, 15: 90, 22: 110}, "NR"),
    ({1: 10, 8: 12}, "NR"),
    ({1: 10}, "NE"),
    ({8: 50, 15: 60}, "NE"),
    ({1: 10, 8: 35, 10: 20, 12: 20, 22: 31, 29: 31}, "R"),  # a later run is confirmed
]
# category, start, best response of a course that is a response without rescue
RESCUES = [
    ("RESCUE THERAPY", small.day(8), "NR"),
    ("RESCUE THERAPY", small.day(15), "NR"),  # the confirming count falls on the day of rescue
    ("RESCUE THERAPY", small.day(16), "R"),
    ("RESCUE THERAPY", "2020-03", "NR"),  # may have begun on Day 1
    ("RESCUE THERAPY", "2020-04", "R"),
    ("RESCUE THERAPY", small.day(-5), "R"),  # before treatment it is history
    ("CONCOMITANT ITP THERAPY", small.day(8), "R"),
]
# term, start, end, best response of the same course
BLEEDINGS = [
    ("Epistaxis", small.day(8), small.day(8), "NR"),
    ("EPISTAXIS", small.day(8), small.day(8), "NR"),
    ("Epistaxis", small.day(9), small.day(14), "R"),  # between the counts
    ("Epistaxis", small.day(2), "", "NR"),  # goes on without an end
    ("Headache", small.day(8), small.day(8), "R"),
    ("Epistaxis", "", "", "NR"),
    ("Epistaxis", "", small.day(5), "R"),
    ("Epistaxis", small.day(2), "2020-03", "NR"),  # may have gone on to the 31st
]
RESPONSE = {1: 10, 8: 35, 15: 40}


def best_of(study, counts):
    domains = {"DM": small.dm(("01", "ESC05")), "EX": small.ex("01"), "LB": small.platelets("01", counts)}
    adrs = Datasets(small.trial(**domains), study)["adrs"]
    return adrs[adrs["PARAMCD"] == "CBOR"].iloc[0]


def rescue(category, start, name):
    return pd.DataFrame([{"USUBJID": name, "CMSEQ": 1.0, "CMTRT": "X", "CMCAT": category, "CMSTDTC": start}])


@pytest.fixture(scope="module")
def judged(study):
    """Return the best response of every case, each a subject of one trial."""
    courses = {f"C{number}": counts for number, (counts, _) in enumerate(COURSES)}
    rescued = {f"R{number}": case for number, case in enumerate(RESCUES)}
    bled = {f"B{number}": case for number, case in enumerate(BLEEDINGS)}
    courses |= dict.fromkeys([*rescued, *bled], RESPONSE)
    cm = [rescue(category, start, name) for name, (category, start, _) in rescued.items()]
    ae = [small.event(name, term, start, end) for name, (term, start, end, _) in bled.items()]
    domains = {
        "DM": small.dm(*((name, "ESC05") for name in courses)),
        "EX": small.ex(*courses),
        "LB": pd.concat(
            [small.platelets(name, counts) for name, counts in courses.items()], ignore_index=True
        ),
        "CM": pd.concat(cm, ignore_index=True),
        "AE": small.events(*ae),
    }
    adrs = Datasets(small.trial(**domains), study)["adrs"]
    return adrs[adrs["PARAMCD"] == "CBOR"].set_index("USUBJID")["AVALC"]


@pytest.mark.parametrize("number", range(len(COURSES)), ids=lambda number: str(COURSES[number]))
def test_courses(judged, number):
    assert judged[f"C{number}"] == COURSES[number][-1]


@pytest.mark.parametrize("number", range(len(RESCUES)), ids=lambda number: str(RESCUES[number]))
def test_counts_from_the_first_day_of_rescue_on_do_not_count(judged, number):
    assert judged[f"R{number}"] == RESCUES[number][-1]


@pytest.mark.parametrize("number", range(len(BLEEDINGS)), ids=lambda number: str(BLEEDINGS[number]))
def test_bleeding_on_the_day_of_a_count(judged, number):
    assert judged[f"B{number}"] == BLEEDINGS[number][-1]


def test_response_dates_from_the_first_count_of_the_confirmed_run(study):
    best = best_of(study, {1: 10, 8: 35, 11: 10, 15: 40, 22: 45, 29: 50})
    assert best["ADY"] == 15
    assert best["AVISITN"] == 2


def test_what_cannot_be_evaluated_says_why(study):
    assert best_of(study, {1: 10})["REASON"] == "no platelet count after the first infusion"
    assert best_of(study, {8: 50})["REASON"] == "no platelet count before the first infusion"
    assert best_of(study, {8: 50})["CRIT1FL"] == "N"


def test_a_study_without_response_has_no_rows(pilot_study):
    domains = {"DM": small.dm(("01", "Pbo")), "EX": small.ex("01"), "LB": small.platelets("01", {1: 200})}
    assert Datasets(small.trial(**domains), pilot_study)["adrs"].empty


def test_the_best_response_at_any_count_needs_no_confirmation(study):
    lb = small.platelets("01", {1: 10, 8: 200, 15: 12, 22: 220})
    adrs = Datasets(small.trial(DM=small.dm(("01", "ESC05")), EX=small.ex("01"), LB=lb), study)["adrs"]
    best = adrs[adrs["PARAMCD"].isin(["BOR", "CBOR"])].set_index("PARAMCD")
    assert best["AVALC"].to_dict() == {"BOR": "CR", "CBOR": "NR"}
    assert best["CRIT1FL"].to_dict() == {"BOR": "Y", "CBOR": "N"}
    assert (best.loc["BOR", "ADY"], best.loc["BOR", "PLAT"], best.loc["BOR", "LASTDY"]) == (8, 200, 22)


def test_the_simulated_trial_gives_the_published_responders(demo):
    best = demo["adrs"][demo["adrs"]["PARAMCD"] == "CBOR"]
    arms = demo["adsl"].set_index("USUBJID")["ARMCD"]
    responders = (best["CRIT1FL"] == "Y").groupby(best["USUBJID"].map(arms)).agg(["sum", "size"])
    assert responders.to_numpy().tolist() == [[0, 3], [2, 3], [3, 6], [3, 6]]


def test_a_sample_before_the_infusion_is_no_response(study):
    """Day 1 has a count at 07:00 and one at 08:00, the infusion is at 10:00: the later one is the baseline."""
    lb = small.platelets("01", {1: 40, 2: 10}).assign(
        LBDTC=[f"{small.day(1)}T07:00", f"{small.day(1)}T08:00"]
    )
    ex = small.ex("01")
    ex["EXSTDTC"] = ex["EXSTDTC"] + "T10:00"
    adrs = Datasets(small.trial(DM=small.dm(("01", "ESC05")), EX=ex, LB=lb), study)["adrs"]
    assert "OVR" not in set(adrs["PARAMCD"])
    assert adrs.query("PARAMCD == 'CBOR'")["AVALC"].tolist() == ["NE"]


def test_the_week_is_that_of_the_dating_count(study):
    best = best_of(study, {1: 10, 5: 35, 8: 40, 15: 40})
    assert best["ADY"] == 5
    assert best["AVISITN"] != best["AVISITN"]  # Day 5 lies in no visit's window
