"""Dates as SDTMIG 3.4 (4.4.2) gives them as valid."""

import pandas as pd
import pytest

from csrkit.sdtm.dates import are_usual, plain_date
from itpcsr.sdtm import read_trial
from itpcsr.sdtm.checks import check_trial

DATES = {
    "2003-12-15T13:14:17": "2003-12-15T13:14:17",
    "2003-12-15T-:15": "2003-12-15T-:15",
    "2003---15": "2003---15",
    "--12-15": "--12-15",
    "2003-12-15T13:00/2003-12-15T13:30": "2003-12-15T13:00",
    "2003-01-01/2003-02-15": "2003-01-01",
    "2003-12-15T10:00-05:00": "2003-12-15T10:00",
    "2003-12-15T10:00Z": "2003-12-15T10:00",
    "-----T07:15": "",
    "2019-12--T14:00": "2019-12",
    "2019---20T14:00": "2019---20",
}


@pytest.mark.parametrize(("text", "plain"), DATES.items())
def test_valid_dates_are_read_in_local_time_by_their_start(text, plain):
    assert plain_date(text) == plain


@pytest.mark.parametrize(
    "text", ["21NOV2019", "2019-11-21T25:00", "2019/11/21", "2019-11-21T10:00+25:00", "a/b", "2019-1-2"]
)
def test_other_texts_are_no_dates(text):
    assert plain_date(text) is None


def test_no_valid_date_is_refused_and_what_is_changed_is_noted(tmp_path, study):
    lines = [f"T,AE,{number:02},{text}" for number, text in enumerate(DATES)]
    (tmp_path / "ae.csv").write_text("STUDYID,DOMAIN,USUBJID,AESTDTC\n" + "\n".join(lines), encoding="utf-8")
    trial = read_trial([tmp_path])
    assert trial["AE"]["AESTDTC"].tolist() == list(DATES.values())
    assert trial.notes["AE"][0].startswith("AESTDTC: 7 intervals, offsets or times without a day")
    assert "DATE-01" not in set(check_trial(trial, study)["rule"])


def test_usual_dates_are_those_that_stay_as_they_are():
    usual = ["2020-03-10", "2020-03-10T08:30", "2020-03-10T23:59:59"]
    others = ["", "2020-03", "2020-03-10T24:00", "2020-03-10T08:30Z", "2020-03-10\n", "２０２０-03-10"]
    found = are_usual(pd.Series(usual + others, dtype="str"))
    assert found.tolist() == [True] * 3 + [False] * 6
    assert [plain_date(text) for text in usual] == usual
