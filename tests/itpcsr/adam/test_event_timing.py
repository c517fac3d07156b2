"""Adverse events against infusions, the disease studied, and the time at risk."""

import numpy as np
import pandas as pd
import pytest

from itpcsr.adam.admh import platelet_grade
from itpcsr.adam.datasets import Datasets
from itpcsr.study import read_study
from tests import small

FIRST, FOURTH = "2020-03-10", "2020-03-31"


def timed(start: str = "T10:00", end: str = "T11:00", **more: object) -> pd.DataFrame:
    """Return EX of one subject with times of day (or none)."""
    ex = small.ex("01")
    return ex.assign(EXSTDTC=ex["EXSTDTC"] + start, EXENDTC=ex["EXENDTC"] + end, **more)


def derived(study, *records, ex=None, **domains):
    ex = timed() if ex is None else ex
    data = small.trial(DM=small.dm(("01", "ESC05")), EX=ex, AE=small.events(*records), **domains)
    return Datasets(data, study)


def placed(study, start, ex=None, end=""):
    return derived(study, small.event("01", "a", start, end), ex=ex)["adae"].iloc[0]


# Start of an event, and the infusion that it follows, the hours since then, and whether it is timed to it
ONSETS = [
    (f"{FIRST}T09:59", 0, None, "N"),  # on Day 1, before the first infusion
    (f"{FIRST}T10:00", 1, 0, "Y"),
    (f"{FIRST}T10:30", 1, 0.5, "Y"),
    ("2020-03-11T11:00", 1, 25, "Y"),  # 24 hours after the end
    ("2020-03-11T11:01", 1, 25 + 1 / 60, "N"),
    ("2020-03-17T09:00", 1, 167, "N"),  # before the second infusion of its day
    ("2020-03-17T10:00", 2, 0, "Y"),
    (FIRST, 1, None, "Y"),
    ("2020-03-11", 1, None, "Y"),
    ("2020-03-12", 1, None, "N"),
    ("2020-03-17", 2, None, "Y"),
    ("2020-05", 4, None, "N"),  # any day of May is long after the last infusion
    ("2020-03", None, None, ""),
    ("", None, None, ""),
    ("2020-02-01", 0, None, "N"),
]


@pytest.fixture(scope="module")
def onsets(study):
    """Return ADAE of one subject with an event for each of the starts."""
    records = [small.event("01", f"a{place}", start) for place, (start, *_) in enumerate(ONSETS)]
    return derived(study, *records)["adae"].set_index("AEDECOD")


@pytest.mark.parametrize("place", range(len(ONSETS)), ids=[start or "no start" for start, *_ in ONSETS])
def test_onset_against_the_infusions(onsets, place):
    event, (_, number, hours, flag) = onsets.loc[f"a{place}"], ONSETS[place]
    assert event["INFTIMFL"] == flag
    assert event["INFNUM"] == pytest.approx(np.nan if number is None else number, nan_ok=True)
    assert event["INFHRS"] == pytest.approx(np.nan if hours is None else hours, nan_ok=True)


def test_infusions_without_times_are_compared_by_day(study):
    starts = (f"{FIRST}T08:00", "2020-03-12T08:00")
    events = [small.event("01", f"a{place}", start) for place, start in enumerate(starts)]
    adae = derived(study, *events, ex=timed("", ""))["adae"].set_index("AEDECOD")
    event = adae.loc["a0"]
    assert (event["INFNUM"], event["INFTIMFL"]) == (1, "Y")
    assert np.isnan(event["INFHRS"])
    assert adae.loc["a1", "INFTIMFL"] == "N"


def timing(study, *starts, ex=None):
    """Return INFTIMFL of events of one subject, by their starts."""
    events = [small.event("01", f"a{place}", start) for place, start in enumerate(starts)]
    found = derived(study, *events, ex=ex)["adae"].set_index("AEDECOD")["INFTIMFL"]
    return [found[f"a{place}"] for place, _ in enumerate(starts)]


def test_without_an_end_the_hours_count_from_the_start(study):
    ex = timed().assign(EXENDTC="")
    assert timing(study, "2020-03-11T10:00", "2020-03-11T10:01", ex=ex) == ["Y", "N"]


def test_the_hours_are_those_of_the_study(root):
    study = read_study(root / "params/study.yml", infusion_hours=48)
    assert timing(study, "2020-03-12T11:00", "2020-03-12", "2020-03-13") == ["Y", "Y", "N"]


def test_a_study_without_infusions_has_no_timing(root):
    study = read_study(root / "params/study.yml", infusion_days=[])
    event = placed(study, f"{FIRST}T10:30")
    assert event["INFTIMFL"] == ""
    assert np.isnan(event[["INFNUM", "INFHRS"]].astype("float64")).all()


def test_events_of_the_disease_are_compared_with_those_before(study):
    adae = derived(
        study,
        small.event("01", "Epistaxis", small.day(-3), AETOXGR="2"),
        small.event("01", "EPISTAXIS", small.day(5), AETOXGR="2"),
        small.event("01", "Epistaxis", small.day(6), AETOXGR="3"),
        small.event("01", "Epistaxis", small.day(7), AETOXGR=""),
        small.event("01", "Purpura", small.day(5), AETOXGR="1"),
        small.event("01", "Headache", small.day(5), AETOXGR="4"),
    )["adae"]
    assert adae["DISFL"].tolist() == ["Y", "Y", "Y", "Y", "Y", "N"]
    assert adae["WORSFL"].tolist() == ["N", "N", "Y", "Y", "Y", ""]
    assert adae["BTOXGRN"].fillna(-1).tolist() == [2, 2, 2, 2, 0, -1]


# the count at baseline, or after it, and whether a fall of grade 3 and of grade 4 counts as worse
FALLS = {"01": ({-1: 20}, ["N", "N"]), "02": ({-1: 40}, ["N", "Y"]), "03": ({-1: 120}, ["Y", "Y"]),
         "04": ({3: 10}, ["Y", "Y"])}  # fmt: skip


def test_platelet_falls_are_compared_with_the_count_at_baseline_and_without_one_are_worse(study):
    records = [
        small.event(name, "Platelet count decreased", small.day(5), AETOXGR=grade)
        for name in FALLS
        for grade in ("3", "4")
    ]
    lb = pd.concat([small.platelets(name, counts) for name, (counts, _) in FALLS.items()], ignore_index=True)
    ex = pd.concat([timed().assign(USUBJID=name) for name in FALLS], ignore_index=True)
    subjects = small.dm(*((name, "ESC05") for name in FALLS))
    trial = small.trial(DM=subjects, EX=ex, AE=small.events(*records), LB=lb)
    adae = Datasets(trial, study)["adae"].sort_values(["USUBJID", "ASEVN"])
    found = adae.groupby("USUBJID")["WORSFL"].agg(list).to_dict()
    assert found == {name: worse for name, (_, worse) in FALLS.items()}


def test_platelet_grades_are_those_of_ctcae():
    counts = pd.Series([0, 24.9, 25, 49.9, 50, 74.9, 75, 300, np.nan])
    assert platelet_grade(counts).fillna(-1).tolist() == [4, 4, 3, 3, 2, 2, 0, 0, -1]


def test_participation_ends_as_dm_says_else_with_disposition_else_with_the_last_record(study):
    def end(dm, **domains):
        adsl = Datasets(small.trial(DM=dm, EX=small.ex("01"), **domains), study)["adsl"]
        return adsl["EOSDT"].iloc[0].date().isoformat(), adsl["STUDYD"].iloc[0]

    dm = small.dm(("01", "ESC05"))
    ds = pd.DataFrame(
        [
            {
                "USUBJID": "01", "DSSEQ": 1.0, "DSCAT": "DISPOSITION EVENT", "DSSCAT": scope,
                "DSDECOD": "COMPLETED", "DSSTDTC": small.day(number),
            }
            for scope, number in (("TREATMENT", 60), ("STUDY", 50))
        ]
    )  # fmt: skip
    lb = small.platelets("01", {40: 50.0})
    assert end(dm) == (small.day(22), 22)
    assert end(dm, LB=lb) == (small.day(40), 40)
    assert end(dm, LB=lb, DS=ds) == (small.day(50), 50)
    assert end(dm.assign(RFPENDTC=small.day(100)), LB=lb, DS=ds) == (small.day(100), 100)
    # an end before the last dose can't be
    assert end(dm.assign(RFPENDTC=small.day(3))) == (small.day(22), 22)


def test_the_window_ends_the_time_at_risk(root):
    study = read_study(root / "params/study.yml", treatment_emergent_days=7)
    dm = small.dm(("01", "ESC05")).assign(RFPENDTC=small.day(100))
    adsl = Datasets(small.trial(DM=dm, EX=small.ex("01")), study)["adsl"]
    assert adsl[["STUDYD", "RISKD"]].iloc[0].tolist() == [100, 29]


def test_times_to_the_first_event(study):
    datasets = derived(
        study,
        small.event("01", "a", small.day(-2)),
        small.event("01", "b", small.day(9)),
        small.event("01", "c", small.day(12), AETOXGR="3"),
    )
    times = datasets["adaette"].set_index("PARAMCD")
    assert times.loc["AEANY", ["AVAL", "CNSR"]].tolist() == [9, 0]
    assert times.loc["AESEV", ["AVAL", "CNSR"]].tolist() == [12, 0]
    assert times.loc["AESER", ["AVAL", "CNSR"]].tolist() == [22, 1]
    assert times.loc["AEANY", "ADT"] == pd.Timestamp(small.day(9))


def test_an_event_without_start_date_counts_from_day_1(study):
    times = derived(study, small.event("01", "a", ""))["adaette"].set_index("PARAMCD")
    assert times.loc["AEANY", ["AVAL", "CNSR"]].tolist() == [1, 0]


def test_an_uncoded_event_shows_its_reported_term(study):
    adae = derived(study, small.event("01", "Sore arm", small.day(2), AEDECOD=""))["adae"]
    assert adae["AEDECOD"].tolist() == ["Not coded: Sore arm"]


def test_duration_needs_both_days(study):
    adae = derived(
        study,
        small.event("01", "a", small.day(2), small.day(2)),
        small.event("01", "b", small.day(2), small.day(4)),
        small.event("01", "c", small.day(2)),
        small.event("01", "d", small.day(2), "2020-04"),
        small.event("01", "e", "2020-03", small.day(4)),
    )["adae"]
    assert adae["ADURN"].fillna(-1).tolist() == [1, 3, -1, -1, -1]
