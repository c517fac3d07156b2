"""Displays are found on a page whoever rendered it."""

import numpy as np
import pandas as pd
import pytest

from csrkit.versions.page_reading import html_cells, html_paragraphs, html_tables
from csrkit.versions.printed_numbers import values_by, values_of

FLOAT = """<div id="tbl-{name}" class="quarto-float"><figure><figcaption id="tbl-{name}-caption{mark}">Table
1: Rates</figcaption><div aria-describedby="tbl-{name}-caption{mark}"><table class="csr-table"><thead><tr><th>a</th>
<th>b</th></tr></thead><tbody><tr><th><a href="../subjects/S-1.html">S-1</a>: x</th><td>7</td></tr></tbody></table>
</div></figure></div>"""


@pytest.mark.parametrize("mark", ["", "-0ceaefa1-69ba-4598-a22c-09a6ac19f8ca"])
def test_a_captions_own_id_is_no_display(mark):
    stretches = html_tables(
        FLOAT.format(name="x", mark=mark) + FLOAT.format(name="a-caption-of-b", mark=mark)
    )
    assert list(stretches) == ["tbl-x", "tbl-a-caption-of-b"]
    for stretch in stretches.values():
        assert html_cells(stretch) == (["a", "b"], [("S-1: x", "7")])


def test_a_cell_is_its_words_whatever_marks_them_up():
    page = """<p>before</p><table><thead><tr><th>A<br>(N=3)</th></tr></thead><tbody>
<tr><th>x<wbr>y <!-- no --><b>z</b></th><td>&lt;1 &amp; 2</td><td></td></tr><tr><th>Group</th><td></td><td></td></tr>
</tbody></table><table><tr><td>other</td></tr></table>"""
    assert html_cells(page) == (["A (N=3)"], [("xy z", "<1 & 2", ""), ("Group",)])
    assert html_cells('<p class="csr-absent">No <b>event</b></p>' + page) == ([], [("No event",)])
    assert html_cells("<p>none</p>") is None


def test_paragraphs_are_those_of_the_main_part_outside_of_tables_and_folds():
    page = """<html><body><p>no</p><main><h1>One<br>two</h1><nav><p>no</p></nav><p>a <svg><text>no</text></svg>b</p>
<ul><li>c <p>d</p> lost</li></ul><details><p>no</p></details><p>e<script>no()</script> &amp; ’f’</p>
<figcaption>g <!-- no -->h</figcaption><table><tr><td><p>no</p></td></tr></table></main><p>no</p></body></html>"""
    assert html_paragraphs(page) == ["One two", "a b", "c", "d", "e & 'f'", "g h"]
    assert html_paragraphs("<p>no main</p>") == []


def test_the_numbers_of_each_subject_are_those_of_its_records():
    frame = pd.DataFrame(
        {
            "USUBJID": ["A", "B", "A"],
            "AVAL": [-1.5, np.nan, 3.0],
            "FLAG": [True, False, True],
            "TEXT": ["10.25 mg", None, "no 7 and 7"],
            "DATE": pd.to_datetime(["2020-01-01"] * 3),
        }
    )
    found = {subject: np.unique(values).tolist() for subject, values in values_by(frame, "USUBJID")}
    want = {
        subject: np.unique(np.concatenate([*values_of(part)])).tolist()
        for subject, part in frame.groupby("USUBJID")
    }
    assert found == want
    assert found["A"] == [1.0, 1.5, 3.0, 7.0, 10.25]
