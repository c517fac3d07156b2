"""What is made ahead is what the build then asks for, and what fails there is left to the build."""

import pytest

from csrkit import rows as results
from csrkit.charts.assets import choose_fonts
from csrkit.made_files import Memo
from csrkit.publish.ahead import Shown, ahead
from csrkit.publish.fragments import read_displays, write_fragment


@pytest.fixture
def executed(small_project):
    """Return a notebook's executed copy and its folder of rows."""
    work = small_project / "work/tiny"
    return sorted(work.glob("notebooks/*.ipynb"))[0], sorted(work.glob("rows/*"))[0]


@pytest.fixture
def shown(tmp_path):
    return Shown({}, choose_fonts(), Memo(tmp_path / "made"))


def test_nothing_that_was_made_ahead_is_made_again(executed, shown, tmp_path):
    with ahead(shown) as begin:
        begin(*executed)
    made = {path.name for path in (tmp_path / "made").iterdir()}
    assert made
    rows = results.read_rows(executed[1]).assign(notebook=executed[0].stem)
    for display in read_displays(executed[0]):
        own = rows[rows["display"] == display.label]
        write_fragment(display, tmp_path, own, {}, True, shown.fonts, shown.memo)
    assert {path.name for path in (tmp_path / "made").iterdir()} == made


def test_a_notebook_that_cannot_be_read_is_left_to_the_build(executed, shown, tmp_path):
    with ahead(shown) as begin:
        begin(tmp_path / "missing.ipynb", executed[1])
    assert not (tmp_path / "made").exists()


def test_a_failed_run_is_not_waited_for(executed, shown):
    def fail():
        with ahead(shown) as begin:
            begin(*executed)
            raise RuntimeError("a notebook failed")

    with pytest.raises(RuntimeError, match="a notebook failed"):
        fail()
