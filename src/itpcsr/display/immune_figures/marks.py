"""Groups of response and names of markers, as all charts of immune function show them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from csrkit.charts.theme import PALETTE, alt
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
