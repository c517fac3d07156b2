"""Charts, given as Vega-Lite specifications, as pictures and as tables of their numbers."""

from __future__ import annotations

import html
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from csrkit.charts.assets import Fonts, fonts_of_process
from csrkit.errors import NotebookError
from csrkit.many import VARIABLE, chart_data_at_most
from csrkit.plain_text import plain_tree
from csrkit.tables import escape
from csrkit.tables.escape import lines_csv
from csrkit.tables.formats import format_number, format_plain

# Charts, given as Vega-Lite specifications, as SVG, PNG and HTML; Altair, which makes them, isn't needed.

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


# The numbers behind a chart as tables, for readers who can't see it or want the values.

_FILTER = re.compile(r"\(?datum\.(\w+) ([!=])==? '([^']*)'\)?")
_PARTS = ("layer", "vconcat", "hconcat", "concat")


@dataclass(frozen=True)
class Field:
    """A column of the data: its name there, its title for readers, its number format ("" for none)."""

    name: str
    title: str
    format: str = ""


@dataclass(frozen=True)
class ChartTable:
    """What one kind of mark shows: column titles and rows of texts."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class _Layer:
    """One kind of mark: where its data are, which of them it shows, the panels it is repeated over."""

    data: str
    filters: tuple[str, ...]
    panels: tuple[Field, ...]
    encoding: dict[str, Any]


def count_values(spec: Mapping[str, Any]) -> int:
    """Return how many numbers and texts the data of a Vega-Lite chart hold."""
    return sum(len(record) for records in spec.get("datasets", {}).values() for record in records)


def refuse_large(spec: Mapping[str, Any]) -> None:
    """Raise NotebookError where a chart holds more than its version allows; what to do is said.

    A browser, a PDF and a reader can't cope with a mark for each of a million records, and drawing them may
    exhaust the memory without a message.
    """
    found, most = count_values(spec), chart_data_at_most()
    if found > most:
        raise NotebookError(
            f"The chart holds {found:,} values, more than the {most:,} that a chart may. Give it only the "
            "columns that it draws, or draw quantiles, shares or numbers of subjects in place of each "
            "record. Where it has to be so large, raise the "
            f"limit: `displays: {{chart_data_at_most: {found}}}` in the report's parameters, or "
            f"{VARIABLE}={found} in the environment of JupyterLab."
        )


def chart_tables(spec: dict[str, Any]) -> list[ChartTable]:
    """Return the data that the marks of a Vega-Lite chart show, without the chart's own geometry.

    The columns are those of the tooltips, which name each value for readers, after the panels' variables;
    in a chart without tooltips the texts that it writes. Marks with the same columns share a table, and a
    row that several marks show stands once.
    """
    layers = list(_layers(spec, "", (), ()))
    described = [(layer, _tooltip(layer)) for layer in layers]
    if not any(fields for _, fields in described):
        described = [(layer, _text(layer)) for layer in layers]
    tables: dict[tuple[str, ...], dict[tuple[str, ...], None]] = {}
    for layer, fields in described:
        if fields:
            rows = tables.setdefault(tuple(field.title for field in fields), {})
            rows.update(dict.fromkeys(_rows(spec, layer, fields)))
    return [ChartTable(columns, tuple(rows)) for columns, rows in tables.items()]


def _layers(
    node: dict[str, Any], data: str, filters: tuple[str, ...], panels: tuple[Field, ...]
) -> Iterator[_Layer]:
    data = (node.get("data") or {}).get("name", data)
    filters += tuple(str(step["filter"]) for step in node.get("transform", []) if "filter" in step)
    encoding = node.get("encoding", {})
    facet = node.get("facet", {})
    keys = ("row", "column", "facet")
    for panel in [facet, *(part.get(key, {}) for part in (facet, encoding) for key in keys)]:
        if "field" in panel:
            panels += (_field(panel),)
    parts = [part for key in _PARTS for part in node.get(key, [])]
    parts += [node["spec"]] if "spec" in node else []
    if not parts:
        yield _Layer(data, filters, panels, encoding)
    for part in parts:
        yield from _layers(part, data, filters, panels)


def _field(definition: dict[str, Any]) -> Field:
    name = str(definition["field"])
    title = definition.get("title") or (name if name[:1].isupper() and not name.isupper() else "Group")
    return Field(name, str(title), str(definition.get("format", "")))


def _tooltip(layer: _Layer) -> list[Field]:
    shown = layer.encoding.get("tooltip")
    items = shown if isinstance(shown, list) else [shown]
    fields = [
        Field(
            str(item["field"]), str(item.get("title") or _titled(item["field"])), str(item.get("format", ""))
        )
        for item in items
        if isinstance(item, dict) and "field" in item
    ]
    if not fields:
        return []
    names = {field.name for field in fields}
    return [*(panel for panel in layer.panels if panel.name not in names), *fields]


def _titled(name: str) -> str:
    return name[:1].upper() + name[1:]


def _text(layer: _Layer) -> list[Field]:
    shown = layer.encoding.get("text")
    return [Field(str(shown["field"]), "Text")] if isinstance(shown, dict) and "field" in shown else []


def _rows(spec: dict[str, Any], layer: _Layer, fields: Sequence[Field]) -> Iterator[tuple[str, ...]]:
    for record in spec.get("datasets", {}).get(layer.data, []):
        if all(_kept(record, condition) for condition in layer.filters):
            yield tuple(_value(record.get(field.name), field.format) for field in fields)


def _kept(record: dict[str, Any], condition: str) -> bool:
    """Apply the one kind of filter that tells marks apart, ``datum.kind == 'subject'``; ignore others."""
    found = _FILTER.fullmatch(condition)
    return found is None or (str(record.get(found[1])) == found[3]) == (found[2] == "=")


def _value(value: Any, number_format: str) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return " ".join(str(value).split())
    decimals = re.fullmatch(r"\.(\d)f", number_format)
    return format_number(value, int(decimals[1])) if decimals else format_plain(float(f"{value:.6g}"))


def chart_csv(spec: dict[str, Any]) -> str:
    """Return all tables of a chart as one CSV, an empty line between them."""
    return "\n".join(lines_csv([table.columns, *table.rows]) for table in chart_tables(spec))
