"""Related registered studies as a table of what they are and a chart of their number."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from csrkit.charts.layers import describe
from csrkit.charts.theme import alt
from csrkit.rows import absence
from csrkit.tables.formats import format_count
from csrkit.tables.layouts import sentence_if_absent
from csrkit.tables.table import Header, Row, Table
from itpcsr.display.findings.related import related_finding
from itpcsr.study import RelatedStudy
from itpcsr.study.related import PHASES, STATUSES

_PHASES = {"N/A": "Not applicable", "": "None given", "none given": "None given"}
_NOTE = (
    "In the order of the record, with titles, status and phase as it gives them at the time of the copy that "
    "this project holds. None given: the record has no phase for the study, or the copy ends before it."
)
_SHADES = ["#deebf7", "#6baed6"]  # light enough for black figures, so that the shade isn't the only carrier


@sentence_if_absent
def table_related_studies(rows: pd.DataFrame, studies: Sequence[RelatedStudy]) -> Table:
    """List the studies with title, status and phase; ``rows`` say whether there are any."""
    heads = (Header("Status"), Header("Phase"))
    body = tuple(
        Row(f"{study.study_id}: {study.title}", (study.status, _PHASES.get(study.phase, study.phase)))
        for study in studies
    )
    return Table("Study", heads, body, (_NOTE,))


def figure_related_studies(rows: pd.DataFrame) -> alt.LayerChart | Table:
    """Draw the number of studies by status and phase, as a figure in a shaded field."""
    if sentence := absence(rows):
        return Table("", absent=sentence)
    counts = rows[rows["statistic"] == "n"]
    parts = counts["level"].str.split(" | ", regex=False, expand=True)
    data = pd.DataFrame(
        {
            "Status": parts[0],
            "Phase": parts[1].replace(_PHASES),
            "Studies": counts["value"],
            "Text": counts["value"].map(format_count),
        }
    )
    axis = alt.Axis(labelAngle=0, orient="top", domain=False, ticks=False, labelLimit=110)
    phases = [_PHASES.get(phase, phase) for phase in PHASES]
    base = alt.Chart(data).encode(
        x=alt.X("Phase:N", sort=phases, title=None, axis=axis),
        y=alt.Y("Status:N", sort=list(STATUSES), title=None, axis=alt.Axis(domain=False, ticks=False)),
        tooltip=["Status:N", "Phase:N", alt.Tooltip("Text:N", title="Studies")],
    )
    shade = alt.Color("Studies:Q", scale=alt.Scale(range=_SHADES), legend=None)
    cells = base.mark_rect(stroke="white", strokeWidth=2).encode(color=shade)
    size = {"width": 88 * data["Phase"].nunique(), "height": 30 * data["Status"].nunique()}
    chart = alt.layer(cells, base.mark_text(fontSize=12).encode(text="Text:N")).properties(**size)
    return describe(chart, related_finding(data, STATUSES, phases))
