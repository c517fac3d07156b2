"""Displays carry their result rows, and the label of the cell names them."""

import math

import pandas as pd
import pytest

from csrkit import carried
from csrkit.charts.theme import alt
from csrkit.errors import NotebookError
from csrkit.publish.fragments import collect_rows
from csrkit.rows import make_rows
from csrkit.tables.files import Prose
from csrkit.tables.table import Table
from csrkit.vocabulary import as_page

VALUES = [1.0, math.nan, math.inf, 1 / 3]


def rows(display=""):
    frame = pd.DataFrame({"level": list("abcd"), "statistic": "n", "value": VALUES, "reason": "why"})
    return make_rows(frame, display=display, analysis="one")


def chart():
    return alt.Chart(pd.DataFrame({"x": [1]}), description="One.").mark_point().encode(x="x:Q")


def cell(source, shown):
    bundle = shown if isinstance(shown, dict) else shown._repr_mimebundle_()
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [{"data": bundle}]}


@pytest.mark.parametrize("display", [Table("x"), Prose(), chart()], ids=["table", "prose", "chart"])
def test_every_kind_of_display_carries_rows_to_the_last_bit(display):
    shown = carried.with_rows(carried.with_rows(display, rows()), rows().assign(analysis="two"))
    found = carried.rows_behind(shown)
    pd.testing.assert_frame_equal(
        found, pd.concat([rows(), rows().assign(analysis="two")], ignore_index=True), check_dtype=False
    )
    back = carried.rows_from_json(carried.rows_to_json(found))
    assert back["value"].tolist()[3] == 1 / 3
    assert math.isnan(back["value"][1])
    assert back["value"][2] == math.inf


def test_the_label_names_the_rows(monkeypatch):
    table = carried.with_rows(Table("x"), rows())
    found = collect_rows({"cells": [cell("#| label: tbl-x\n#| tbl-cap: X\ntable", table)]}, "10-x")
    assert set(found["display"]) == {"tbl-x"}
    assert len(found) == len(VALUES)
    monkeypatch.setattr(carried, "cell_label", lambda: "tbl-x")
    both = pd.concat([rows("tbl-x"), rows("tbl-other")])
    assert set(carried.with_rows(Table("x"), both).results["display"]) == {"tbl-x"}


def test_rows_of_another_display_are_refused():
    table = carried.with_rows(Table("x"), rows("tbl-other"))
    with pytest.raises(NotebookError, match="10-x, tbl-x: the display carries result rows of tbl-other"):
        collect_rows({"cells": [cell("#| label: tbl-x\n#| tbl-cap: X\ntable", table)]}, "10-x")


def test_a_chart_s_rows_are_no_part_of_its_picture():
    spec = carried.with_rows(chart(), rows()).to_dict()
    taken = carried.take_from_chart(spec)
    assert spec == chart().to_dict() | {"datasets": spec["datasets"]}
    assert taken[carried.MIME]["rows"] == len(VALUES)


def test_outside_of_a_notebook_no_cell_has_a_label():
    assert carried.cell_label() == ""
    assert carried.label_of("table") == ""


def test_the_documentation_lists_the_vocabulary(root):
    assert (root / "docs/results.md").read_text(encoding="utf-8") == as_page()
