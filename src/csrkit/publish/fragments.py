"""From an executed notebook to its result rows, and to fragments: one file per labelled display."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from csrkit.bounds import from_root
from csrkit.carried import MIME, name_display, rows_from_json
from csrkit.charts import drawing
from csrkit.charts.assets import Fonts, fonts_of_process
from csrkit.charts.drawing import form_texts
from csrkit.disclosure.counted import DISCLOSES
from csrkit.errors import DataError, NotebookError
from csrkit.made_files import Memo
from csrkit.plain_text import plain_text
from csrkit.rows import FILE, combine, make_rows, read_rows
from csrkit.tables import escape, writers
from csrkit.tables.files import MIME as PROSE_MIME
from csrkit.tables.files import Prose, prose_from_json, to_markdown
from csrkit.tables.provenance import Source, behind_html
from csrkit.tables.table import MIME as TABLE_MIME
from csrkit.tables.table import Table, is_wide_table, table_from_json

# From an executed notebook to fragments: one file per labelled display, with a block per target.

# Parameters that say where the run writes and reads result rows, which is no choice of the analysis.
_PLUMBING = ("output", "rows_of")
# In the PDF a wide table gets pages on their side; Typst turns pages only outside of a figure.
_TURNED = """```{{=typst}}
#page(flipped: true)[
```

{display}
```{{=typst}}
]
```
"""
# What a cell may say of its display beside label and caption: option to its values, with what they mean.
_SAID = {
    "discloses": DISCLOSES,
    "lists": {"subjects": "all of them: where the pages of single subjects lead back to"},
}
# A label names files and is the anchor of links.
_LABEL = re.compile(r"(?:tbl|fig|txt)-[A-Za-z0-9-]+")


@dataclass(frozen=True)
class Display:
    """One labelled display of a notebook: what it shows and how it is captioned; prose has no caption.

    ``parameters`` are those of its notebook in this run, as code. ``analysis_set`` and ``datasets`` are
    what the notebook's first cell and the cell's options say, for a display without result rows.
    """

    notebook: str
    label: str
    caption: str
    alternative: str
    table: Table | None
    chart: dict[str, Any] | None
    prose: Prose | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    analysis_set: str = ""
    datasets: str = ""


def read_displays(executed: Path) -> list[Display]:
    """Return the labelled displays of an executed notebook, in their order.

    A code cell is a display when it starts with ``#| label: tbl-…``, ``#| label: fig-…`` or, for prose,
    ``#| label: txt-…``.

    Raises
    ------
    NotebookError
        A label has no display under it, no caption, the wrong kind, appears twice, or a chart has no
        alternative text or no description; notebook and label are named.
    """
    # as it was written by nbformat, whose import takes a second
    notebook = json.loads(executed.read_text(encoding="utf-8"))
    displays: list[Display] = []
    parameters, analysis_set = _parameters(notebook), _analysis_set(notebook)
    for options, cell in labelled_cells(notebook, executed.stem):
        display = replace(
            _display(executed.stem, options, cell),
            parameters=parameters,
            analysis_set=analysis_set,
            datasets=str(options.get("datasets", "")),
        )
        if any(display.label == other.label for other in displays):
            raise NotebookError(f"{executed.stem}: the label {display.label} appears twice; rename one.")
        displays.append(display)
    return displays


def _parameters(notebook: Any) -> dict[str, str]:
    """Return the values of the cell tagged ``parameters``, overridden by those that papermill injected."""
    values: dict[str, str] = {}
    for tag in ("parameters", "injected-parameters"):
        for cell in notebook["cells"]:
            if tag in cell["metadata"].get("tags", []):
                values |= dict(_assignments(_source(cell)))
    return {name: value for name, value in values.items() if name not in _PLUMBING}


def _assignments(code: str) -> Iterator[tuple[str, str]]:
    for statement in ast.parse(code).body:
        if isinstance(statement, ast.Assign):
            yield ast.unparse(statement.targets[0]), ast.unparse(statement.value)
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            yield ast.unparse(statement.target), ast.unparse(statement.value)


def _analysis_set(notebook: Any) -> str:
    """Return what follows "Analysis set." in the notebook's first cell, or ""."""
    first = _source(notebook["cells"][0]) if notebook["cells"] else ""
    found = re.search(r"^\*\*Analysis sets?\.\*\* (.+)$", first, re.MULTILINE)
    return found[1].strip() if found else ""


def _source(cell: Mapping[str, Any]) -> str:
    return "".join(cell["source"])  # a text, or as files have it a list of lines


def labelled_cells(notebook: Any, name: str) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield the options and the cell of each labelled display; ``name`` is the notebook's, for messages.

    Raises NotebookError where options are no YAML, or say of a display what nobody knows.
    """
    for cell in notebook["cells"]:
        lines = [line[2:].strip() for line in _source(cell).splitlines() if line.startswith("#|")]
        if cell["cell_type"] == "code" and lines:
            try:
                options = yaml.safe_load("\n".join(lines))
            except yaml.YAMLError as error:
                raise NotebookError(
                    f"{name}: the options of a cell are no YAML: {lines} ({error})."
                ) from error
            if isinstance(options, dict) and "label" in options:
                _refuse_unknown(options, name)
                yield options, cell


def _refuse_unknown(options: Mapping[str, Any], name: str) -> None:
    for option, known in _SAID.items():
        if option in options and options[option] not in list(known):
            meanings = "; ".join(f"{value} ({meaning})" for value, meaning in known.items())
            raise NotebookError(
                f"{name}, {options['label']}: `#| {option}: {options[option]}` says nothing that is known. "
                f"It can say: {meanings}."
            )


def read_options(notebook: Path) -> dict[str, dict[str, Any]]:
    """Return the options of each labelled cell of a notebook, by label.

    Raises NotebookError where options are no YAML, or say of a display what nobody knows.
    """
    content = json.loads(notebook.read_text(encoding="utf-8"))
    return {str(options["label"]): options for options, _ in labelled_cells(content, notebook.stem)}


def _display(notebook: str, options: dict[str, Any], cell: Any) -> Display:
    label = str(options["label"])
    where = f"{notebook}, {label}"
    kind = label.split("-", 1)[0]
    if not _LABEL.fullmatch(label):
        raise NotebookError(
            f"{where}: a label is tbl-…, fig-… or txt-… of letters, digits and hyphens, without underscores."
        )
    bundle = output_of(cell)
    if kind == "txt":
        return _prose_display(notebook, label, bundle)
    chart = bundle.get(drawing.MIME)
    # a chart in a form for many subjects says itself what it shows
    formed = form_texts(chart or {})
    caption = options.get(f"{kind}-cap") and formed.get("caption", options[f"{kind}-cap"])
    if not caption:
        raise NotebookError(f"{where}: has no caption; add `#| {kind}-cap: …`.")
    table = table_from_json(bundle[TABLE_MIME]) if TABLE_MIME in bundle else None
    if table is None and chart is None:
        raise NotebookError(
            f"{where}: the cell shows neither a table of csrkit.tables nor an Altair chart as its last line."
        )
    alternative = "" if chart is None else _alternative(where, options, chart)
    return Display(notebook, label, plain_text(str(caption)), alternative, table, chart)


def _alternative(where: str, options: dict[str, Any], chart: dict[str, Any]) -> str:
    """Join what the chart shows, which the cell says, and its finding, which the display composed."""
    shown, finding = (
        " ".join(plain_text(str(text)).split())
        for text in (
            options.get("fig-alt", "") and form_texts(chart).get("alternative", options["fig-alt"]),
            chart.get("description", ""),
        )
    )
    if not shown:
        raise NotebookError(f"{where}: a chart needs alternative text; add `#| fig-alt: …`.")
    if not finding:
        raise NotebookError(
            f"{where}: a chart needs its finding in words; give it by `csr.describe(chart, finding)`."
        )
    return f"{shown.removesuffix('.')}. {finding}"


def _prose_display(notebook: str, label: str, bundle: dict[str, Any]) -> Display:
    if PROSE_MIME not in bundle:
        raise NotebookError(
            f"{notebook}, {label}: the cell shows no prose of csrkit.tables as its last line."
        )
    return Display(notebook, label, "", "", None, None, prose_from_json(bundle[PROSE_MIME]))


def output_of(cell: Any) -> dict[str, Any]:
    """Return the forms of what an executed cell showed last; empty for one that showed nothing."""
    shown = [output["data"] for output in cell["outputs"] if "data" in output]
    return dict(shown[-1]) if shown else {}


def write_fragment(
    display: Display,
    folder: Path,
    rows: pd.DataFrame,
    pages: Mapping[str, str] | None = None,
    with_datasets: bool = True,
    fonts: Fonts | None = None,
    memo: Memo | None = None,
) -> None:
    """Write ``<label>.qmd`` and, for a chart, its SVG (for PDF) and PNG (for Word) into the folder.

    ``rows`` are the result rows of this display; in HTML a panel below it says where it comes from, with
    links to the analysis datasets where they are published (``with_datasets``), and subjects are links to
    their ``pages``. ``fonts`` draw the chart; without them those of the process do. What ``memo`` has from
    the same display, rows and pages isn't made again.
    """
    memo = memo or Memo()
    svg = "" if display.chart is None else _write_chart(display, folder, fonts or fonts_of_process(), memo)
    inputs = (display, svg, rows.to_dict("list"), pages, with_datasets)
    text = memo.text("fragment", inputs, lambda: _fragment(display, svg, rows, pages, with_datasets))
    (folder / f"{display.label}.qmd").write_text(text, encoding="utf-8")


def _fragment(
    display: Display, svg: str, rows: pd.DataFrame, pages: Mapping[str, str] | None, with_datasets: bool
) -> str:
    if display.prose is not None:
        return to_markdown(display.prose)
    blocks = _chart_blocks(display, svg) if display.table is None else _table_blocks(display, pages)
    block = f"::: {{#{display.label}}}\n\n{blocks}\n\n{escape.markdown(display.caption)}\n\n:::\n"
    if display.table is not None and is_wide_table(display.table):
        block = _TURNED.format(display=block)
    return f"{block}\n{_behind(display, rows, pages, with_datasets)}\n"


def _behind(
    display: Display, rows: pd.DataFrame, pages: Mapping[str, str] | None, with_datasets: bool
) -> str:
    source = Source(
        display.label,
        display.caption,
        display.notebook,
        display.parameters,
        display.chart,
        display.analysis_set,
        display.datasets,
        with_datasets,
    )
    return escape.raw_block("html", behind_html(source, rows, pages))


def _table_blocks(display: Display, pages: Mapping[str, str] | None) -> str:
    table = display.table or Table("")
    grid = writers.to_grid(table)
    if is_wide_table(table):
        grid = f'::: {{custom-style="{writers.WIDE_STYLE}"}}\n\n{grid}\n\n:::'
    return "\n\n".join(
        [
            escape.raw_block("html", writers.to_html(table, display.caption, pages)),
            escape.raw_block("typst", writers.to_typst(table)),
            _visible("docx", grid),
        ]
    )


def _write_chart(display: Display, folder: Path, fonts: Fonts, memo: Memo) -> str:
    """Write the chart's two pictures, and return the first."""
    chart = display.chart or {}
    try:
        svg = memo.text("svg", (chart, fonts.digests), lambda: drawing.chart_svg(chart, fonts))
        png = memo.content("png", (svg, fonts.digests), lambda: drawing.chart_png(svg, fonts))
    except ValueError as error:
        raise NotebookError(
            f"{display.notebook}, {display.label}: the chart can't be drawn ({error}). Where there is "
            "nothing to draw, show a sentence in its place."
        ) from error
    (folder / f"{display.label}.svg").write_text(svg, encoding="utf-8")
    (folder / f"{display.label}.png").write_bytes(png)
    return svg


def _chart_blocks(display: Display, svg: str) -> str:
    # a leading slash is the project's root; relative paths would start at the including page
    source = f"/results/{display.notebook}/{display.label}"
    alternative = escape.markdown_attribute(display.alternative)
    return "\n\n".join(
        [
            escape.raw_block("html", drawing.chart_html(display.chart or {}, display.alternative, svg)),
            _visible("typst", f'![]({source}.svg){{fig-alt="{alternative}" width=100%}}'),
            _visible("docx", f'![]({source}.png){{fig-alt="{alternative}" width=6in}}'),
        ]
    )


def _visible(target: str, block: str) -> str:
    return f'::: {{.content-visible when-format="{target}"}}\n\n{block}\n\n:::'


# The result rows of executed notebooks, which their labelled displays carry.


def collect_rows(notebook: Mapping[str, Any], name: str) -> pd.DataFrame:
    """Return the rows that the labelled displays of an executed notebook carry, each named by its label.

    Raises NotebookError, with ``name``, where a display carries rows of another, and ValueError where two
    rows have the same key.
    """
    found = [make_rows(pd.DataFrame({"statistic": [], "value": []}))]
    for options, cell in labelled_cells(notebook, name):
        label, shown = str(options["label"]), output_of(cell)
        if MIME in shown:
            rows = name_display(rows_from_json(shown[MIME]), label)
            if others := sorted(set(rows["display"]) - {label}):
                raise NotebookError(
                    f"{name}, {label}: the display carries result rows of {', '.join(others)}. Leave their "
                    "`display` empty: the cell's label names them."
                )
            found.append(rows)
    return combine(*found) if len(found) > 1 else found[0]


def gather_rows(folders: Iterable[str | Path]) -> pd.DataFrame:
    """Return the result rows of other notebooks, from folders that start at the project's root.

    A folder holds the rows of one notebook as a build writes them, a folder for each of several, or executed
    copies of notebooks. No rows without folders. Raises DataError for a folder with none of them.
    """
    frames = []
    for folder in folders:
        path = from_root(folder)
        written = [path] if (path / FILE).exists() else sorted(one.parent for one in path.glob(f"*/{FILE}"))
        executed = [] if written else sorted(path.glob("*.ipynb"))
        if not written and not executed:
            raise DataError(
                f"{path}: holds neither result rows ({FILE}) nor executed notebooks. Run the notebooks that "
                "this one reads first."
            )
        frames += [read_rows(one) for one in written]
        frames += [collect_rows(json.loads(one.read_text(encoding="utf-8")), one.stem) for one in executed]
    return pd.concat(frames, ignore_index=True) if frames else make_rows(pd.DataFrame())
