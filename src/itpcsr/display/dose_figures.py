"""Charts of dose finding: estimated DLT rates by dose, and the utility of each dose as the weights move."""

from __future__ import annotations

import pandas as pd

from csrkit.charts.layers import describe
from csrkit.charts.theme import PALETTE, alt
from csrkit.rows import absence
from csrkit.tables import words
from csrkit.tables.formats import format_interval, format_percent
from csrkit.tables.table import Table
from itpcsr.display.dose_tables import level_doses
from itpcsr.display.findings.dose import rates_finding, utility_finding
from itpcsr.study import Study

_STAGES = {
    "first": "First {subjects} subjects",
    "escalation": "After the escalation",
    "all": "With the expansion",
}
_ESTIMATES = {
    "observed": "Observed, exact interval",
    "isotonic": "Isotonic",
    "crm": "CRM, 90% posterior interval",
}
_SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross")
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3])


def figure_dose_dlt(rows: pd.DataFrame, study: Study) -> alt.HConcatChart | Table:
    """Draw the observed, isotonic and CRM estimates of the DLT rate by dose, at three times."""
    if sentence := absence(rows):
        return Table("", absent=sentence)
    data = _wide(rows, level_doses(study))
    subjects = study.dose_finding.choice_subjects if study.dose_finding else 0
    target = 100 * study.dose_finding.dlt_target if study.dose_finding else 0.0
    panels = [
        _panel(data[data["visit"] == visit], label.format(subjects=subjects), target, visit == "first", study)
        for visit, label in _STAGES.items()
    ]
    finding = rates_finding(rows, level_doses(study), study.design.dose_unit, target)
    return describe(alt.hconcat(*panels, spacing=12), finding)


def _dose_names(study: Study) -> list[str]:
    return [words.amount(dose, study.design.dose_unit) for dose in level_doses(study)]


def _wide(rows: pd.DataFrame, doses: list[str]) -> pd.DataFrame:
    keys = ["visit", "analysis", "level"]
    wide = rows.pivot_table(index=keys, columns="statistic", values="value", sort=False).reset_index()
    wide = wide.reindex(columns=[*keys, "percent", "ci_low", "ci_high"]).dropna(subset=["percent"])
    wide["Dose"] = [doses[int(level) - 1] for level in wide["level"]]
    wide["Estimate"] = wide["analysis"].map(_ESTIMATES)
    wide["Percent"] = [format_percent(value) for value in wide["percent"]]
    wide["Interval"] = [
        format_interval(low, high) for low, high in zip(wide["ci_low"], wide["ci_high"], strict=True)
    ]
    return wide


def _panel(data: pd.DataFrame, title: str, target: float, first: bool, study: Study) -> alt.LayerChart:
    names, doses = list(_ESTIMATES.values()), level_doses(study)
    legend = alt.Legend(title=None, orient="bottom", labelLimit=260)
    y_title = "Subjects with DLT, %" if first else None
    axis = alt.Axis(values=list(range(0, 101, 20)))
    x_title = words.amount("Dose", study.design.dose_unit).replace("Dose ×", "Dose,")
    base = alt.Chart(data).encode(
        x=alt.X(
            "Dose:N", sort=doses, scale=alt.Scale(domain=doses), title=x_title, axis=alt.Axis(labelAngle=0)
        ),
        xOffset=alt.XOffset("Estimate:N", sort=names, scale=alt.Scale(domain=names)),
        color=alt.Color("Estimate:N", scale=alt.Scale(domain=names, range=list(PALETTE)), legend=legend),
        tooltip=[alt.Tooltip(f"{name}:N") for name in ("Dose", "Estimate", "Percent", "Interval")],
    )
    bars = base.transform_filter("isValid(datum.ci_low)").mark_rule(strokeWidth=1.5)
    bars = bars.encode(y=alt.Y("ci_low:Q", title=y_title), y2="ci_high:Q")
    dots = base.mark_point(filled=True, size=50, opacity=1).encode(
        y=alt.Y("percent:Q", title=y_title, scale=alt.Scale(domain=[-2, 102], nice=False), axis=axis),
        shape=alt.Shape("Estimate:N", scale=alt.Scale(domain=names, range=list(_SHAPES)), legend=legend),
    )
    line = alt.Chart(pd.DataFrame({"y": [target]})).mark_rule(strokeDash=[4, 3], color="#555555")
    line = line.encode(y=alt.Y("y:Q", title=y_title))
    head = alt.TitleParams(title, anchor="start", fontSize=10, offset=4)
    return alt.layer(line, bars, dots).properties(width=165, height=230, title=head)


def figure_dose_utility(rows: pd.DataFrame, study: Study) -> alt.HConcatChart | Table:
    """Draw the utility of each dose against the weight of safety, and how often each dose is preferred."""
    if sentence := absence(rows):
        return Table("", absent=sentence)
    names = _dose_names(study)
    label = {f"level_{level}": name for level, name in enumerate(names, start=1)}
    data = rows[rows["analysis"].isin(["share", "weightings"])].dropna(subset=["value"])
    data = data.assign(Group=data["group"].map(label))
    current = rows.loc[rows["analysis"] == "current", "value"]
    curves = _curves(data[data["analysis"] == "share"], names, current)
    bars = _bars(data[data["analysis"] == "weightings"], names)
    return describe(alt.hconcat(curves, bars, spacing=20), utility_finding(rows, names))


def _curves(data: pd.DataFrame, names: list[str], current: pd.Series) -> alt.LayerChart:
    data = data.assign(share=data["level"].astype("float64"), utility=data["value"])
    legend = alt.Legend(title=None, orient="bottom", labelLimit=260)
    color = alt.Color("Group:N", scale=alt.Scale(domain=names, range=list(PALETTE)), legend=legend)
    base = alt.Chart(data[["share", "utility", "Group"]]).encode(
        x=alt.X("share:Q", title="Weight of safety, % of all weights", scale=alt.Scale(domain=[0, 100])),
        y=alt.Y("utility:Q", title="Utility", scale=alt.Scale(domain=[0, 1])),
        color=color,
    )
    dash = alt.StrokeDash("Group:N", scale=alt.Scale(domain=names, range=list(_DASHES)), legend=None)
    lines = base.mark_line(strokeWidth=2).encode(strokeDash=dash)
    shape = alt.Shape("Group:N", scale=alt.Scale(domain=names, range=list(_SHAPES)), legend=legend)
    marks = base.transform_filter("datum.share % 25 == 0").mark_point(filled=True, size=50, opacity=1)
    here = alt.Chart(pd.DataFrame({"share": current.to_numpy()})).mark_rule(
        strokeDash=[4, 3], color="#555555"
    )
    here = here.encode(x=alt.X("share:Q", title="Weight of safety, % of all weights"))
    title = alt.TitleParams("Utility by weight of safety", anchor="start", fontSize=10, offset=4)
    return alt.layer(here, lines, marks.encode(shape=shape)).properties(width=330, height=230, title=title)


def _bars(data: pd.DataFrame, names: list[str]) -> alt.LayerChart:
    data = data.assign(share=data["value"], text=[format_percent(value) for value in data["value"]])
    scale, ticks = alt.Scale(domain=[0, 108], nice=False), alt.Axis(values=list(range(0, 101, 20)))
    # the dose's number alone under its bar; its unit stands in the legend
    under = alt.Axis(labelAngle=0, labelExpr="split(datum.label, ' ')[0]")
    base = alt.Chart(data[["share", "Group", "text"]]).encode(
        x=alt.X("Group:N", sort=names, title=None, axis=under),
        y=alt.Y("share:Q", title="Weightings that prefer the dose, %", scale=scale, axis=ticks),
    )
    color = alt.Color("Group:N", scale=alt.Scale(domain=names, range=list(PALETTE)), legend=None)
    bars = base.mark_bar(width=30).encode(color=color)
    title = alt.TitleParams("All weightings in tenths", anchor="start", fontSize=10, offset=4)
    text = base.mark_text(dy=-7, fontSize=10).encode(text="text:N")
    return alt.layer(bars, text).properties(width=190, height=230, title=title)
