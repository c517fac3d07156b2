"""Charts from result rows and analysis datasets."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.charts.theme import alt, describe
from csrkit.rows import absence
from csrkit.tables.formats import format_count
from csrkit.tables.table import Table
from itpcsr.display.findings.subjects import flow_finding
from itpcsr.display.labels import STATES, sentence_case

_BOX_WIDTH, _BOX_GAP, _BOX_DISTANCE, _LINE = 250, 60, 14, 15
# Boxes of the flow from top to bottom; those out of the main line branch off to the right.
_FLOW = {
    "screened": "main",
    "not_enrolled": "out",
    "enrolled": "main",
    "not_treated": "out",
    "treated": "main",
    "discontinued_treatment": "out",
    "unrecorded_treatment": "out",
    "completed_treatment": "main",
    "discontinued_study": "out",
    "unrecorded_study": "out",
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
    text = base.mark_text(align="left", baseline="top", dx=8, dy=6, lineHeight=_LINE).encode(
        x=alt.X("left:Q", axis=None), y=alt.Y("top:Q", axis=None), text="text:N"
    )
    arrows = (
        alt.Chart(_flow_arrows(boxes))
        .mark_rule(stroke="#333333")
        .encode(x=alt.X("x:Q", axis=None), x2="x2:Q", y=alt.Y("y:Q", axis=None), y2="y2:Q")
    )
    chart = (
        (arrows + frame + text)
        .properties(width=2 * _BOX_WIDTH + _BOX_GAP, height=float(boxes["bottom"].max()))
        .configure_view(stroke=None)
    )
    return describe(chart, flow_finding(rows))


def _flow_boxes(rows: pd.DataFrame) -> pd.DataFrame:
    """Lay out the boxes: name, text (its lines), side (main or out) and corners in pixels."""
    boxes, top = [], 0.0
    totals = rows[rows["level"] == ""].set_index("analysis")["value"]
    for name, side in _FLOW.items():
        total = totals.get(name, np.nan)
        if total > 0 or (side == "main" and not np.isnan(total)):
            lines = _box_lines(rows, name)
            left = 0.0 if side == "main" else float(_BOX_WIDTH + _BOX_GAP)
            boxes.append((name, lines, side, left, top, top + _height(lines)))
            top += _height(lines) + _BOX_DISTANCE
    frame = pd.DataFrame(boxes, columns=["name", "text", "side", "left", "top", "bottom"])
    return frame.assign(right=frame["left"] + _BOX_WIDTH)


def _height(lines: list[str]) -> float:
    return _LINE * len(lines) + 12.0


def _box_lines(rows: pd.DataFrame, name: str) -> list[str]:
    chosen = rows[rows["analysis"] == name]
    total = chosen.loc[chosen["level"] == "", "value"].iloc[0]
    reasons = chosen[chosen["level"] != ""]
    return [
        f"{_FLOW_LABELS[name]} (n={format_count(total)})",
        *(
            f"  {sentence_case(level)} (n={format_count(n)})"
            for level, n in zip(reasons["level"], reasons["value"], strict=True)
        ),
    ]


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
