import altair as alt
import pandas as pd

from csrkit.charts.drawing import chart_csv, chart_tables
from csrkit.charts.theme import forest

DATA = pd.DataFrame(
    {
        "who": ["01", "01", None],
        "day": [1, 8, 1],
        "value": [10.0, 12.25, 11.0],
        "kind": ["subject", "subject", "median"],
        "cohort": ["A", "A", "A"],
    }
)


def chart(data=DATA):
    subjects = (
        alt.Chart()
        .mark_line()
        .encode(
            tooltip=[
                alt.Tooltip("who:N", title="Subject"),
                alt.Tooltip("value:Q", title="Count", format=".1f"),
            ]
        )
        .transform_filter("datum.kind == 'subject'")
    )
    median = alt.Chart().mark_line().encode(tooltip=["value:Q"]).transform_filter("datum.kind != 'subject'")
    rule = alt.Chart().mark_rule().encode(y=alt.datum(30))
    return alt.layer(subjects, median, rule, data=data).facet("cohort:N").to_dict()


def test_each_kind_of_mark_has_its_table_with_the_tooltips_titles():
    subjects, median = chart_tables(chart())
    assert subjects.columns == ("Group", "Subject", "Count")
    assert subjects.rows == (("A", "01", "10.0"), ("A", "01", "12.3"))
    assert (median.columns, median.rows) == (("Group", "Value"), (("A", "11"),))


def test_marks_with_the_same_columns_share_a_table_and_a_row_stands_once():
    marks = alt.Chart(DATA).encode(tooltip=["day:Q"])
    assert [table.rows for table in chart_tables((marks.mark_line() + marks.mark_point()).to_dict())] == [
        (("1",), ("8",))
    ]


def test_a_chart_of_texts_shows_its_texts():
    tables = chart_tables(alt.Chart(DATA).mark_text().encode(text="cohort:N").to_dict())
    assert [(table.columns, table.rows) for table in tables] == [(("Text",), (("A",),))]


def test_no_data_give_a_head_without_rows_and_no_marks_no_table():
    assert [table.rows for table in chart_tables(chart(DATA.iloc[:0]))] == [(), ()]
    assert chart_tables({}) == []


def test_csv_has_every_table():
    assert chart_csv(chart()) == "Group,Subject,Count\nA,01,10.0\nA,01,12.3\n\nGroup,Value\nA,11\n"


def test_a_forest_plot_has_its_numbers_beside_and_no_place_for_a_ratio_of_none():
    rows = pd.DataFrame(
        {
            "arm": ["B", "A", "C", "D"],
            "estimate": [0.5, 2.0, 0.0, None],
            "ci_low": [0.25, 1.5, None, None],
            "ci_high": [1.0, 2.666, None, None],
        }
    )
    axis = alt.X("estimate:Q", title="Hazard ratio")
    for scale, drawn in (
        (alt.Scale(type="log"), [0.5, 2.0, None, None]),
        (alt.Scale(), [0.5, 2.0, 0.0, None]),
    ):
        spec = forest(rows, "arm", axis.copy().scale(scale), 1).to_dict()
        assert [table.rows for table in chart_tables(spec)] == [
            (
                ("B", "0.50 (0.25 to 1.00)"),
                ("A", "2.00 (1.50 to 2.67)"),
                ("C", "0.00"),
                ("D", "not estimable"),
            )
        ]
        plot = spec["hconcat"][0]["layer"]
        assert plot[2]["encoding"]["y"]["sort"] == ["B", "A", "C", "D"]
        assert [row["estimate"] for row in spec["datasets"][plot[2]["data"]["name"]]] == drawn
        assert spec["datasets"][plot[0]["data"]["name"]] == [{"at": 1}]
