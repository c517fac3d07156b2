"""Response: the estimand and its definitions, the listing by subject, the heatmap and the swimmer plot."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pandas as pd

from csrkit.charts.theme import PALETTE, alt, describe
from csrkit.limits import stand_in
from csrkit.rows import absence
from csrkit.tables.formats import format_count, format_limit, format_number, format_plain
from csrkit.tables.layouts import sentence_if_absent
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Header, Row, Table
from csrkit.tables.words import Record, capitalize
from itpcsr.display.findings.efficacy import heatmap_finding, swimmer_finding
from itpcsr.display.forms import has_form
from itpcsr.display.forms.response import draw_level_shares, draw_response_shares
from itpcsr.study import ResponseDefinition, Study

# The estimand as a table, and what each definition of response asks for in words.

_RESCUE = {
    "counts from rescue on do not count": "counts from its first day on do not count",
    "any rescue is no response": "at any time: no response",
    "not considered": "not considered",
}


def describe_definition(definition: ResponseDefinition) -> dict[str, str]:
    """Return what a definition of response asks for, by the heads of the table of definitions."""
    return {
        "Definition": definition.label,
        "Count, 10⁹/L": _count(definition),
        "When": _when(definition),
        "Bleeding on the day": definition.bleeding.replace("bleeding scale", "WHO scale"),
        "Rescue therapy": _RESCUE[definition.rescue],
        "Source": definition.source,
    }


def _count(definition: ResponseDefinition) -> str:
    text = f"≥{format_plain(definition.count)}"
    if definition.ratio > 0:
        text += f" and ≥{format_plain(definition.ratio)} × baseline"
    if definition.complete_count is None:
        return text
    return f"{text}, or ≥{format_plain(definition.complete_count)} (complete)"


def _when(definition: ResponseDefinition) -> str:
    confirmed = f"confirmed over ≥{definition.confirmation_days} days"
    return {
        "confirmed": confirmed,
        "held to a week": f"{confirmed} and not lost by Week {definition.week}",
        "at a week": f"Week {definition.week} ± {definition.window_days} days",
        "weeks of the last": f"≥{definition.weeks_needed} of the last {definition.weeks_counted} weeks",
    }[definition.kind]


_POLICY = "Treatment policy: counts are taken as they are"
_EVENTS = {
    "rescue": "Rescue therapy",
    "new_therapy": "Other new therapy of the disease",
    "incomplete": "Fewer infusions than planned",
    "death": "Death",
}
_MISSING = {
    "left": (
        "Leaving the study early",
        "Judged by the counts up to then: no response without a confirmed one among them",
    ),
    "not_evaluable": ("Response not evaluable", "Counted as no response"),
}


def rescue_strategy(definition: ResponseDefinition) -> str:
    """Return the strategy of ICH E9(R1) by which a definition takes rescue therapy.

    It is composite only where a responder who is given rescue therapy later stops being one: at any time, or
    up to the weeks that decide. A best response confirmed before rescue stands, so there the strategy is that
    of the time before the event.
    """
    if definition.rescue == "not considered":
        return _POLICY
    if definition.rescue == "any rescue is no response":
        return "Composite: rescue therapy at any time is non-response"
    if definition.kind != "confirmed":
        return "Composite: counts from its first day onwards are non-response"
    return (
        "While on treatment: judged by the counts before its first day; a response confirmed by then is kept"
    )


def _strategies(study: Study) -> dict[str, str]:
    return {
        "rescue": "" if study.efficacy is None else rescue_strategy(study.efficacy.primary),
        "new_therapy": _POLICY,
        "incomplete": "Treatment policy: the subject is analysed as treated",
        "death": "While alive: judged by the counts up to it",
    }


@sentence_if_absent
def table_estimand(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange the five attributes of the estimand, each intercurrent event with whom it touched.

    What is missing stands apart: leaving the study is no intercurrent event.
    """
    lookup, total = Lookup(rows), study.design.columns[-1].key
    size = format_count(lookup.value("size", total, "N"))
    body = [Row(label, (text, "", "")) for label, text in _attributes(study).items()]
    body.append(Row("Intercurrent events and their strategies"))
    strategies = _strategies(study)
    for event, label in _EVENTS.items():
        touched = lookup.count_percent("touched", total, event)
        responders, after = (
            format_count(lookup.value(name, total, "n", event)) for name in ("responder", "after")
        )
        body.append(Row(label, (strategies[event], touched, f"{responders} ({after})"), 1))
    body.append(
        Row("Population-level summary", ("Proportion with response, with exact confidence interval", "", ""))
    )
    body.append(Row("Missing data, which are not an intercurrent event, and their handling"))
    for name, (label, handling) in _MISSING.items():
        cells = (
            lookup.count_percent("missing", total, name),
            format_count(lookup.value("missing_responder", total, "n", name)),
        )
        body.append(Row(label, (handling, *cells), 1))
    heads = (
        Header("Definition"),
        Header("Subjects, n (%)", size),
        Header("Of them responders (after response began)"),
    )
    notes = (
        "In a single arm there is no comparison and no causal contrast: the estimand describes response.",
    )
    return Table("Attribute", heads, tuple(body), (*notes, *lookup.notes()))


def _attributes(study: Study) -> dict[str, str]:
    infusions = len(study.design.infusion_days)
    weeks = study.design.follow_up_weeks
    return {
        "Population": f"Subjects with {study.identity.condition} given at least one administration",
        "Treatment": f"{study.identity.product}, {infusions} planned infusions at the dose of the cohort",
        "Variable": f"Best confirmed response (CR or R, IWG 2009) by Week {weeks}",
    }


# List each subject's response: the counts that made it, and when it was lost; else why there is none.

_RATIO = "Highest ratio to baseline"
_HEADS = (
    "Baseline, 10⁹/L", "Best response", "First count: day, 10⁹/L", "Confirmed by: day, 10⁹/L",
    "Complete from, day", "Lost, day", "Last count, day", _RATIO, "Why no response",
)  # fmt: skip


@sentence_if_absent
def list_responses(rows: pd.DataFrame, adsl: pd.DataFrame, adrs: pd.DataFrame, study: Study) -> Table:
    """List the best response of each subject of the full analysis set, arm by arm.

    ``rows`` are those of the display; ``adrs`` has the records CBOR and BESTRAT.
    """
    best = adrs[adrs["PARAMCD"] == "CBOR"].merge(adsl[["USUBJID", "ARMCD"]], on="USUBJID")
    ratios = adrs[adrs["PARAMCD"] == "BESTRAT"].set_index("USUBJID")["AVAL"]
    best["RATIO"] = best["USUBJID"].map(ratios).astype("float64")
    body: list[Row] = []
    for arm in study.design.arms:
        of_arm = best[best["ARMCD"] == arm.code].sort_values("USUBJID")
        if len(of_arm):
            body.append(Row(arm.label))
            body += [Row(str(record["USUBJID"]), _cells(record), 1) for record in of_arm.to_dict("records")]
    notes = (
        "CR: complete response; R: response; NR: no response; NE: not evaluable. Days count from the first "
        "infusion (Day 1). A dash: none. Ratio: of the counts before rescue therapy.",
        "Lost: first of the counts that end the response, or the first day of rescue therapy.",
    )
    return Table("Subject", tuple(Header(head) for head in _HEADS), tuple(body), notes)


def response_facts(record: Record) -> list[tuple[str, str]]:
    """Return what is listed of a subject's best response (PARAMCD CBOR) as pairs of name and text."""
    pairs = zip(_HEADS, _cells({**record, "RATIO": math.nan}), strict=True)
    return [(name, text) for name, text in pairs if name != _RATIO]


def _cells(record: Record) -> tuple[str, ...]:
    return (
        format_limit(str(record.get("BASEC", ""))) or _plain(record["BASE"]),
        str(record["AVALC"]),
        _response_listing_count(record["ADY"], record["PLAT"], record.get("PLATC", "")),
        _response_listing_count(record["CNFDY"], record["CNFPLAT"], record.get("CNFPLATC", "")),
        _day(record["CRDY"]),
        _day(record["LOSDY"]),
        _day(record["LASTDY"]),
        "–" if math.isnan(record["RATIO"]) else format_number(record["RATIO"], 1),
        capitalize(str(record["REASON"])) or "–",
    )


def _plain(value: float) -> str:
    return "–" if math.isnan(value) else format_plain(value)


def _day(value: float) -> str:
    return "–" if math.isnan(value) else format_count(value)


def _response_listing_count(day: float, value: float, limit: object) -> str:
    shown = format_limit(limit if isinstance(limit, str) else "") or _plain(value)
    return "–" if math.isnan(day) else f"{format_count(day)}: {shown}"


# The heatmap of platelet counts by subject and week.

_SHADES = ("#f1eef6", "#bdc9e1", "#74a9cf", "#045a8d")  # light to dark: legible in grey, too


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
    data = platelets.assign(AVAL=stand_in(platelets)).merge(adsl[["USUBJID", "ARMCD"]], on="USUBJID")[
        ["USUBJID", "ARMCD", "AVISITN", "AVAL", "AVALC", "ADY", "ARESCFL"]
    ]
    below = data["AVALC"].str.fullmatch(r"<[^=].*")
    pairs = zip(data.pop("AVALC"), data["AVAL"], strict=True)
    data["shown"] = [format_limit(text) or format_plain(value) for text, value in pairs]
    levels = [] if study.efficacy is None else study.efficacy.platelet_levels
    names = _level_names(levels)
    # a count below a limit lies below a level at that number
    height = np.where(below, np.nextafter(data["AVAL"].to_numpy("float64"), 0), data["AVAL"])
    place = np.searchsorted(levels, height, side="right")
    data = data.assign(
        level=pd.Series(names, dtype="str").take(place).to_numpy(),
        dark=(place >= len(names) - 1) & (len(names) > 1),
        rescued=data.pop("ARESCFL") == "Y",
    )
    if form is not None and has_form(form):
        shares = draw_level_shares(rows, form, levels, study)
        return describe(shares, heatmap_finding(data, names))
    labels = {arm.code: arm.label for arm in study.design.arms}
    arms = [code for code in labels if code in set(data["ARMCD"])]
    panels = [
        _heatmap_cells(
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


def _heatmap_cells(
    data: pd.DataFrame, label: str, names: list[str], weeks: int, lowest: bool
) -> alt.LayerChart:
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


# The swimmer plot: a line of time for each subject, with the confirmed response as a bar.

_BLUE, _RED, _GREEN, _PINK, _SKY, _BLACK = PALETTE
# Colour and shape of each mark, in the order of the legend.
_LOOKS = {
    "Response": (_GREEN, "square"),
    "Infusion": (_BLACK, "triangle-down"),
    "Complete response from here": (_BLUE, "diamond"),
    "Response lost": (_RED, "cross"),
    "Rescue therapy": ("#7b3294", "triangle-right"),
    "Last count, still in response": (_GREEN, "triangle-right"),
    "Last count": ("#8a8a8a", "square"),
}
_ROW = 18


def figure_swimmer(
    rows: pd.DataFrame,
    adsl: pd.DataFrame,
    adrs: pd.DataFrame,
    adex: pd.DataFrame,
    adcm: pd.DataFrame,
    study: Study,
    form: pd.DataFrame | None = None,
) -> alt.VConcatChart | alt.Chart | Table:
    """Draw a line of time per subject with the confirmed response as a bar, one panel per arm.

    ``rows`` are those of the times of response; ``adrs`` has the records CBOR. The bar reaches from the first
    count of the response to its loss, or to the last count. With a ``form`` for many subjects
    (``analysis.bands.response_shares``) the share of each group in response stands in their place.
    """
    if sentence := absence(rows):
        return Table("", absent=sentence)
    best = adrs[adrs["PARAMCD"] == "CBOR"].merge(adsl[["USUBJID", "ARMCD"]], on="USUBJID")
    if form is not None and has_form(form):
        return describe(draw_response_shares(form, study), swimmer_finding(best, adcm, study))
    best = best.assign(end=best["LASTDY"].fillna(1.0), LOSDY=best["LOSDY"].astype("float64"))
    items = pd.concat([_spans(best), _points(best, adex, adcm)], ignore_index=True)
    items = items.merge(best[["USUBJID", "ARMCD"]], on="USUBJID")
    last = float(pd.concat([items["to"], best["end"]]).max()) if len(best) else 1.0
    scale = alt.Scale(domain=[0, last + 5], nice=False)
    shown = [name for name in _LOOKS if name in set(items["what"])]
    labels = {arm.code: arm.label for arm in study.design.arms}
    arms = [code for code in labels if code in set(best["ARMCD"])]
    panels = [
        _swim_panel(
            best[best["ARMCD"] == code],
            items[items["ARMCD"] == code],
            labels[code],
            scale,
            shown,
            code == arms[-1],
        )
        for code in arms
    ]
    return describe(alt.vconcat(*panels, spacing=6), swimmer_finding(best, adcm, study))


def _spans(best: pd.DataFrame) -> pd.DataFrame:
    had = best[best["CRIT1FL"] == "Y"]
    return _items(had, "Response", had["ADY"], had["LOSDY"].fillna(had["end"])).assign(kind="span")


def _items(records: pd.DataFrame, what: str, start: pd.Series, end: pd.Series | None = None) -> pd.DataFrame:
    last = start if end is None else end
    items = pd.DataFrame({"USUBJID": records["USUBJID"], "what": what, "from": start, "to": last})
    return items.assign(kind="point").astype({"from": "float64", "to": "float64"}).dropna(subset=["from"])


def _points(best: pd.DataFrame, adex: pd.DataFrame, adcm: pd.DataFrame) -> pd.DataFrame:
    rescue = adcm[adcm["RESCFL"] == "Y"]
    held = (best["CRIT1FL"] == "Y") & best["LOSDY"].isna()
    return pd.concat(
        [
            _items(adex, "Infusion", adex["ASTDY"]),
            _items(best, "Complete response from here", best["CRDY"]),
            _items(best, "Response lost", best["LOSDY"]),
            _items(rescue, "Rescue therapy", rescue["ASTDY"]),
            _items(best[held], "Last count, still in response", best.loc[held, "end"]),
            _items(best[~held], "Last count", best.loc[~held, "end"]),
        ]
    )


def _swim_panel(
    best: pd.DataFrame, items: pd.DataFrame, label: str, scale: alt.Scale, shown: list[str], lowest: bool
) -> alt.LayerChart:
    x = alt.X(
        "from:Q",
        title="Study day" if lowest else None,
        scale=scale,
        axis=alt.Axis(
            values=list(range(1, int(scale.to_dict()["domain"][1]) + 1, 28)), labels=lowest, ticks=lowest
        ),
    )
    y = alt.Y("USUBJID:N", title=None, sort=sorted(best["USUBJID"]))
    legend = alt.Legend(title=None, orient="bottom", columns=4, labelLimit=220, symbolOpacity=1)
    looks = [_LOOKS[name] for name in shown]
    colour = alt.Color(
        "what:N", scale=alt.Scale(domain=shown, range=[look[0] for look in looks]), legend=legend
    )
    shape = alt.Shape(
        "what:N", scale=alt.Scale(domain=shown, range=[look[1] for look in looks]), legend=legend
    )
    lines = best[["USUBJID", "end"]].assign(**{"from": 1.0})
    line = alt.Chart(lines).mark_rule(color="#a0a0a0").encode(x=x, x2="end:Q", y=y)
    tooltip = [
        alt.Tooltip("USUBJID:N", title="Subject"),
        alt.Tooltip("what:N", title="What"),
        alt.Tooltip("from:Q", title="Study day"),
        alt.Tooltip("to:Q", title="To study day"),
    ]
    base = alt.Chart(items).encode(x=x, y=y, color=colour, tooltip=tooltip)
    spans = base.transform_filter("datum.kind == 'span'").mark_bar(height=9, opacity=0.45).encode(x2="to:Q")
    points = base.transform_filter("datum.kind == 'point'").mark_point(filled=True, size=48, opacity=1)
    title = alt.TitleParams(label, anchor="start", fontSize=10, offset=4, fontWeight="normal")
    return alt.layer(line, spans, points.encode(shape=shape)).properties(
        width=560, height=alt.Step(_ROW), title=title
    )
