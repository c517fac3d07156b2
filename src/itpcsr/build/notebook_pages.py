"""Executed notebooks as HTML pages that load nothing from another host."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbconvert import HTMLExporter
from pygments.formatters import HtmlFormatter

from itpcsr.build.assemble import notice_block
from itpcsr.build.fragments import Display, labelled_cells
from itpcsr.display import drawing, escape, writers
from itpcsr.display.escape import leads_to_reading
from itpcsr.display.table import MIME as TABLE_MIME

_LINK = re.compile(r'\shref="([^"]*)"')
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="{assets}/csr.css">
<style>
{code}
</style>
<script src="{assets}/vega.js"></script>
<script src="{assets}/csr.js"></script>
</head>
<body class="csr-notebook">
<main>
<nav aria-label="Report"><a href="../index.html">Back to the report</a></nav>
{notice}{body}
</main>
</body>
</html>
"""


def notebook_page(executed: Path, assets: Path, notice: str, displays: Sequence[Display]) -> str:
    """Return the executed notebook as one HTML page that links the report's own script and style sheet.

    Each labelled display has its label as id, so that the report links to its cell, and looks as in the
    report. ``assets`` is the folder with ``csr.css``, ``csr.js`` and ``vega.js``, relative to the page;
    ``notice`` stands on top of the page, "" for none; ``displays`` are those of this notebook.
    """
    notebook = nbformat.read(executed, as_version=4)
    known = {display.label: display for display in displays}
    anchors = {}
    for options, cell in labelled_cells(notebook, executed.stem):
        anchors[cell["id"]] = str(options["label"])
        _as_in_report(cell, known[str(options["label"])])
    exporter = HTMLExporter(
        template_name="basic",
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    body, _ = exporter.from_notebook_node(notebook)
    for ident, label in anchors.items():
        body = body.replace(f'id="cell-id={ident}"', f'id="{label}"')
    # an empty head, as pandas writes it, would be read as one
    body = re.sub(r"<th((?: [^>]*)?)></th>", r"<td\1></td>", body)
    body = _LINK.sub(lambda link: link.group() if leads_to_reading(html.unescape(link[1])) else "", body)
    return _PAGE.format(
        title=escape.html(executed.stem),
        assets=assets.as_posix(),
        code=HtmlFormatter(style="default").get_style_defs(".highlight"),
        body=body,
        notice=f"{notice_block(notice)}\n" if notice else "",
    )


def _as_in_report(cell: Any, display: Display) -> None:
    """Give the display the report's table, and a chart its alternative text.

    The picture that stands in for a chart without scripts is in the report; here it would double the page.
    """
    for output in cell.outputs:
        data = output.get("data", {})
        if TABLE_MIME in data and display.table is not None:
            data["text/html"] = writers.to_html(display.table, display.caption)
        elif drawing.MIME in data and display.chart is not None:
            data["text/html"] = drawing.chart_html(display.chart, display.alternative)
