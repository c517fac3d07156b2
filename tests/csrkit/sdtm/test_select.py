import datetime as dt

import pandas as pd

from itpcsr.sdtm import cut_trial
from tests import small

CUT = dt.date(2020, 3, 20)


def cut(**domains):
    everything = {"DM": small.dm(("01", "ESC05")), "EX": small.ex("01"), **domains}
    return cut_trial(small.trial(**everything), CUT)


def test_no_cut_off_changes_nothing():
    trial = small.trial(DM=small.dm(("01", "ESC05")))
    assert cut_trial(trial, None) is trial


def test_records_after_the_cut_are_left_out():
    assert cut()["EX"]["EXSEQ"].tolist() == [1.0, 2.0]


def test_an_end_after_the_cut_is_ongoing():
    events = small.events(
        small.event("01", "Ongoing at the cut", "2020-03-15", "2020-03-25"),
        small.event("01", "Over", "2020-03-15", "2020-03-16"),
        small.event("01", "Later", "2020-03-21"),
    )
    assert cut(AE=events)["AE"]["AEENDTC"].tolist() == ["", "2020-03-16"]


def test_a_partial_date_that_could_lie_before_the_cut_stays():
    events = small.events(
        small.event("01", "a", "2020-03"), small.event("01", "b", "2020"), small.event("01", "c", "2020-04")
    )
    assert cut(AE=events)["AE"]["AETERM"].tolist() == ["a", "b"]


def test_supplements_go_with_their_records():
    events = small.events(small.event("01", "a", "2020-03-15"), small.event("01", "b", "2020-03-25"))
    supplement = pd.DataFrame(
        {"USUBJID": "01", "RDOMAIN": "AE", "IDVAR": "AESEQ", "IDVARVAL": ["1", "2"], "QNAM": "X", "QVAL": "Y"}
    )
    assert cut(AE=events, SUPPAE=supplement)["SUPPAE"]["IDVARVAL"].tolist() == ["1"]


def test_subjects_not_yet_in_the_study_leave_it():
    dm = small.dm(("01", "ESC05"), ("02", "ESC05")).assign(RFSTDTC=["2020-03-10", "2020-05-01"])
    trial = cut(DM=dm, EX=small.ex("01", "02"))
    assert trial["DM"]["USUBJID"].tolist() == ["01"]
    assert set(trial["EX"]["USUBJID"]) == {"01"}


def test_what_came_after_the_cut_is_not_known():
    fatal = small.event("01", "x", "2020-03-15", "2020-03-25", AEOUT="FATAL", AESDTH="Y")
    dm = small.dm(("01", "ESC05")).assign(DTHFL="Y", DTHDTC="2020-03-25")
    trial = cut(AE=small.events(fatal), DM=dm)
    assert trial["AE"].loc[0, ["AEENDTC", "AEOUT", "AESDTH"]].tolist() == [
        "",
        "NOT RECOVERED/NOT RESOLVED",
        "",
    ]
    assert trial["DM"].loc[0, ["DTHFL", "DTHDTC"]].tolist() == ["", ""]


def test_empty_domains_and_a_cut_before_everything():
    events = small.events(small.event("01", "x", "2020-03-15")).head(0)
    assert cut(AE=events)["AE"].empty
    dm = small.dm(("01", "ESC05")).assign(RFICDTC="2020-03-01")
    trial = cut_trial(small.trial(DM=dm, EX=small.ex("01")), dt.date(2019, 1, 1))
    assert trial["DM"].empty
    assert trial["EX"].empty


def test_the_day_of_an_end_after_the_cut_goes_with_its_date():
    events = small.events(
        small.event("01", "a", "2020-03-15", "2020-03-25", AEENDY=16.0),
        small.event("01", "b", "2020-03-15", "2020-03-16", AEENDY=7.0),
    )
    days = cut(AE=events)["AE"]["AEENDY"]
    assert days.isna().tolist() == [True, False]


def test_a_subject_in_screening_at_the_cut_has_no_arm_yet():
    dm = small.dm(("01", "ESC05"), ("02", "ESC05")).assign(
        RFICDTC="2020-03-01", RFSTDTC=["2020-03-10", "2020-05-01"]
    )
    ds = pd.DataFrame(
        {"USUBJID": ["01", "02"], "DSDECOD": "ENROLLED", "DSSTDTC": ["2020-03-09", "2020-04-29"]}
    )
    trial = cut(DM=dm, EX=small.ex("01", "02"), DS=ds)
    assert trial["DM"]["ARMCD"].tolist() == ["ESC05", "NOTASSGN"]
    assert trial["DS"]["USUBJID"].tolist() == ["01"]
