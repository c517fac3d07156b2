"""The course of each marker, subject by subject."""

from __future__ import annotations

import pandas as pd

from csrkit.charts.layers import describe
from csrkit.charts.theme import alt
from csrkit.rows import absence
from csrkit.tables.table import Table
from itpcsr.display.findings import immune as findings
from itpcsr.display.forms import has_form
from itpcsr.display.forms.cells import draw_marker_bands
from itpcsr.display.immune_figures.marks import COLOURS, DASHES, GROUPS, marker_labels, scale_of
from itpcsr.study import Study


def figure_immune_course(
    records: pd.DataFrame, rows: pd.DataFrame, study: Study, bands: pd.DataFrame | None = None
) -> alt.FacetChart | Table:
    """Draw each marker's course: subjects thin, medians by response thick, one panel per marker.

    ``records`` have USUBJID, RESPONSE, PARAMCD, AVISITN and AVAL; ``rows`` are those of the course table.
    Pointing at a subject shows it in all panels. With ``bands`` (``analysis.bands``) of many subjects these
    stand in place of the lines.
    """
    if sentence := absence(rows):
        return Table("", absent=sentence)
    labels = marker_labels(study)
    if bands is not None and has_form(bands):
        chart = draw_marker_bands(bands, labels, GROUPS, scale_of(COLOURS, records))
        return describe(chart, findings.course_finding(rows, study))
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
            "Group:N", title=None, scale=scale_of(COLOURS, records), legend=alt.Legend(orient="top")
        ),
        strokeDash=alt.StrokeDash("Group:N", title=None, scale=scale_of(DASHES, records)),
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
