"""Sentences on immune function in an external version: they name no number that its tables suppress."""

import pandas as pd
import pytest

from csrkit.disclosure.counted import Rule
from csrkit.rows import absent_rows, make_rows
from itpcsr.display.immune_text import immune_sentences

ARMS = {"total": (18,)}


def changes(study, numbers):
    """Return the mean change of as many markers, each of so many subjects."""
    values = {"estimate": 1.5, "ci_low of estimate": 1.2, "ci_high of estimate": 1.9}
    records = [
        {"level": marker.code, "statistic": name, "value": value}
        for marker, n in zip(study.markers, numbers, strict=False)
        for name, value in {"n": float(n), **values}.items()
    ]
    return make_rows(pd.DataFrame(records), display="tbl-x", analysis="mean_change", group="total")


@pytest.mark.parametrize(
    ("numbers", "told", "untold"),
    [
        ([18, 17], ["n = 18", "For 1 marker the numbers are suppressed."], "n = 17"),
        ([16, 17], ["nothing can be said: the numbers are suppressed."], "n ="),
    ],
)
def test_a_marker_with_a_suppressed_number_is_counted_and_not_named(
    study, suppress_by, numbers, told, untold
):
    absent = absent_rows("tbl-y", "There is none.")
    rows = changes(study, numbers)
    assert "n = 17" in str(immune_sentences(rows, absent, absent, study, 0.95))
    suppress_by(Rule(3, ARMS))
    text = str(immune_sentences(rows, absent, absent, study, 0.95))
    assert all(sentence in text for sentence in told)
    assert untold not in text
