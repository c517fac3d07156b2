"""Layouts: what a table's rows show, said as data."""

import pandas as pd
import pytest

from csrkit.rows import absent_rows, make_rows, result_rows
from csrkit.stats.groups import assign_groups, columns_by, size_rows
from csrkit.stats.proportions import count_subjects
from csrkit.tables.layouts import (
    compared,
    each,
    events_percent,
    interval,
    layout,
    limits,
    n_of_total_percent,
    n_percent,
    nested,
    number,
    section,
    share_at_risk,
    values,
    when,
)
from csrkit.vocabulary import level_columns, limits_of

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


def texts(rows, parts, notes=()):
    """Return label, indent and the cells of the column of all subjects."""
    columns = columns_by(ADSL.assign(ALL="all"), "ALL")
    size = pd.DataFrame({"analysis": ["size"], "group": "all", "statistic": "N", "value": [4.0]})
    rows = result_rows(
        size, rows.assign(group="all", reason=rows["value"].isna().map({True: "x", False: ""}))
    )
    table = layout(rows, columns, parts, stub="", notes=notes)
    return [(row.label, row.indent, *row.cells) for row in table.rows], table.notes


def counts(analysis, level, **numbers):
    frame = pd.DataFrame({"statistic": list(numbers), "value": list(numbers.values())})
    return frame.assign(analysis=analysis, **level_columns([level] * len(frame)))


def test_levels_inside_levels():
    shown = {"n": 1.0, "percent": 25.0}
    rows = pd.concat(
        [
            counts("class", "HEART", **shown), counts("class", "FEVER", **shown),
            counts("term", ("HEART", "Palpitations"), **shown), counts("term", ("FEVER", "FEVER"), **shown),
            counts("grade", ("HEART", "Palpitations", "2"), **shown),
        ]
    )  # fmt: skip
    names = [str.capitalize, str.title, "Grade {}".format]
    nest = nested(["class", "term", "grade"], n_percent, names)
    assert [row[:2] for row in texts(rows, [nest])[0]] == [
        ("Heart", 0), ("Palpitations", 1), ("Grade 2", 2), ("Fever", 0), ("Fever", 1),
    ]  # fmt: skip
    nest = nested(["class", "term"], n_percent, str.capitalize, repeat=False)
    assert [row[0] for row in texts(rows, [nest])[0]] == ["Heart", "Palpitations", "Fever"]


def test_columns_that_are_compared_and_those_that_are_not(counted):
    columns, sizes = counted
    names = ("estimate", "se", *limits_of("estimate"), "p_value")
    rows = pd.DataFrame({"statistic": names, "value": [-1.25, 0.5, -2.25, -0.25, 0.0004]})
    rows = pd.concat([sizes, make_rows(rows.assign(analysis="difference", group="M", level="F"))])
    part = compared("difference", {"M": "F"}, label="Men against women", confidence=0.9)
    assert [(row.label, row.cells, row.indent) for row in layout(rows, columns, [part], stub="").rows] == [
        ("Men against women", (), 0),
        ("Difference of LS means (SE)", ("", "-1.3 (0.50)"), 1),
        ("90% CI", ("", "-2.3 to -0.3"), 1),
        ("p-value", ("", "<0.001"), 1),
    ]


def test_what_is_not_estimable_stands_once_in_a_cell():
    nan = float("nan")
    rows = pd.concat(
        [
            counts("open", "", **{"ci_low of median": 3.0, "ci_high of median": nan}),
            counts("none", "", **dict.fromkeys(limits_of("median"), nan), events=nan, years=1.0),
            counts(
                "rate", "", events=3.0, years=2.25, **dict(zip(limits_of("rate"), (0.5, 1.237), strict=True))
            ),
        ]
    )
    parts = [
        limits("open", "median", label="open"),
        limits("none", "median", label="none"),
        values("none", ["events", "years"], label="values", between=" / "),
        values("rate", ["events", "years"], label="values", between=" / "),
        values("rate", limits_of("rate"), label="limits"),
    ]
    shown, notes = texts(
        rows, parts, notes=[lambda lookup: f"{lookup.value('rate', 'all', 'events'):g} events"]
    )
    assert shown == [
        ("open", 1, "3.0 to NE"), ("none", 1, "NE"), ("values", 0, "NE"), ("values", 0, "3 / 2.3"),
        ("limits", 0, "0.50 to 1.24"),
    ]  # fmt: skip
    assert notes == ("3 events", "NE: not estimable (x).")


def test_events_and_those_at_risk():
    nan = float("nan")
    rows = pd.concat(
        [
            counts("event", "all", events=4.0, percent=100.0), counts("event", "none", events=0.0, percent=nan),
            counts("few", "", n=1.0, N=2.0, percent=50.0), counts("nobody", "", n=0.0, N=0.0, percent=nan),
            counts("time", "", km_percent=33.33, at_risk=2.0).assign(visit="Day 28"),
        ]
    )  # fmt: skip
    parts = [
        each("event", events_percent, label=str.upper),
        n_of_total_percent("few", label="few"),
        n_of_total_percent("nobody", label="nobody"),
        share_at_risk("time", "Day 28", label="risk"),
    ]
    shown, notes = texts(rows, parts)
    assert [row[2] for row in shown] == ["4 (100.0)", "0", "1/2 (50.0)", "0/0", "33.3 [2]"]
    assert [row[0] for row in shown][:2] == ["ALL", "NONE"]
    assert notes == ()
