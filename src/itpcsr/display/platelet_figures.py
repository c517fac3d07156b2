"""Charts of the platelet course: lines by group, a heatmap by subject and week, each subject's best count."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from csrkit.charts.layers import describe
from csrkit.charts.theme import PALETTE, alt
from csrkit.limits import stand_in
from csrkit.rows import absence
from csrkit.tables.formats import format_limit, format_plain
from csrkit.tables.table import Table
from itpcsr.display.findings.phrases import single_arms
from itpcsr.display.findings.platelets import best_finding, course_finding, heatmap_finding
from itpcsr.display.forms import has_form
from itpcsr.display.forms.response import draw_best_spread, draw_level_shares, draw_platelet_bands
from itpcsr.study import Efficacy, Study

_INFUSION, _RESCUE = "Infusion", "Start of rescue therapy"
# zero has no place on a log axis; counts are given to the nearest 10^9/L, so 0 is drawn at 0.5
_LOWEST = 0.5
_TICKS = [1, 3, 10, 30, 100, 300]
_SHADES = ("#f1eef6", "#bdc9e1", "#74a9cf", "#045a8d")  # light to dark: legible in grey, too


def figure_platelets(
    platelets: pd.DataFrame,
    adsl: pd.DataFrame,
    rows: pd.DataFrame,
    without: pd.DataFrame,
    adex: pd.DataFrame,
    adcm: pd.DataFrame,
    study: Study,
    bands: pd.DataFrame | None = None,
) -> alt.FacetChart | Table:
    """Draw each subject's platelet course, the group's median and quartiles, one panel per arm, log axis.

    ``platelets`` has one record per subject and analysis visit (AVISITN in weeks, AVAL in 10^9/L);
    ``rows`` are those of the platelet table, from which medians and quartiles come, ``without`` those of the
    table without counts after rescue therapy, whose median is a line of its own. Marks show the infusions
    given (ADEX) and the start of rescue therapy (ADCM). With ``bands`` (``analysis.bands``) of many subjects
    these stand in place of the lines and marks.
    """
    if sentence := absence(rows):
        return Table("", absent=sentence)
    rule = _rule(study)
    if bands is not None and has_form(bands):
        top = float(bands.loc[bands["statistic"] == "p95", "value"].max())
        medians = _medians(without, study, "without")
        chart = draw_platelet_bands(bands, medians, rule, study, _count_axis(top))
        return describe(chart, course_finding(rows, without, study))
    subjects = platelets.assign(AVAL=stand_in(platelets)).merge(adsl[["USUBJID", "TRT01P"]], on="USUBJID")
    subjects = subjects[["USUBJID", "TRT01P", "AVISITN", "AVAL", "ADY"]]
    parts = [subjects.assign(kind="subject"), _medians(rows, study, "median")]
    parts += [_medians(without, study, "without"), _marks(subjects, adex, adcm)]
    data = pd.concat(parts, ignore_index=True)
    for name in ("AVAL", "low", "high"):
        data[name] = data[name].astype("float64").clip(lower=_LOWEST)
    labels = [arm.label for arm in study.design.arms]
    layers = _course_layers(data, rule, study.design.follow_up_weeks)
    chart = (
        alt.layer(*layers)
        .properties(width=290, height=190)
        .facet(alt.Facet("TRT01P:N", title=None, sort=labels), columns=2)
    )
    return describe(chart, course_finding(rows, without, study))


def _rule(study: Study) -> Efficacy:
    if study.efficacy is None:
        raise ValueError("A study without platelet response has no platelet figure.")
    return study.efficacy


def _course_layers(data: pd.DataFrame, rule: Efficacy, weeks: int) -> list[alt.Chart]:
    y = _count_axis(float(data["AVAL"].max()))
    axis = alt.Axis(values=list(range(0, weeks + 1, 4)))
    base = alt.Chart(data).encode(x=alt.X("AVISITN:Q", title="Week after infusion 1", axis=axis), y=y)
    limits = [
        base.mark_rule(strokeDash=[4, 3], color="#666666").encode(x=alt.X(), y=alt.datum(limit))
        for limit in (rule.response_count, rule.complete_count)
    ]
    return [*limits, *_group_layers(base), _subject_lines(base), _mark_layer(base)]


def _count_axis(top: float) -> alt.Y:
    return alt.Y(
        "AVAL:Q",
        title="Platelet count, 10⁹/L",
        scale=alt.Scale(type="log", domain=[_LOWEST, max(500.0, top)], nice=False),
        axis=alt.Axis(values=_TICKS),
    )


def _group_layers(base: alt.Chart) -> list[alt.Chart]:
    """Draw the median of all counts with its quartiles, and that of the counts before rescue therapy."""
    group, without = (base.transform_filter(f"datum.kind == '{kind}'") for kind in ("median", "without"))
    quartiles = [
        alt.Tooltip("low:Q", title="Lower quartile"),
        alt.Tooltip("high:Q", title="Upper quartile"),
    ]
    band = group.mark_area(opacity=0.25, color=PALETTE[0]).encode(y=alt.Y("low:Q"), y2="high:Q")
    return [
        band,
        group.mark_line(strokeWidth=3, color="#0b2545").encode(tooltip=_tooltip("Median, 10⁹/L", quartiles)),
        without.mark_line(strokeWidth=2, color=PALETTE[1], strokeDash=[6, 3]).encode(
            tooltip=_tooltip("Median without counts after rescue, 10⁹/L", quartiles)
        ),
    ]


def _tooltip(median: str, quartiles: list[alt.Tooltip]) -> list[alt.Tooltip]:
    week, subjects = alt.Tooltip("AVISITN:Q", title="Week"), alt.Tooltip("n:Q", title="Subjects")
    return [week, subjects, alt.Tooltip("AVAL:Q", title=median), *quartiles]


def _subject_lines(base: alt.Chart) -> alt.Chart:
    highlight = alt.selection_point(fields=["USUBJID"], on="pointerover", empty=False)
    return (
        base.transform_filter("datum.kind == 'subject'")
        .mark_line(point=alt.OverlayMarkDef(size=14), strokeWidth=1)
        .encode(
            detail="USUBJID:N",
            color=alt.condition(highlight, alt.value("#D55E00"), alt.value("#7a9cb8")),
            tooltip=[
                alt.Tooltip("USUBJID:N", title="Subject"),
                alt.Tooltip("AVISITN:Q", title="Week"),
                alt.Tooltip("ADY:Q", title="Study day"),
                alt.Tooltip("AVAL:Q", title="Platelets, 10⁹/L"),
            ],
        )
        .add_params(highlight)
    )


def _mark_layer(base: alt.Chart) -> alt.Chart:
    kinds = [_INFUSION, _RESCUE]
    legend = alt.Legend(title=None, orient="bottom")
    return (
        base.transform_filter("datum.kind == 'mark'")
        .mark_point(filled=True, size=55, opacity=1, stroke="white", strokeWidth=0.5)
        .encode(
            shape=alt.Shape(
                "mark:N", scale=alt.Scale(domain=kinds, range=["triangle-up", "diamond"]), legend=legend
            ),
            fill=alt.Fill(
                "mark:N", scale=alt.Scale(domain=kinds, range=[PALETTE[5], PALETTE[1]]), legend=legend
            ),
            tooltip=[
                alt.Tooltip("mark:N", title="What"),
                alt.Tooltip("USUBJID:N", title="Subject"),
                alt.Tooltip("ADY:Q", title="Study day"),
            ],
        )
    )


def _medians(rows: pd.DataFrame, study: Study, kind: str) -> pd.DataFrame:
    """Medians and quartiles of the columns that hold one arm, by week, as records of the figure."""
    single = single_arms(study)
    chosen = rows[(rows["analysis"] == "AVAL") & rows["group"].isin(single)]
    wide = chosen.pivot(index=["group", "visit"], columns="statistic", values="value").reset_index()
    weeks = wide["visit"].replace("Baseline", "Week 0").str.removeprefix("Week ").astype("float64")
    medians = pd.DataFrame(
        {
            "TRT01P": wide["group"].map(single),
            "AVISITN": weeks,
            "n": wide["n"],
            "AVAL": wide["median"],
            "low": wide["q1"],
            "high": wide["q3"],
        }
    )
    return medians.dropna().sort_values(["TRT01P", "AVISITN"]).assign(kind=kind)


def _marks(subjects: pd.DataFrame, adex: pd.DataFrame, adcm: pd.DataFrame) -> pd.DataFrame:
    """Infusions at the foot of the panel, the start of rescue at the subject's count before it."""
    arms = subjects[["USUBJID", "TRT01P"]].drop_duplicates()
    given = adex[["USUBJID", "ASTDY"]].assign(mark=_INFUSION, AVAL=_LOWEST * 1.25)
    first = adcm[(adcm["RESCFL"] == "Y") & adcm["ASTDY"].notna()]
    first = first.sort_values(["USUBJID", "ASTDY"]).drop_duplicates("USUBJID")[["USUBJID", "ASTDY"]]
    rescue = first.assign(mark=_RESCUE, AVAL=_before(first, subjects))
    marks = pd.concat([given, rescue], ignore_index=True).merge(arms, on="USUBJID")
    marks = marks.rename(columns={"ASTDY": "ADY"})
    return marks.assign(AVISITN=(marks["ADY"] - 1) / 7, kind="mark")


def _before(first: pd.DataFrame, subjects: pd.DataFrame) -> list[float]:
    """Return the last count of each subject up to a day; that of the lowest place without one."""
    values = []
    for subject, day in zip(first["USUBJID"], first["ASTDY"], strict=True):
        earlier = subjects[(subjects["USUBJID"] == subject) & (subjects["ADY"] <= day)]
        values.append(float(earlier["AVAL"].iloc[-1]) if len(earlier) else _LOWEST)
    return values


def figure_platelet_heatmap(
    platelets: pd.DataFrame,
    adsl: pd.DataFrame,
    rows: pd.DataFrame,
    study: Study,
    form: pd.DataFrame | None = None,
) -> alt.VConcatChart | alt.FacetChart | Table:
    """Draw the count of each subject and week as a coloured cell with its number, one panel per arm.

    The colours part the counts at the levels of the study; a frame marks the weeks from the first rescue on.
    With a ``form`` for many subjects the shares that reach each level stand in their place.
    """
    if sentence := absence(rows):
        return Table("", absent=sentence)
    rule = _rule(study)
    data = platelets.assign(AVAL=stand_in(platelets)).merge(adsl[["USUBJID", "ARMCD"]], on="USUBJID")[
        ["USUBJID", "ARMCD", "AVISITN", "AVAL", "AVALC", "ADY", "ARESCFL"]
    ]
    below = data["AVALC"].str.fullmatch(r"<[^=].*")
    pairs = zip(data.pop("AVALC"), data["AVAL"], strict=True)
    data["shown"] = [format_limit(text) or format_plain(value) for text, value in pairs]
    names = _level_names(rule.platelet_levels)
    # a count below a limit lies below a level at that number
    height = np.where(below, np.nextafter(data["AVAL"].to_numpy("float64"), 0), data["AVAL"])
    place = np.searchsorted(rule.platelet_levels, height, side="right")
    data = data.assign(
        level=pd.Series(names, dtype="str").take(place).to_numpy(),
        dark=(place >= len(names) - 1) & (len(names) > 1),
        rescued=data.pop("ARESCFL") == "Y",
    )
    if form is not None and has_form(form):
        shares = draw_level_shares(rows, form, rule.platelet_levels, study)
        return describe(shares, heatmap_finding(data, names))
    labels = {arm.code: arm.label for arm in study.design.arms}
    arms = [code for code in labels if code in set(data["ARMCD"])]
    panels = [
        _cells(
            data[data["ARMCD"] == code], labels[code], names, study.design.follow_up_weeks, code == arms[-1]
        )
        for code in arms
    ]
    return describe(alt.vconcat(*panels, spacing=6), heatmap_finding(data, names))


def _level_names(levels: list[float]) -> list[str]:
    """Return ``<30``, ``30 to <50``, …, ``≥100``; one name without levels."""
    texts = [format_plain(level) for level in levels]
    if not texts:
        return ["any count"]
    between = [f"{low} to <{high}" for low, high in pairwise(texts)]
    return [f"<{texts[0]}", *between, f"≥{texts[-1]}"]


def _cells(data: pd.DataFrame, label: str, names: list[str], weeks: int, lowest: bool) -> alt.LayerChart:
    shades = [_SHADES[min(i * len(_SHADES) // len(names), len(_SHADES) - 1)] for i in range(len(names))]
    x = alt.X(
        "AVISITN:O",
        title="Week after infusion 1 (0: baseline)" if lowest else None,
        scale=alt.Scale(domain=list(range(weeks + 1))),
        axis=alt.Axis(labels=lowest, ticks=lowest, labelAngle=0),
    )
    base = alt.Chart(data).encode(x=x, y=alt.Y("USUBJID:N", title=None))
    cells = base.mark_rect(stroke="white").encode(
        color=alt.Color(
            "level:N",
            scale=alt.Scale(domain=names, range=shades),
            legend=alt.Legend(title="Platelet count, 10⁹/L", orient="bottom", symbolStrokeColor="#999999"),
        ),
        tooltip=[
            alt.Tooltip("USUBJID:N", title="Subject"),
            alt.Tooltip("AVISITN:Q", title="Week"),
            alt.Tooltip("ADY:Q", title="Study day"),
            alt.Tooltip("shown:N", title="Platelets, 10⁹/L"),
        ],
    )
    frame = base.transform_filter("datum.rescued").mark_rect(filled=False, stroke=PALETTE[1], strokeWidth=1.2)
    text = base.mark_text(fontSize=8).encode(
        text="shown:N", color=alt.condition("datum.dark", alt.value("white"), alt.value("black"))
    )
    title = alt.TitleParams(label, anchor="start", fontSize=10, offset=4, fontWeight="normal")
    return alt.layer(cells, frame, text).properties(width=620, height=alt.Step(16), title=title)


def figure_platelet_best(
    rows: pd.DataFrame,
    adrs: pd.DataFrame,
    adsl: pd.DataFrame,
    study: Study,
    form: pd.DataFrame | None = None,
) -> alt.LayerChart | Table:
    """Draw each subject's highest ratio to baseline before rescue, from the highest to the lowest, log axis.

    The bar's label is the best confirmed response; ``rows`` are the display's, ``adrs`` has BESTRAT and BOR.
    With a ``form`` for many subjects the spread of each group stands in place of the bars.
    """
    if sentence := absence(rows):
        return Table("", absent=sentence)
    rule = _rule(study)
    labels = {arm.code: arm.label for arm in study.design.arms}
    best = adrs[(adrs["PARAMCD"] == "BESTRAT") & (adrs["AVAL"] > 0)][
        ["USUBJID", "AVAL", "PLAT", "BASE", "ADY"]
    ]
    best = best.merge(adrs.loc[adrs["PARAMCD"] == "BOR", ["USUBJID", "AVALC"]], on="USUBJID")
    best = best.merge(adsl[["USUBJID", "ARMCD"]], on="USUBJID")
    best = best.assign(arm=best["ARMCD"].map(labels), one=1.0, end=best["AVAL"].clip(lower=1.0))
    best = best.sort_values(["AVAL", "USUBJID"], ascending=[False, True])
    if len(best) and form is not None and has_form(form):
        spread = draw_best_spread(rows, form, rule.response_ratio, study)
        return describe(spread, best_finding(rows, best, rule.response_ratio, study))
    top = max(4.0, float(best["AVAL"].max() if len(best) else 0) * 1.4)
    low = min(0.5, float(best["AVAL"].min() if len(best) else 1) / 1.4)
    y = alt.Y(
        "AVAL:Q",
        title="Highest ratio to baseline",
        scale=alt.Scale(type="log", domain=[low, top], nice=False),
        axis=alt.Axis(values=[0.25, 0.5, 1, 2, 5, 10, 20, 50]),
    )
    base = alt.Chart(best).encode(x=alt.X("USUBJID:N", title=None, sort=list(best["USUBJID"])), y=y)
    shown = [label for label in labels.values() if label in set(best["arm"])]
    bars = base.mark_bar(stroke="#333333", strokeWidth=0.4).encode(
        y2="one:Q",
        color=alt.Color(
            "arm:N",
            scale=alt.Scale(domain=shown, range=list(PALETTE[: len(shown)])),
            legend=alt.Legend(title=None, orient="bottom", columns=2, labelLimit=300),
        ),
        tooltip=[
            alt.Tooltip("USUBJID:N", title="Subject"),
            alt.Tooltip("arm:N", title="Group"),
            alt.Tooltip("AVAL:Q", title="Ratio", format=".1f"),
            alt.Tooltip("PLAT:Q", title="Count, 10⁹/L"),
            alt.Tooltip("BASE:Q", title="Baseline, 10⁹/L"),
            alt.Tooltip("ADY:Q", title="Study day"),
        ],
    )
    text = base.mark_text(dy=-6, fontSize=9).encode(y=alt.Y("end:Q"), text="AVALC:N")
    line = base.mark_rule(strokeDash=[4, 3], color="#666666").encode(
        x=alt.X(), y=alt.datum(rule.response_ratio)
    )
    chart = alt.layer(bars, text, line).properties(width=alt.Step(30), height=240)
    return describe(chart, best_finding(rows, best, rule.response_ratio, study))
