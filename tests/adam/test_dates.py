import pandas as pd
import pytest

from itpcsr.adam.dates import impute_start, study_day, to_date, to_datetime

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
        ("2020---05", "2020-03-10", "M"),  # month unknown: the day alone says nothing
        ("", None, ""),
    ],
)
def test_partial_start_dates_are_imputed_and_flagged(text, date, flag):
    dates, flags = impute_start(pd.Series([text]), pd.Series([START]))
    assert flags[0] == flag
    assert dates.isna()[0] if date is None else dates[0] == pd.Timestamp(date)


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
