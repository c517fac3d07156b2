"""Markers as all displays show them, and charts of immune function that are more than a cell."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pandas as pd

from csrkit.charts.theme import PALETTE, alt, describe
from csrkit.many import why_not_one_by_one
from csrkit.markers import Marker
from csrkit.rows import absence
from csrkit.tables.formats import format_count, format_number, format_signed, missing
from csrkit.tables.table import Table
from itpcsr.display.findings import immune as findings
from itpcsr.study import Study

# Markers and groups of response, as all tables and charts of immune function show them.

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
        "measurable one and are taken as a multiple of it. –: no value at this visit."
    )


# Charts of immune function that are more than a cell of a notebook: heatmaps, and the network of changes.

DIVERGING = ["#D55E00", "#f7f7f7", "#0072B2"]
_NOT_STANDARDISED = (
    "No change from baseline can be given in standard deviations at baseline, so none can be drawn."
)
_BY_GROUP = (
    "The heatmap of groups replaces those of single subjects: {why}. The changes of each subject are in "
    "the analysis dataset ADCP."
)


def figure_immune_heatmap(rows: pd.DataFrame, study: Study) -> alt.HConcatChart | Table:
    """Draw the mean standardised change by marker and visit, one panel per group."""
    if sentence := absence(rows):
        return Table("", absent=sentence)
    means = rows[(rows["statistic"] == "mean") & rows["value"].notna()]
    if means.empty:
        return Table("", absent=_NOT_STANDARDISED)
    names = {"total": "All subjects", "responder": "Responders", "nonresponder": "Non-responders"}
    charts: list[alt.Chart] = []
    for group, title in names.items():
        own = means[means["group"] == group]
        if own.empty:
            continue
        data = pd.DataFrame({"PARAMCD": own["level"], "AVISIT": own["visit"], "VALUE": own["value"]})
        chart = _heat(data, study, 130, 12 * len(study.markers)).properties(title=title)
        charts.append(chart if not charts else chart.encode(y=_bare_axis(study)))
    return describe(alt.hconcat(*charts), findings.heatmap_finding(rows, study))


def _heat(data: pd.DataFrame, study: Study, width: int, height: int) -> alt.Chart:
    labels = marker_labels(study)
    order = [labels[marker.code] for marker in study.markers]
    visits = [f"Week {week}" for week in study.sampling.immune_weeks]
    data = data.assign(
        Marker=data["PARAMCD"].map(labels), Week=data["AVISIT"].str.removeprefix("Week "), SD=data["VALUE"]
    ).drop(columns=["PARAMCD", "VALUE"])
    return (
        alt.Chart(data)
        .mark_rect(stroke="white", strokeWidth=0.4)
        .encode(
            x=alt.X(
                "Week:O",
                sort=[visit.removeprefix("Week ") for visit in visits],
                axis=alt.Axis(labelAngle=0, labelFontSize=8, title="Week"),
            ),
            y=alt.Y(
                "Marker:N",
                sort=order,
                title=None,
                axis=alt.Axis(labelFontSize=7, labelLimit=170, labelOverlap=False),
            ),
            color=alt.Color(
                "SD:Q",
                title="Change, SD",
                scale=alt.Scale(domain=[-2, 0, 2], range=DIVERGING, clamp=True),
                legend=alt.Legend(orient="top", gradientLength=160),
            ),
            tooltip=["Marker:N", "Week:O", alt.Tooltip("SD:Q", title="Change, SD at baseline", format=".2f")],
        )
        .properties(width=width, height=height)
    )


def _bare_axis(study: Study) -> alt.Y:
    order = [marker.label for marker in study.markers]
    return alt.Y("Marker:N", sort=order, title=None, axis=alt.Axis(labels=False, ticks=False))


def figure_immune_subjects(
    records: pd.DataFrame, rows: pd.DataFrame, study: Study, subjects_at_most: int = 40
) -> alt.FacetChart | Table:
    """Draw the standardised change by marker and visit, one panel per subject, responders first.

    ``records`` have USUBJID, RESPONSE, PARAMCD, AVISIT and VALUE; ``rows`` are those of the group heatmap.
    With more than ``subjects_at_most`` subjects a sentence stands in its place.
    """
    if sentence := absence(rows):
        return Table("", absent=sentence)
    data = records[records["AVISIT"] != "Mean"]
    if data.empty:
        return Table("", absent=_NOT_STANDARDISED)
    if why := why_not_one_by_one(data["USUBJID"].nunique(), subjects_at_most):
        return Table("", absent=_BY_GROUP.format(why=why))
    signs = {"responder": " (R)", "nonresponder": " (NR)", "unknown": ""}
    data = data.assign(Subject=data["USUBJID"] + data["RESPONSE"].map(signs))
    rank = data["RESPONSE"].map({name: place for place, name in enumerate(GROUPS)})
    order = data.assign(rank=rank).sort_values(["rank", "USUBJID"])["Subject"].drop_duplicates().tolist()
    chart = _heat(data.drop(columns=["USUBJID", "RESPONSE"]), study, 62, 9 * len(study.markers)).facet(
        alt.Facet("Subject:N", title=None, sort=order, header=alt.Header(labelFontSize=8)), columns=6
    )
    return describe(chart, findings.subjects_finding(records, study))


def figure_immune_network(rows: pd.DataFrame, study: Study, least: float) -> alt.LayerChart | Table:
    """Draw measured markers on a circle, joined where changes correlate at ``least`` or more."""
    if sentence := absence(rows):
        return Table("", absent=sentence)
    places = _circle(study)
    wide = rows.pivot(index=["category", "level"], columns="statistic", values="value").reset_index()
    pairs = len(wide)
    wide = wide[wide["r"].abs() >= least]
    if wide.empty:
        return Table("", absent="No two markers' changes correlate as strongly as asked for here.")
    lines = pd.DataFrame(
        {
            "x": wide["category"].map(places["x"]), "y": wide["category"].map(places["y"]),
            "x2": wide["level"].map(places["x"]), "y2": wide["level"].map(places["y"]),
            "r": wide["r"], "low": wide["ci_low"], "high": wide["ci_high"], "n": wide["n"],
            "Pair": wide["category"].map(places["Marker"]) + " – " + wide["level"].map(places["Marker"]),
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
