"""The swimmer plot: a line of time for each subject, with the confirmed response as a bar."""

from __future__ import annotations

import pandas as pd

from csrkit.charts.layers import describe
from csrkit.charts.theme import PALETTE, alt
from csrkit.rows import absence
from csrkit.tables.table import Table
from itpcsr.display.findings.response import swimmer_finding
from itpcsr.display.forms import has_form
from itpcsr.display.forms.response import draw_response_shares
from itpcsr.study import Study

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
