"""Titres as laboratories write them."""

import pandas as pd
import pytest

from csrkit.sdtm.units import read_titres


def read(text):
    return read_titres(pd.Series([text], dtype="str")).iloc[0]


@pytest.mark.parametrize(
    ("text", "value", "sign"),
    [
        ("1:40", 40, ""), ("1/40", 40, ""), ("40", 40, ""), (" 1 : 40 ", 40, ""), ("<1:10", 10, "<"),
        ("< 10", 10, "<"), (">1:640", 640, ">"), ("≥1:640", 640, ">"), (">=640", 640, ">"), ("1:1", 1, ""),
        ("12.5", 12.5, ""),
    ],
)  # fmt: skip
def test_titres(text, value, sign):
    found = read(text)
    assert (found["value"], found["sign"], found["word"], found["readable"]) == (value, sign, "", True)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("POSITIVE", "POSITIVE"), ("Positive confirmation", "POSITIVE"), ("negative ", "NEGATIVE"),
        ("Non-reactive", "NEGATIVE"), ("NOT DETECTED", "NEGATIVE"), ("Detected", "POSITIVE"),
        ("INDETERMINATE", "NEITHER"), ("not done", "NEITHER"),
    ],
)  # fmt: skip
def test_words(text, word):
    found = read(text)
    assert found["word"] == word
    assert found["readable"]
    assert pd.isna(found["value"])


@pytest.mark.parametrize(
    "text", ["1:0", "0", "-40", "0.5", "40:1", "1:4O", "<=1:10", "1:40, 1:80", "1e3", "POSSIBLY", "1,280"]
)
def test_what_is_no_titre(text):
    found = read(text)
    assert not found["readable"]
    assert pd.isna(found["value"])


def test_nothing_says_nothing():
    found = read("  ")
    assert found["readable"]
    assert (found["word"], found["sign"]) == ("", "")
    assert len(read_titres(pd.Series([], dtype="str"))) == 0
