"""From an executed notebook to fragments: one file per labelled display, with a block per target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import yaml

from itpcsr.display import theme, writers
from itpcsr.display.layout import is_wide
from itpcsr.display.prose import MIME as PROSE_MIME
from itpcsr.display.prose import Prose, prose_from_json, to_markdown
from itpcsr.display.table import MIME as TABLE_MIME
from itpcsr.display.table import Table, table_from_json
from itpcsr.errors import NotebookError

# In the PDF a wide table gets pages on their side; Typst turns pages only outside of a figure.
_TURNED = """```{{=typst}}
#page(flipped: true)[
```

{display}
```{{=typst}}
]
```
"""


@dataclass(frozen=True)
class Display:
    """One labelled display of a notebook: what it shows and how it is captioned; prose has no caption."""

    notebook: str
    label: str
    caption: str
    alternative: str
    table: Table | None
    chart: dict[str, Any] | None
    prose: Prose | None = None


def read_displays(executed: Path) -> list[Display]:
    """Return the labelled displays of an executed notebook, in their order.

    A code cell is a display when it starts with ``#| label: tbl-…``, ``#| label: fig-…`` or, for prose,
    ``#| label: txt-…``.

    Raises
    ------
    NotebookError
        A label has no display under it, no caption, the wrong kind, stands twice, or a chart has no
        alternative text; notebook and label are named.
    """
    notebook = nbformat.read(executed, as_version=4)
    displays: list[Display] = []
    for options, cell in _labelled_cells(notebook, executed.stem):
        display = _display(executed.stem, options, cell)
        if any(display.label == other.label for other in displays):
            raise NotebookError(f"{executed.stem}: the label {display.label} stands twice; rename one.")
        displays.append(display)
    return displays


def _labelled_cells(notebook: Any, name: str) -> Iterator[tuple[dict[str, Any], Any]]:
    for cell in notebook.cells:
        lines = [line[2:].strip() for line in cell.source.splitlines() if line.startswith("#|")]
        if cell.cell_type == "code" and lines:
            try:
                options = yaml.safe_load("\n".join(lines))
            except yaml.YAMLError as error:
                raise NotebookError(
                    f"{name}: the options of a cell are no YAML: {lines} ({error})."
                ) from error
            if isinstance(options, dict) and "label" in options:
                yield options, cell


def _display(notebook: str, options: dict[str, Any], cell: Any) -> Display:
    label = str(options["label"])
    where = f"{notebook}, {label}"
    kind = label.split("-", 1)[0]
    if kind not in ("tbl", "fig", "txt") or "_" in label:
        raise NotebookError(f"{where}: a label is tbl-…, fig-… or txt-… with hyphens, not underscores.")
    bundle = _bundle(cell)
    if kind == "txt":
        return _prose_display(notebook, label, bundle)
    caption = options.get(f"{kind}-cap")
    if not caption:
        raise NotebookError(f"{where}: has no caption; add `#| {kind}-cap: …`.")
    table = table_from_json(bundle[TABLE_MIME]) if TABLE_MIME in bundle else None
    chart = bundle.get(theme.MIME)
    if table is None and chart is None:
        raise NotebookError(
            f"{where}: the cell shows neither a table of itpcsr.display nor an Altair chart as its last line."
        )
    alternative = str(options.get("fig-alt", ""))
    if chart is not None and not alternative:
        raise NotebookError(f"{where}: a chart needs alternative text; add `#| fig-alt: …`.")
    return Display(notebook, label, str(caption), alternative, table, chart)


def _prose_display(notebook: str, label: str, bundle: dict[str, Any]) -> Display:
    if PROSE_MIME not in bundle:
        raise NotebookError(
            f"{notebook}, {label}: the cell shows no prose of itpcsr.display as its last line."
        )
    return Display(notebook, label, "", "", None, None, prose_from_json(bundle[PROSE_MIME]))


def _bundle(cell: Any) -> dict[str, Any]:
    shown = [output["data"] for output in cell.outputs if "data" in output]
    return dict(shown[-1]) if shown else {}


def write_fragment(display: Display, folder: Path) -> None:
    """Write ``<label>.qmd`` and, for a chart, its SVG (for PDF) and PNG (for Word) into the folder."""
    if display.prose is not None:
        text = to_markdown(display.prose)
    else:
        blocks = _chart_blocks(display, folder) if display.table is None else _table_blocks(display.table)
        text = f"::: {{#{display.label}}}\n\n{blocks}\n\n{display.caption}\n\n:::\n"
        if display.table is not None and is_wide(display.table):
            text = _TURNED.format(display=text)
    (folder / f"{display.label}.qmd").write_text(text, encoding="utf-8")


def _table_blocks(table: Table) -> str:
    grid = writers.to_grid(table)
    if is_wide(table):
        grid = f'::: {{custom-style="{writers.WIDE_STYLE}"}}\n\n{grid}\n\n:::'
    return "\n\n".join(
        [
            f"```{{=html}}\n{writers.to_html(table)}\n```",
            f"```{{=typst}}\n{writers.to_typst(table)}\n```",
            _visible("docx", grid),
        ]
    )


def _chart_blocks(display: Display, folder: Path) -> str:
    chart = display.chart or {}
    svg = theme.chart_svg(chart)
    (folder / f"{display.label}.svg").write_text(svg, encoding="utf-8")
    (folder / f"{display.label}.png").write_bytes(theme.chart_png(chart))
    # a leading slash is the project's root; relative paths would start at the including page
    source = f"/results/{display.notebook}/{display.label}"
    alternative = display.alternative.replace('"', "'")
    return "\n\n".join(
        [
            f"```{{=html}}\n{theme.chart_html(chart, display.alternative, svg)}\n```",
            _visible("typst", f'![]({source}.svg){{fig-alt="{alternative}" width=100%}}'),
            _visible("docx", f'![]({source}.png){{fig-alt="{alternative}" width=6in}}'),
        ]
    )


def _visible(target: str, block: str) -> str:
    return f'::: {{.content-visible when-format="{target}"}}\n\n{block}\n\n:::'
