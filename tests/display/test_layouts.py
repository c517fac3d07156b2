"""Layouts: what a table's rows show, said as data."""

import pandas as pd
import pytest

from csrkit.rows import absent_rows, make_rows
from csrkit.stats.groups import assign_groups, columns_by, size_rows
from csrkit.stats.proportions import count_subjects
from csrkit.tables.layouts import each, interval, layout, n_percent, number, section, when

ADSL = pd.DataFrame(
    {
        "USUBJID": list("12345"),
        "ARMCD": "A",
        "SEX": ["F", "F", "M", "F", ""],
        "FASFL": ["Y", "Y", "Y", "N", "Y"],
    }
)
RESPONDERS = pd.DataFrame({"USUBJID": ["1", "3", "4"], "level": "responder"})


@pytest.fixture
def counted():
    columns = columns_by(ADSL, "SEX", {"F": "Women", "M": "Men"})
    members = assign_groups(ADSL, columns, "FASFL")
    counts = count_subjects(RESPONDERS, members, ["responder"], "level", 0.95).assign(analysis="response")
    return columns, make_rows(pd.concat([size_rows(members), counts]), display="tbl-sex")


def test_response_by_sex_is_a_layout(counted):
    columns, rows = counted
    parts = [
        n_percent("response", "responder", label="Responders, n (%)"),
        interval("response", "responder", label="95% CI"),
    ]
    table = layout(rows, columns, parts, stub="Response", notes=["A note."])
    assert [(head.label, head.n) for head in table.headers] == [("Women", "2"), ("Men", "1")]
    assert [(row.label, row.cells, row.indent) for row in table.rows] == [
        ("Responders, n (%)", ("1 (50.0)", "1 (100.0)"), 0),
        ("95% CI", ("1.3 to 98.7", "2.5 to 100.0"), 1),
    ]
    assert table.notes == ("A note.",)
    pd.testing.assert_frame_equal(table.results, rows)


def test_levels_sections_and_conditions(counted):
    columns, rows = counted
    parts = [
        section("By answer", each("response", n_percent, label="{level}: n (%)")),
        when(False, n_percent("response", "nothing", label="never asked for")),
        number("size", "N", label="Subjects"),
    ]
    table = layout(rows, columns, parts, stub="Response")
    assert [(row.label, row.indent) for row in table.rows] == [
        ("By answer", 0), ("responder: n (%)", 1), ("Subjects", 0),
    ]  # fmt: skip


def test_what_was_not_computed_is_an_error_and_what_is_absent_a_sentence(counted):
    columns, rows = counted
    with pytest.raises(ValueError, match="no result row for response, other, F, n"):
        layout(rows, columns, [n_percent("response", "other", label="Other")], stub="Response")
    absent = absent_rows("tbl-sex", "There are no data.")
    table = layout(absent, columns, [n_percent("response", label="Responders")], stub="Response")
    assert table.absent == "There are no data."
    assert len(table.results) == 1


def test_a_study_without_columns_of_a_kind_has_nobody_in_them():
    assert assign_groups(ADSL, [], "FASFL").empty
