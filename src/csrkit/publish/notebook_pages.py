"""Executed notebooks as HTML pages that load nothing from another host."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mistune
from ipython_pygments_lexers import IPython3Lexer
from lxml.etree import Comment, strip_elements, strip_tags
from lxml.html import fragment_fromstring, tostring
from pygments import highlight
from pygments.formatters import HtmlFormatter

from csrkit.charts import drawing
from csrkit.publish.assemble import notice_block
from csrkit.publish.fragments import Display, labelled_cells
from csrkit.tables import escape, writers
from csrkit.tables.escape import leads_to_reading
from csrkit.tables.table import MIME as TABLE_MIME

# What a page doesn't take from Markdown and outputs: what runs, and what puts another page into this one.
_ACTIVE = ("script", "iframe", "frame", "object", "embed", "base", "meta", "link")
_ADDRESSES = ("href", "xlink:href", "action", "formaction", "srcdoc")
_EMPTY_HEAD = re.compile(r"<th((?: [^>]*)?)></th>")
_TERMINAL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")  # colours and moves of the cursor
_PICTURES = ("image/svg+xml", "image/png", "image/jpeg")
_UNDESCRIBED = "No description has been provided for this image"
_UNDESCRIBED_CHART = "A chart of which no description has been provided"
_PLUGINS = ("strikethrough", "table", "url", "task_lists", "def_list", "math")
_CODE = HtmlFormatter(style="default")
_PRE = '<pre tabindex="0">'  # long lines scroll sideways, by the keyboard too
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
    ``notice`` stands on top of the page, "" for none; ``displays`` are those of this notebook. What a person
    or a library wrote as Markdown or HTML stands there without what runs in a browser.
    """
    notebook = json.loads(executed.read_text(encoding="utf-8"))
    known = {display.label: display for display in displays}
    labelled = {
        id(cell): known[str(options["label"])] for options, cell in labelled_cells(notebook, executed.stem)
    }
    cells = (_cell(cell, labelled.get(id(cell))) for cell in notebook["cells"])
    return _PAGE.format(
        title=escape.html(executed.stem),
        assets=assets.as_posix(),
        code=_CODE.get_style_defs(".highlight"),
        body="\n".join(cells),
        notice=f"{notice_block(notice)}\n" if notice else "",
    )


def _cell(cell: Mapping[str, Any], display: Display | None) -> str:
    source = _text(cell["source"])
    if cell["cell_type"] == "markdown":
        parts = [_passive(_markdown(source, cell.get("attachments", {})))]
    elif cell["cell_type"] == "code":
        outputs = (_output(output, display) for output in cell["outputs"])
        code = highlight(source, IPython3Lexer(), _CODE).replace("<pre>", _PRE, 1)
        parts = [code, *(f'<div class="output_subarea">\n{output}\n</div>' for output in outputs if output)]
    else:
        parts = [_verbatim(source)]
    ident = display.label if display else f"cell-id={cell.get('id', '')}"
    kind = "text_cell" if cell["cell_type"] == "markdown" else "code_cell"
    return "\n".join([f'<div id="{escape.html(ident)}" class="cell {kind}">', *parts, "</div>"])


def _text(content: str | list[str]) -> str:
    """Return a text, which a notebook's file may have as a list of lines."""
    return content if isinstance(content, str) else "".join(content)


def _verbatim(text: str) -> str:
    return f"{_PRE}{escape.html_as_it_is(_TERMINAL.sub('', text))}</pre>"


class _Renderer(mistune.HTMLRenderer):
    """Mistune's HTML, with formulas as they were written: no page sets them."""

    def block_math(self, text: str) -> str:
        return f"<p>$${escape.html_as_it_is(text)}$$</p>\n"

    def inline_math(self, text: str) -> str:
        return f"${escape.html_as_it_is(text)}$"


def _markdown(source: str, attachments: Mapping[str, Mapping[str, str]]) -> str:
    """Return Markdown as HTML; what was pasted into the cell stands in it."""
    for name, pictures in attachments.items():
        kind, content = next(iter(pictures.items()))
        source = source.replace(f"attachment:{name}", f"data:{kind};base64,{content}")
    # every address is held to one rule, with those of outputs
    renderer = _Renderer(escape=False, allow_harmful_protocols=True)
    return str(mistune.create_markdown(renderer=renderer, plugins=_PLUGINS)(source))


def _output(output: Mapping[str, Any], display: Display | None) -> str:
    """Return an output as HTML, of its forms the one that says most; "" for one with none that shows."""
    if output["output_type"] == "stream":
        return _verbatim(_text(output["text"]))
    if output["output_type"] == "error":
        return _verbatim("\n".join(output["traceback"]))
    data = output["data"]
    if display is not None and (shown := _as_in_report(data, display)):
        return shown
    if drawing.MIME in data:
        return drawing.chart_html(data[drawing.MIME], _UNDESCRIBED_CHART)
    if "text/html" in data:
        return _passive(_text(data["text/html"]))
    if "text/markdown" in data:
        return _passive(_markdown(_text(data["text/markdown"]), {}))
    if kind := next((kind for kind in _PICTURES if kind in data), None):
        content = _text(data[kind])
        encoded = base64.b64encode(content.encode()).decode() if kind == "image/svg+xml" else content.strip()
        return f'<img src="data:{kind};base64,{escape.html_as_it_is(encoded)}" alt="{_UNDESCRIBED}">'
    return _verbatim(_text(data["text/plain"])) if "text/plain" in data else ""


def _as_in_report(data: Mapping[str, Any], display: Display) -> str:
    """Return the report's table, or the chart with its alternative text; "" for another display.

    The picture that stands in for a chart without scripts is in the report; here it would double the page.
    """
    if TABLE_MIME in data and display.table is not None:
        return _without_empty_heads(writers.to_html(display.table, display.caption))
    if drawing.MIME in data and display.chart is not None:
        return drawing.chart_html(display.chart, display.alternative)
    return ""


def _passive(content: str) -> str:
    """Return HTML of any origin as well-formed HTML without what runs, each link leading to reading."""
    tree = fragment_fromstring(content.replace("\0", ""), create_parent="div")
    strip_tags(tree, Comment)
    strip_elements(tree, *_ACTIVE, with_tail=False)
    for element in tree.iter("*"):
        for name, value in element.items():
            if name.startswith("on") or (name in _ADDRESSES and not leads_to_reading(value)):
                del element.attrib[name]
        if element.tag == "img" and element.get("alt") is None:
            element.set("alt", _UNDESCRIBED)
        if element.tag == "pre":
            element.set("tabindex", "0")
    parts = [
        escape.html_as_it_is(tree.text or ""),
        *(tostring(child, encoding="unicode") for child in tree),
    ]
    return _without_empty_heads("".join(parts))


def _without_empty_heads(content: str) -> str:
    """Make a cell of each empty head, as pandas writes it: it would be read as a head."""
    return _EMPTY_HEAD.sub(r"<td\1></td>", content)
