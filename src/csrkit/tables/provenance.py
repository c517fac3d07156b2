"""Where a table or figure comes from, for the HTML report: its data, and links to pages of subjects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from csrkit.charts.drawing import ChartTable, chart_tables
from csrkit.tables import escape

# Which page tells of which subject, and links to it where a table or a chart's data name a subject.

# Seen from the report's pages and those of the notebooks, which all lie one folder below the root.
FOLDER = "../subjects"
_NAMES_SUBJECTS = re.compile(r"\bsubject\b", re.IGNORECASE)


def page_names(subjects: Iterable[str]) -> dict[str, str]:
    """Return subject to the file name of its page, in the order of the identifiers.

    Signs that a file name or an address can't hold everywhere become hyphens; names that would be the same,
    on systems without capitals too, are told apart by a number.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for subject in sorted(set(subjects)):
        stem = re.sub(r"[^A-Za-z0-9_-]+", "-", subject).strip("-") or "subject"
        name, number = stem, 1
        while name.lower() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.lower())
        names[subject] = f"{name}.html"
    return names


def names_subjects(head: str) -> bool:
    """Tell whether the cells below this head name subjects, so that a number there isn't taken for one."""
    return _NAMES_SUBJECTS.search(head) is not None


def linked(text: str, pages: Mapping[str, str]) -> str:
    """Return a cell's text as HTML, the subject at its beginning as a link to its page.

    The subject is the whole text, or what stands before a colon or a bracket, as in ``SIM-007: woman``.
    Without a page for it the text stays plain.
    """
    name = next(
        (part for part in (text, text.partition(": ")[0], text.partition(" (")[0]) if part in pages), ""
    )
    if not name:
        return escape.html(text)
    return f'<a href="{FOLDER}/{pages[name]}">{escape.html(name)}</a>{escape.html(text[len(name) :])}'


# What stands behind a table or figure, for the HTML report: where it comes from, and a chart's data.

# More rows of a chart, in all its tables, would make a page slow; the CSV beside it has them all.
MOST_ROWS = 1200
# Where the published version's other files are, seen from a page of the report (all in ``report/``).
_UP = ".."


@dataclass(frozen=True)
class Source:
    """A display: label (which names its files), caption, notebook, the notebook's parameters as code.

    ``analysis_set`` and ``datasets`` count where there are no result rows, which know better.
    ``with_datasets`` tells whether the analysis datasets are published.
    """

    label: str
    caption: str
    notebook: str
    parameters: Mapping[str, str]
    chart: Mapping[str, Any] | None = None
    analysis_set: str = ""
    datasets: str = ""
    with_datasets: bool = True


def behind_html(source: Source, rows: pd.DataFrame, pages: Mapping[str, str] | None = None) -> str:
    """Return the panels that stand below a display: a chart's data, and where the display comes from.

    ``rows`` are the display's own result rows; a chart that is drawn from analysis datasets has none.
    ``pages`` has the page of each subject, to which a chart's data link.
    """
    panels = [_panel("csr-source", "Where does this come from?", source.caption, _origin(source, rows))]
    if source.chart is not None:
        panels.insert(0, _panel("csr-data", "Data of this chart", source.caption, _data(source, pages or {})))
    return '<div class="csr-behind">\n' + "\n".join(panels) + "\n</div>"


def data_panel(caption: str, chart: Mapping[str, Any]) -> str:
    """Return the data of a chart that is no labelled display of the report."""
    return _panel("csr-data", "Data of this chart", caption, _data(Source("", caption, "", {}, chart), {}))


def datasets_html(datasets: str) -> str:
    """Return a list of datasets like "ADSL, ADEX" with a link to the file of each analysis dataset."""
    return _datasets([datasets])


def _panel(name: str, title: str, caption: str, content: str) -> str:
    # the caption, unseen, tells apart panels that a screen reader lists by their titles
    return (
        f'<details class="{name}">\n<summary>{title}<span class="csr-unseen"> {escape.html(caption)}</span>'
        f"</summary>\n{content}\n</details>"
    )


def _origin(source: Source, rows: pd.DataFrame) -> str:
    entries = {
        "Analysis set": escape.html(", ".join(_distinct(rows["population"])) or source.analysis_set),
        "Datasets": _datasets(_distinct(rows["dataset"]) or [source.datasets], source.with_datasets),
        "Methods": "; ".join(map(escape.html, _distinct(rows["method"]))),
        "Notebook": _notebook(source),
        "Result rows": _result_rows(source, rows),
        "As shown": _files(source),
        "Parameters": _parameters(source.parameters),
    }
    parts = [f"<dt>{name}</dt><dd>{text}</dd>" for name, text in entries.items() if text]
    return "<dl>\n" + "\n".join(parts) + "\n</dl>"


def _distinct(values: pd.Series) -> list[str]:
    return sorted({str(value) for value in values} - {""})


def _datasets(lists: Sequence[str], published: bool = True) -> str:
    """Name the datasets of lists like "ADSL, ADEX", the analysis datasets with a link to their file."""
    names = sorted({name.strip() for text in lists for name in text.split(",")} - {""})
    return ", ".join(
        _link(f"adam/{name.lower()}.parquet", name)
        if published and name.startswith("AD")
        else escape.html(name)
        for name in names
    )


def _link(path: str, text: str) -> str:
    return f'<a href="{_UP}/{escape.address(path)}">{escape.html(text)}</a>'


def _notebook(source: Source) -> str:
    page = _link(f"notebooks/{source.notebook}.html#{source.label}", f"{source.notebook}, at this display")
    return f"{page} ({_link(f'notebooks/{source.notebook}.ipynb', 'Jupyter notebook')})"


def _result_rows(source: Source, rows: pd.DataFrame) -> str:
    if rows.empty:
        return "none of its own: drawn from the analysis datasets in the notebook"
    open_ends = int(rows["value"].isna().sum())
    reasons = f"; {open_ends} not estimable, each with its reason" if open_ends else ""
    return f"{len(rows)} ({_link(f'tables/{source.label}-rows.csv', 'CSV')}{reasons})"


def _files(source: Source) -> str:
    kinds = ["csv"] if source.chart is not None else ["csv", "rtf"]
    return ", ".join(_link(f"tables/{source.label}.{kind}", kind.upper()) for kind in kinds)


def _parameters(parameters: Mapping[str, str]) -> str:
    items = [
        f"<li><code>{escape.html(name)} = {escape.html(value)}</code></li>"
        for name, value in parameters.items()
    ]
    return f"<ul>{''.join(items)}</ul>" if items else ""


def _data(source: Source, pages: Mapping[str, str]) -> str:
    tables = chart_tables(dict(source.chart or {}))
    most = MOST_ROWS // max(1, len(tables))
    return "\n".join(
        _data_table(source, number, table, most, pages) for number, table in enumerate(tables, start=1)
    )


def _data_table(source: Source, number: int, table: ChartTable, most: int, pages: Mapping[str, str]) -> str:
    head = "".join(f'<th scope="col">{escape.html(column)}</th>' for column in table.columns)
    places = [pages if names_subjects(column) else {} for column in table.columns]
    body = "\n".join(
        "<tr>" + "".join(f"<td>{linked(*cell)}</td>" for cell in zip(row, places, strict=True)) + "</tr>"
        for row in table.rows[:most]
    )
    name = escape.html(f"Data of the chart: {source.caption}, part {number}")
    more = (
        f'<p class="csr-note">The first {most} of {len(table.rows)} rows; '
        f"{_link(f'tables/{source.label}.csv', 'the CSV')} has all.</p>"
    )
    return (
        f'<div class="csr-table-wrap csr-scroll" tabindex="0" role="region" aria-label="{name}">\n'
        f'<table class="csr-table csr-data-table">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table>\n</div>" + (more if len(table.rows) > most else "")
    )
