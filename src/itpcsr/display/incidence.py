"""Dots of incidence by dose, with exact intervals."""

from __future__ import annotations

import pandas as pd

from csrkit.charts.layers import describe
from csrkit.charts.theme import PALETTE, alt
from csrkit.rows import absence
from csrkit.tables import words
from csrkit.tables.formats import format_count, format_interval, format_percent
from csrkit.tables.table import Table
from itpcsr.display.findings.events import incidence_finding
from itpcsr.study import Study

SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross")
_WIDTH, _STEP = 430, 11
_KINDS = {
    "any": "Any adverse event",
    "related": "Related to treatment",
    "severe": "Severe",
    "serious": "Serious",
}
_PANELS = {"kind": "Kind of event", "term": "Most frequent preferred terms"}


def dose_labels(study: Study, keys: list[str]) -> dict[str, str]:
    """Return the legend's text for columns: its label, with the dose unit where it is but a number."""
    labels = {column.key: column.label for column in study.design.columns if column.key in keys}
    numbers = all(label.replace(".", "", 1).isdigit() for label in labels.values())
    unit = study.design.dose_unit
    return {key: words.amount(label, unit) if numbers else label for key, label in labels.items()}


def figure_incidence(rows: pd.DataFrame, study: Study) -> alt.VConcatChart | Table:
    """Draw the percentage of subjects with each kind of event and each term, by dose."""
    if sentence := absence(rows):
        return Table("", absent=sentence)
    sizes = rows[rows["analysis"] == "size"].set_index("group")["value"]
    labels = dose_labels(study, [str(key) for key in sizes.index])
    groups = [f"{labels[str(key)]} (N={format_count(size)})" for key, size in sizes.items()]
    data = _wide(rows, dict(zip(sizes.index, groups, strict=True)), study)
    panels = [_panel(data[data["analysis"] == name], name, groups) for name in _PANELS]
    return describe(alt.vconcat(*panels, spacing=10), incidence_finding(rows, labels))


def _wide(rows: pd.DataFrame, groups: dict[str, str], study: Study) -> pd.DataFrame:
    """One record per level and group with percentage and limits; groups without subjects fall out."""
    chosen = rows[rows["analysis"].isin(list(_PANELS))]
    keys = ["analysis", "level", "group"]
    wide = chosen.pivot_table(index=keys, columns="statistic", values="value", sort=False).reset_index()
    wide = wide.dropna(subset=["percent"])
    severe = _severe(study)
    wide["name"] = [
        _KINDS.get(level, "") if analysis == "kind" else words.capitalize(words.term(level))
        for analysis, level in zip(wide["analysis"], wide["level"], strict=True)
    ]
    wide["name"] = wide["name"].replace("Severe", severe)
    wide["Group"] = wide["group"].map(groups)
    wide["Subjects"] = [
        f"{format_count(n)} of {format_count(size)}" for n, size in zip(wide["n"], wide["N"], strict=True)
    ]
    wide["Percent"] = [format_percent(value) for value in wide["percent"]]
    wide["Interval"] = [
        format_interval(low, high) for low, high in zip(wide["ci_low"], wide["ci_high"], strict=True)
    ]
    return wide.drop(columns=["analysis"]).assign(analysis=wide["analysis"])


def _severe(study: Study) -> str:
    if study.safety.severity_variable == "AESEV":
        return "Severe"
    return f"Grade {study.safety.severe_grade} or higher"


def _panel(data: pd.DataFrame, name: str, groups: list[str]) -> alt.LayerChart:
    names = list(dict.fromkeys(data["name"]))
    last = name == "term"
    legend = alt.Legend(title=None, orient="bottom", labelLimit=260)
    base = alt.Chart(data).encode(
        y=alt.Y("name:N", sort=names, title=None, axis=alt.Axis(labelLimit=220, ticks=False, labelPadding=6)),
        yOffset=alt.YOffset("Group:N", sort=groups),
        color=alt.Color("Group:N", scale=alt.Scale(domain=groups, range=list(PALETTE)), legend=legend),
        tooltip=[alt.Tooltip(f"{title}:N") for title in ("name", "Group", "Subjects", "Percent", "Interval")],
    )
    axis_title = "Subjects with the event, % and exact interval" if last else None
    ticks = alt.Axis(values=list(range(0, 101, 10)))
    scale = alt.Scale(domain=[-2, 102], nice=False)
    axis = alt.X("percent:Q", scale=scale, title=axis_title, axis=ticks)
    bars = base.mark_rule(strokeWidth=1.5).encode(x=alt.X("ci_low:Q", title=axis_title), x2="ci_high:Q")
    dots = base.mark_point(filled=True, size=45, opacity=1).encode(
        x=axis,
        shape=alt.Shape("Group:N", scale=alt.Scale(domain=groups, range=list(SHAPES)), legend=legend),
    )
    title = alt.TitleParams(_PANELS[name], anchor="start", fontSize=10, offset=4)
    height = alt.Step(_STEP * max(2, len(groups)) + 4, **{"for": "position"})
    return alt.layer(bars, dots).properties(width=_WIDTH, height=height, title=title)
