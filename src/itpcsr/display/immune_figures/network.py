"""The network of markers whose changes go together."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from csrkit.charts.layers import describe
from csrkit.charts.theme import PALETTE, alt
from csrkit.rows import absence
from csrkit.tables.table import Table
from itpcsr.display.findings import immune as findings
from itpcsr.study import Study


def figure_immune_network(rows: pd.DataFrame, study: Study, least: float) -> alt.LayerChart | Table:
    """Draw measured markers on a circle, joined where changes correlate at ``least`` or more."""
    if sentence := absence(rows):
        return Table("", absent=sentence)
    places = _circle(study)
    wide = rows.pivot(index="level", columns="statistic", values="value").reset_index()
    pairs = len(wide)
    wide = wide[wide["r"].abs() >= least]
    if wide.empty:
        return Table("", absent="No two markers' changes correlate as strongly as asked for here.")
    ends = wide["level"].str.split(" | ", regex=False, expand=True)
    lines = pd.DataFrame(
        {
            "x": ends[0].map(places["x"]), "y": ends[0].map(places["y"]),
            "x2": ends[1].map(places["x"]), "y2": ends[1].map(places["y"]),
            "r": wide["r"], "low": wide["low"], "high": wide["high"], "n": wide["n"],
            "Pair": ends[0].map(places["Marker"]) + " – " + ends[1].map(places["Marker"]),
            "Sign": np.where(wide["r"] > 0, "together", "against each other"),
        }
    )  # fmt: skip
    domain = alt.Scale(domain=[-1.75, 1.75], nice=False)
    edges = (
        alt.Chart(lines)
        .mark_rule()
        .encode(
            x=alt.X("x:Q", axis=None, scale=domain),
            y=alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[-1.3, 1.3], nice=False)),
            x2="x2:Q",
            y2="y2:Q",
            strokeWidth=alt.StrokeWidth("size:Q", scale=alt.Scale(domain=[0, 1], range=[0, 4]), legend=None),
            color=alt.Color(
                "Sign:N",
                title="Changes go",
                scale=alt.Scale(domain=["together", "against each other"], range=[PALETTE[0], PALETTE[1]]),
            ),
            tooltip=[
                "Pair:N",
                alt.Tooltip("r:Q", format=".2f"),
                alt.Tooltip("low:Q", title="lower limit", format=".2f"),
                alt.Tooltip("high:Q", title="upper limit", format=".2f"),
                "n:Q",
            ],
        )
        .transform_calculate(size="abs(datum.r)")
    )
    layers = [edges]
    for side, align in (("right", "left"), ("left", "right")):
        own = places[places["side"] == side]
        node = alt.Chart(own).encode(x=alt.X("x:Q", axis=None), y=alt.Y("y:Q", axis=None))
        layers.append(node.mark_circle(size=50, color="#333333", opacity=1))
        layers.append(
            node.mark_text(align=align, dx=8 if align == "left" else -8, fontSize=9).encode(text="Marker:N")
        )
    chart = alt.layer(*layers).properties(width=620, height=420).configure_view(stroke=None)
    return describe(chart, findings.network_finding(lines, pairs, least))


def _circle(study: Study) -> pd.DataFrame:
    measured = [marker for marker in study.markers if not marker.parts]
    angles = [math.pi / 2 - 2 * math.pi * (place + 0.5) / len(measured) for place in range(len(measured))]
    x, y = [math.cos(angle) for angle in angles], [math.sin(angle) for angle in angles]
    return pd.DataFrame(
        {
            "x": x,
            "y": y,
            "Marker": [marker.label for marker in measured],
            "side": ["right" if v >= 0 else "left" for v in x],
        },
        index=[marker.code for marker in measured],
    )
