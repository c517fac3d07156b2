"""A line of time per subject: infusions, adverse events by grade, rescue, response, the end."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from csrkit.charts.theme import PALETTE, alt, describe
from csrkit.rows import absence
from csrkit.tables import words
from csrkit.tables.formats import format_count, format_plain
from csrkit.tables.table import Table
from itpcsr.display.findings.subjects import timeline_finding
from itpcsr.study import Study

_ROW, _WIDTH, _LANES = 34, 560, 4
_LINE, _LANE = 0.3, 0.18  # share of a row: the line of time below its middle, the distance of lanes above it
_APART = 5  # days between the ends of two events in one lane
_BLUE, _RED, _GREEN, _PINK, _SKY, _BLACK = PALETTE
_GREY = "#8a8a8a"
_UNGRADED = "Event, severity not recorded"
_GRADES = {
    "AETOXGR": (*(f"Event of grade {grade}" for grade in range(1, 6)), _UNGRADED),
    "AESEV": ("Mild event", "Moderate event", "Severe event", _UNGRADED),
}
_GRADE_LOOKS = {
    "Event of grade 1": (_SKY, "circle"),
    "Event of grade 2": (_BLUE, "square"),
    "Event of grade 3": (_RED, "triangle-up"),
    "Event of grade 4": (_PINK, "diamond"),
    "Event of grade 5": (_BLACK, "cross"),
    "Mild event": (_SKY, "circle"),
    "Moderate event": (_BLUE, "square"),
    "Severe event": (_RED, "triangle-up"),
    _UNGRADED: (_GREY, "triangle-left"),
}
INFUSION, TREATED, RESCUE, RESPONSE = (
    "Infusion",
    "Under treatment",
    "Rescue therapy",
    "Confirmed response",
)
# How the study ended, by EOSSTT of ADSL.
ENDS = {
    "COMPLETED": "Completed the study",
    "DISCONTINUED": "Left the study early",
    "": "Last day in the study, end not recorded",
}
_MARK_LOOKS = {
    INFUSION: (_BLACK, "triangle-down"),
    TREATED: ("#555555", "square"),
    RESCUE: ("#7b3294", "triangle-right"),
    RESPONSE: (_GREEN, "square"),
    ENDS["COMPLETED"]: (_GREY, "square"),
    ENDS["DISCONTINUED"]: (_BLACK, "cross"),
    ENDS[""]: (_GREY, "diamond"),
}
_TOOLTIP = ("Subject", "What", "Severity", "Relation", "Start day", "End day")


def figure_timeline(
    rows: pd.DataFrame, drawn: pd.DataFrame, datasets: Mapping[str, pd.DataFrame], study: Study
) -> alt.VConcatChart | Table:
    """Draw the timeline of each subject, one panel per arm.

    ``drawn`` are the subjects in their order (``select_drawn``); ``datasets`` has adae, adex, admh,
    participation and response. An event without start day can't be drawn; the chart's title counts them. An
    event without end day reaches to the end of participation.
    """
    if sentence := absence(rows):
        return Table("", absent=sentence)
    subjects = add_end(drawn, datasets["participation"])
    items = timeline_items(datasets, subjects, study)
    scale = alt.Scale(domain=[min(0.0, items["from"].min()) - 3, items["to"].max() + 4], nice=False)
    shown = [name for name in legend_looks(study) if name in set(items["Legend"])]
    labels = {arm.code: arm.label for arm in study.design.arms}
    arms = list(dict.fromkeys(subjects["SAFARMCD"]))
    panels = [
        _panel(labels[arm], subjects[subjects["SAFARMCD"] == arm], items, scale, shown, arm == arms[-1])
        for arm in arms
    ]
    title = alt.TitleParams(_title(rows, study), anchor="start", fontSize=11, fontWeight="normal")
    chart = alt.vconcat(*panels, spacing=8).properties(title=title).configure_view(stroke="#cccccc")
    return describe(chart, timeline_finding(drawn, datasets, study))


def add_end(subjects: pd.DataFrame, participation: pd.DataFrame) -> pd.DataFrame:
    """Return the subjects with ``end``, the last day of their participation."""
    ends = participation.set_index("USUBJID")["AENDY"]
    return subjects.assign(end=subjects["USUBJID"].map(ends).astype("float64"))


def timeline_items(
    datasets: Mapping[str, pd.DataFrame], subjects: pd.DataFrame, study: Study
) -> pd.DataFrame:
    """Return all that is drawn of these subjects (with ``end``), a record per event and mark.

    Columns: Subject, kind (event, mark or span), Legend, What, Severity, Relation, Start day, End day (texts
    for readers), from and to (study days). ``datasets`` are those of ``figure_timeline``.
    """
    return pd.concat([_events(datasets["adae"], subjects, study), *_marks(datasets, subjects, study)])


def legend_looks(study: Study) -> dict[str, tuple[str, str]]:
    """Colour and shape of each entry of the legend, in its order."""
    return {name: _GRADE_LOOKS[name] for name in _GRADES[study.safety.severity_variable]} | _MARK_LOOKS


def _title(rows: pd.DataFrame, study: Study) -> str:
    total = rows[rows["group"] == study.design.columns[-1].key].set_index(["level", "statistic"])["value"]
    drawn, treated = total["subjects", "n"], total["subjects", "N"]
    if drawn == treated:
        text = f"All {words.plural(treated, 'treated subject')}"
    else:
        text = (
            f"{format_count(drawn)} of {words.plural(treated, 'treated subject')}: those with a serious event"
        )
    lost = total["without a start day", "events"]
    return f"{text}; {words.plural(lost, 'event')} without a start day not drawn" if lost else text


def _events(adae: pd.DataFrame, subjects: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Adverse events as spans in lanes: those of one subject that overlap lie above each other."""
    events = adae.merge(subjects[["USUBJID", "end"]], on="USUBJID").dropna(subset=["ASTDY"])
    events = events.sort_values(["USUBJID", "ASTDY", "AESEQ"], ignore_index=True)
    variable = study.safety.severity_variable
    names = _GRADES[variable]
    grades = [_UNGRADED if math.isnan(grade) else names[int(grade) - 1] for grade in events["ASEVN"]]
    last = events["AENDY"].fillna(events["end"])
    items = pd.DataFrame(
        {
            "Subject": events["USUBJID"],
            "kind": "event",
            "Legend": pd.Series(grades, index=events.index, dtype="str"),
            "What": [words.capitalize(words.event_term(event)) for event in events.to_dict("records")],
            "Severity": [words.severity(grade, variable) for grade in events["ASEVN"]],
            "Relation": [words.capitalize(words.relation(code)) for code in events["AEREL"]],
            "Start day": _days(events["ASTDY"], events["AESTDTC"]),
            "End day": _days(events["AENDY"], events["AEENDTC"]),
            "from": events["ASTDY"],
            "to": last.where(last > events["ASTDY"], events["ASTDY"]),
        }
    )
    lanes = [_lanes(part) for _, part in items.groupby("Subject", sort=False)]
    lane = pd.concat(lanes) if lanes else pd.Series(dtype="float64")
    return items.assign(offset=_LINE - _LANE * (lane + 1))


def _days(days: pd.Series, dates: pd.Series) -> list[str]:
    return [words.listed_day(float(day), date) for day, date in zip(days, dates, strict=True)]


def _lanes(items: pd.DataFrame) -> pd.Series:
    """Give each span the lowest lane that is free, or the one that is free first."""
    free = [float("-inf")] * _LANES
    chosen = []
    for start, end in zip(items["from"], items["to"], strict=True):
        open_lanes = [lane for lane in range(_LANES) if free[lane] <= start]
        lane = open_lanes[0] if open_lanes else free.index(min(free))
        free[lane] = end + _APART
        chosen.append(float(lane))
    return pd.Series(chosen, index=items.index)


def _marks(datasets: Mapping[str, pd.DataFrame], subjects: pd.DataFrame, study: Study) -> list[pd.DataFrame]:
    """What lies on the line of time: treatment, rescue, response and the end."""
    rescue = datasets["admh"][datasets["admh"]["ACAT1"] == "RESCUE THERAPY"]
    response = datasets["response"]
    parts = [
        _treatment(datasets["adex"], study, subjects),
        _mark(rescue, RESCUE, rescue["ATERM"], subjects, "AENDY"),
        _mark(response, RESPONSE, pd.Series(RESPONSE, index=response.index), subjects, "AENDY"),
    ]
    for status, name in ENDS.items():
        ended = subjects[subjects["EOSSTT"] == status].assign(ASTDY=subjects["end"])
        parts.append(_mark(ended, name, ended["DCSREAS"].where(ended["DCSREAS"] != "", name), subjects))
    return parts


def _treatment(adex: pd.DataFrame, study: Study, subjects: pd.DataFrame) -> pd.DataFrame:
    """Each infusion, or the span of a treatment that is no infusion."""
    if study.design.infusion_days:
        names = [
            f"Infusion {format_plain(number)}" + f", {words.amount(format_plain(dose), unit)}" * (dose > 0)
            for number, dose, unit in zip(adex["EXNUM"], adex["EXDOSE"], adex["EXDOSU"], strict=True)
        ]
        return _mark(adex, INFUSION, pd.Series(names, index=adex.index, dtype="str"), subjects)
    first = adex.groupby("USUBJID")["ASTDY"].min()
    spans = subjects[["USUBJID", "TRTDURD"]].assign(ASTDY=subjects["USUBJID"].map(first))
    spans["AENDY"] = spans["ASTDY"] + spans["TRTDURD"] - 1
    return _mark(spans, TREATED, pd.Series(TREATED, index=spans.index), subjects, "AENDY")


def _mark(
    records: pd.DataFrame, name: str, texts: pd.Series, subjects: pd.DataFrame, end: str = "ASTDY"
) -> pd.DataFrame:
    known = records["USUBJID"].isin(subjects["USUBJID"]) & records["ASTDY"].notna()
    records, texts = records[known], texts[known]
    last = records[end].fillna(records["ASTDY"])
    return pd.DataFrame(
        {
            "Subject": records["USUBJID"],
            "kind": {RESPONSE: "span", TREATED: "span"}.get(name, "mark"),
            "Legend": name,
            "What": [words.capitalize(words.term(text)) for text in texts],
            "Severity": "",
            "Relation": "",
            "Start day": [format_count(day) for day in records["ASTDY"]],
            "End day": [format_count(day) for day in last],
            "from": records["ASTDY"],
            "to": last,
            "offset": _LINE,
        }
    )


def _panel(
    arm: str, subjects: pd.DataFrame, items: pd.DataFrame, scale: alt.Scale, shown: list[str], lowest: bool
) -> alt.LayerChart:
    """One arm: a row per subject, with the axis of days under the lowest panel alone."""
    names = list(subjects["USUBJID"])
    places = {name: float(place) for place, name in enumerate(names)}
    data = items[items["Subject"].isin(names)]
    data = data.assign(place=data["Subject"].map(places), y=data["Subject"].map(places) + data["offset"])
    days = _day_axis(scale, lowest)
    x = alt.X("from:Q", scale=scale, title="Study day" if lowest else None, axis=days)
    rows = alt.Scale(domain=[-0.62, len(names) - 0.42], reverse=True, nice=False, zero=False)
    y = alt.Y("y:Q", title=None, axis=_subject_axis(names), scale=rows)
    layers = [*_ground(subjects, x, y, scale), *_layers(data, x, y, shown)]
    title = alt.TitleParams(arm, anchor="start", fontSize=10, offset=4)
    return alt.layer(*layers).properties(width=_WIDTH, height=_ROW * len(names) + 6, title=title)


def _ground(subjects: pd.DataFrame, x: alt.X, y: alt.Y, scale: alt.Scale) -> list[alt.Chart]:
    """A band behind every second row, and each subject's line from Day 1 to the end of participation."""
    low, high = scale.to_dict()["domain"]
    count = len(subjects)
    bands = pd.DataFrame({"y": [place - 0.54 for place in range(0, count, 2)], "from": low, "to": high})
    bands["below"] = bands["y"] + 1.0
    ends = list(subjects["end"])
    lines = pd.DataFrame({"y": [place + _LINE for place in range(count)], "from": 1.0, "to": ends})
    band = alt.Chart(bands).mark_rect(color="#f3f5f7").encode(x=x, x2="to:Q", y=y, y2="below:Q")
    return [band, alt.Chart(lines).mark_rule(color="#a0a0a0").encode(x=x, x2="to:Q", y=y)]


def _layers(data: pd.DataFrame, x: alt.X, y: alt.Y, shown: list[str]) -> list[alt.Chart]:
    looks = _GRADE_LOOKS | _MARK_LOOKS
    legend = alt.Legend(title=None, orient="bottom", columns=4, symbolOpacity=1, labelLimit=200)
    colour = alt.Color(
        "Legend:N", scale=alt.Scale(domain=shown, range=[looks[name][0] for name in shown]), legend=legend
    )
    shape = alt.Shape(
        "Legend:N", scale=alt.Scale(domain=shown, range=[looks[name][1] for name in shown]), legend=legend
    )
    base = alt.Chart(data).encode(
        x=x, y=y, color=colour, tooltip=[alt.Tooltip(f"{name}:N") for name in _TOOLTIP]
    )
    spans = base.transform_filter("datum.kind == 'span'").mark_rule(strokeWidth=7, opacity=0.45)
    events = base.transform_filter("datum.kind == 'event'").mark_rule(strokeWidth=3, opacity=0.7)
    points = base.transform_filter("datum.kind != 'span'").mark_point(filled=True, size=42, opacity=1)
    return [spans.encode(x2="to:Q"), events.encode(x2="to:Q"), points.encode(shape=shape)]


def _day_axis(scale: alt.Scale, lowest: bool) -> alt.Axis:
    end = scale.to_dict()["domain"][1]
    return alt.Axis(values=list(range(1, int(end) + 1, 28)), labels=lowest, ticks=lowest, domain=lowest)


def _subject_axis(names: list[str]) -> alt.Axis:
    """Subjects as labels of whole numbers; names are data and go into the expression as JSON."""
    listed = "[" + ", ".join(f"'{_quote(name)}'" for name in names) + "]"
    return alt.Axis(
        values=list(range(len(names))),
        labelExpr=f"{listed}[datum.value]",
        grid=False,
        ticks=False,
        domain=False,
        labelLimit=120,
    )


def _quote(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
