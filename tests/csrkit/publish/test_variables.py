"""What pages can quote: each result row by a name that means one thing."""

import pandas as pd
import pytest

from csrkit.errors import RenderError
from csrkit.publish.variables import collect_variables, fill_absent, keep_quoted, list_variables
from csrkit.rows import make_rows
from csrkit.vocabulary import level_columns


def rows_of(*levels: str) -> pd.DataFrame:
    parts = [
        {"analysis": "overall", "level": level, "group": "total", "statistic": name, "value": value}
        for level in levels
        for name, value in {
            "n": 8.0,
            "N": 18.0,
            "percent": 800 / 18,
            "ci_low of percent": 21.53,
            "ci_high of percent": 69.24,
        }.items()
    ]
    return make_rows(pd.DataFrame(parts), display="tbl-response")


def test_a_rate_and_its_count_are_quoted_by_their_names():
    total = collect_variables(rows_of("responder"), 0.95)["tbl_response"]["overall"]["responder"]["total"]
    assert total["n"] == "8"
    assert total["text"] == "8 of 18 (44.4%; 95% CI 21.5 to 69.2)"


def test_the_list_of_values_has_a_line_for_each_with_its_name_as_pages_quote_it():
    lines = list_variables(collect_variables(rows_of("responder"), 0.95)).splitlines()
    assert 'tbl_response.overall.responder.total.n: "8"' in lines
    assert 'tbl_response.overall.responder.total.text: "8 of 18 (44.4%; 95% CI 21.5 to 69.2)"' in lines


def test_a_limit_and_a_level_with_a_category_are_quoted_by_what_they_are():
    frame = pd.DataFrame({"statistic": ["mean", "ci_low of rate"], "value": [2.0, 0.125], "group": "total"})
    frame = frame.assign(analysis="parameter", **level_columns([("SYSBP", "Standing")] * 2))
    found = collect_variables(make_rows(frame, display="tbl-x"), 0.95, {"SYSBP": 1})["tbl_x"]
    assert found["parameter"]["sysbp"]["standing"]["total"] == {"mean": "2.00", "ci_low_of_rate": "0.13"}


def test_a_size_without_count_is_n():
    sizes = pd.DataFrame({"analysis": ["size"], "group": ["total"], "statistic": ["N"], "value": [18.0]})
    assert collect_variables(make_rows(sizes, display="tbl-x"), 0.95)["tbl_x"]["size"]["total"]["n"] == "18"


def test_a_name_that_two_results_share_is_refused_where_it_is_quoted():
    variables = collect_variables(rows_of("follow-up", "follow up"), 0.95)
    fill_absent(variables, ["Nothing is quoted here."], set())
    with pytest.raises(RenderError, match=r"follow_up\.total\.n: two results share"):
        fill_absent(variables, ["{{< var tbl_response.overall.follow_up.total.n >}}"], set())


def test_the_book_gets_the_values_that_its_pages_quote_and_no_other():
    values = {"a": {"x": "1", "y": "2", "deep": {"z": "3"}}, "b": "4", "a2": "5", "list": ["6"]}
    pages = [
        "{{< var a.x >}} and {{<var b>}}, {{< var a.deep.z >}} twice: {{< var a.x >}}",
        "A table | {{< var list >}} |, {{< meta a.y >}}, {{< var a.x.w >}}, {{< var a.deep >}}, {{< var no >}}",
    ]
    assert keep_quoted(values, pages) == {"a": {"deep": {"z": "3"}, "x": "1"}, "b": "4", "list": ["6"]}
    assert keep_quoted(values, []) == {}
