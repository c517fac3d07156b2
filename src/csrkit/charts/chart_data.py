"""The numbers behind a chart as tables, for readers who can't see it or want the values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from csrkit.errors import NotebookError
from csrkit.many import VARIABLE, chart_data_at_most
from csrkit.tables.csv_text import lines_csv
from csrkit.tables.formats import format_number, format_plain

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
