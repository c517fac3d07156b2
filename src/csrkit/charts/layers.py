"""Layers that charts of many notebooks share, and how a chart says what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import pandas as pd

from csrkit.charts.theme import PALETTE, alt
from csrkit.tables import words

Chart = TypeVar("Chart", bound=alt.TopLevelMixin)
SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross")


def describe(chart: Chart, finding: str) -> Chart:
    """Return the chart with its finding as Vega-Lite description, which the report takes as alternative text.

    Raises ValueError for an empty finding: a chart that shows nothing is a sentence, not a chart.
    """
    text = words.clean(finding)
    if not text:
        raise ValueError("A chart has no finding; say in words what it shows.")
    described: Chart = chart.properties(description=text)
    return described


def marks_by(field: str, names: Sequence[str]) -> dict[str, Any]:
    """Return colour and shape of marks by group with one legend below, as channels of ``encode``.

    The shape tells groups apart where colours don't. ``names`` are the groups in their order.
    """
    legend = alt.Legend(title=None, orient="bottom", labelLimit=260)
    looks = {"color": (alt.Color, PALETTE), "shape": (alt.Shape, SHAPES)}
    return {
        name: channel(f"{field}:N", scale=alt.Scale(domain=list(names), range=list(range_)), legend=legend)
        for name, (channel, range_) in looks.items()
    }


def limit_lines(
    limits: Sequence[float], panel: str = "Group", dash: Sequence[int] = (5, 4)
) -> list[alt.Chart]:
    """Return a dashed horizontal line for each limit, one in every panel of a chart faceted by ``panel``."""
    # one rule a panel, not one a value
    base = alt.Chart().transform_aggregate(values="count()", groupby=[panel])
    return [
        base.mark_rule(strokeDash=list(dash), color="#444444").encode(y=alt.datum(float(limit)))
        for limit in limits
    ]


def reference_line(value: float, axis: str = "y", dash: Sequence[int] = ()) -> alt.Chart:
    """Return a line at a value of one axis, dashed where dashes are given, for a chart without panels."""
    mark = alt.Chart(pd.DataFrame({"at": [value]})).mark_rule(strokeDash=list(dash), color="#444444")
    return mark.encode(**{axis: "at:Q"})


def panel_title(text: str) -> alt.TitleParams:
    """Return the title of one panel of several: small, and where the panel begins."""
    return alt.TitleParams(text, anchor="start", fontSize=10, offset=4)


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
