"""Charts in a form for many subjects: sentence, caption and bands; concentrations and markers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import pandas as pd

from csrkit.carried import with_rows
from csrkit.charts.drawing import FORM
from csrkit.charts.theme import PALETTE, alt
from csrkit.tables.formats import format_plain

# Charts in a form for many subjects: the sentence on the form, its caption, and bands of quantiles.

Chart = TypeVar("Chart", bound=alt.TopLevelMixin)
_NAMES = {"p5": "5%", "q1": "Lower quartile", "median": "Median", "q3": "Upper quartile", "p95": "95%"}
_DARK = "#0b2545"
_PLACE = ["group", "level", "visit"]


def has_form(form: pd.DataFrame | None) -> bool:
    """Tell whether a chart has a form for many subjects, by the rows of it (``analysis.forms``)."""
    return form is not None and bool((form["analysis"] == "form").any())


def form_sentence(form: pd.DataFrame) -> str:
    """Return which form a chart has and why: ``Quantile bands replace …: 1,000 subjects …``."""
    row = form[form["analysis"] == "form"].iloc[0]
    return f"{row['level']}: {row['method']}."


def in_form(chart: Chart, form: pd.DataFrame, caption: str, alternative: str) -> Chart:
    """Return the chart with the caption of its form, which ends with the sentence on the form.

    Caption and alternative text take the place of those of the notebook's cell.
    """
    texts = {"caption": f"{caption}. {form_sentence(form)}", "alternative": alternative}
    formed: Chart = chart.properties(usermeta={FORM: texts})
    return with_rows(formed, form)


def wide_bands(form: pd.DataFrame) -> pd.DataFrame:
    """Return the bands of a form, a record per group, level and visit: n, p5, q1, median, q3, p95."""
    bands = form[form["analysis"] == "band"]
    places = bands[_PLACE].drop_duplicates()
    wide = bands.pivot(index=_PLACE, columns="statistic", values="value").reset_index()
    return places.merge(wide, on=_PLACE, how="left")


def week_of(visits: pd.Series) -> pd.Series:
    """Return the week of visits called Baseline or ``Week w``; NaN for others."""
    weeks = visits.replace("Baseline", "Week 0").str.removeprefix("Week ")
    return pd.to_numeric(weeks, errors="coerce").astype("float64")


def band_layers(
    base: alt.Chart,
    x: alt.X,
    y: Mapping[str, Any],
    places: Sequence[alt.Tooltip],
    color: alt.Color | None = None,
) -> list[alt.Chart]:
    """Return two bands (5 to 95%, and between the quartiles) and the median as layers over ``base``.

    Its data have n, p5, q1, median, q3 and p95. ``y`` are the properties of that axis (title, scale);
    ``places`` name each place in the tooltip. All is of one colour without ``color``.
    """
    paint: dict[str, Any] = {} if color is None else {"color": color}
    area: dict[str, Any] = {"color": PALETTE[0]} if color is None else {}
    line: dict[str, Any] = {"color": _DARK} if color is None else {}
    outer, inner, middle = (alt.Y(f"{name}:Q", **y) for name in ("p5", "q1", "median"))
    tooltip = [*places, *number_tooltips()]
    return [
        base.mark_area(opacity=0.15, **area).encode(x=x, y=outer, y2="p95:Q", **paint),
        base.mark_area(opacity=0.3, **area).encode(x=x, y=inner, y2="q3:Q", **paint),
        base.mark_line(strokeWidth=2.5, **line).encode(x=x, y=middle, tooltip=tooltip, **paint),
        base.mark_point(filled=True, size=14, opacity=1, **line).encode(
            x=x, y=middle, tooltip=tooltip, **paint
        ),
    ]


def number_tooltips() -> list[alt.Tooltip]:
    """Return the tooltips of a band: the number of subjects and the quantiles."""
    numbers = [alt.Tooltip(f"{name}:Q", title=title, format=".4~g") for name, title in _NAMES.items()]
    return [alt.Tooltip("n:Q", title="Subjects"), *numbers]


# Concentrations and markers of many subjects: bands and spreads by dose and by response.


def draw_concentration_bands(
    form: pd.DataFrame, groups: Mapping[str, str], hours: float, x: alt.X, y: alt.Y, limits: Sequence[float]
) -> alt.FacetChart:
    """Draw quantiles of the concentration by nominal time, a panel per dose.

    ``groups`` has column to the panel's title, ``limits`` are those of quantification.
    """
    bands = wide_bands(form)
    bands = bands.assign(Group=bands["group"].map(groups), Hours=bands["visit"].astype("float64"))
    bands = bands[(bands["Hours"] <= hours + 1) & bands["Group"].notna()]
    data = bands[["Group", "Hours", "n", "p5", "q1", "median", "q3", "p95"]]
    order = [label for label in groups.values() if label in set(data["Group"])]
    properties = {name: value for name, value in y.to_dict().items() if name in ("title", "scale", "axis")}
    rules = [
        alt.Chart()
        .transform_aggregate(values="count()", groupby=["Group"])
        .mark_rule(strokeDash=[5, 4], color="#444444")
        .encode(y=alt.datum(limit))
        for limit in limits
    ]
    places = [alt.Tooltip("Hours:Q", title="Nominal hours")]
    chart = (
        alt.layer(*rules, *band_layers(alt.Chart(), x, properties, places))
        .properties(width=int(560 / max(len(order), 1)) - 10, height=230)
        .facet(data=data, column=alt.Column("Group:N", sort=order, title=None), spacing=10)
    )
    scale = "logarithmic" if properties["scale"].get("type") == "log" else "linear"
    return in_form(
        chart,
        form,
        "Concentration after infusion 1 by dose and nominal time: median (line), quartiles (dark band) and 5 "
        f"to 95% of the subjects (light band), {scale} axis; dashed line: limit of quantification; values "
        "below it count as half the limit (pharmacokinetic set)",
        f"Line charts of the median concentration over nominal hours after infusion 1 on a {scale} axis, a "
        "panel for each dose, with bands between the quartiles and from 5 to 95% of the subjects and a "
        "dashed line at the limit of quantification",
    )


def draw_deviation_spread(form: pd.DataFrame) -> alt.LayerChart:
    """Draw quantiles of actual less nominal time by nominal time."""
    bands = wide_bands(form)
    hours = bands["visit"].astype("float64")
    bands = bands.assign(Time=[f"{'−' if hour < 0 else ''}{format_plain(abs(hour))}" for hour in hours])
    data = bands[["Time", "n", "p5", "q1", "median", "q3", "p95"]]
    title = "Actual less nominal time, min"
    axis = alt.Axis(labelAngle=0)
    base = alt.Chart(data).encode(x=alt.X("Time:N", sort=None, title="Nominal time, h", axis=axis))
    zero = alt.Chart(pd.DataFrame({"Minutes": [0]})).mark_rule(color="#444444").encode(y="Minutes:Q")
    outer = base.mark_rule(color=PALETTE[0]).encode(y=alt.Y("p5:Q", title=title), y2="p95:Q")
    inner = base.mark_bar(size=14, color="#9cb8dc").encode(
        y=alt.Y("q1:Q", title=title), y2="q3:Q", tooltip=[alt.Tooltip("Time:N"), *number_tooltips()]
    )
    middle = base.mark_tick(thickness=2.5, size=20, color="#0b2545").encode(y=alt.Y("median:Q", title=title))
    chart = alt.layer(zero, outer, inner, middle).properties(width=520, height=200)
    return in_form(
        chart,
        form,
        "Actual less nominal time by nominal time before the start (negative) or after the end of infusion "
        "1: median (tick), quartiles (bar) and 5 to 95% of the samples (line) (pharmacokinetic set)",
        "Box plot of actual less nominal time in minutes, a box for each nominal time, with a line at zero",
    )


def draw_marker_bands(
    form: pd.DataFrame, labels: Mapping[str, str], groups: Mapping[str, str], scale: alt.Scale
) -> alt.FacetChart:
    """Draw quantiles of each marker by response and week, one panel per marker.

    ``labels`` has the name of each marker in their order, ``groups`` that of each response, ``scale`` the
    colours.
    """
    bands = wide_bands(form)
    bands = bands.assign(
        Marker=bands["level"].map(labels), Group=bands["group"].map(groups), Week=week_of(bands["visit"])
    ).dropna(subset=["Marker"])
    data = bands[["Marker", "Group", "Week", "n", "p5", "q1", "median", "q3", "p95"]]
    order = [label for label in labels.values() if label in set(data["Marker"])]
    y: dict[str, Any] = {
        "title": None, "scale": alt.Scale(zero=False), "axis": alt.Axis(tickCount=3, labelFontSize=8)
    }  # fmt: skip
    # the bands are pale, and so would be the signs of the legend
    legend = alt.Legend(orient="top", symbolOpacity=1)
    colour = alt.Color("Group:N", title=None, scale=scale, legend=legend)
    x = alt.X("Week:Q", title="Week", axis=alt.Axis(labelFontSize=8))
    places = [alt.Tooltip("Group:N", title="Response"), alt.Tooltip("Week:Q")]
    header = alt.Header(labelFontSize=9, labelLimit=140)
    chart = (
        alt.layer(*band_layers(alt.Chart(data), x, y, places, colour))
        .properties(width=112, height=70)
        .facet(alt.Facet("Marker:N", title=None, sort=order, header=header), columns=4)
        .resolve_scale(y="independent")
    )
    return in_form(
        chart,
        form,
        "Markers of immune function by week and response: median (line), quartiles (dark band) and 5 to 95% "
        "of the subjects (light band), in the unit of each marker (full analysis set)",
        "Small line charts, one for each marker, of the median over the weeks by response, with bands "
        "between the quartiles and from 5 to 95% of the subjects",
    )


def change_spread(form: pd.DataFrame, labels: Mapping[str, str], groups: Mapping[str, str]) -> pd.DataFrame:
    """Return the spread of mean changes as the panel draws it: Marker, Group, n and the quantiles."""
    bands = wide_bands(form)
    bands = bands.assign(Marker=bands["level"].map(labels), Group=bands["group"].map(groups))
    return bands[["Marker", "Group", "n", "p5", "q1", "median", "q3", "p95"]].dropna(subset=["Marker"])


def name_panel(chart: alt.HConcatChart, form: pd.DataFrame) -> alt.HConcatChart:
    """Return the panel of markers with the caption of its form."""
    return in_form(
        chart,
        form,
        "The panel of markers: mean change over all visits by response with intervals, 5 to 95% of the "
        "subjects as a pale line, and correlation with the platelet count within subjects, counts after "
        "rescue therapy included (full analysis set)",
        "Two forest plots by marker: mean standardised change of responders and non-responders with "
        "intervals and the range of 5 to 95% of the subjects, and the correlation with platelets with its "
        "interval",
    )
