"""Displays carry the result rows behind them; the label of a notebook's cell names the display.

A table or chart that a labelled cell shows has its rows in its output, so that a notebook keeps no list of
them: whoever has the executed notebook has each display with its numbers.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

import pandas as pd

Shown = TypeVar("Shown")  # a table, prose or an Altair chart, none of which this module needs

MIME = "application/vnd.csrkit.rows+json"
IN_CHART = "rows"  # where a chart carries them among what Vega-Lite leaves to its users
_LABEL = re.compile(r"^#\|\s*label:\s*(\S+)", re.MULTILINE)


def with_rows(display: Shown, *rows: pd.DataFrame) -> Shown:
    """Return a table, prose or Altair chart that carries these result rows to the report.

    Parameters
    ----------
    display
        What the cell shows.
    *rows
        Result rows (see ``csrkit.rows.make_rows``), beside those that it carries already. Their ``display``
        may be empty: the cell's label fills it. Rows of another label are that display's, and left to it.
    """
    label, own = cell_label(), pd.concat(rows, ignore_index=True)
    if label:
        own = own[own["display"].isin(["", label])]
    before = rows_behind(display)
    own = own if before is None else pd.concat([before, own], ignore_index=True)
    carrying: Any = display
    if hasattr(display, "results"):
        carrying = replace(carrying, results=own)
    else:
        meta = carrying.usermeta if isinstance(carrying.usermeta, dict) else {}
        carrying = carrying.properties(usermeta={**meta, IN_CHART: rows_to_json(own)})
    shown: Shown = carrying
    return shown


def rows_behind(display: Any) -> pd.DataFrame | None:
    """Return the rows that a table, prose or chart carries; None for one that carries none."""
    if hasattr(display, "results"):
        own: pd.DataFrame | None = display.results
        return own
    meta = getattr(display, "usermeta", None)
    return rows_from_json(meta[IN_CHART]) if isinstance(meta, dict) and IN_CHART in meta else None


def take_from_chart(spec: dict[str, Any]) -> dict[str, Any]:
    """Take the rows out of a chart's specification; return them as one more form of its output."""
    meta = spec.get("usermeta") or {}
    content = meta.pop(IN_CHART, None)
    if not meta:
        spec.pop("usermeta", None)
    return {} if content is None else {MIME: content}


def cell_label() -> str:
    """Return the label of the notebook cell that is running, "" outside of one or where it has none."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return "" if shell is None else label_of(shell.history_manager.input_hist_raw[-1])


def label_of(source: str) -> str:
    """Return the label that a cell's code begins with, "" for a cell without.

    >>> label_of("#| label: tbl-response\\n#| tbl-cap: Response\\ntable")
    'tbl-response'
    """
    found = _LABEL.search(source)
    return found[1].strip("\"'") if found else ""


def name_display(rows: pd.DataFrame, label: str) -> pd.DataFrame:
    """Return result rows with a label as their display where they have none."""
    return rows.assign(display=rows["display"].mask(rows["display"] == "", label)) if label else rows


def bundle(rows: pd.DataFrame | None) -> dict[str, Any]:
    """Return the rows as one more form of a display's output; none for a display that carries none."""
    return {} if rows is None else {MIME: rows_to_json(rows)}


def rows_to_json(rows: pd.DataFrame) -> dict[str, Any]:
    """Return rows as a notebook's output holds them: a list for each column, one value where all are alike.

    >>> rows_to_json(pd.DataFrame({"statistic": ["n", "N"], "value": [2.0, float("nan")], "unit": ["", ""]}))
    {'rows': 2, 'columns': {'statistic': ['n', 'N'], 'value': [2.0, None], 'unit': ''}}
    """
    columns: dict[str, Any] = {}
    for name in rows.columns:
        values = [_number(value) if name == "value" else str(value) for value in rows[name]]
        columns[str(name)] = values[0] if len(set(values)) == 1 and name != "value" else values
    return {"rows": len(rows), "columns": columns}


def rows_from_json(content: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows that a notebook's output holds."""
    count = content["rows"]
    frame = pd.DataFrame(index=range(count))
    for name, values in content["columns"].items():
        if name == "value":
            frame[name] = pd.Series(map(_value, values), dtype="float64", index=frame.index)
        else:
            texts = values if isinstance(values, list) else [values] * count
            frame[name] = pd.Series(texts, dtype="str", index=frame.index)
    return frame


def _number(value: float) -> float | str | None:
    """JSON knows neither what is missing nor what is infinite."""
    if math.isnan(value):
        return None
    return float(value) if math.isfinite(value) else str(value)


def _value(content: float | str | None) -> float:
    return math.nan if content is None else float(content)
