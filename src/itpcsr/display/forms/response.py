"""Platelets and response of many subjects: bands, shares and spreads by group."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from csrkit.charts.theme import PALETTE, alt
from csrkit.tables.formats import format_plain
from itpcsr.display.findings import single_arms
from itpcsr.display.forms import band_layers, in_form, week_of, wide_bands
from itpcsr.study import Efficacy, Study

_SHADES = ("#9cb8dc", "#4a86c0", "#0b3d78")
_WIDTH, _HEIGHT = 290, 190
_SHARE = alt.Scale(domain=[0, 100], nice=False)


def draw_platelet_bands(
    form: pd.DataFrame, without: pd.DataFrame, rule: Efficacy, study: Study, y: alt.Y
) -> alt.FacetChart:
    """Draw quantiles of the platelet count by week, one panel per arm.

    ``without`` are the medians without counts after rescue therapy (TRT01P, AVISITN, AVAL, n), ``y`` is the
    axis of counts.
    """
    arms = single_arms(study)
    bands = wide_bands(form)
    bands = bands[bands["group"].isin(arms)]
    bands = bands.assign(TRT01P=bands["group"].map(arms), AVISITN=week_of(bands["visit"]), kind="band")
    data = pd.concat([bands.drop(columns=["group", "level", "visit"]), without], ignore_index=True)
    lowest = float(y.to_dict()["scale"]["domain"][0])
    data[["p5", "q1"]] = data[["p5", "q1"]].clip(lower=lowest)
    axis = alt.Axis(values=list(range(0, study.design.follow_up_weeks + 1, 4)))
    x = alt.X("AVISITN:Q", title="Week after infusion 1", axis=axis)
    base = alt.Chart(data)
    properties = {name: value for name, value in y.to_dict().items() if name in ("title", "scale", "axis")}
    week = alt.Tooltip("AVISITN:Q", title="Week")
    limits = [
        base.mark_rule(strokeDash=[4, 3], color="#666666").encode(y=alt.datum(limit))
        for limit in (rule.response_count, rule.complete_count)
    ]
    tooltip = [
        week,
        alt.Tooltip("n:Q", title="Subjects"),
        alt.Tooltip("AVAL:Q", title="Median without counts after rescue, 10⁹/L"),
    ]
    dashed = base.transform_filter("datum.kind == 'without'").mark_line(
        strokeWidth=2, color=PALETTE[1], strokeDash=[6, 3]
    )
    layers = [
        *limits,
        *band_layers(base.transform_filter("datum.kind == 'band'"), x, properties, [week]),
        dashed.encode(x=x, y=alt.Y("AVAL:Q", **properties), tooltip=tooltip),
    ]
    chart = (
        alt.layer(*layers)
        .properties(width=_WIDTH, height=_HEIGHT)
        .facet(alt.Facet("TRT01P:N", title=None, sort=list(arms.values())), columns=2)
    )
    return in_form(
        chart,
        form,
        "Platelet count by week: median (line), quartiles (dark band) and 5 to 95% of the subjects (light "
        "band), counts after rescue therapy included, and the median without them (dashed, coloured); log "
        "scale, level lines at the response thresholds (full analysis set)",
        "Line charts of the median platelet count over the weeks after infusion 1, one panel for each group, "
        "with bands between the quartiles and from 5 to 95% of the subjects, and the median without counts "
        "after rescue therapy",
    )


def draw_level_shares(
    rows: pd.DataFrame, form: pd.DataFrame, levels: Sequence[float], study: Study
) -> alt.FacetChart:
    """Draw the share of subjects whose count reaches each level by week, one panel per arm.

    ``rows`` are those of the platelet table, analysis ``reached``.
    """
    arms = single_arms(study)
    reached = rows[(rows["analysis"] == "reached") & rows["group"].isin(arms)]
    wide = reached.pivot(index=["group", "level", "visit"], columns="statistic", values="value").reset_index()
    names = {f"{level:g}": f"at least {format_plain(level)}" for level in sorted(levels)}
    wide = wide.assign(
        Group=wide["group"].map(arms), Week=week_of(wide["visit"]), Level=wide["level"].map(names)
    ).dropna(subset=["percent"])
    data = wide[["Group", "Week", "Level", "n", "N", "percent"]].sort_values(["Group", "Level", "Week"])
    shades = [_SHADES[min(place, len(_SHADES) - 1)] for place in range(len(names))]
    chart = (
        alt.Chart(data)
        .mark_line(point=alt.OverlayMarkDef(size=14), strokeWidth=2)
        .encode(
            x=alt.X("Week:Q", title="Week after infusion 1 (0: baseline)"),
            y=alt.Y("percent:Q", title="Subjects, %", scale=_SHARE),
            color=alt.Color(
                "Level:N",
                scale=alt.Scale(domain=list(names.values()), range=shades),
                legend=alt.Legend(title="Platelet count, 10⁹/L", orient="bottom"),
            ),
            tooltip=[
                alt.Tooltip("Week:Q"),
                alt.Tooltip("Level:N", title="Count, 10⁹/L"),
                alt.Tooltip("n:Q", title="Subjects at the level"),
                alt.Tooltip("N:Q", title="Subjects with a count"),
                alt.Tooltip("percent:Q", title="Percent", format=".1f"),
            ],
        )
        .properties(width=_WIDTH, height=140)
        .facet(alt.Facet("Group:N", title=None, sort=list(arms.values())), columns=2)
    )
    return in_form(
        chart,
        form,
        "Share of subjects whose platelet count reaches each level by week, of those with a count at the "
        "week, counts after rescue therapy included (full analysis set)",
        "Line charts of the percentage of subjects with a platelet count of at least each level over the "
        "weeks, one panel for each group",
    )


def draw_best_spread(rows: pd.DataFrame, form: pd.DataFrame, ratio: float, study: Study) -> alt.LayerChart:
    """Draw range, quartiles and median of the highest ratio to baseline of each arm; ``rows`` have them."""
    arms = single_arms(study)
    own = rows[(rows["analysis"] == "bestrat") & rows["group"].isin(arms)]
    wide = own.pivot(index="group", columns="statistic", values="value").reset_index()
    wide = wide[wide["n"] > 0].assign(Group=wide["group"].map(arms))
    # zero has no place on a log axis
    wide[["min", "q1"]] = wide[["min", "q1"]].clip(lower=0.05)
    data = wide[["Group", "n", "min", "q1", "median", "q3", "max"]]
    scale = alt.Scale(
        type="log", domain=[min(0.5, data["min"].min()), max(4.0, data["max"].max())], nice=False
    )
    axis = alt.Axis(values=[0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100], format="~g")

    def x(name: str) -> alt.X:
        return alt.X(f"{name}:Q", title="Highest ratio to baseline", scale=scale, axis=axis)

    y = alt.Y("Group:N", title=None, sort=list(arms.values()), axis=alt.Axis(labelLimit=240))
    names = {"min": "Lowest", "q1": "Lower quartile", "median": "Median", "q3": "Upper quartile"}
    tooltip = [
        alt.Tooltip("Group:N"),
        alt.Tooltip("n:Q", title="Subjects"),
        *(alt.Tooltip(f"{name}:Q", title=title, format=".1f") for name, title in names.items()),
        alt.Tooltip("max:Q", title="Highest", format=".1f"),
    ]
    base = alt.Chart(data).encode(y=y)
    whole = base.mark_rule(color="#555555").encode(x=x("min"), x2="max:Q")
    box = base.mark_bar(size=14, color="#9cb8dc").encode(x=x("q1"), x2="q3:Q", tooltip=tooltip)
    middle = base.mark_tick(thickness=2.5, size=18, color="#0b2545").encode(x=x("median"))
    line = alt.Chart(pd.DataFrame({"ratio": [ratio]})).mark_rule(strokeDash=[4, 3], color="#666666")
    chart = alt.layer(whole, box, middle, line.encode(x=alt.X("ratio:Q", scale=scale, axis=axis))).properties(
        width=480, height=alt.Step(26)
    )
    return in_form(
        chart,
        form,
        "Highest ratio of the platelet count to baseline before rescue therapy by group: median (tick), "
        "quartiles (bar) and range (line), log scale; dashed line at the ratio that response asks for (full "
        "analysis set)",
        "Box plot of the highest ratio to baseline, one box for each group, with a line at the ratio of "
        "response",
    )


def draw_response_shares(form: pd.DataFrame, study: Study) -> alt.Chart:
    """Draw the share of subjects in confirmed response by week, a line per arm."""
    arms = single_arms(study)
    own = form[(form["analysis"] == "in_response") & form["group"].isin(arms)]
    wide = own.pivot(index=["group", "visit"], columns="statistic", values="value").reset_index()
    wide = wide.dropna(subset=["percent"])
    wide = wide.assign(Group=wide["group"].map(arms), Week=week_of(wide["visit"]))
    data = wide[["Group", "Week", "n", "N", "percent"]].sort_values(["Group", "Week"])
    order = [label for label in arms.values() if label in set(data["Group"])]
    legend = alt.Legend(title=None, orient="bottom", columns=3, labelLimit=300)
    scale = alt.Scale(domain=order)
    chart = (
        alt.Chart(data)
        .mark_line(point=alt.OverlayMarkDef(size=16))
        .encode(
            x=alt.X("Week:Q", title="Week after infusion 1"),
            y=alt.Y("percent:Q", title="Subjects in confirmed response, %", scale=_SHARE),
            color=alt.Color("Group:N", scale=scale, legend=legend),
            strokeDash=alt.StrokeDash("Group:N", scale=scale, legend=legend),
            tooltip=[
                alt.Tooltip("Group:N"),
                alt.Tooltip("Week:Q"),
                alt.Tooltip("n:Q", title="Subjects in response"),
                alt.Tooltip("N:Q", title="Subjects observed"),
                alt.Tooltip("percent:Q", title="Percent", format=".1f"),
            ],
        )
        .properties(width=520, height=240)
    )
    return in_form(
        chart,
        form,
        "Subjects in confirmed response by week, of those whose counts reach to the week (full analysis set)",
        "Line chart of the percentage of subjects in confirmed response over the weeks, a line for each "
        "group",
    )
