"""Layers that charts of many notebooks share, and how a chart says what it shows."""

from __future__ import annotations

from typing import TypeVar

from csrkit.charts.theme import alt
from csrkit.tables import words

Chart = TypeVar("Chart", bound=alt.TopLevelMixin)


def describe(chart: Chart, finding: str) -> Chart:
    """Return the chart with its finding as Vega-Lite description, which the report takes as alternative text.

    Raises ValueError for an empty finding: a chart that shows nothing is a sentence, not a chart.
    """
    text = words.clean(finding)
    if not text:
        raise ValueError("A chart has no finding; say in words what it shows.")
    described: Chart = chart.properties(description=text)
    return described
