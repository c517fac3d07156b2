"""Laboratory values of single subjects: their course, and peak ALT against peak bilirubin."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from csrkit.charts.layers import describe
from csrkit.charts.theme import PALETTE, alt
from csrkit.limits import stand_in
from csrkit.rows import absence
from csrkit.tables import words
from csrkit.tables.formats import format_count, format_number
from csrkit.tables.table import Table
from itpcsr.display.findings.laboratory import courses_finding, edish_finding
from itpcsr.display.forms import has_form
from itpcsr.display.forms.safety import draw_laboratory_bands, name_peaks, peak_squares
from itpcsr.display.incidence import SHAPES, dose_labels
from itpcsr.study import Column, Study

_MOST_POINTS = 60  # subjects up to which each value has a point
_HEIGHT, _ALL_WIDTH = 78, 560
_QUADRANTS = {
    "both": "ALT and bilirubin high",
    "alt": "ALT high",
    "bilirubin": "Bilirubin high",
    "within": "Neither",
}


def figure_courses(
    rows: pd.DataFrame,
    adlb: pd.DataFrame,
    adsl: pd.DataFrame,
    columns: Sequence[Column],
    study: Study,
    bands: pd.DataFrame | None = None,
) -> alt.VConcatChart | Table:
    """Draw each subject's laboratory values over time, one row per test and one panel per column.

    ``rows`` say which tests the data have; ``columns`` are those by dose. The dashed lines are the reference
    limits, as far as the values of a test have them; where limits differ between subjects the widest stand.
    With ``bands`` (``analysis.bands``) of many subjects these stand in place of the lines.
    """
    if sentence := absence(rows):
        return Table("", absent=sentence)
    tests = list(dict.fromkeys(rows.loc[rows["analysis"] == "course", "level"]))
    data = _grouped(adlb[adlb["PARAMCD"].isin(tests)], adsl, columns, study)
    if bands is not None and has_form(bands):
        return describe(_bands(bands, data, columns, study), courses_finding(data))
    keys = [column.key for column in columns]
    groups = [label for label in dose_labels(study, keys).values() if label in set(data["Group"])]
    points = data["Subject"].nunique() <= _MOST_POINTS
    days = alt.Scale(domain=[data["Day"].min() - 3, data["Day"].max() + 3], nice=False)
    panels = []
    for test in tests:
        first, last = test == tests[0], test == tests[-1]
        part = data[data["code"] == test]
        header = alt.Header(labels=first, title=None, labelPadding=4)
        column = alt.Column("Group:N", sort=groups, header=header)
        panel = alt.layer(_lines(part, _day_axis(days, last), points), *_limits(part))
        width = int(_ALL_WIDTH / len(groups)) - 16
        shown = part[["Subject", "Group", "Day", "Value"]]
        panel = panel.properties(width=width, height=_HEIGHT)
        panels.append(panel.facet(data=shown, column=column, spacing=8))
    return describe(alt.vconcat(*panels, spacing=6), courses_finding(data))


def _bands(
    bands: pd.DataFrame, data: pd.DataFrame, columns: Sequence[Column], study: Study
) -> alt.VConcatChart:
    parts = {str(code): part for code, part in data.groupby("code", sort=False)}
    tests = {code: (str(part["test"].iloc[0]), str(part["unit"].iloc[0])) for code, part in parts.items()}
    limits = {code: _widest(part) for code, part in parts.items()}
    return draw_laboratory_bands(bands, tests, limits, dose_labels(study, [column.key for column in columns]))


def _day_axis(days: alt.Scale, last: bool) -> alt.X:
    axis = alt.Axis(labels=last, ticks=last, values=list(range(1, int(days.to_dict()["domain"][1]) + 1, 56)))
    return alt.X("Day:Q", scale=days, title="Study day" if last else None, axis=axis)


def _grouped(adlb: pd.DataFrame, adsl: pd.DataFrame, columns: Sequence[Column], study: Study) -> pd.DataFrame:
    """Values as the chart shows them, by the dose that the subject got."""
    labels = dose_labels(study, [column.key for column in columns])
    arms = {code: labels[column.key] for column in columns for code in column.arms}
    groups = adsl.loc[adsl["SAFFL"] == "Y"].set_index("USUBJID")["SAFARMCD"].map(arms).dropna()
    values = adlb[adlb["USUBJID"].isin(groups.index)]
    return pd.DataFrame(
        {
            "Subject": values["USUBJID"],
            "Group": values["USUBJID"].map(groups).astype("str"),
            "code": values["PARAMCD"],
            "test": [words.lab_name(code) for code in values["PARAMCD"]],
            "unit": [words.unit(text) for text in values["AVALU"]],
            "Day": values["ADY"],
            "Value": stand_in(values),
            "low": values["ANRLO"],
            "high": values["ANRHI"],
        }
    ).sort_values(["code", "Subject", "Day"], kind="stable")


def _lines(data: pd.DataFrame, x: alt.X, points: bool) -> alt.Chart:
    """The values of one test, a line per subject; the one under the pointer stands out."""
    name, unit = words.capitalize(str(data["test"].iloc[0])), str(data["unit"].iloc[0])
    hover = f"subject_{data['code'].iloc[0]}"
    highlight = alt.selection_point(fields=["Subject"], on="pointerover", empty=False, name=hover)
    marks = alt.OverlayMarkDef(size=10) if points else False
    return (
        alt.Chart()
        .mark_line(strokeWidth=1, point=marks, opacity=0.9 if points else 0.35)
        .encode(
            x=x,
            y=alt.Y("Value:Q", title=[name, unit], scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=4)),
            detail="Subject:N",
            color=alt.condition(highlight, alt.value(PALETTE[1]), alt.value("#5f88a8")),
            tooltip=[
                "Subject:N",
                alt.Tooltip("Day:Q", title="Study day"),
                alt.Tooltip("Value:Q", title=f"{name}, {unit}"),
            ],
        )
        .add_params(highlight)
    )  # fmt: skip


def _limits(data: pd.DataFrame) -> list[alt.Chart]:
    """The widest reference limits of one test as lines, as far as there are any."""
    # one rule a panel, not one a value
    base = alt.Chart().transform_aggregate(values="count()", groupby=["Group"])
    return [
        base.mark_rule(strokeDash=[4, 3], color="#444444").encode(y=alt.datum(limit))
        for limit in _widest(data)
    ]


def _widest(data: pd.DataFrame) -> list[float]:
    """Return the lowest lower and the highest upper reference limit, as far as there are any."""
    return [float(limit) for limit in (data["low"].min(), data["high"].max()) if not math.isnan(limit)]


def figure_edish(
    rows: pd.DataFrame,
    peaks: pd.DataFrame,
    adsl: pd.DataFrame,
    columns: Sequence[Column],
    study: Study,
    limits: Mapping[str, float],
    bins: pd.DataFrame | None = None,
    bounds: Sequence[float] = (),
) -> alt.LayerChart | Table:
    """Draw peak ALT against peak bilirubin, both as multiples of the upper limit of normal, on log axes.

    ``limits`` are those of ALT and BILI that part the quadrants; ``rows`` count the subjects in each.
    With ``bins`` (``analysis.bands.peak_bins``, between ``bounds``) of many subjects squares show how many
    there are, and marks the few beyond a limit alone.
    """
    if sentence := absence(rows):
        return Table("", absent=sentence)
    groups, data = _placed(peaks, adsl, columns, study)
    low = min(0.1, *data[["ALT", "BILI"]].min())
    high = {"ALT": max(20.0, 1.2 * data["ALT"].max()), "BILI": max(10.0, 1.2 * data["BILI"].max())}
    x = _times("ALT", "Peak ALT, × upper limit of normal", low, high["ALT"])
    y = _times("BILI", "Peak bilirubin, × upper limit of normal", low, high["BILI"])
    texts = [_corner(rows, name, low, high, study) for name in _QUADRANTS]
    rule = alt.Chart(pd.DataFrame([dict(limits)])).mark_rule(strokeDash=[5, 4], color="#444444")
    rules = (rule.encode(x=alt.X("ALT:Q")), rule.encode(y=alt.Y("BILI:Q")))
    finding = edish_finding(rows, data, study, limits)
    if bins is not None and has_form(bins):
        beyond = data[data["QUADRANT"] != "within"]
        counted = bins.loc[bins["analysis"] == "bin", "value"].sum()
        single = beyond if counted < len(peaks) else beyond.head(0)
        squares = peak_squares(bins, bounds, x, y)
        marks = [_dots(single, groups, x, y)] if len(single) else []
        chart = alt.layer(squares, *rules, *texts, *marks).properties(width=430, height=330)
        return describe(name_peaks(chart, bins, len(single)), finding)
    chart = alt.layer(*rules, *texts, _dots(data, groups, x, y)).properties(width=430, height=330)
    return describe(chart, finding)


def _placed(
    peaks: pd.DataFrame, adsl: pd.DataFrame, columns: Sequence[Column], study: Study
) -> tuple[list[str], pd.DataFrame]:
    """Return the groups that have subjects, and the peaks of their subjects as the chart shows them."""
    labels = dose_labels(study, [column.key for column in columns])
    arms = {code: labels[column.key] for column in columns for code in column.arms}
    data = peaks.merge(adsl[["USUBJID", "SAFARMCD"]], on="USUBJID")
    data = data[data["SAFARMCD"].isin(list(arms))]
    data = data.assign(Group=data["SAFARMCD"].map(arms).astype("str"))
    # zero has no place on a log axis
    data[["ALT", "BILI"]] = data[["ALT", "BILI"]].clip(lower=0.05)
    return [label for label in labels.values() if label in set(data["Group"])], data


def _times(name: str, title: str, low: float, high: float) -> dict[str, object]:
    values = [value for value in (0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 20, 50, 100) if low <= value <= high]
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    return {
        "shorthand": f"{name}:Q",
        "title": title,
        "scale": scale,
        "axis": alt.Axis(values=values, format="~g"),
    }


def _corner(rows: pd.DataFrame, name: str, low: float, high: Mapping[str, float], study: Study) -> alt.Chart:
    """The name of a quadrant and its count, in the chart's corner."""
    total = rows[(rows["level"] == name) & (rows["group"] == study.design.columns[-1].key)]
    values = total.set_index("statistic")["value"]
    count = f"{format_count(values['n'])} of {words.plural(values['N'], 'subject')}"
    right, top = name in ("alt", "both"), name in ("bilirubin", "both")
    place = {"ALT": high["ALT"] if right else low, "BILI": high["BILI"] if top else low}
    text = pd.DataFrame([{**place, "text": [_QUADRANTS[name], count]}])
    mark = alt.Chart(text).mark_text(
        align="right" if right else "left",
        baseline="top" if top else "bottom",
        dx=-6 if right else 6,
        dy=6 if top else -18,
        color="#444444",
        fontSize=10,
    )
    return mark.encode(x="ALT:Q", y="BILI:Q", text="text:N")


def _dots(data: pd.DataFrame, groups: list[str], x: dict[str, object], y: dict[str, object]) -> alt.Chart:
    data = data.assign(
        Subject=data["USUBJID"],
        alt_text=[format_number(value, 2) for value in data["ALT"]],
        bili_text=[format_number(value, 2) for value in data["BILI"]],
    )
    legend = alt.Legend(title=None, orient="bottom", labelLimit=260)
    shown = data[["Subject", "Group", "ALT", "BILI", "alt_text", "bili_text", "ALTDY", "BILIDY"]]
    return (
        alt.Chart(shown)
        .mark_point(filled=True, size=55, opacity=0.8)
        .encode(
            x=alt.X(**x),
            y=alt.Y(**y),
            color=alt.Color("Group:N", scale=alt.Scale(domain=groups, range=list(PALETTE)), legend=legend),
            shape=alt.Shape("Group:N", scale=alt.Scale(domain=groups, range=list(SHAPES)), legend=legend),
            tooltip=[
                "Subject:N",
                "Group:N",
                alt.Tooltip("alt_text:N", title="ALT, × limit"),
                alt.Tooltip("ALTDY:Q", title="on day"),
                alt.Tooltip("bili_text:N", title="Bilirubin, × limit"),
                alt.Tooltip("BILIDY:Q", title="on day"),
            ],
        )
    )
