"""Markers and groups of response, as all tables and charts of immune function show them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial

import pandas as pd

from csrkit.charts.theme import PALETTE, alt
from csrkit.markers import Marker
from csrkit.tables.formats import format_count, format_number, format_signed, missing
from itpcsr.study import Study

GROUPS = {"responder": "Responders", "nonresponder": "Non-responders", "unknown": "Response not known"}
COLOURS = {"responder": PALETTE[0], "nonresponder": PALETTE[1], "unknown": "#777777"}
DASHES = {"responder": [1, 0], "nonresponder": [4, 2], "unknown": [1, 2]}
SHAPES = {"responder": "circle", "nonresponder": "diamond", "unknown": "cross"}


def marker_labels(study: Study) -> dict[str, str]:
    """Return the code of each marker with its name."""
    return {marker.code: marker.label for marker in study.markers}


def scale_of(marks: Mapping[str, object], records: pd.DataFrame) -> alt.Scale:
    """Return the scale of the groups that have a subject, so that the legend names no other."""
    there = [name for name in GROUPS if name in set(records["RESPONSE"])]
    return alt.Scale(domain=[GROUPS[name] for name in there], range=[marks[name] for name in there])


def markers_by_panel(study: Study) -> dict[str, dict[str, str]]:
    """Return the markers below the name of their panel: code to name."""
    panels: dict[str, dict[str, str]] = {}
    for marker in study.markers:
        panels.setdefault(marker.panel, {})[marker.code] = marker.label
    return panels


def with_unit(marker: Marker) -> str:
    """Return a marker's name with its unit, where it has one that says something."""
    return f"{marker.label}, {marker.unit}" if marker.unit not in ("", "RATIO") else marker.label


def effect_text(marker: Marker, value: float) -> str:
    """Return a ratio with two decimals, or a difference with its sign and one decimal more than the data."""
    if math.isnan(value):
        return missing(value)
    if marker.scale == "log":
        return format_number(value, 2)
    text = format_signed(value, marker.decimals + 1)
    return text if text.startswith("−") else f"+{text}"


def effect_texts(study: Study) -> dict[str, Callable[[float], str]]:
    """Return how an effect of each marker is written, by its code."""
    return {marker.code: partial(effect_text, marker) for marker in study.markers}


def records_note(rows: pd.DataFrame) -> str:
    """Return how many values are used, and why others are left out, by the rows of analysis ``records``."""
    counts = rows[rows["analysis"] == "records"].groupby("statistic")["value"].sum()
    if counts.empty:
        return ""
    left_out = {
        "outside": "outside the windows of the planned visits",
        "second": "further values of a visit",
        "no_logarithm": "without a logarithm",
    }
    texts = [f"{format_count(counts[name])} {words}" for name, words in left_out.items() if counts[name]]
    return (
        f"Of {format_count(counts['records'])} values {format_count(counts['used'])} are used; left out are "
        f"{', '.join(texts) or 'none'}. {format_count(counts['below_limit'])} values lay below the lowest "
        "measurable one and stand as a multiple of it. –: no value at this visit."
    )
