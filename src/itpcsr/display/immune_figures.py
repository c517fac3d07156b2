"""Charts of immune function, from result rows and records of the analysis."""

from __future__ import annotations

import math
from collections.abc import Mapping

import altair as alt
import numpy as np
import pandas as pd

from itpcsr.display.findings import immune as findings
from itpcsr.display.findings.phrases import describe
from itpcsr.display.formats import format_p, format_plain
from itpcsr.display.table import Table
from itpcsr.display.theme import PALETTE
from itpcsr.results import absence
from itpcsr.study import Study

GROUPS = {"responder": "Responders", "nonresponder": "Non-responders", "unknown": "Response not known"}
_COLOURS = {"responder": PALETTE[0], "nonresponder": PALETTE[1], "unknown": "#777777"}
_DASHES = {"responder": [1, 0], "nonresponder": [4, 2], "unknown": [1, 2]}
_SHAPES = {"responder": "circle", "nonresponder": "diamond", "unknown": "cross"}
_DIVERGING = ["#D55E00", "#f7f7f7", "#0072B2"]


def _labels(study: Study) -> dict[str, str]:
    return {marker.code: marker.label for marker in study.markers}


def _scale(marks: Mapping[str, object], records: pd.DataFrame) -> alt.Scale:
    """Return the scale of the groups that have a subject, so that the legend names no other."""
    there = [name for name in GROUPS if name in set(records["RESPONSE"])]
    return alt.Scale(domain=[GROUPS[name] for name in there], range=[marks[name] for name in there])


_NOT_STANDARDISED = (
    "No change from baseline can be given in standard deviations at baseline, so that none can be drawn."
)
_NOTHING_CORRELATED = "Too few subjects have markers and platelet counts for a correlation within subjects."
_NOTHING_CHANGED = "No subject has a value at baseline and a later one, so that no change can be drawn."


def figure_immune_course(records: pd.DataFrame, rows: pd.DataFrame, study: Study) -> alt.FacetChart | Table:
    """Draw each marker's course: subjects thin, medians by response thick, one panel per marker.

    ``records`` have USUBJID, RESPONSE, PARAMCD, AVISITN and AVAL; ``rows`` are those of the course table.
    Pointing at a subject shows it in all panels.
    """
    if sentence := absence(rows):
        return Table("", absent=sentence)
    labels = _labels(study)
    data = pd.concat([records.assign(kind="subject"), _medians(rows)], ignore_index=True)
    data["Marker"], data["Group"] = data["PARAMCD"].map(labels), data["RESPONSE"].map(GROUPS)
    data["key"] = data["USUBJID"].fillna("") + data["RESPONSE"]
    data = data.drop(columns=["PARAMCD", "RESPONSE"])
    highlight = alt.selection_point(fields=["USUBJID"], on="pointerover", empty=False)
    weeks = [0, *study.sampling.immune_weeks]
    base = alt.Chart(data).encode(
        x=alt.X("AVISITN:Q", title="Week", axis=alt.Axis(values=weeks[::2], labelFontSize=8)),
        y=alt.Y(
            "AVAL:Q", title=None, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=3, labelFontSize=8)
        ),
        color=alt.Color(
            "Group:N", title=None, scale=_scale(_COLOURS, records), legend=alt.Legend(orient="top")
        ),
        strokeDash=alt.StrokeDash("Group:N", title=None, scale=_scale(_DASHES, records)),
        detail="key:N",
    )
    subjects = (
        base.transform_filter("datum.kind == 'subject'")
        .mark_line(point=alt.OverlayMarkDef(size=6))
        .encode(
            opacity=alt.condition(highlight, alt.value(1.0), alt.value(0.3)),
            strokeWidth=alt.condition(highlight, alt.value(2.5), alt.value(0.8)),
            tooltip=[
                alt.Tooltip("USUBJID:N", title="Subject"),
                alt.Tooltip("Group:N", title="Response"),
                alt.Tooltip("AVISITN:Q", title="Week"),
                alt.Tooltip("AVAL:Q", title="Value"),
            ],
        )
        .add_params(highlight)
    )
    medians = base.transform_filter("datum.kind == 'median'").mark_line(strokeWidth=2.5)
    order = [labels[marker.code] for marker in study.markers if labels[marker.code] in set(data["Marker"])]
    chart = (
        alt.layer(subjects, medians)
        .properties(width=112, height=70)
        .facet(
            alt.Facet("Marker:N", title=None, sort=order, header=alt.Header(labelFontSize=9, labelLimit=140)),
            columns=4,
        )
        .resolve_scale(y="independent")
    )
    return describe(chart, findings.course_finding(rows, study))


def _medians(rows: pd.DataFrame) -> pd.DataFrame:
    chosen = rows[
        (rows["analysis"] == "value")
        & (rows["statistic"] == "median")
        & rows["group"].isin(list(GROUPS))
        & rows["value"].notna()
    ]
    weeks = chosen["visit"].replace("Baseline", "Week 0").str.removeprefix("Week ").astype("float64")
    frame = {
        "RESPONSE": chosen["group"],
        "PARAMCD": chosen["level"],
        "AVISITN": weeks,
        "AVAL": chosen["value"],
    }
    return pd.DataFrame(frame).assign(kind="median")


def _heat(data: pd.DataFrame, study: Study, width: int, height: int) -> alt.Chart:
    labels = _labels(study)
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
                scale=alt.Scale(domain=[-2, 0, 2], range=_DIVERGING, clamp=True),
                legend=alt.Legend(orient="top", gradientLength=160),
            ),
            tooltip=["Marker:N", "Week:O", alt.Tooltip("SD:Q", title="Change, SD at baseline", format=".2f")],
        )
        .properties(width=width, height=height)
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


def _bare_axis(study: Study) -> alt.Y:
    order = [marker.label for marker in study.markers]
    return alt.Y("Marker:N", sort=order, title=None, axis=alt.Axis(labels=False, ticks=False))


def figure_immune_subjects(records: pd.DataFrame, rows: pd.DataFrame, study: Study) -> alt.FacetChart | Table:
    """Draw the standardised change by marker and visit, one panel per subject, responders first.

    ``records`` have USUBJID, RESPONSE, PARAMCD, AVISIT and VALUE; ``rows`` are those of the group heatmap.
    """
    if sentence := absence(rows):
        return Table("", absent=sentence)
    data = records[records["AVISIT"] != "Mean"]
    if data.empty:
        return Table("", absent=_NOT_STANDARDISED)
    signs = {"responder": " (R)", "nonresponder": " (NR)", "unknown": ""}
    data = data.assign(Subject=data["USUBJID"] + data["RESPONSE"].map(signs))
    rank = data["RESPONSE"].map({name: place for place, name in enumerate(GROUPS)})
    order = data.assign(rank=rank).sort_values(["rank", "USUBJID"])["Subject"].drop_duplicates().tolist()
    chart = _heat(data.drop(columns=["USUBJID", "RESPONSE"]), study, 62, 9 * len(study.markers)).facet(
        alt.Facet("Subject:N", title=None, sort=order, header=alt.Header(labelFontSize=8)), columns=6
    )
    return describe(chart, findings.subjects_finding(records, study))


def figure_immune_lags(rows: pd.DataFrame, study: Study, rate: float) -> alt.LayerChart | Table:
    """Draw the correlation with platelets by marker and lag, framed at an adjusted p of ``rate`` or less."""
    if sentence := absence(rows):
        return Table("", absent=sentence)
    labels = _labels(study)
    wide = rows.pivot(index=["level", "visit"], columns="statistic", values="value").reset_index()
    wide = wide[wide["r"].notna()]
    if wide.empty:
        return Table("", absent=_NOTHING_CORRELATED)
    data = wide.assign(
        Marker=wide["level"].map(labels), Lag=wide["visit"].str.removeprefix("lag ").astype("int64")
    )
    data["text"] = data["r"].map(lambda value: f"{value:+.2f}".replace("-", "−"))
    data["marked"] = data["p_adjusted"] <= rate
    data["P"] = data["p_adjusted"].map(format_p)
    data = data[["Marker", "Lag", "r", "low", "high", "pairs", "text", "marked", "P"]]
    base = alt.Chart(data).encode(
        x=alt.X("Lag:O", title="Weeks from marker to platelet count", axis=alt.Axis(labelAngle=0)),
        y=alt.Y(
            "Marker:N",
            sort=[labels[marker.code] for marker in study.markers],
            title=None,
            axis=alt.Axis(labelFontSize=9, labelLimit=190),
        ),
        tooltip=[
            "Marker:N",
            "Lag:O",
            alt.Tooltip("r:Q", format=".2f"),
            "pairs:Q",
            alt.Tooltip("P:N", title="adjusted p"),
        ],
    )
    cells = base.mark_rect(stroke="white").encode(
        color=alt.Color(
            "r:Q",
            title="r",
            scale=alt.Scale(domain=[-0.8, 0, 0.8], range=_DIVERGING, clamp=True),
            legend=alt.Legend(orient="top", gradientLength=160),
        )
    )
    rings = base.transform_filter("datum.marked").mark_rect(fill=None, stroke="black", strokeWidth=1.5)
    texts = base.mark_text(fontSize=8).encode(text="text:N")
    chart = alt.layer(cells, rings, texts).properties(width=380, height=15 * len(study.markers))
    return describe(chart, findings.lags_finding(data, rate))


def figure_immune_network(
    rows: pd.DataFrame, study: Study, least: float, rate: float
) -> alt.LayerChart | Table:
    """Draw measured markers on a circle, joined where changes correlate at ``least`` or more.

    Full lines: adjusted p at most ``rate``; dashed: correlated, but not after adjustment.
    """
    if sentence := absence(rows):
        return Table("", absent=sentence)
    places = _circle(study)
    wide = rows.pivot(index="level", columns="statistic", values="value").reset_index()
    pairs = len(wide)
    wide = wide[wide["r"].abs() >= least]
    if wide.empty:
        return Table("", absent="No two markers' changes correlate as strongly as asked for here.")
    held = f"adjusted p ≤ {format_plain(rate)}"
    ends = wide["level"].str.split(" | ", regex=False, expand=True)
    lines = pd.DataFrame(
        {
            "x": ends[0].map(places["x"]), "y": ends[0].map(places["y"]),
            "x2": ends[1].map(places["x"]), "y2": ends[1].map(places["y"]),
            "r": wide["r"], "n": wide["n"], "P": wide["p_adjusted"].map(format_p),
            "Pair": ends[0].map(places["Marker"]) + " – " + ends[1].map(places["Marker"]),
            "Sign": np.where(wide["r"] > 0, "together", "against each other"),
            "Adjusted": np.where(wide["p_adjusted"] <= rate, held, "not after adjustment"),
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
            strokeDash=alt.StrokeDash(
                "Adjusted:N",
                title=None,
                scale=alt.Scale(domain=[held, "not after adjustment"], range=[[1, 0], [4, 3]]),
            ),
            tooltip=[
                "Pair:N",
                alt.Tooltip("r:Q", format=".2f"),
                "n:Q",
                alt.Tooltip("P:N", title="adjusted p"),
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
    return describe(chart, findings.network_finding(lines, pairs, least, held))


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


def figure_immune_panel(
    records: pd.DataFrame, rows: pd.DataFrame, platelets: pd.DataFrame, study: Study
) -> alt.HConcatChart | Table:
    """Draw the whole panel: what moved, in whom, and whether it goes with platelets.

    Left: mean standardised change of responders and non-responders with limits, each subject a tick.
    Right: correlation with platelets within subjects. ``records`` as for the subjects' heatmap, ``rows`` from
    ``analyse_picture``, ``platelets`` those of the correlation.
    """
    if sentence := absence(rows):
        return Table("", absent=sentence)
    if not (records["AVISIT"] == "Mean").any():
        return Table("", absent=_NOTHING_CHANGED)
    moved = _moved(records, rows, study)
    parts = [moved] if absence(platelets) else [moved, _related(platelets, study)]
    return describe(alt.hconcat(*parts), findings.panel_finding(rows, platelets, study))


def _axis(study: Study, labels: bool) -> alt.Y:
    order = [marker.label for marker in study.markers]
    axis = alt.Axis(labelFontSize=9, labelLimit=190, labels=labels, ticks=labels, grid=True)
    return alt.Y("Marker:N", sort=order, title=None, axis=axis)


def _moved(records: pd.DataFrame, rows: pd.DataFrame, study: Study) -> alt.LayerChart:
    labels = _labels(study)
    wide = rows.pivot(index=["level", "group"], columns="statistic", values="value").reset_index()
    wide = wide[wide["group"].isin(list(GROUPS)) & wide["mean"].notna()]
    means = wide.assign(Marker=wide["level"].map(labels), Group=wide["group"].map(GROUPS), Mean=wide["mean"])
    means = means[["Marker", "Group", "Mean", "low", "high", "n"]]
    ticks = records[records["AVISIT"] == "Mean"]
    ticks = pd.DataFrame(
        {
            "Marker": ticks["PARAMCD"].map(labels), "Group": ticks["RESPONSE"].map(GROUPS),
            "Mean": ticks["VALUE"], "USUBJID": ticks["USUBJID"],
        }
    )  # fmt: skip
    offset = alt.YOffset("Group:N", sort=list(GROUPS.values()))
    colour = alt.Color(
        "Group:N", title=None, scale=_scale(_COLOURS, records), legend=alt.Legend(orient="top")
    )
    x = alt.X("Mean:Q", title="Mean change, SD at baseline", scale=alt.Scale(domain=[-3, 3], clamp=True))
    y = _axis(study, True)
    dots = alt.Chart(ticks).mark_tick(thickness=1, size=6, opacity=0.55).encode(
        x=x, y=y, yOffset=offset, color=colour,
        tooltip=[alt.Tooltip("USUBJID:N", title="Subject"), "Marker:N", alt.Tooltip("Mean:Q", format=".2f")],
    )  # fmt: skip
    base = alt.Chart(means).encode(y=y, yOffset=offset, color=colour)
    lines = base.mark_rule(strokeWidth=1.6).encode(x=alt.X("low:Q"), x2="high:Q")
    points = base.mark_point(filled=True, size=48, opacity=1).encode(
        x=x,
        shape=alt.Shape("Group:N", title=None, scale=_scale(_SHAPES, records)),
        tooltip=["Marker:N", "Group:N", alt.Tooltip("Mean:Q", format=".2f"), "n:Q"],
    )
    zero = alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(strokeDash=[3, 3], color="#666666").encode(x="x:Q")
    return alt.layer(zero, dots, lines, points).properties(
        width=290, height=20 * len(study.markers), title="What moved, and in whom"
    )


def _related(platelets: pd.DataFrame, study: Study) -> alt.LayerChart:
    labels = _labels(study)
    own = platelets[platelets["analysis"] == "same"]
    wide = own.pivot(index="level", columns="statistic", values="value").reset_index()
    wide = wide[wide["r"].notna()]
    wide = wide.assign(Marker=wide["level"].map(labels))
    data = wide.assign(P=wide["p_adjusted"].map(format_p))[["Marker", "r", "low", "high", "pairs", "P"]]
    base = alt.Chart(data).encode(y=_axis(study, False))
    domain = alt.Scale(domain=[-1, 1])
    lines = base.mark_rule(color="#333333", strokeWidth=1.6).encode(
        x=alt.X("low:Q", scale=domain, title="Correlation with platelets within subjects"), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=48, color="#333333", opacity=1).encode(
        x=alt.X("r:Q", scale=domain),
        tooltip=[
            "Marker:N",
            alt.Tooltip("r:Q", format=".2f"),
            "pairs:Q",
            alt.Tooltip("P:N", title="adjusted p"),
        ],
    )
    zero = alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(strokeDash=[3, 3], color="#666666").encode(x="x:Q")
    return alt.layer(zero, lines, points).properties(
        width=190, height=20 * len(study.markers), title="Does it go with platelets"
    )
