"""Dates as text and back, order and study days."""

from __future__ import annotations

import numpy as np
import pandas as pd

from itpsim.tables import arrange, day_text, known_part, minute_text, read_moments, study_day

START = np.array(["2020-02-28", "2019-12-31"], dtype="datetime64[D]")


def test_days_and_minutes_as_text() -> None:
    assert list(day_text(START, [1, np.nan])) == ["2020-02-29", ""]
    assert list(minute_text(START, [2, 1], [5, 1439])) == ["2020-03-01T00:05", "2020-01-01T23:59"]
    assert list(minute_text(START, [0, 0], [1440, -1])) == ["2020-02-29T00:00", "2019-12-30T23:59"]


def test_known_part_of_dates() -> None:
    text = ["2020-06-01T09:30"] * 4 + [""]
    assert list(known_part(text, [4, 7, 10, 16, 7])) == [
        "2020",
        "2020-06",
        "2020-06-01",
        "2020-06-01T09:30",
        "",
    ]


def test_reading_dates_keeps_their_order_as_text() -> None:
    text = ["2020-06-01T09:30", "2020", "", "2020-06-01", "2020-06", "2019-12-31T23:59", "2020-06-01T09:30"]
    moments = read_moments(pd.Series(text, dtype="str"))
    assert [text[k] for k in np.argsort(moments.rank, kind="stable")] == sorted(text)
    assert moments.rank[0] == moments.rank[6]
    days = np.datetime64("2020-06-01").astype("int64")
    np.testing.assert_array_equal(moments.day, [days, np.nan, np.nan, days, np.nan, days - 153, days])
    np.testing.assert_array_equal(moments.minute, [570, np.nan, np.nan, np.nan, np.nan, 1439, 570])


def test_there_is_no_day_0() -> None:
    assert study_day(np.array([9.0, 10.0, 11.0]), np.full(3, 10.0)).tolist() == [-1, 1, 2]


def test_rows_of_one_moment_keep_their_order() -> None:
    rows = pd.DataFrame(
        {
            "USUBJID": ["B", "A", "A", "A"],
            "MHTERM": ["z", "late", "first", "second"],
            "MHSTDTC": ["2020", "2020-06-02", "2020-06-01", "2020-06-01"],
        }
    )
    reference = pd.DataFrame(
        {"USUBJID": ["A", "B"], "RFSTDTC": ["2020-06-02T10:00", ""], "RFICDTC": "", "treatment_end": ""}
    )
    table = arrange("MH", rows, reference)
    assert table["MHTERM"].tolist() == ["first", "second", "late", "z"]
    assert table["MHSEQ"].tolist() == [1, 2, 3, 1]
    np.testing.assert_array_equal(table["MHSTDY"], [-1, -1, 1, np.nan])
