"""Executed notebooks as HTML pages that load nothing from another host."""

from __future__ import annotations

import html
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from pygments.formatters import HtmlFormatter

from itpcsr.build.assemble import notice_block

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="{assets}/csr.css">
<style>
body {{ max-width: 60rem; margin: 0 auto; padding: 1rem; font-family: sans-serif; line-height: 1.5; }}
pre {{ overflow-x: auto; padding: 0.5rem; background: #f6f8fa; color: #1f2328; }}
{code}
</style>
<script src="{assets}/vega.js"></script>
<script src="{assets}/csr.js"></script>
</head>
<body>
<p><a href="../index.html">Back to the report</a></p>
{notice}<main>
{body}
</main>
</body>
</html>
"""


def write_notebook_page(executed: Path, page: Path, assets: Path, notice: str) -> None:
    """Write the executed notebook as one HTML page that links the report's own script and style sheet.

    ``assets`` is the folder with ``csr.css``, ``csr.js`` and ``vega.js``, relative to the page;
    ``notice`` stands on top of the page, "" for none.
    """
    notebook = nbformat.read(executed, as_version=4)
    exporter = HTMLExporter(
        template_name="basic",
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        anchor_link_text="",
    )
    body, _ = exporter.from_notebook_node(notebook)
    code = HtmlFormatter(style="default").get_style_defs(".highlight")
    text = _PAGE.format(
        title=html.escape(executed.stem),
        assets=assets.as_posix(),
        code=code,
        body=body,
        notice=f"{notice_block(notice)}\n" if notice else "",
    )
    page.write_text(text, encoding="utf-8")
