"""Best confirmed response, by courses whose answer is worked out by hand. Day 8 is week 1."""

import pytest

from itpcsr.adam.datasets import derive
from tests import small


def best_of(study, counts, cm=None, ae=None):
    domains = {"DM": small.dm(("01", "ESC05")), "EX": small.ex("01"), "LB": small.platelets("01", counts)}
    if cm is not None:
        domains["CM"] = cm
    if ae is not None:
        domains["AE"] = ae
    adrs = derive(small.trial(**domains), study)["adrs"]
    return adrs[adrs["PARAMCD"] == "BOR"].iloc[0]


@pytest.mark.parametrize(
    ("counts", "answer"),
    [
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
    ],
)
def test_courses(study, counts, answer):
    assert best_of(study, counts)["AVALC"] == answer


def test_response_dates_from_the_first_count_of_the_confirmed_run(study):
    best = best_of(study, {1: 10, 8: 35, 11: 10, 15: 40, 22: 45, 29: 50})
    assert best["ADY"] == 15
    assert best["AVISITN"] == 2


def test_what_cannot_be_evaluated_says_why(study):
    assert best_of(study, {1: 10})["REASON"] == "no platelet count after the first infusion"
    assert best_of(study, {8: 50})["REASON"] == "no platelet count before the first infusion"
    assert best_of(study, {8: 50})["AVAL"] == 0


def rescue(category, start, domain="CM"):
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "USUBJID": "01",
                f"{domain}SEQ": 1.0,
                f"{domain}TRT": "X",
                f"{domain}CAT": category,
                f"{domain}STDTC": start,
            }
        ]
    )


@pytest.mark.parametrize(
    ("category", "start", "answer"),
    [
        ("RESCUE THERAPY", small.day(8), "NR"),
        ("RESCUE THERAPY", small.day(15), "NR"),  # the confirming count falls on the day of rescue
        ("RESCUE THERAPY", small.day(16), "R"),
        ("RESCUE THERAPY", "2020-03", "NR"),  # may have begun on Day 1
        ("RESCUE THERAPY", "2020-04", "R"),
        ("RESCUE THERAPY", small.day(-5), "R"),  # before treatment it is history
        ("CONCOMITANT ITP THERAPY", small.day(8), "R"),
    ],
)
def test_counts_from_the_first_day_of_rescue_on_do_not_count(study, category, start, answer):
    assert best_of(study, {1: 10, 8: 35, 15: 40}, cm=rescue(category, start))["AVALC"] == answer


@pytest.mark.parametrize(
    ("term", "start", "end", "answer"),
    [
        ("Epistaxis", small.day(8), small.day(8), "NR"),
        ("EPISTAXIS", small.day(8), small.day(8), "NR"),
        ("Epistaxis", small.day(9), small.day(14), "R"),  # between the counts
        ("Epistaxis", small.day(2), "", "NR"),  # goes on without an end
        ("Headache", small.day(8), small.day(8), "R"),
        ("Epistaxis", "", "", "NR"),
        ("Epistaxis", "", small.day(5), "R"),
        ("Epistaxis", small.day(2), "2020-03", "NR"),  # may have gone on to the 31st
    ],
)
def test_bleeding_on_the_day_of_a_count(study, term, start, end, answer):
    ae = small.events(small.event("01", term, start, end))
    assert best_of(study, {1: 10, 8: 35, 15: 40}, ae=ae)["AVALC"] == answer


def test_a_study_without_response_has_no_rows(pilot_study):
    domains = {"DM": small.dm(("01", "Pbo")), "EX": small.ex("01"), "LB": small.platelets("01", {1: 200})}
    assert derive(small.trial(**domains), pilot_study)["adrs"].empty


def test_the_simulated_trial_gives_the_published_responders(demo):
    best = demo["adrs"][demo["adrs"]["PARAMCD"] == "BOR"]
    arms = demo["adsl"].set_index("USUBJID")["ARMCD"]
    responders = best.groupby(best["USUBJID"].map(arms))["AVAL"].agg(["sum", "size"])
    assert responders.to_numpy().tolist() == [[0, 3], [2, 3], [3, 6], [3, 6]]


def test_a_sample_before_the_infusion_is_no_response(study):
    """Day 1 has a count at 07:00 and one at 08:00, the infusion is at 10:00: the later one is the baseline."""
    lb = small.platelets("01", {1: 40, 2: 10}).assign(
        LBDTC=[f"{small.day(1)}T07:00", f"{small.day(1)}T08:00"]
    )
    ex = small.ex("01")
    ex["EXSTDTC"] = ex["EXSTDTC"] + "T10:00"
    adrs = derive(small.trial(DM=small.dm(("01", "ESC05")), EX=ex, LB=lb), study)["adrs"]
    assert "OVR" not in set(adrs["PARAMCD"])
    assert adrs.query("PARAMCD == 'BOR'")["AVALC"].tolist() == ["NE"]


def test_the_week_is_that_of_the_dating_count(study):
    best = best_of(study, {1: 10, 5: 35, 8: 40, 15: 40})
    assert best["ADY"] == 5
    assert best["AVISITN"] != best["AVISITN"]  # Day 5 lies in no visit's window
