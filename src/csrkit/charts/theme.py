"""The look of every chart, and how a chart is shown in a notebook; importing this module switches both on.

Modules that make charts take Altair from here, so that no chart is without its look.
"""

from __future__ import annotations

from typing import Any

import altair as alt

from csrkit.charts.chart_data import refuse_large
from csrkit.charts.drawing import MIME, chart_html, chart_svg
from csrkit.charts.fonts import CHART_FAMILY
from csrkit.plain_text import plain_tree

__all__ = ["FONT", "LINE_END", "PALETTE", "alt"]

# Okabe and Ito's palette without yellow, which is too light on white: safe for colour-blind readers.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#000000")
# Browsers take the first of them that the reader has; pictures are drawn with the chosen files alone.
FONT = f'{CHART_FAMILY}, "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif'

# Where a mark's text goes on in the next line (its ``lineBreak``): a line break itself isn't plain text, of
# which a chart's data consist.
LINE_END = "; "


def _theme() -> alt.theme.ThemeConfig:
    text = {
        "labelFont": FONT,
        "titleFont": FONT,
        "labelFontSize": 10,
        "titleFontSize": 10,
        "titleFontWeight": "normal",
    }
    return alt.theme.ThemeConfig(
        config={
            "font": FONT,
            "background": "white",
            "view": {"stroke": "#cccccc"},
            "axis": {**text, "gridColor": "#eeeeee"},
            "legend": text,
            "header": text,
            "range": {"category": list(PALETTE)},
        }
    )


def _render(spec: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Show an SVG that becomes interactive in published notebooks; JupyterLab takes the specification."""
    refuse_large(spec)
    spec = plain_tree(spec)
    return {"text/html": chart_html(spec, spec.get("description", "Chart"), chart_svg(spec)), MIME: spec}


def _enable() -> None:
    alt.theme.register("itpcsr", enable=True)(_theme)
    alt.renderers.register("itpcsr", _render)
    alt.renderers.enable("itpcsr")
    alt.data_transformers.enable("default", max_rows=None)


_enable()
