"""Charts of exposure and of the time to adverse events."""

from __future__ import annotations

import pandas as pd

from csrkit.charts.layers import describe
from csrkit.charts.theme import PALETTE, alt
from csrkit.rows import absence
from csrkit.tables.table import Table
from itpcsr.display.exposure_tables import dose_unit
from itpcsr.display.findings.events import times_finding
from itpcsr.display.findings.phrases import single_arms
from itpcsr.display.findings.subjects import infusions_finding
from itpcsr.display.forms import has_form
from itpcsr.display.forms.safety import draw_infusion_shares
from itpcsr.display.labels import sentence_case
from itpcsr.study import Study

_AS_PLANNED, _ADJUSTED = "No adjustment recorded", "Interrupted or otherwise adjusted"
_ROW_HEIGHT = 16


def figure_infusions(
    rows: pd.DataFrame,
    adsl: pd.DataFrame,
    adex: pd.DataFrame,
    study: Study,
    form: pd.DataFrame | None = None,
) -> alt.FacetChart | Table:
    """Draw one line per treated subject with a mark per infusion by study day, one panel per arm.

    ``rows`` are those of the table of infusions; adjusted infusions have their own mark, and thin lines
    show the planned days. With a ``form`` for many subjects the shares given each infusion stand there.
    """
    if sentence := absence(rows):
        return Table("", absent=sentence)
    if form is not None and has_form(form):
        return describe(draw_infusion_shares(rows, form, study), infusions_finding(rows, study))
    data = _infusion_marks(adsl, adex, study)
    labels = [arm.label for arm in study.design.arms]
    last = max([*study.design.infusion_days, *data["ASTDY"].dropna()]) + 2
    y = alt.Y("USUBJID:N", title=None)
    x = alt.X(
        "ASTDY:Q",
        title="Study day",
        scale=alt.Scale(domain=[0, last], nice=False),
        axis=alt.Axis(values=study.design.infusion_days, grid=False),
    )
    base = alt.Chart(data)
    bottom = alt.Legend(orient="bottom", labelLimit=300)
    kinds = alt.Scale(domain=[_AS_PLANNED, _ADJUSTED], range=[PALETTE[0], PALETTE[1]])
    shapes = alt.Scale(domain=[_AS_PLANNED, _ADJUSTED], range=["circle", "diamond"])
    marks = base.mark_point(filled=True, size=70, opacity=1).encode(
        x=x,
        y=y,
        color=alt.Color("kind:N", title=None, scale=kinds, legend=bottom),
        shape=alt.Shape("kind:N", title=None, scale=shapes, legend=bottom),
        tooltip=[
            alt.Tooltip("USUBJID:N", title="Subject"),
            alt.Tooltip("EXNUM:Q", title="Infusion"),
            alt.Tooltip("ASTDY:Q", title="Study day"),
            alt.Tooltip("EXDOSE:Q", title=f"Dose, {dose_unit(study)}"),
            alt.Tooltip("reason:N", title="Reason of adjustment"),
        ],
    )
    lines = base.mark_line(color="#999999", strokeWidth=1).encode(x=x, y=y, detail="USUBJID:N")
    planned = [
        base.mark_rule(color="#dddddd").encode(x=alt.datum(day, type="quantitative"))
        for day in study.design.infusion_days
    ]
    chart = (
        alt.layer(*planned, lines, marks)
        .properties(width=480, height=alt.Step(_ROW_HEIGHT))
        .facet(alt.Facet("arm:N", title=None, sort=labels, header=alt.Header(labelAnchor="start")), columns=1)
        .resolve_scale(y="independent")
    )
    return describe(chart, infusions_finding(rows, study))


def _infusion_marks(adsl: pd.DataFrame, adex: pd.DataFrame, study: Study) -> pd.DataFrame:
    arms = {arm.code: arm.label for arm in study.design.arms}
    treated = adsl.loc[adsl["SAFFL"] == "Y", ["USUBJID", "SAFARMCD"]]
    shown = adex[["USUBJID", "EXNUM", "ASTDY", "EXDOSE", "EXADJ", "ADJFL"]].merge(treated, on="USUBJID")
    return shown.assign(
        arm=shown["SAFARMCD"].map(arms),
        kind=(shown["ADJFL"] == "Y").map({True: _ADJUSTED, False: _AS_PLANNED}),
        reason=shown["EXADJ"].map(sentence_case),
    ).drop(columns=["SAFARMCD", "EXADJ", "ADJFL"])


def figure_ae_times(rows: pd.DataFrame, curves: pd.DataFrame, study: Study) -> alt.LayerChart | Table:
    """Draw the estimated share of subjects with an adverse event by study day, one step line per column.

    ``rows`` are those of the table of times to the first event, ``curves`` those of
    ``estimate_ae_curves``; a tick marks a day on which the time at risk of a subject without event ends.
    """
    if sentence := absence(rows):
        return Table("", absent=sentence)
    if curves.empty:
        return Table("", absent="No subject was treated, so no time to an event can be drawn.")
    names = {column.key: column.label for column in study.design.columns} | single_arms(study)
    order = [names[key] for key in dict.fromkeys(curves["group"])]
    bottom = alt.Legend(orient="bottom", columns=3, labelLimit=300, symbolSize=400)
    base = alt.Chart(curves.assign(column=curves["group"].map(names))).encode(
        x=alt.X("day:Q", title="Study day"),
        y=alt.Y("percent:Q", title="Subjects with an adverse event, %", scale=alt.Scale(domain=[0, 100])),
        color=alt.Color("column:N", title=None, scale=alt.Scale(domain=order), legend=bottom),
    )
    steps = base.mark_line(interpolate="step-after").encode(
        strokeDash=alt.StrokeDash("column:N", title=None, scale=alt.Scale(domain=order), legend=bottom),
        tooltip=[
            alt.Tooltip("column:N", title="Group"),
            alt.Tooltip("day:Q", title="Study day"),
            alt.Tooltip("percent:Q", title="With event, %", format=".1f"),
        ],
    )
    ticks = base.transform_filter("datum.censored > 0").mark_point(shape="stroke", angle=90, size=60)
    chart = alt.layer(steps, ticks).properties(width=520, height=260)
    return describe(chart, times_finding(rows, study))
