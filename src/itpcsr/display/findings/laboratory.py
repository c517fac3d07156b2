"""Findings of the charts of laboratory values of single subjects."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from csrkit.tables import words
from csrkit.tables.formats import format_count, format_number, format_plain
from csrkit.tables.lookup import Lookup
from itpcsr.display.findings.phrases import counted, of, whole
from itpcsr.study import Study


def courses_finding(data: pd.DataFrame) -> str:
    """Say in how many subjects a value of each test ever lay outside its reference limits.

    ``data`` has Subject, test, Value, and the limits low and high (NaN where not recorded) in the order of
    the tests.
    """
    values = {str(name): part for name, part in data.groupby("test", sort=False)}
    above = _outside(values, data["Value"] > data["high"])
    below = _outside(values, data["Value"] < data["low"])
    if data[["low", "high"]].isna().all(axis=None):
        size = words.plural(data["Subject"].nunique(), "subject")
        return f"Values of {words.plural(len(values), 'test')} in {size}; reference limits are not recorded."
    return f"Subjects with a value above the upper reference limit: {above}. Below the lower limit: {below}."


def _outside(values: Mapping[str, pd.DataFrame], outside: pd.Series) -> str:
    items = [
        (name, part.loc[outside[part.index], "Subject"].nunique(), part["Subject"].nunique())
        for name, part in values.items()
    ]
    return counted(item for item in items if item[1]) or "none"


def edish_finding(rows: pd.DataFrame, peaks: pd.DataFrame, study: Study, limits: Mapping[str, float]) -> str:
    """Say how many subjects lie in each quadrant, and the highest peaks drawn.

    ``peaks`` has ALT and BILI of the subjects drawn, as multiples of the upper limit of normal.
    """
    lookup, total = Lookup(rows), whole(study)
    n = {name: lookup.peek("quadrant", total, "n", name) for name in ("both", "alt", "bilirubin")}
    size = lookup.peek("quadrant", total, "N", "both")
    alt, bilirubin = (format_plain(limits[name]) for name in ("ALT", "BILI"))
    text = (
        f"ALT at least {alt} times and bilirubin more than {bilirubin} times the upper limit of normal: "
        f"{of(n['both'], size, 'subject')}; ALT alone: {format_count(n['alt'])}; bilirubin alone: "
        f"{format_count(n['bilirubin'])}."
    )
    if peaks.empty:
        return text
    highest = [format_number(peaks[name].max(), 2) for name in ("ALT", "BILI")]
    return f"{text} Highest ALT {highest[0]} times, highest bilirubin {highest[1]} times its limit."
