"""The whole panel in one picture: what moved, in whom, and whether it goes with platelets."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from csrkit.charts.layers import describe
from csrkit.charts.theme import alt
from csrkit.rows import absence
from csrkit.tables.table import Table
from itpcsr.display.findings import immune as findings
from itpcsr.display.forms import has_form, number_tooltips
from itpcsr.display.forms.cells import change_spread, name_panel
from itpcsr.display.immune_figures.marks import COLOURS, GROUPS, SHAPES, marker_labels, scale_of
from itpcsr.study import Study

_NOTHING_CHANGED = "No subject has a value at baseline and a later one, so that no change can be drawn."


def figure_immune_panel(
    records: pd.DataFrame,
    rows: pd.DataFrame,
    platelets: pd.DataFrame,
    study: Study,
    bands: pd.DataFrame | None = None,
) -> alt.HConcatChart | Table:
    """Draw the whole panel: what moved, in whom, and whether it goes with platelets.

    Left: mean standardised change of responders and non-responders with limits, each subject a tick.
    Right: correlation with platelets within subjects. ``records`` as for the subjects' heatmap, ``rows`` from
    ``analyse_picture``, ``platelets`` those of the correlation. With ``bands`` (``analysis.bands``) of many
    subjects a pale line from 5 to 95% of them stands in place of the ticks.
    """
    if sentence := absence(rows):
        return Table("", absent=sentence)
    if not (records["AVISIT"] == "Mean").any():
        return Table("", absent=_NOTHING_CHANGED)
    formed = bands is not None and has_form(bands)
    moved = _moved(records, rows, study, bands if formed else None)
    parts = [moved] if absence(platelets) else [moved, _related(platelets, study)]
    chart = alt.hconcat(*parts)
    chart = name_panel(chart, bands) if bands is not None and formed else chart
    return describe(chart, findings.panel_finding(rows, platelets, study))


def _axis(study: Study, labels: bool) -> alt.Y:
    order = [marker.label for marker in study.markers]
    axis = alt.Axis(labelFontSize=9, labelLimit=190, labels=labels, ticks=labels, grid=True)
    return alt.Y("Marker:N", sort=order, title=None, axis=axis)


def _moved(
    records: pd.DataFrame, rows: pd.DataFrame, study: Study, bands: pd.DataFrame | None
) -> alt.LayerChart:
    labels = marker_labels(study)
    wide = rows.pivot(index=["level", "group"], columns="statistic", values="value").reset_index()
    wide = wide[wide["group"].isin(list(GROUPS)) & wide["mean"].notna()]
    means = wide.assign(Marker=wide["level"].map(labels), Group=wide["group"].map(GROUPS), Mean=wide["mean"])
    means = means[["Marker", "Group", "Mean", "low", "high", "n"]]
    offset = alt.YOffset("Group:N", sort=list(GROUPS.values()))
    colour = alt.Color(
        "Group:N", title=None, scale=scale_of(COLOURS, records), legend=alt.Legend(orient="top")
    )
    span = alt.Scale(domain=[-3, 3], clamp=True)
    x = alt.X("Mean:Q", title="Mean change, SD at baseline", scale=span)
    y = _axis(study, True)
    if bands is None:
        dots = _ticks(records, labels, x).encode(y=y, yOffset=offset, color=colour)
    else:
        spread = alt.Chart(change_spread(bands, labels, GROUPS)).mark_rule(strokeWidth=5, opacity=0.25)
        dots = spread.encode(
            x=alt.X("p5:Q", scale=span), x2="p95:Q", y=y, yOffset=offset, color=colour,
            tooltip=["Marker:N", "Group:N", *number_tooltips()],
        )  # fmt: skip
    base = alt.Chart(means).encode(y=y, yOffset=offset, color=colour)
    lines = base.mark_rule(strokeWidth=1.6).encode(x=alt.X("low:Q"), x2="high:Q")
    points = base.mark_point(filled=True, size=48, opacity=1).encode(
        x=x,
        shape=alt.Shape("Group:N", title=None, scale=scale_of(SHAPES, records)),
        tooltip=["Marker:N", "Group:N", alt.Tooltip("Mean:Q", format=".2f"), "n:Q"],
    )
    zero = alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(strokeDash=[3, 3], color="#666666").encode(x="x:Q")
    return alt.layer(zero, dots, lines, points).properties(
        width=290, height=20 * len(study.markers), title="What moved, and in whom"
    )


def _ticks(records: pd.DataFrame, labels: Mapping[str, str], x: alt.X) -> alt.Chart:
    means = records[records["AVISIT"] == "Mean"]
    ticks = pd.DataFrame(
        {
            "Marker": means["PARAMCD"].map(labels), "Group": means["RESPONSE"].map(GROUPS),
            "Mean": means["VALUE"], "USUBJID": means["USUBJID"],
        }
    )  # fmt: skip
    return alt.Chart(ticks).mark_tick(thickness=1, size=6, opacity=0.55).encode(
        x=x,
        tooltip=[alt.Tooltip("USUBJID:N", title="Subject"), "Marker:N", alt.Tooltip("Mean:Q", format=".2f")],
    )  # fmt: skip


def _related(platelets: pd.DataFrame, study: Study) -> alt.LayerChart:
    labels = marker_labels(study)
    own = platelets[platelets["analysis"] == "same"]
    wide = own.pivot(index="level", columns="statistic", values="value").reset_index()
    wide = wide[wide["r"].notna()]
    wide = wide.assign(Marker=wide["level"].map(labels))
    data = wide[["Marker", "r", "low", "high", "pairs"]]
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
            alt.Tooltip("low:Q", title="lower limit", format=".2f"),
            alt.Tooltip("high:Q", title="upper limit", format=".2f"),
            "pairs:Q",
        ],
    )
    zero = alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(strokeDash=[3, 3], color="#666666").encode(x="x:Q")
    return alt.layer(zero, lines, points).properties(
        width=190, height=20 * len(study.markers), title="Does it go with platelets"
    )
