"""Layers that charts of many notebooks share, and how a chart says what it shows."""

from __future__ import annotations

from typing import Any, TypeVar

import pandas as pd

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


def reference_line(value: float, axis: str = "x") -> alt.Chart:
    """Return a dashed grey line at one value of an axis, as at 0 where nothing changed."""
    data = pd.DataFrame({axis: [float(value)]})
    return alt.Chart(data).mark_rule(strokeDash=[3, 3], color="#666666").encode(**{axis: f"{axis}:Q"})


def points_with_limits(
    base: alt.Chart, x: alt.X, low: str, high: str, mark: dict[str, Any] | None = None, **encodings: Any
) -> list[alt.Chart]:
    """Return the layers of a forest plot: the line from ``low`` to ``high``, and on it the point at ``x``.

    ``base`` has the rows (``y``) and colours, ``mark`` a colour for both, ``encodings`` are the point's own.
    """
    scale = {name: part for name, part in x.to_dict().items() if name in ("scale", "title")}
    line = base.mark_rule(strokeWidth=1.6, **(mark or {})).encode(x=alt.X(f"{low}:Q", **scale), x2=high)
    point = base.mark_point(filled=True, size=48, opacity=1, **(mark or {})).encode(x=x, **encodings)
    return [line, point]
