"""Concentrations of single subjects and their medians by dose, and actual against nominal times."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from csrkit.charts.layers import describe
from csrkit.charts.theme import PALETTE, alt
from csrkit.rows import absence
from csrkit.tables import words
from csrkit.tables.formats import format_count, format_number, format_plain
from csrkit.tables.table import Table
from itpcsr.display.findings.concentrations import profiles_finding, times_finding
from itpcsr.display.forms import has_form
from itpcsr.display.forms.cells import draw_concentration_bands, draw_deviation_spread
from itpcsr.display.incidence import dose_labels
from itpcsr.study import Column, Study

_ALL_WIDTH, _HEIGHT = 560, 230
_MEDIAN, _LIMIT, _BELOW = "#0b2545", "#444444", "Below the limit"
_QUANTIFIED = "Quantified"


def figure_profiles(
    rows: pd.DataFrame,
    adpc: pd.DataFrame,
    adsl: pd.DataFrame,
    columns: Sequence[Column],
    study: Study,
    hours: float,
    scale: str,
    bands: pd.DataFrame | None = None,
) -> alt.LayerChart | alt.FacetChart | Table:
    """Draw each subject's concentrations and the median, a panel per dose, on a ``linear`` or ``log`` axis.

    ``rows`` are those of the table of samples, from which the medians come, ``columns`` the doses. Samples
    later than ``hours`` after the end of the infusion are not drawn. What is below the limit of
    quantification is drawn as an open triangle at half of it; the limit is a dashed line. With ``bands``
    (``analysis.bands``) of many subjects these stand in place of the lines.
    """
    if sentence := absence(rows):
        return Table("", absent=sentence)
    data = _samples(adpc, adsl, columns, study)
    data = data[data["Hours"] <= hours + 1]
    names = {
        key: label for key, label in _group_names(adsl, columns, study).items() if label in set(data["Group"])
    }
    groups = list(names.values())
    below, unit = int((data["Result"] == _BELOW).sum()), study.sampling.concentration_unit
    finding = profiles_finding(rows, names, unit, below, len(data))
    if bands is not None and has_form(bands):
        axes = _axes(data, study, hours, scale)
        limits = sorted({float(value) for value in data["limit"].dropna()})
        chart = draw_concentration_bands(bands, names, hours, axes["x"], axes["y"], limits)
        return describe(chart, finding)
    medians = _medians(rows, data, columns, adsl, study)
    axes = _axes(data, study, hours, scale)
    width = int(_ALL_WIDTH / max(len(groups), 1)) - 10
    layers = alt.layer(*_limit(data), *_lines(axes), *_median(axes))
    chart = (
        layers.properties(width=width, height=_HEIGHT)
        .facet(
            data=pd.concat([data, medians], ignore_index=True),
            column=alt.Column("Group:N", sort=groups, title=None),
            spacing=10,
        )
        .resolve_scale(color="shared")
    )
    return describe(chart, finding)


def _group_names(adsl: pd.DataFrame, columns: Sequence[Column], study: Study) -> dict[str, str]:
    """Return column key to the panel's title: the dose, and how many subjects of the set got it."""
    labels = dose_labels(study, [column.key for column in columns])
    members = adsl[adsl["PKFL"] == "Y"]
    sizes = {column.key: members["SAFARMCD"].isin(column.arms).sum() for column in columns}
    return {key: f"{label} (N={format_count(sizes[key])})" for key, label in labels.items()}


def _samples(adpc: pd.DataFrame, adsl: pd.DataFrame, columns: Sequence[Column], study: Study) -> pd.DataFrame:
    """Return the samples that are analysed as the chart shows them, in order of time."""
    names = _group_names(adsl, columns, study)
    arms = {code: names[column.key] for column in columns for code in column.arms}
    group = adsl.loc[adsl["PKFL"] == "Y"].set_index("USUBJID")["SAFARMCD"].map(arms).dropna()
    used = adpc[(adpc["ANL01FL"] == "Y") & adpc["USUBJID"].isin(group.index) & adpc["AERLT"].notna()]
    used = used.sort_values(["USUBJID", "AERLT"], kind="stable")
    below = used["BLQFL"] == "Y"
    text = [
        f"<{format_plain(limit)}" if low else format_number(value, 0)
        for low, value, limit in zip(below, used["AVAL"], used["ALLOQ"], strict=True)
    ]
    return pd.DataFrame(
        {
            "Subject": used["USUBJID"],
            "Group": used["USUBJID"].map(group).astype("str"),
            "Hours": used["AERLT"],
            "Value": used["AVAL"].mask(below, used["ALLOQ"] / 2),
            "Result": below.map({True: _BELOW, False: _QUANTIFIED}).astype("str"),
            "Concentration": pd.Series(text, index=used.index, dtype="str"),
            "limit": used["ALLOQ"],
            "kind": "sample",
        }
    )


def _medians(
    rows: pd.DataFrame, data: pd.DataFrame, columns: Sequence[Column], adsl: pd.DataFrame, study: Study
) -> pd.DataFrame:
    """Return the medians after the infusion that are quantified, at their nominal times."""
    names = _group_names(adsl, columns, study)
    chosen = rows[(rows["analysis"] == "concentration") & (rows["statistic"] == "median")]
    chosen = chosen[chosen["group"].isin(list(names)) & chosen["visit"].str.endswith(" h after")]
    medians = pd.DataFrame(
        {
            "Group": chosen["group"].map(names).astype("str"),
            "Hours": chosen["visit"].str.partition(" ")[0].astype("float64"),
            "Value": chosen["value"],
            "Concentration": [format_number(value, 1) for value in chosen["value"]],
            "kind": "median",
        }
    ).dropna(subset=["Value"])
    return medians[medians["Group"].isin(data["Group"])]


def _axes(data: pd.DataFrame, study: Study, hours: float, scale: str) -> dict[str, alt.X | alt.Y]:
    unit = words.unit(study.sampling.concentration_unit)
    ticks = [tick for tick in (0, 4, 8, 12, 16, 24, 48, 72, 96) if tick <= hours]
    low = min(-2.0, float(data["Hours"].min()))
    x = alt.X(
        "Hours:Q",
        title="Hours after the end of infusion 1",
        scale=alt.Scale(domain=[low, hours + 1], nice=False),
        axis=alt.Axis(values=ticks),
    )
    top = float(data["Value"].max())
    if scale == "log":
        bottom = float(data["Value"].min())
        steps = (1, 3) if top > 10 * bottom else (1, 2, 3, 5)
        span = alt.Scale(type="log", domain=[0.7 * bottom, 1.3 * top], nice=False)
        axis = alt.Axis(values=[step * 10**power for power in range(-3, 9) for step in steps], format=",")
    else:
        span, axis = alt.Scale(domain=[0, 1.05 * top], nice=False), alt.Axis(tickCount=6)
    return {"x": x, "y": alt.Y("Value:Q", title=f"Concentration, {unit}", scale=span, axis=axis)}


def _limit(data: pd.DataFrame) -> list[alt.Chart]:
    """The limit of quantification as a line with its name, as far as it is recorded."""
    limits = sorted({float(value) for value in data["limit"].dropna()})
    # one rule a panel, not one a value
    base = alt.Chart().transform_aggregate(values="count()", groupby=["Group"])
    return [base.mark_rule(strokeDash=[5, 4], color=_LIMIT).encode(y=alt.datum(value)) for value in limits]


def _lines(axes: dict[str, alt.X | alt.Y]) -> list[alt.Chart]:
    """A thin line per subject with its samples; the one under the pointer stands out."""
    highlight = alt.selection_point(fields=["Subject"], on="pointerover", empty=False)
    base = alt.Chart().transform_filter("datum.kind == 'sample'").encode(**axes, detail="Subject:N")
    colour = alt.condition(highlight, alt.value(PALETTE[1]), alt.value("#7a9cb8"))
    line = base.mark_line(strokeWidth=1).encode(color=colour)
    mark = base.mark_point(filled=False, size=26, strokeWidth=1.2, opacity=1).encode(
        color=colour,
        shape=alt.Shape(
            "Result:N",
            scale=alt.Scale(domain=[_QUANTIFIED, _BELOW], range=["circle", "triangle-down"]),
            legend=alt.Legend(title=None, orient="bottom"),
        ),
        tooltip=["Subject:N", alt.Tooltip("Hours:Q", format=".2f"), "Concentration:N"],
    )
    return [line, mark.add_params(highlight)]


def _median(axes: dict[str, alt.X | alt.Y]) -> list[alt.Chart]:
    base = alt.Chart().transform_filter("datum.kind == 'median'").encode(**axes)
    tip = [alt.Tooltip("Hours:Q", title="Nominal hours"), alt.Tooltip("Concentration:N", title="Median")]
    return [
        base.mark_line(strokeWidth=3, color=_MEDIAN).encode(tooltip=tip),
        base.mark_point(filled=True, size=40, shape="square", color=_MEDIAN, opacity=1).encode(tooltip=tip),
    ]


def figure_times(
    rows: pd.DataFrame, adpc: pd.DataFrame, adsl: pd.DataFrame, bands: pd.DataFrame | None = None
) -> alt.LayerChart | Table:
    """Draw actual less nominal time of each sample, by nominal time; a ring for each sample.

    With ``bands`` (``analysis.bands``) of many subjects the spread at each time stands in their place.
    """
    if sentence := absence(rows):
        return Table("", absent=sentence)
    if bands is not None and has_form(bands):
        return describe(draw_deviation_spread(bands), times_finding(rows))
    members = adsl.loc[adsl["PKFL"] == "Y", "USUBJID"]
    used = adpc[(adpc["ANL01FL"] == "Y") & adpc["USUBJID"].isin(members)].dropna(subset=["ATPTN", "TDEV"])
    data = pd.DataFrame(
        {
            "Subject": used["USUBJID"],
            "Time": [_short(hour) for hour in used["ATPTN"]],
            "Actual": [format_number(hour, 2) for hour in used["AFRLT"]],
            "Minutes": [round(minutes) for minutes in 60 * used["TDEV"]],
            "place": used.groupby(["ATPTN", (60 * used["TDEV"]).round()]).cumcount(),
        }
    )
    order = [_short(hour) for hour in sorted(set(used["ATPTN"]))]
    low, high = min(0, *data["Minutes"]), max(0, *data["Minutes"])
    span = alt.Scale(domain=[low - 5, high + 5], nice=False)
    base = alt.Chart(data).encode(
        x=alt.X("Time:N", sort=order, title="Nominal time, h", axis=alt.Axis(labelAngle=0))
    )
    zero = alt.Chart(pd.DataFrame({"Minutes": [0]})).mark_rule(color=_LIMIT).encode(y="Minutes:Q")
    # samples of one time and deviation lie side by side
    points = base.mark_point(size=30, color=PALETTE[0], opacity=0.9).encode(
        y=alt.Y("Minutes:Q", title="Actual less nominal time, min", scale=span),
        xOffset=alt.XOffset("place:Q", scale=alt.Scale(domain=[-8, 8])),
        tooltip=[
            "Subject:N",
            alt.Tooltip("Actual:N", title="Hours since the start of infusion 1"),
            alt.Tooltip("Minutes:Q", title="Actual less nominal, min"),
        ],
    )
    chart = alt.layer(zero, points).properties(width=_ALL_WIDTH - 40, height=200)
    return describe(chart, times_finding(rows))


def _short(hour: float) -> str:
    return f"{'−' if hour < 0 else ''}{format_plain(abs(hour))}" if not math.isnan(hour) else ""
