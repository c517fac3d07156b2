"""Heatmaps: changes by marker and visit, and correlations with platelets by marker and lag."""

from __future__ import annotations

import pandas as pd

from csrkit.charts.layers import describe
from csrkit.charts.theme import alt
from csrkit.many import why_not_one_by_one
from csrkit.rows import absence
from csrkit.tables.table import Table
from itpcsr.display.findings import immune as findings
from itpcsr.display.immune_figures.marks import GROUPS, marker_labels
from itpcsr.study import Study

_DIVERGING = ["#D55E00", "#f7f7f7", "#0072B2"]
_NOT_STANDARDISED = (
    "No change from baseline can be given in standard deviations at baseline, so that none can be drawn."
)
_BY_GROUP = (
    "The heatmap of groups stands for those of single subjects: {why}. The changes of each subject are in "
    "the analysis dataset ADCP."
)
_NOTHING_CORRELATED = "Too few subjects have markers and platelet counts for a correlation within subjects."


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
                scale=alt.Scale(domain=[-2, 0, 2], range=_DIVERGING, clamp=True),
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


def figure_immune_lags(rows: pd.DataFrame, study: Study) -> alt.LayerChart | Table:
    """Draw the correlation with platelets by marker and lag."""
    if sentence := absence(rows):
        return Table("", absent=sentence)
    labels = marker_labels(study)
    wide = rows.pivot(index=["level", "visit"], columns="statistic", values="value").reset_index()
    wide = wide[wide["r"].notna()]
    if wide.empty:
        return Table("", absent=_NOTHING_CORRELATED)
    data = wide.assign(
        Marker=wide["level"].map(labels), Lag=wide["visit"].str.removeprefix("lag ").astype("int64")
    )
    data["text"] = data["r"].map(lambda value: f"{value:+.2f}".replace("-", "−"))
    data = data[["Marker", "Lag", "r", "low", "high", "pairs", "text"]]
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
            alt.Tooltip("low:Q", title="lower limit", format=".2f"),
            alt.Tooltip("high:Q", title="upper limit", format=".2f"),
            "pairs:Q",
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
    texts = base.mark_text(fontSize=8).encode(text="text:N")
    chart = alt.layer(cells, texts).properties(width=380, height=15 * len(study.markers))
    return describe(chart, findings.lags_finding(data))
