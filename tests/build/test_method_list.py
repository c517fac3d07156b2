from importlib.metadata import version

import pandas as pd
import pytest

from itpcsr.build.method_list import PATH, write_method_list
from itpcsr.results import make_rows, read_rows


def row(display, method):
    return make_rows(pd.DataFrame({"statistic": ["n"], "value": [1.0]}), display=display, method=method)


@pytest.fixture
def pages(tmp_path):
    include = "{{{{< include /results/30-x/{}.qmd >}}}}\n"
    (tmp_path / "index.qmd").write_text(include.format("tbl-b") + include.format("tbl-a"), encoding="utf-8")
    return tmp_path


def listed(folder, *rows):
    write_method_list(folder, ["index.qmd"], pd.concat(rows))
    return (folder / PATH).read_text(encoding="utf-8").splitlines()


def test_each_method_has_its_software_and_its_displays_in_their_order(pages):
    lines = listed(
        pages,
        row("tbl-a", "Wilson score interval"),
        row("tbl-a", "Clopper-Pearson exact interval"),
        row("tbl-b", "Clopper-Pearson exact interval"),
        row("tbl-unseen", "Jeffreys interval"),
        row("tbl-a", ""),
    )
    scipy = f"SciPy {version('scipy')}"
    assert lines[2:4] == [
        f"| Clopper-Pearson exact interval | {scipy} | @tbl-b, @tbl-a |",
        f"| Wilson score interval | this project (itpcsr) {version('itpcsr')} and {scipy} | @tbl-a |",
    ]
    assert f"computed by NumPy {version('numpy')} and pandas {version('pandas')}" in lines[-1]
    assert not any("Jeffreys" in line for line in lines)


def test_signs_of_markdown_are_not_read_as_markup(pages):
    assert listed(pages, row("tbl-a", "an a | b [c] *d*"))[2].startswith(
        r"| An a \| b \[c\] \*d\* | not stated |"
    )


def test_a_symbol_keeps_its_letter(pages):
    assert listed(pages, row("tbl-a", "t interval of the mean"))[2].startswith("| t interval")


def test_without_a_method_only_the_sentence_stands(pages):
    assert listed(pages, row("tbl-a", ""))[0].startswith("Counts, percentages")


def test_the_software_of_every_method_of_the_demonstration_is_known(project_of_demo):
    text = (project_of_demo / PATH).read_text(encoding="utf-8")
    assert "not stated" not in text
    methods = set(read_rows(project_of_demo.parents[2] / "output/demo-1.0.0")["method"]) - {""}
    assert text.count("\n| ") >= len(methods)  # the head and each method, all of whose displays are shown
