"""The chart of one subject's profile: platelet counts by study day, and below them what happened when."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from csrkit.absence import is_absent
from csrkit.charts.theme import PALETTE, alt
from csrkit.tables import words
from csrkit.tables.formats import format_count, format_limit, format_plain
from itpcsr.display.timelines import (
    ENDS,
    INFUSION,
    RESCUE,
    RESPONSE,
    TREATED,
    legend_looks,
)  # fmt: skip
from itpcsr.study import Efficacy, Study

_WIDTH, _COUNTS_HEIGHT, _LANE = 600, 210, 19
# zero has no place on a log axis; counts are given to the nearest 10^9/L, so 0 is drawn at 0.5
_LOWEST, _LEAST_TOP = 0.5, 500.0
_TICKS = [1, 3, 10, 30, 100, 300]
_BEFORE, _AFTER = 3, 4  # days of room at both ends of the axis
_EARLIEST = -30.0  # what began earlier is drawn from this day on
_KINDS = {
    "CR": ("Qualifies as complete response", PALETTE[2], "square"),
    "R": ("Qualifies as response", PALETTE[4], "triangle-up"),
    "NR": ("Does not qualify", PALETTE[5], "circle"),
    "": ("Not judged (before treatment)", "#8a8a8a", "diamond"),
}
_LANES = {INFUSION: "Infusions", TREATED: "Treatment"} | dict.fromkeys(ENDS.values(), "End of study")
_TOOLTIP = ("What", "Severity", "Relation", "Start day", "End day")
_LINES = {"response": RESPONSE, "infusions": INFUSION, "rescue": RESCUE}
# Where the template keeps a place for a list that is the subject's own
_SORT, _KIND, _KIND_COLOUR, _KIND_SHAPE, _LEGEND, _LEGEND_COLOUR, _LEGEND_SHAPE = (
    "@sort", "@kind", "@kind-colour", "@kind-shape", "@legend", "@legend-colour", "@legend-shape",
)  # fmt: skip
Spec = dict[str, Any]


@dataclass(frozen=True)
class Axes:
    """The axes that all profiles of a report share, so that subjects can be compared: days and top count."""

    days: tuple[float, float]
    top: float


def shared_axes(counts: pd.DataFrame, items: pd.DataFrame) -> Axes:
    """Return axes that hold every count and everything drawn (``timeline_items``) of all subjects."""
    days = pd.concat([counts["ADY"].astype("float64"), items["from"], items["to"]]).dropna()
    low = max(min(0.0, days.min()), _EARLIEST) if len(days) else 0.0
    high = days.max() if len(days) else 1.0
    top = max([_LEAST_TOP, *counts["AVAL"].astype("float64")])
    return Axes((float(low) - _BEFORE, float(high) + _AFTER), float(top))


def profile_template(axes: Axes, study: Study) -> Spec:
    """Return the chart of any subject as a Vega-Lite specification without data, for ``draw_profile``.

    Altair takes a sixth of a second for this chart; in a study of hundreds of subjects it is made once.
    A study without platelet response has no upper panel.
    """
    days = alt.Scale(domain=list(axes.days), nice=False)
    panels: list[alt.LayerChart] = [_lanes(days, _day_axis(axes, labels=True))]
    if study.efficacy is not None:
        panels.insert(0, _counts(axes, days, study.efficacy))
    chart = alt.vconcat(*panels, spacing=10).resolve_scale(color="independent", shape="independent")
    spec: Spec = chart.configure_view(stroke="#cccccc").to_dict()
    return spec


def draw_profile(template: Spec, counts: pd.DataFrame, items: pd.DataFrame, axes: Axes, study: Study) -> Spec:
    """Return the chart of one subject: the template with this subject's data, lanes and legends.

    ``counts`` come from ``adam.profiles.derive_counts``, ``items`` from ``timeline_items``, both of this
    subject alone.
    """
    counts = _prepare_counts(counts)
    items = items.assign(**{"from": items["from"].clip(lower=axes.days[0])})
    lanes = _prepare_lanes(items[items["Legend"] != RESPONSE])
    kinds = [look for look in _KINDS.values() if look[0] in set(counts["kind"])]
    looks = {name: look for name, look in legend_looks(study).items() if name in set(lanes["Legend"])}
    lists = {
        _SORT: _order(lanes),
        _KIND: [name for name, _, _ in kinds],
        _KIND_COLOUR: [colour for _, colour, _ in kinds],
        _KIND_SHAPE: [shape for _, _, shape in kinds],
        _LEGEND: list(looks),
        _LEGEND_COLOUR: [colour for colour, _ in looks.values()],
        _LEGEND_SHAPE: [shape for _, shape in looks.values()],
    }
    frames = {
        "counts": counts,
        "lanes": lanes,
        **{
            name: items.loc[items["Legend"] == legend, [*_TOOLTIP, "from", "to"]]
            for name, legend in _LINES.items()
        },
    }
    filled: Spec = _fill(template, lists)
    used = set(_data_names(filled)) - {"limits"}
    data = {name: _records(frame) for name, frame in frames.items() if name in used}
    return filled | {"datasets": template.get("datasets", {}) | data}


def _fill(node: Any, lists: dict[str, list[str]]) -> Any:
    """Put each list into the place that the template keeps for it."""
    if isinstance(node, dict):
        return {name: _fill(part, lists) for name, part in node.items()}
    if not isinstance(node, list):
        return node
    if len(node) == 1 and isinstance(node[0], str) and node[0] in lists:
        return lists[node[0]]
    return [_fill(part, lists) for part in node]


def _data_names(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "name" in (node.get("data") or {}):
            yield node["data"]["name"]
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _data_names(part)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return records as JSON has them: no NaN."""
    return [
        {
            str(name): None if isinstance(value, float) and math.isnan(value) else value
            for name, value in record.items()
        }
        for record in frame.to_dict("records")
    ]


def _prepare_counts(counts: pd.DataFrame) -> pd.DataFrame:
    limits = [format_limit(str(text)) for text in counts["LIMITC"]]
    return counts[["ADY", "VISIT", "AVAL", "ROLE"]].assign(
        shown=[
            limit or format_plain(float(value)) for limit, value in zip(limits, counts["AVAL"], strict=True)
        ],
        kind=[_KINDS[kind][0] for kind in counts["AVALC"]],
        drawn=counts["AVAL"].astype("float64").clip(lower=_LOWEST),
        VISIT=[words.capitalize(words.term(visit)) for visit in counts["VISIT"]],
        ROLE=[words.capitalize(role) for role in counts["ROLE"]],
    )


def _prepare_lanes(items: pd.DataFrame) -> pd.DataFrame:
    """Name the lane of each item: treatment, each rescue therapy, each term of an event, the end."""
    names = [
        _LANES.get(legend, f"Rescue: {what}" if legend == RESCUE else what)
        for legend, what in zip(items["Legend"], items["What"], strict=True)
    ]
    lanes = items.assign(lane=pd.Series(names, index=items.index, dtype="str"))
    return lanes[["lane", "kind", "Legend", *_TOOLTIP, "from", "to"]]


def _order(lanes: pd.DataFrame) -> list[str]:
    """Treatment first, then rescue, then events as they began; the end of the study last."""
    fixed = {"Infusions": 0, "Treatment": 0, "End of study": 3}
    rank = lanes["lane"].map(fixed).astype("float64").fillna((lanes["Legend"] != RESCUE) + 1.0)
    order = lanes.assign(rank=rank).sort_values(["rank", "from", "lane"], kind="stable")
    return list(dict.fromkeys(order["lane"]))


def _counts(axes: Axes, days: alt.Scale, rule: Efficacy) -> alt.LayerChart:
    """Counts on a log axis, the confirmed response as a band, infusions and rescue as upright lines."""
    x = alt.X("ADY:Q", scale=days, title=None, axis=_day_axis(axes, labels=False))
    y = alt.Y(
        "drawn:Q",
        title="Platelet count, 10⁹/L",
        scale=alt.Scale(type="log", domain=[_LOWEST, axes.top], nice=False),
        axis=alt.Axis(values=_TICKS),
    )
    base = alt.Chart(alt.NamedData("counts")).encode(x=x, y=y)
    limits = pd.DataFrame({"limit": sorted({rule.response_count, rule.complete_count})})
    rules = alt.Chart(limits).mark_rule(strokeDash=[4, 3], color="#666666").encode(y="limit:Q")
    line = base.mark_line(strokeWidth=1.2, color="#7a9cb8")
    return alt.layer(*_periods(days), rules, line, _points(base)).properties(
        width=_WIDTH, height=_COUNTS_HEIGHT
    )


def _periods(days: alt.Scale) -> list[alt.Chart]:
    x = alt.X("from:Q", scale=days)
    tooltip = [alt.Tooltip(f"{name}:N") for name in _TOOLTIP]
    response = alt.Chart(alt.NamedData("response")).mark_rect(color=PALETTE[2], opacity=0.2)
    infusions = alt.Chart(alt.NamedData("infusions")).mark_rule(color="#b5b5b5")
    rescue = alt.Chart(alt.NamedData("rescue")).mark_rule(color="#7b3294", strokeDash=[2, 2])
    return [
        response.encode(x=x, x2="to:Q", tooltip=tooltip),
        infusions.encode(x=x, tooltip=tooltip),
        rescue.encode(x=x, tooltip=tooltip),
    ]


def _points(base: alt.Chart) -> alt.Chart:
    legend = alt.Legend(title=None, orient="top", columns=4, labelLimit=220)
    colour, shape = (alt.Scale(domain=[_KIND], range=[place]) for place in (_KIND_COLOUR, _KIND_SHAPE))
    return base.mark_point(filled=True, size=38, opacity=1).encode(
        color=alt.Color("kind:N", scale=colour, legend=legend),
        shape=alt.Shape("kind:N", scale=shape, legend=legend),
        tooltip=[
            alt.Tooltip("ADY:Q", title="Study day"),
            alt.Tooltip("VISIT:N", title="Visit"),
            alt.Tooltip("shown:N", title="Platelets, 10⁹/L"),
            alt.Tooltip("kind:N", title="This count by itself"),
            alt.Tooltip("ROLE:N", title="Role in the response"),
        ],
    )


def _lanes(days: alt.Scale, axis: alt.Axis) -> alt.LayerChart:
    legend = alt.Legend(title=None, orient="bottom", columns=4, symbolOpacity=1, labelLimit=200)
    colour, shape = (alt.Scale(domain=[_LEGEND], range=[place]) for place in (_LEGEND_COLOUR, _LEGEND_SHAPE))
    base = alt.Chart(alt.NamedData("lanes")).encode(
        x=alt.X("from:Q", scale=days, title="Study day", axis=axis),
        y=alt.Y("lane:N", sort=[_SORT], title=None, axis=alt.Axis(labelLimit=230, grid=True)),
        color=alt.Color("Legend:N", scale=colour, legend=legend),
        tooltip=[alt.Tooltip(f"{name}:N") for name in _TOOLTIP],
    )
    bars = base.transform_filter("datum.from < datum.to").mark_rule(strokeWidth=5, opacity=0.55)
    points = base.transform_filter("datum.kind != 'span'").mark_point(filled=True, size=48, opacity=1)
    layers = [bars.encode(x2="to:Q"), points.encode(shape=alt.Shape("Legend:N", scale=shape, legend=legend))]
    return alt.layer(*layers).properties(width=_WIDTH, height=alt.Step(_LANE))


def _day_axis(axes: Axes, *, labels: bool) -> alt.Axis:
    """Weeks in fours from Day 1 on, the same as in the figure of all timelines."""
    values = list(range(1, int(axes.days[1]) + 1, 28))
    return alt.Axis(values=values, labels=labels, ticks=labels, domain=labels)


def describe_course(subject: str, counts: pd.DataFrame, items: pd.DataFrame, adae: pd.DataFrame) -> str:
    """Return what the chart shows in a sentence, for readers who don't see it.

    ``adae`` are the subject's adverse events: one without a start day can't be drawn, and without the
    study's domain nothing is said of events.
    """
    events = "" if is_absent(adae, "AE") else _say_events(items)
    unplaced = int(adae["ASTDY"].isna().sum())
    lost = f"{words.plural(unplaced, 'event')} without a start day not drawn" if unplaced else ""
    parts = [_say_counts(counts), _say_response(counts, items), _say_treatment(items), events, lost]
    return f"Course of subject {subject}: {'; '.join(part for part in parts if part)}."


def _say_counts(counts: pd.DataFrame) -> str:
    if counts.empty:
        return ""
    highest = counts.sort_values(["AVAL", "ADY"], ascending=[False, True]).iloc[0]
    text = words.plural(len(counts), "platelet count")
    base = counts[counts["ROLE"] == "baseline"]
    first = f", {_say_count(base.iloc[0])} × 10⁹/L at baseline" if len(base) else ""
    day = words.study_day(float(highest["ADY"]))
    return f"{text}{first}, the highest {_say_count(highest)} × 10⁹/L on {day}"


def _say_count(count: pd.Series) -> str:
    return format_limit(str(count["LIMITC"])) or format_count(float(count["AVAL"]))


def _say_response(counts: pd.DataFrame, items: pd.DataFrame) -> str:
    if counts.empty:
        return ""
    periods = items[items["Legend"] == RESPONSE]
    spans = [f"Day {a} to Day {b}" for a, b in zip(periods["Start day"], periods["End day"], strict=True)]
    return f"confirmed response from {words.join(spans)}" if spans else "no confirmed response"


def _say_treatment(items: pd.DataFrame) -> str:
    infusions, rescue = (items["Legend"] == INFUSION).sum(), items[items["Legend"] == RESCUE]
    parts = [words.plural(infusions, "infusion")] if infusions else []
    parts += [f"rescue therapy from Day {format_count(rescue['from'].min())} on"] if len(rescue) else []
    return ", ".join(parts)


def _say_events(items: pd.DataFrame) -> str:
    events = items[items["kind"] == "event"]
    if events.empty:
        return "no adverse event"
    kinds = events["Severity"].value_counts().sort_index()
    severities = words.join([f"{n} {name}" for name, n in kinds.items()])
    return f"{words.plural(len(events), 'adverse event')} ({severities})"
