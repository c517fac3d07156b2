"""The edits that CONTRIBUTING shows, done as it shows them: each cell runs in its notebook by papermill."""

import json
import re

import nbformat
import papermill
import pytest

from csrkit.publish.fragments import collect_rows, read_displays
from tests.built import copy_project

NOTEBOOK = "32-response-rates"
pytestmark = pytest.mark.build


def shown_cells(root):
    text = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.+?)```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def executed(root, tmp_path_factory):
    """Return the executed copy of the notebook with the cells of all edits in it."""
    project = copy_project(root, tmp_path_factory.mktemp("edits") / "project")
    path = project / f"notebooks/{NOTEBOOK}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    place = next(number for number, cell in enumerate(notebook.cells) if "open_study(" in cell.source) + 1
    cells = [nbformat.v4.new_code_cell(source.rstrip()) for source in shown_cells(root)]
    # what comes before is enough for them: an edit needs no other cell of the notebook
    notebook.cells = [*notebook.cells[:place], *cells]
    nbformat.write(notebook, path)
    copy = project / "work/executed.ipynb"
    copy.parent.mkdir()
    papermill.execute_notebook(path, copy, cwd=project, progress_bar=False)
    return copy


def test_each_edit_is_one_short_cell(root):
    cells = shown_cells(root)
    assert len(cells) == 3
    for source in cells:
        code = [line for line in source.splitlines() if not line.startswith("#|")]
        assert len(code) <= 12


def test_response_by_sex_is_a_table_of_the_report(executed):
    table = {display.label: display.table for display in read_displays(executed)}["tbl-response-sex"]
    assert [head.label for head in table.headers] == ["Women", "Men"]
    rows = collect_rows(json.loads(executed.read_text(encoding="utf-8")), NOTEBOOK)
    counts = rows[(rows["display"] == "tbl-response-sex") & (rows["statistic"] == "n")]
    shown = [int(cell.split(" ")[0]) for cell in table.rows[0].cells]
    assert counts["value"].tolist() == shown
    assert sum(shown) == 8  # as in the table of response


def test_a_figure_has_its_finding_and_a_test_its_rows(executed):
    displays = {display.label: display for display in read_displays(executed)}
    assert displays["fig-age-weight"].alternative.endswith("years.")
    rows = collect_rows(json.loads(executed.read_text(encoding="utf-8")), NOTEBOOK)
    found = rows[rows["display"] == "tbl-age-response"].set_index("statistic")["value"]
    assert set(found.index) == {"statistic", "p_value", "rank_biserial"}
    assert 0 < found["p_value"] <= 1
    assert displays["tbl-age-response"].table.rows[0].label == "MWU"
