"""A small published version, made in a moment by the code that publishes the real ones."""

import datetime as dt
import html
import json
from pathlib import Path

import docx
import nbformat
import pandas as pd

from csrkit.publish.fragments import read_displays
from csrkit.publish.publish import publish
from csrkit.rows import make_rows
from csrkit.tables import writers
from csrkit.tables.table import MIME, Header, Row, Table
from itpcsr.study import Report, read_study

COLUMNS = {"esc05": ("0.5", "Escalation, 10⁶ cells/kg"), "total": ("Total", "")}


def report(**values) -> Report:
    """Return the parameters of a version called small-1.0.0."""
    return Report(
        **{
            "report": "small", "version": "1.0.0", "status": "draft", "title": "Report",
            "date": dt.date(2024, 1, 1), "study": Path("params/study.yml"), "data": [Path("data")],
            "notebooks": {"10-x": {}},
        } | values
    )  # fmt: skip


def rows(responders=(1, 4), sizes=(3, 6)) -> pd.DataFrame:
    """Return the rows of a table of responders by column, with percentages."""
    frame = pd.DataFrame(
        [
            {"group": group, "level": "responder", "statistic": statistic, "value": value}
            for group, n, size in zip(COLUMNS, responders, sizes, strict=True)
            for statistic, value in (("n", n), ("N", size), ("percent", 100 * n / size))
        ]
    )
    return make_rows(frame, display="tbl-response", analysis="overall", notebook="10-x")


def table(responders=(1, 4), sizes=(3, 6)) -> Table:
    """Return the table of the rows."""
    heads = (
        Header(label, str(size), spanner)
        for (label, spanner), size in zip(COLUMNS.values(), sizes, strict=True)
    )
    cells = (f"{n} ({100 * n / size:.1f})" for n, size in zip(responders, sizes, strict=True))
    return Table("Response", tuple(heads), (Row("Overall"), Row("Responders, n (%)", tuple(cells), 1)))


def manifest(**values) -> dict:
    """Return a manifest with what checks and comparisons read."""
    columns = [{"key": key, "label": label, "spanner": spanner} for key, (label, spanner) in COLUMNS.items()]
    return {
        "report": "small", "version": "1.0.0", "status": "draft", "data_cutoff": None, "date": "2024-01-01",
        "simulated": True, "renderer": "embedded 0", "columns": columns, "confidence_level": 0.95,
        "parameters": {"file": "small.yml", "sha256": "0" * 64},
        "hashes": {"code": "a", "study": "b", "lock": "c", "data DM": "d"},
        "notebooks": {"10-x": "e"}, "inputs": {"DM": {"file": "dm.xpt", "sha256": "d"}}, "pages": {},
        "fonts": {"F.otf": "f"}, "package": "itpcsr 0", "environment": {"python": "3", "packages": {"itpcsr": "0"}},
    } | values  # fmt: skip


def _book(folder: Path, shown: Table, sentence: str) -> Path:
    (folder / "report").mkdir(parents=True)
    (folder / "site_libs").mkdir()
    (folder / "site_libs/csr.js").write_text("", encoding="utf-8")
    words = "<ul><li>6 of 7 came.</li></ul><table><tr><td>Planned</td><td>9 subjects</td></tr></table>"
    table = f'<div id="tbl-response">{writers.to_html(shown)}</div>'
    text = f"<main><p>{html.escape(sentence)}</p>{words}{table}</main>"
    (folder / "report/11.html").write_text(text, encoding="utf-8")
    (folder / "index.html").write_text("<main><p>Report</p></main>", encoding="utf-8")
    document = docx.Document()
    document.add_paragraph(sentence)
    document.add_paragraph("6 of 7 came.")
    for cell, text in zip(document.add_table(1, 2).rows[0].cells, ("Planned", "9 subjects"), strict=True):
        cell.text = text
    word = document.add_table(0, 1 + len(shown.headers))
    for row in shown.rows:
        for cell, text in zip(word.add_row().cells, (row.label, *row.cells), strict=False):
            cell.text = text
    for note in shown.notes:
        document.add_paragraph(note)
    document.save(str(folder / "csr.docx"))
    return folder


def _executed(path: Path, shown: Table) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {
        "text/html": shown._repr_mimebundle_()["text/html"],
        MIME: json.loads(json.dumps(shown._repr_mimebundle_()[MIME])),
    }
    cell = nbformat.v4.new_code_cell(
        "#| label: tbl-response\n#| tbl-cap: Response\nshow()",
        outputs=[nbformat.v4.new_output("execute_result", data=data, execution_count=1)],
    )
    cell["id"] = "cell-0"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    return path


def prepare(root: Path, work: Path, responders=(1, 4), datasets=None, **values) -> tuple:
    """Return what ``publish`` takes beside its folder; ``values`` go into the manifest."""
    shown = table(responders)
    executed = _executed(work / "10-x.ipynb", shown)
    book = _book(work / "book", shown, f"{responders[1]} of 6 subjects responded.")
    chosen = {name: values[name] for name in ("status", "version") if name in values}
    adsl = pd.DataFrame({"USUBJID": ["01", "02"], "AGE": [30.0, 40.0]})
    files = {}
    for name, frame in (datasets or {"adsl": adsl}).items():
        files[name] = work / f"{name}.parquet"
        frame.to_parquet(files[name], index=False)
    return (
        report(**chosen), read_study(root / "params/study.yml"), book, [executed], read_displays(executed),
        rows(responders), files, pd.DataFrame({"rule": ["R-01"]}), manifest(**values),
        {"components": []}, work / "rows",
    )  # fmt: skip


def publish_small(root: Path, work: Path, output: Path, responders=(1, 4), datasets=None, **values) -> Path:
    """Publish the version; ``values`` go into the manifest, ``status`` also into the parameters."""
    output.mkdir(exist_ok=True)
    return publish(output, *prepare(root, work, responders, datasets, **values))
