"""The look of every chart, and how a chart is shown in a notebook and carried into the report."""

from __future__ import annotations

import html
import json
import os
import re
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert as vlc

from itpcsr.display import escape
from itpcsr.display.fonts import CHART_FAMILY, Fonts, fonts_of_process
from itpcsr.plain_text import plain_tree

# Okabe and Ito's palette without yellow, which is too light on white: safe for colour-blind readers.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#000000")
# Browsers take the first of them that the reader has; pictures are drawn with the chosen files alone.
FONT = f'{CHART_FAMILY}, "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif'
_LISTING = "FONTCONFIG_FILE"
MIME = "application/vnd.vegalite.v6+json"


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


def chart_svg(spec: dict[str, Any], fonts: Fonts | None = None) -> str:
    """Return the chart as SVG, laid out with these fonts, else with those of the process.

    A control character in a text, which ends the drawing program, is a blank.
    """
    _draw_with(fonts or fonts_of_process())
    return str(vlc.vegalite_to_svg(plain_tree(spec)))


def chart_png(svg: str, fonts: Fonts | None = None) -> bytes:
    """Return the chart, given as SVG, as PNG at three times its size on screen, for Word."""
    _draw_with(fonts or fonts_of_process())
    return bytes(vlc.svg_to_png(svg, scale=3))


@cache
def _draw_with(fonts: Fonts) -> None:
    """Let pictures of charts be drawn with these files, in their order, and no font of the machine.

    The converter reads the machine's fonts when it is first used, as fontconfig lists them; the list that it
    finds here holds the first file alone. It takes fonts in the order of a folder, so each file gets one.
    """
    with tempfile.TemporaryDirectory(prefix="itpcsr-") as place:
        folders = []
        for number, path in enumerate(fonts.files):
            folders.append(Path(place) / str(number))
            folders[-1].mkdir()
            (folders[-1] / path.name).symlink_to(path.resolve())  # it remembers what the link leads to
        listing = Path(place) / "fonts.conf"
        listing.write_text(
            f"<fontconfig><dir>{html.escape(str(folders[0]))}</dir></fontconfig>", encoding="utf-8"
        )
        before = os.environ.get(_LISTING)
        os.environ[_LISTING] = str(listing)
        try:
            for folder in folders:
                vlc.register_font_directory(str(folder))
        finally:
            os.environ.pop(_LISTING)
            if before is not None:
                os.environ[_LISTING] = before


def _render(spec: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Show an SVG that becomes interactive in published notebooks; JupyterLab takes the specification."""
    spec = plain_tree(spec)
    return {"text/html": chart_html(spec, spec.get("description", "Chart"), chart_svg(spec)), MIME: spec}


def enable() -> None:
    """Switch the theme and the renderer on; importing ``itpcsr.display`` does it."""
    alt.theme.register("itpcsr", enable=True)(_theme)
    alt.renderers.register("itpcsr", _render)
    alt.renderers.enable("itpcsr")
    alt.data_transformers.enable("default", max_rows=None)
