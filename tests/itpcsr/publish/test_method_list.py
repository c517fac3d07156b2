from importlib.metadata import version

import pandas as pd
import pytest

from csrkit.rows import make_rows, read_rows
from itpcsr.publish.method_list import PATH, write_method_list


def row(display, method):
    return make_rows(pd.DataFrame({"statistic": ["n"], "value": [1.0]}), display=display, method=method)


@pytest.fixture
def pages(tmp_path):
    include = "{{{{< include /results/30-x/{}.qmd >}}}}\n"
    (tmp_path / "index.qmd").write_text(include.format("tbl-b") + include.format("tbl-a"), encoding="utf-8")
    return tmp_path


def listed(folder, study, *rows):
    write_method_list(folder, ["index.qmd"], pd.concat(rows), study)
    return (folder / PATH).read_text(encoding="utf-8").splitlines()


def test_each_method_has_its_software_and_its_displays_in_their_order(pages, study):
    lines = listed(
        pages,
        study,
        row("tbl-a", "Wilson score interval"),
        row("tbl-a", "Clopper-Pearson exact interval"),
        row("tbl-b", "Clopper-Pearson exact interval"),
        row("tbl-unseen", "Jeffreys interval"),
        row("tbl-a", ""),
    )
    statsmodels = f"statsmodels {version('statsmodels')}"
    assert lines[2:4] == [
        f"| Clopper-Pearson exact interval | {statsmodels} | @tbl-b, @tbl-a |",
        f"| Wilson score interval | {statsmodels} | @tbl-a |",
    ]
    assert f"computed by NumPy {version('numpy')} and pandas {version('pandas')}" in lines[-1]
    assert not any("Jeffreys" in line for line in lines)


def test_signs_of_markdown_are_not_read_as_markup(pages, study):
    assert listed(pages, study, row("tbl-a", "an a | b [c] *d*"))[2].startswith(
        r"| An a \| b \[c\] \*d\* | not stated |"
    )


def test_a_symbol_keeps_its_letter(pages, study):
    assert listed(pages, study, row("tbl-a", "t interval of the mean"))[2].startswith("| t interval")


def test_without_a_method_only_the_sentence_stands(pages, study):
    assert listed(pages, study, row("tbl-a", ""))[0].startswith("Counts, percentages")


def test_the_software_of_every_method_of_the_demonstration_is_known(project_of_demo):
    text = (project_of_demo / PATH).read_text(encoding="utf-8")
    assert "not stated" not in text
    methods = set(read_rows(project_of_demo.parents[2] / "output/demo-1.0.0")["method"]) - {""}
    assert text.count("\n| ") >= len(methods)  # the head and each method, all of whose displays are shown


def test_the_method_of_a_p_value_is_that_of_the_table_of_tests_that_shows_it(tmp_path, study):
    shown = ("tbl-platelet-comparisons", "tbl-chosen-tests", "tbl-exploratory-tests")
    text = "".join(f"{{{{< include /results/30-x/{label}.qmd >}}}}\n" for label in shown)
    (tmp_path / "index.qmd").write_text(text, encoding="utf-8")
    tests = pd.DataFrame({"statistic": "p_value", "value": 0.5, "group": ["total", "esc20"]})
    place = {"display": shown[0], "analysis": "baseline", "visit": "Week 4", "method": "paired t-test"}
    lines = listed(tmp_path, study, make_rows(tests, **place))
    assert lines[2].startswith("| Paired t-test |")
    assert lines[2].endswith("| @tbl-chosen-tests, @tbl-exploratory-tests |")
