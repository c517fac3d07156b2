"""The look of every chart, and how a chart is shown in a notebook and carried into the report."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert as vlc

from itpcsr.display import escape
from itpcsr.plain_text import plain_tree

# Okabe and Ito's palette without yellow, which is too light on white: safe for colour-blind readers.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#000000")
FONT = "DejaVu Sans"
MIME = "application/vnd.vegalite.v6+json"


def font_folder() -> Path:
    """Return the folder of the chart font, so that charts look the same on a machine without fonts.

    matplotlib carries DejaVu Sans, which has the superscript digits of 10⁹/L; it isn't imported here,
    since that would take a second.
    """
    spec = importlib.util.find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise ImportError("matplotlib, which carries the chart font, is not installed. Run `make report`.")
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"


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


def chart_html(spec: dict[str, Any], alternative: str, fallback: str = "") -> str:
    """Return the chart as HTML that ``csr.js`` turns into an interactive one.

    ``fallback`` (an SVG) stands in its place until then, and where scripts don't run.
    """
    # "<" must not stand in a script element, or "</script>" in a text would end it; "<" and ">" open and end
    # the shortcodes of a page, too
    data = json.dumps(spec, separators=(",", ":"), sort_keys=True)
    data = data.replace("<", "\\u003c").replace(">", "\\u003e")
    return (
        f'<div class="csr-chart" role="img" aria-label="{escape.html(alternative)}">'
        f'<div class="csr-static" aria-hidden="true">{_compact(fallback)}</div>'
        f'<script type="application/json">{data}</script></div>'
    )


def _compact(svg: str) -> str:
    """Leave out what assistive technology would be told of each mark: the whole picture is hidden from it."""
    return re.sub(r' (?:aria-[a-z]+|role)="[^"]*"', "", svg)


def chart_svg(spec: dict[str, Any]) -> str:
    """Return the chart as SVG; a control character in a text, which ends the drawing program, is a blank."""
    return str(vlc.vegalite_to_svg(plain_tree(spec)))


def chart_png(svg: str) -> bytes:
    """Return the chart, given as SVG, as PNG at three times its size on screen, for Word."""
    return bytes(vlc.svg_to_png(svg, scale=3))


def _render(spec: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Show an SVG that becomes interactive in published notebooks; JupyterLab takes the specification."""
    spec = plain_tree(spec)
    return {"text/html": chart_html(spec, spec.get("description", "Chart"), chart_svg(spec)), MIME: spec}


def enable() -> None:
    """Switch the theme and the renderer on; importing ``itpcsr.display`` does it."""
    vlc.register_font_directory(str(font_folder()))
    alt.theme.register("itpcsr", enable=True)(_theme)
    alt.renderers.register("itpcsr", _render)
    alt.renderers.enable("itpcsr")
    alt.data_transformers.enable("default", max_rows=None)
