"""The heatmap of platelet counts by subject and week."""

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
from itpcsr.display.findings.platelets import heatmap_finding
from itpcsr.display.forms import has_form
from itpcsr.display.forms.response import draw_level_shares
from itpcsr.study import Study

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
