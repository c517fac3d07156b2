"""Displays are found on a page whoever rendered it."""

import pytest

from itpcsr.build.page_reading import html_cells, html_tables

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
