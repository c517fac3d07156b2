"""The look of every chart, which importing this switches on, and layers that many charts share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import altair as alt
import pandas as pd

from csrkit import carried
from csrkit.charts.assets import CHART_FAMILY
from csrkit.charts.drawing import MIME, chart_html, chart_svg, refuse_large
from csrkit.plain_text import plain_tree
from csrkit.tables import words
from csrkit.tables.formats import format_count, format_interval, format_number

__all__ = ["FONT", "PALETTE", "alt"]


# The look of every chart, and how a chart is shown in a notebook; importing this module switches both on.
#
# Modules that make charts take Altair from here, so that no chart is without its look.

# Okabe and Ito's palette without yellow, which is too light on white: safe for colour-blind readers.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#000000")
# Browsers take the first of them that the reader has; pictures are drawn with the chosen files alone.
FONT = f'{CHART_FAMILY}, "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif'


def _theme() -> alt.theme.ThemeConfig:
    text = {
        "labelFont": FONT,
        "titleFont": FONT,
        "labelFontSize": 10,
        "titleFontSize": 10,
        "titleFontWeight": "normal",
    }
    return alt.theme.ThemeConfig(
        config={
            "font": FONT,
            "background": "white",
            "view": {"stroke": "#cccccc"},
            "axis": {**text, "gridColor": "#eeeeee"},
            "legend": text,
            "header": text,
            "range": {"category": list(PALETTE)},
        }
    )


def _render(spec: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Show an SVG that becomes interactive in published notebooks; JupyterLab takes the specification."""
    rows = carried.take_from_chart(spec)
    refuse_large(spec)
    spec = plain_tree(spec)
    html = chart_html(spec, spec.get("description", "Chart"), chart_svg(spec))
    return {"text/html": html, MIME: spec, **rows}


def _enable() -> None:
    alt.theme.register("itpcsr", enable=True)(_theme)
    alt.renderers.register("itpcsr", _render)
    alt.renderers.enable("itpcsr")
    alt.data_transformers.enable("default", max_rows=None)


_enable()


# Layers that charts of many notebooks share, and how a chart says what it shows.

Chart = TypeVar("Chart", bound=alt.TopLevelMixin)
DARK = "#0b2545"  # of a line over a band
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


def forest(
    rows: pd.DataFrame, label: str, x: alt.X, reference: float, *, decimals: int = 2, width: int = 320
) -> alt.HConcatChart:
    """Return a forest plot: estimates with their intervals, a line at no difference, and the numbers beside.

    Parameters
    ----------
    rows
        One record per line of the plot, in their order: ``estimate``, ``ci_low``, ``ci_high`` and the column
        ``label``, as ``csrkit.stats`` returns comparisons. An estimate without interval is a point; one that
        is missing is "not estimable". A ratio of 0 has no place on a logarithmic axis.
    label
        Column with the name of each line; two lines of the same name would be drawn upon each other.
    x
        The axis, of the field ``estimate``, with title and scale: a logarithmic one for ratios.
    reference
        Where there is no difference: 0 of differences, 1 of ratios.
    decimals
        Of the numbers beside the lines.
    width
        Of the plot without its numbers, in pixels.
    """
    limits = [
        f" ({format_interval(low, high, decimals)})" if pd.notna(low) and pd.notna(high) else ""
        for low, high in zip(rows["ci_low"], rows["ci_high"], strict=True)
    ]
    texts = [
        format_number(value, decimals) + limit if pd.notna(value) else "not estimable"
        for value, limit in zip(rows["estimate"], limits, strict=True)
    ]
    numbers = rows[["estimate", "ci_low", "ci_high"]].astype("float64")
    if x.to_dict().get("scale", {}).get("type") == "log":
        # a ratio of 0 has no place there, and would take all others theirs
        numbers = numbers.where(numbers > 0)
    shown = numbers.assign(text=texts)
    shown[label] = rows[label]
    axis = alt.Axis(labelLimit=260, ticks=False, domain=False)
    y = alt.Y(f"{label}:N", title=None, sort=list(rows[label]), axis=axis)
    base = alt.Chart(shown).encode(y=y)
    tips = [alt.Tooltip(f"{label}:N", title="Comparison"), alt.Tooltip("text:N", title="Estimate (interval)")]
    marks = points_with_limits(base, x, "ci_low", "ci_high", {"color": DARK}, tooltip=tips)
    plot = alt.layer(reference_line(reference, "x", [4, 4]), *marks).properties(width=width)
    written = base.mark_text(align="left", fontSize=10).encode(
        x=alt.value(0), y=y.copy().axis(None), text="text:N"
    )
    beside = written.properties(width=130, view=alt.ViewBackground(stroke=None))
    return alt.hconcat(*(part.properties(height=alt.Step(22)) for part in (plot, beside)), spacing=8)


def median_with_quartiles(
    base: alt.Chart, y: alt.Y, low: str, high: str, tooltip: Sequence[alt.Tooltip] = ()
) -> alt.LayerChart:
    """Return a line of medians over the band between the quartiles.

    ``base`` has the data and its ``x``; ``y`` is the axis of the median, ``low`` and ``high`` are the fields
    of the quartiles.
    """
    band = base.mark_area(opacity=0.25, color=PALETTE[0]).encode(y=alt.Y(f"{low}:Q"), y2=f"{high}:Q")
    line = base.mark_line(strokeWidth=3, color=DARK).encode(y=y, tooltip=list(tooltip))
    return alt.layer(band, line)


def event_marks(
    base: alt.Chart, field: str, looks: Mapping[str, tuple[str, str]], tooltip: Sequence[alt.Tooltip] = ()
) -> alt.Chart:
    """Return marks for what happened on a day, such as a dose: a shape and a colour for each kind.

    ``base`` has the data and the places; ``field`` names the kind, ``looks`` has shape and colour by kind, in
    the order of the legend.
    """
    legend = alt.Legend(title=None, orient="bottom")
    shapes, colours = ([look[place] for look in looks.values()] for place in (0, 1))
    return base.mark_point(filled=True, size=55, opacity=1, stroke="white", strokeWidth=0.5).encode(
        shape=alt.Shape(f"{field}:N", scale=alt.Scale(domain=list(looks), range=shapes), legend=legend),
        fill=alt.Fill(f"{field}:N", scale=alt.Scale(domain=list(looks), range=colours), legend=legend),
        tooltip=list(tooltip),
    )


def step_curves(curves: pd.DataFrame, x: alt.X, y: alt.Y, groups: Sequence[str]) -> alt.LayerChart:
    """Return estimated shares over time as steps, one line per group, told apart by colour and dashes.

    Parameters
    ----------
    curves
        Those of ``csrkit.stats.survival.estimate_curves``, with the names that are shown as ``group``.
        A tick marks a day on which the time of a subject ends without event.
    x, y
        The axes: of ``day`` and of ``percent``.
    groups
        The names, in the order of the legend.
    """
    legend = alt.Legend(orient="bottom", columns=3, labelLimit=300, symbolSize=400)
    scale = alt.Scale(domain=list(groups))
    colour = alt.Color("group:N", title=None, scale=scale, legend=legend)
    base = alt.Chart(curves).encode(x=x, y=y, color=colour)
    steps = base.mark_line(interpolate="step-after").encode(
        strokeDash=alt.StrokeDash("group:N", title=None, scale=scale, legend=legend),
        tooltip=[
            alt.Tooltip("group:N", title="Group"),
            alt.Tooltip("day:Q", title="Day"),
            alt.Tooltip("percent:Q", title="Percent", format=".1f"),
            alt.Tooltip("at_risk:Q", title="At risk"),
        ],
    )
    ticks = base.transform_filter("datum.censored > 0").mark_point(shape="stroke", angle=90, size=60)
    return alt.layer(steps, ticks)


def numbers_at_risk(curves: pd.DataFrame, scale: alt.Scale, groups: Sequence[str]) -> alt.Chart:
    """Return the table of numbers at risk that stands below curves, a line per group.

    ``curves`` are those that are drawn, of which the days that are ``listed`` have a number; ``scale`` is
    that of their days, so that the numbers stand below them.
    """
    listed = curves[curves["listed"]]
    shown = listed[["group", "day"]].assign(text=[format_count(value) for value in listed["at_risk"]])
    title = alt.TitleParams("At risk", anchor="start", fontSize=10, fontWeight="normal", offset=2)
    axis = alt.Axis(labelLimit=220, ticks=False, domain=False)
    return (
        alt.Chart(shown, title=title)
        .mark_text(fontSize=9)
        .encode(
            x=alt.X("day:Q", title=None, scale=scale, axis=None),
            y=alt.Y("group:N", title=None, sort=list(groups), axis=axis),
            text="text:N",
        )
        .properties(height=alt.Step(14))
    )
