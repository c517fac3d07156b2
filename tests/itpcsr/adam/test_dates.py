from dataclasses import replace

import pandas as pd
import pytest

from csrkit.sdtm.dates import to_date
from itpcsr.adam.datasets import Datasets
from itpcsr.adam.dates import impute_end, impute_start, study_day, to_datetime

START = pd.Timestamp("2020-03-10")


@pytest.mark.parametrize(
    ("text", "date", "flag"),
    [
        ("2020-03-01", "2020-03-01", ""),
        ("2020-03-01T10:15", "2020-03-01", ""),
        ("2020-02", "2020-02-01", "D"),
        ("2020-03", "2020-03-10", "D"),  # may have started on treatment: it counts as started on treatment
        ("2020-04", "2020-04-01", "D"),
        ("2019", "2019-01-01", "M"),
        ("2020", "2020-03-10", "M"),
        ("2021", "2021-01-01", "M"),
        ("2020---05", "2020-04-05", "M"),  # the first 5th on treatment: the day is known and stays
        ("2020---20", "2020-03-20", "M"),
        ("2020---31", "2020-03-31", "M"),
        ("2019---31", "2019-01-31", "M"),
        ("--03-20", "2020-03-20", "Y"),  # the first such day on treatment
        ("--03-05", "2021-03-05", "Y"),
        ("2021---05", "2021-01-05", "M"),  # the day is known and stays
        ("2021---05T10:30", "2021-01-05", "M"),
        ("", None, ""),
    ],
)
def test_partial_start_dates_are_imputed_and_flagged(text, date, flag):
    dates, flags = impute_start(pd.Series([text]), pd.Series([START]))
    assert flags[0] == flag
    assert dates.isna()[0] if date is None else dates[0] == pd.Timestamp(date)


@pytest.mark.parametrize(
    ("text", "end", "before", "date"),
    [
        ("2020---20", "2020-03-21", False, "2020-03-20"),
        ("2020---20", "2020-03-15", False, "2020-01-20"),  # over before the first 20th on treatment
        ("2020-03", "2020-03-05", False, "2020-03-05"),
        ("2020", "2020-02-01", False, "2020-02-01"),
        ("2020-03", None, True, "2020-03-01"),  # known to have begun before treatment
        ("2020---20", None, True, "2020-01-20"),
        ("--03-20", "2020-03-15", False, "2019-03-20"),
        ("--03-20", None, True, "2019-03-20"),
        ("--03-05", None, True, "2020-03-05"),
    ],
)
def test_no_start_is_imputed_after_its_end_or_against_what_is_known(text, end, before, date):
    end = pd.Series([pd.Timestamp(end) if end else pd.NaT], dtype="datetime64[us]")
    dates, _ = impute_start(pd.Series([text]), pd.Series([START]), end, pd.Series([before]))
    assert dates[0] == pd.Timestamp(date)


@pytest.mark.parametrize(
    ("text", "date", "flag"),
    [
        ("2020-03-01", "2020-03-01", ""),
        ("2020-02", "2020-02-29", "D"),
        ("2021", "2021-12-31", "M"),
        ("2021---05", "2021-12-05", "M"),
        ("--12-05", None, ""),  # without its year a date can't be imputed
    ],
)
def test_partial_end_dates_are_imputed_and_flagged(text, date, flag):
    dates, flags = impute_end(pd.Series([text]))
    assert flags[0] == flag
    assert dates.isna()[0] if date is None else dates[0] == pd.Timestamp(date)


@pytest.mark.parametrize("text", ["2020-03-10T--:30", "2020-03-10T-:30", "2020-03-10T10", "2020-03-10T10:-"])
def test_a_date_whose_time_is_partial_keeps_its_day(text):
    assert to_datetime(pd.Series([text]))[0] == START
    assert to_date(pd.Series([text]))[0] == START
    assert impute_start(pd.Series([text]), pd.Series([START]))[1][0] == ""


def test_the_flag_is_visible_in_adae(demo_trial, study):
    ae = demo_trial["AE"].copy()
    ae.loc[ae.index[:3], "AESTDTC"] = ["2031-03", "2031---05", "2031"]
    adae = Datasets(replace(demo_trial, domains={**demo_trial.domains, "AE": ae}), study)["adae"]
    rows = adae.set_index(["USUBJID", "AESEQ"]).loc[
        [tuple(key) for key in ae[["USUBJID", "AESEQ"]].head(3).values]
    ]
    assert rows["ASTDTF"].tolist() == ["D", "M", "M"]


def test_an_untreated_subject_gets_the_earliest_day():
    dates, _ = impute_start(pd.Series(["2020-03"]), pd.Series([pd.NaT]))
    assert dates[0] == pd.Timestamp("2020-03-01")


def test_there_is_no_day_zero():
    dates = pd.Series(pd.to_datetime(["2020-03-09", "2020-03-10", "2020-03-11"]))
    assert study_day(dates, pd.Series([START] * 3)).tolist() == [-1, 1, 2]


def test_partial_dates_are_no_dates():
    assert to_date(pd.Series(["2020-03", "2020-03-10T08:00"])).isna().tolist() == [True, False]
    assert to_datetime(pd.Series(["2020-03-10T08:05"]))[0] == pd.Timestamp("2020-03-10 08:05")
    assert to_datetime(pd.Series(["2020-03-10"]))[0] == START
