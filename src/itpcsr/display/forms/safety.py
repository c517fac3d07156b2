"""Infusions, laboratory courses and liver peaks of many subjects: shares, bands and bins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from csrkit.charts.theme import PALETTE, alt
from csrkit.tables import words
from itpcsr.display.findings import single_arms
from itpcsr.display.forms import band_layers, in_form, week_of, wide_bands
from itpcsr.study import Study


def draw_infusion_shares(rows: pd.DataFrame, form: pd.DataFrame, study: Study) -> alt.FacetChart:
    """Draw the share of subjects given each infusion, the adjusted ones apart; ``rows`` are those counts."""
    arms = single_arms(study)
    own = rows[rows["analysis"].isin(["given", "adjusted"]) & rows["group"].isin(arms)]
    wide = own.pivot(index=["analysis", "group", "level"], columns="statistic", values="value").reset_index()
    given, adjusted = (wide[wide["analysis"] == name] for name in ("given", "adjusted"))
    data = given.merge(
        adjusted[["group", "level", "n"]].rename(columns={"n": "adjusted"}), on=["group", "level"], how="left"
    )
    data = data.assign(Group=data["group"].map(arms), Infusion=data["level"], adjusted=data["adjusted"])
    data = data[["Group", "Infusion", "n", "N", "percent", "adjusted"]].dropna(subset=["percent"])
    chart = (
        alt.Chart(data)
        .mark_bar(color=PALETTE[0], size=12)
        .encode(
            x=alt.X("percent:Q", title="Subjects, %", scale=alt.Scale(domain=[0, 100])),
            y=alt.Y("Infusion:O", title="Infusion", sort=None),
            tooltip=[
                alt.Tooltip("Infusion:O"),
                alt.Tooltip("n:Q", title="Subjects given it"),
                alt.Tooltip("N:Q", title="Subjects treated"),
                alt.Tooltip("percent:Q", title="Percent", format=".1f"),
                alt.Tooltip("adjusted:Q", title="Interrupted or otherwise adjusted"),
            ],
        )
        .properties(width=270, height=alt.Step(16))
        .facet(alt.Facet("Group:N", title=None, sort=list(arms.values())), columns=2)
    )
    return in_form(
        chart,
        form,
        "Subjects given each infusion, by group (safety set)",
        "Bar charts of the percentage of treated subjects who were given each infusion, one panel per group",
    )


def draw_laboratory_bands(
    form: pd.DataFrame,
    tests: Mapping[str, tuple[str, str]],
    limits: Mapping[str, Sequence[float]],
    groups: Mapping[str, str],
) -> alt.VConcatChart:
    """Draw quantiles of laboratory values by week, one row per test and one panel per dose.

    ``tests`` has code to name and unit, ``limits`` code to the reference limits, ``groups`` column to dose.
    """
    bands = wide_bands(form)
    bands = bands.assign(Group=bands["group"].map(groups), Week=week_of(bands["visit"]))
    bands = bands.dropna(subset=["Week", "Group"])
    order = [label for label in groups.values() if label in set(bands["Group"])]
    width = int(560 / max(len(order), 1)) - 16
    panels: list[alt.FacetChart] = []
    for code, (name, unit) in tests.items():
        own = bands.loc[bands["level"] == code, ["Group", "Week", "n", "p5", "q1", "median", "q3", "p95"]]
        if own.empty:
            continue
        first = not panels
        y: dict[str, Any] = {
            "title": [words.capitalize(name), unit],
            "scale": alt.Scale(zero=False),
            "axis": alt.Axis(tickCount=4),
        }
        x = alt.X("Week:Q", title="Week", scale=alt.Scale(nice=False))
        rules = [
            alt.Chart()
            .transform_aggregate(values="count()", groupby=["Group"])
            .mark_rule(strokeDash=[4, 3], color="#444444")
            .encode(y=alt.datum(float(limit)))
            for limit in limits.get(code, ())
        ]
        layers = alt.layer(*band_layers(alt.Chart(), x, y, [alt.Tooltip("Week:Q")]), *rules)
        header = alt.Header(labels=first, title=None, labelPadding=4)
        panels.append(
            layers.properties(width=width, height=78).facet(
                data=own, column=alt.Column("Group:N", sort=order, header=header), spacing=8
            )
        )
    return in_form(
        alt.vconcat(*panels, spacing=6),
        form,
        "Laboratory values by week and dose: median (line), quartiles (dark band) and 5 to 95% of the "
        "subjects (light band); dashed lines at the reference limits, the widest where they differ between "
        "subjects (safety set)",
        "Line charts of the median of laboratory values over the weeks with bands between the quartiles and "
        "from 5 to 95% of the subjects, a row for each test and a panel for each dose, and dashed reference "
        "limits",
    )


def draw_peak_bins(
    form: pd.DataFrame,
    bounds: Sequence[float],
    peaks: pd.DataFrame,
    around: Sequence[alt.Chart],
    draw_marks: Callable[[pd.DataFrame], alt.Chart],
    x: Mapping[str, Any],
    y: Mapping[str, Any],
) -> alt.LayerChart:
    """Draw an eDISH plot of many subjects: squares for those of each bin, marks for the few beyond a limit.

    Parameters
    ----------
    form, bounds
        The bins of peak ALT and bilirubin, and their bounds (``analysis.bands``).
    peaks
        ALT, BILI and QUADRANT of each subject; where the bins hold all of them, nobody has a mark.
    around
        Lines and texts over the squares.
    draw_marks
        Draws the subjects of a part of ``peaks``.
    x, y
        Properties of the axes, whose domains cut the outer bins.
    """
    beyond = peaks[peaks["QUADRANT"] != "within"]
    counted = form.loc[form["analysis"] == "bin", "value"].sum()
    single = beyond if counted < len(peaks) else beyond.head(0)
    marks = [draw_marks(single)] if len(single) else []
    chart = alt.layer(_squares(form, bounds, x, y), *around, *marks).properties(width=430, height=330)
    return _name_peaks(chart, form, len(single))


def _squares(
    form: pd.DataFrame, bounds: Sequence[float], x: Mapping[str, Any], y: Mapping[str, Any]
) -> alt.Chart:
    """Return a square for each bin of peak ALT and bilirubin, the darker the more subjects."""
    own = form[form["analysis"] == "bin"]
    low = own[["category", "level"]].astype("float64").set_axis([0, 1], axis="columns")
    above = dict(pairwise(bounds))
    near = {f"{bound:g}": bound for bound in bounds}
    data = pd.DataFrame({"n": own["value"]})
    for place, (name, axis) in enumerate((("ALT", x), ("BILI", y))):
        starts = [near[f"{value:g}"] for value in low[place]]
        least, most = axis["scale"].to_dict()["domain"]
        data[f"{name}from"] = [max(start, least) for start in starts]
        data[f"{name}to"] = [min(above[start], most) for start in starts]
    return (
        alt.Chart(data)
        .mark_rect(stroke="white", strokeWidth=0.5)
        .encode(
            x=alt.X("ALTfrom:Q", title=x["title"], scale=x["scale"], axis=x["axis"]),
            x2="ALTto:Q",
            y=alt.Y("BILIfrom:Q", title=y["title"], scale=y["scale"], axis=y["axis"]),
            y2="BILIto:Q",
            opacity=alt.Opacity(
                "n:Q",
                scale=alt.Scale(type="sqrt", range=[0.15, 1]),
                legend=alt.Legend(title="Subjects", orient="right"),
            ),
            color=alt.value("#4a86c0"),
            tooltip=[
                alt.Tooltip("ALTfrom:Q", title="ALT from, × limit", format=".3~g"),
                alt.Tooltip("ALTto:Q", title="ALT to", format=".3~g"),
                alt.Tooltip("BILIfrom:Q", title="Bilirubin from, × limit", format=".3~g"),
                alt.Tooltip("BILIto:Q", title="Bilirubin to", format=".3~g"),
                alt.Tooltip("n:Q", title="Subjects"),
            ],
        )
    )


def _name_peaks(chart: alt.LayerChart, form: pd.DataFrame, single: int) -> alt.LayerChart:
    """Return an eDISH plot of bins with its caption; ``single`` subjects beyond a limit have marks."""
    rest = "; subjects beyond a limit are marks by dose" if single else ""
    return in_form(
        chart,
        form,
        "Highest ALT against highest bilirubin after the first dose, as multiples of the upper limit of "
        f"normal, log scales: the darker, the more subjects{rest}; dashed lines at 3 times (ALT) and 2 times "
        "(bilirubin) the limit (safety set)",
        "Plot on log axes of peak ALT and peak bilirubin, squares shaded by the number of subjects, parted "
        "into four quadrants by lines at 3 and 2 times the upper limit of normal, with the number of "
        "subjects in each quadrant",
    )
