"""Charts from result rows and analysis datasets."""

from __future__ import annotations

import altair as alt
import pandas as pd

from itpcsr.display.formats import format_count
from itpcsr.display.labels import STATES, sentence_case
from itpcsr.display.table import Table
from itpcsr.results import absence
from itpcsr.study import Study

_BOX_WIDTH, _BOX_GAP, _BOX_DISTANCE, _LINE = 250, 60, 14, 15
# Boxes of the flow from top to bottom; those out of the main line branch off to the right.
_FLOW = {
    "screened": "main",
    "not_enrolled": "out",
    "enrolled": "main",
    "treated": "main",
    "discontinued_treatment": "out",
    "completed_treatment": "main",
    "discontinued_study": "out",
    "completed_study": "main",
}
_FLOW_LABELS = {"screened": "Screened", "not_enrolled": "Not enrolled", "enrolled": "Enrolled", **STATES}


def figure_disposition(rows: pd.DataFrame) -> alt.LayerChart | Table:
    """Draw the flow of subjects from screening to the end of the study.

    A box of something that the data don't record (no end of treatment, for example) is left out, and so
    is a box to the right that nobody is in.
    """
    if sentence := absence(rows):
        return Table("", absent=sentence)
    boxes = _flow_boxes(rows)
    base = alt.Chart(boxes)
    frame = base.mark_rect(fill="white", stroke="#333333").encode(
        x=alt.X("left:Q", axis=None, scale=alt.Scale(domain=[0, 2 * _BOX_WIDTH + _BOX_GAP], nice=False)),
        x2="right:Q",
        y=alt.Y("top:Q", axis=None, scale=alt.Scale(reverse=True, nice=False, zero=False)),
        y2="bottom:Q",
    )
    text = base.mark_text(lineBreak="\n", align="left", baseline="top", dx=8, dy=6, lineHeight=_LINE).encode(
        x=alt.X("left:Q", axis=None), y=alt.Y("top:Q", axis=None), text="text:N"
    )
    arrows = (
        alt.Chart(_flow_arrows(boxes))
        .mark_rule(stroke="#333333")
        .encode(x=alt.X("x:Q", axis=None), x2="x2:Q", y=alt.Y("y:Q", axis=None), y2="y2:Q")
    )
    return (
        (arrows + frame + text)
        .properties(width=2 * _BOX_WIDTH + _BOX_GAP, height=float(boxes["bottom"].max()))
        .configure_view(stroke=None)
    )


def _flow_boxes(rows: pd.DataFrame) -> pd.DataFrame:
    """Lay out the boxes: name, text, side (main or out) and corners in pixels."""
    boxes, top = [], 0.0
    totals = rows[rows["level"] == ""].set_index("analysis")["value"]
    for name, side in _FLOW.items():
        if totals[name] > 0 or (side == "main" and totals.notna()[name]):
            text = _box_text(rows, name)
            left = 0.0 if side == "main" else float(_BOX_WIDTH + _BOX_GAP)
            boxes.append((name, text, side, left, top, top + _height(text)))
            top += _height(text) + _BOX_DISTANCE
    frame = pd.DataFrame(boxes, columns=["name", "text", "side", "left", "top", "bottom"])
    return frame.assign(right=frame["left"] + _BOX_WIDTH)


def _height(text: str) -> float:
    return _LINE * (text.count("\n") + 1) + 12.0


def _box_text(rows: pd.DataFrame, name: str) -> str:
    chosen = rows[rows["analysis"] == name]
    total = chosen.loc[chosen["level"] == "", "value"].iloc[0]
    lines = [f"{_FLOW_LABELS[name]} (n={format_count(total)})"]
    reasons = chosen[chosen["level"] != ""]
    lines += [
        f"  {sentence_case(level)} (n={format_count(n)})"
        for level, n in zip(reasons["level"], reasons["value"], strict=True)
    ]
    return "\n".join(lines)


def _flow_arrows(boxes: pd.DataFrame) -> pd.DataFrame:
    """Lines between consecutive main boxes, and from there to each box that branches off."""
    main = boxes[boxes["side"] == "main"]
    middle = _BOX_WIDTH / 2
    lines = [
        (middle, middle, upper, lower)
        for upper, lower in zip(main["bottom"][:-1], main["top"][1:], strict=True)
    ]
    out = boxes[boxes["side"] == "out"]
    heights = (out["top"] + out["bottom"]) / 2
    lines += [(middle, left, y, y) for left, y in zip(out["left"], heights, strict=True)]
    return pd.DataFrame(lines, columns=["x", "x2", "y", "y2"])


def figure_platelets(
    platelets: pd.DataFrame, adsl: pd.DataFrame, rows: pd.DataFrame, study: Study
) -> alt.FacetChart | Table:
    """Draw each subject's platelet course and the group's median, one panel per arm, on a log axis.

    ``platelets`` has one record per subject and analysis visit (AVISITN in weeks, AVAL in 10^9/L);
    ``rows`` are those of the platelet table, from which the medians come.
    """
    if sentence := absence(rows):
        return Table("", absent=sentence)
    if study.efficacy is None:
        raise ValueError("A study without platelet response has no platelet figure.")
    labels = [arm.label for arm in study.design.arms]
    subjects = platelets.merge(adsl[["USUBJID", "TRT01P"]], on="USUBJID")
    subjects = subjects[["USUBJID", "TRT01P", "AVISITN", "AVAL", "ADY"]]
    # zero has no place on a log axis; counts are given to the nearest 10^9/L, so 0 is drawn at 0.5
    data = pd.concat([subjects.assign(kind="subject"), _medians(rows, study)], ignore_index=True)
    data["shown"] = data["AVAL"].clip(lower=0.5)
    highlight = alt.selection_point(fields=["USUBJID"], on="pointerover", empty=False)
    base = alt.Chart(data).encode(
        x=alt.X(
            "AVISITN:Q",
            title="Week after infusion 1",
            axis=alt.Axis(values=list(range(0, study.design.follow_up_weeks + 1, 4))),
        ),
        y=alt.Y(
            "shown:Q",
            title="Platelet count, 10⁹/L",
            scale=alt.Scale(type="log", domain=[0.5, max(500.0, float(data["shown"].max()))], nice=False),
            axis=alt.Axis(values=[1, 3, 10, 30, 100, 300]),
        ),
    )
    lines = (
        base.transform_filter("datum.kind == 'subject'")
        .mark_line(point=alt.OverlayMarkDef(size=18), strokeWidth=1)
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
    median = (
        base.transform_filter("datum.kind == 'median'")
        .mark_line(strokeWidth=3, color="#0b2545")
        .encode(
            tooltip=[alt.Tooltip("AVISITN:Q", title="Week"), alt.Tooltip("AVAL:Q", title="Median, 10⁹/L")]
        )
    )
    limits = [
        base.mark_rule(strokeDash=[4, 3], color="#666666").encode(x=alt.X(), y=alt.datum(limit))
        for limit in (study.efficacy.response_count, study.efficacy.complete_count)
    ]
    return (
        alt.layer(*limits, lines, median)
        .properties(width=290, height=190)
        .facet(alt.Facet("TRT01P:N", title=None, sort=labels), columns=2)
    )


def _medians(rows: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Medians of the columns that hold one arm, by week, as records of the figure."""
    names = {arm.code: arm.label for arm in study.design.arms}
    single = {column.key: names[column.arms[0]] for column in study.design.columns if len(column.arms) == 1}
    chosen = rows[(rows["analysis"] == "AVAL") & (rows["statistic"] == "median") & rows["group"].isin(single)]
    weeks = chosen["visit"].replace("Baseline", "Week 0").str.removeprefix("Week ").astype("float64")
    medians = pd.DataFrame({"TRT01P": chosen["group"].map(single), "AVISITN": weeks, "AVAL": chosen["value"]})
    return medians.dropna().assign(kind="median")
