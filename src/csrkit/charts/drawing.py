"""Charts, given as Vega-Lite specifications, as SVG, PNG and HTML; Altair, which makes them, isn't needed."""

from __future__ import annotations

import html
import json
import os
import re
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from csrkit.charts.fonts import Fonts, fonts_of_process
from csrkit.plain_text import plain_tree
from csrkit.tables import escape

MIME = "application/vnd.vegalite.v6+json"
# Where a chart carries what its cell can't know: the caption and the alternative text of its form.
FORM = "itpcsr"
_LISTING = "FONTCONFIG_FILE"


def form_texts(spec: Mapping[str, Any]) -> dict[str, str]:
    """Return caption and alternative text of a chart's form for many subjects; empty for a chart without."""
    texts: dict[str, str] = (spec.get("usermeta") or {}).get(FORM, {})
    return texts


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
    import vl_convert as vlc  # takes half a second, and pictures are kept: most runs draw none

    _draw_with(fonts or fonts_of_process())
    return str(vlc.vegalite_to_svg(plain_tree(spec)))


def chart_png(svg: str, fonts: Fonts | None = None) -> bytes:
    """Return the chart, given as SVG, as PNG at three times its size on screen, for Word."""
    import vl_convert as vlc

    _draw_with(fonts or fonts_of_process())
    return bytes(vlc.svg_to_png(svg, scale=3))


@cache
def _draw_with(fonts: Fonts) -> None:
    """Let pictures of charts be drawn with these files, in their order, and no font of the machine.

    The converter reads the machine's fonts when it is first used, as fontconfig lists them; the list that it
    finds here holds the first file alone. It takes fonts in the order of a folder, so each file gets one.
    """
    import vl_convert as vlc

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
