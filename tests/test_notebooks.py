"""The contract of the notebooks as they are committed."""

import nbformat
import papermill
import pytest

from csrkit.inputs.plain_notebook import CURE, plain_text
from csrkit.many import Displays
from csrkit.publish.fragments import read_options
from itpcsr.study import read_study

NAMES = [
    "05-related-studies",
    "10-population",
    "12-analysis-sets",
    "20-safety",
    "25-laboratory",
    "28-significant-events",
    "29-listings",
    "30-efficacy",
    "31-adas-cog",
    "32-response-rates",
    "33-cibic",
    "34-response-times",
    "35-npix",
    "36-platelet-change",
    "37-dermatologic-events",
    "38-bleeding",
    "40-pharmacokinetics",
    "50-antibody",
    "60-immune-mechanism",
    "70-dose-selection",
    "80-tests",
]
# Parameters that say where things are, and what a notebook alone may try.
COMMON = {"study_file", "data", "data_cutoff", "store", "cohorts", "output", "rows_of", "rules"}
REPORT = {"confidence_level", *Displays.model_fields}
OWN = {
    "05-related-studies": {"words_sought"},
    "20-safety": {"frequent_percent", "days_shown"},
    "25-laboratory": {"weeks_shown"},
    "28-significant-events": {"terms_shown", "laboratory_tests"},
    "30-efficacy": {"weeks_shown"},
    "34-response-times": {"days_shown"},
    "36-platelet-change": {"weeks_compared"},
    "37-dermatologic-events": {"days_shown"},
    "38-bleeding": {"weeks_shown"},
    "40-pharmacokinetics": {"hours_shown"},
    "70-dose-selection": {"trials", "seed"},
    "60-immune-mechanism": {
        "discovery_rate",
        "seed",
        "lag_weeks",
        "split_week",
        "bootstraps",
        "least_correlation",
        "simulations",
    },
}


PROLOGUE = """
import altair as alt
import pandas as pd
import pingouin as pg

import csrkit.notebook as csr
from itpcsr.adam import open_study

study, adam = open_study(study_file, data, data_cutoff, cohorts, store, rules)
"""


@pytest.fixture(params=NAMES)
def notebook(request, root):
    return request.param, nbformat.read(root / f"notebooks/{request.param}.ipynb", as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_every_notebook_is_tested(root):
    assert sorted(path.stem for path in (root / "notebooks").glob("*.ipynb")) == NAMES


def test_no_outputs_are_committed(notebook):
    name, content = notebook
    found = [cell for cell in code(content) if cell.outputs or cell.execution_count]
    assert not found, f"notebooks/{name}.ipynb holds outputs, which may name subjects. Run: {CURE}"


def test_a_notebook_is_as_git_stores_it(notebook, root):
    """The kernel's name is plain, and no metadata but tags stand beside what a person wrote."""
    path = root / f"notebooks/{notebook[0]}.ipynb"
    text = path.read_text(encoding="utf-8")
    assert text == plain_text(text), f"{path.name} holds what JupyterLab added when it was saved. Run: {CURE}"
    assert notebook[1].metadata.kernelspec == {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }


def test_no_picture_is_pasted_in(notebook):
    """One of a table would show subjects, and no filter can tell."""
    assert not [cell for cell in notebook[1].cells if "attachments" in cell]


def test_cells_are_short(notebook):
    lengths = [len(cell.source.splitlines()) for cell in code(notebook[1])]
    assert max(lengths) <= 25


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("05-related-studies", "80-tests")])
def test_every_notebook_has_the_same_prologue(name, root):
    content = nbformat.read(root / f"notebooks/{name}.ipynb", as_version=4)
    assert code(content)[1].source == PROLOGUE.strip()


def test_words_come_first_and_before_the_displays(notebook):
    cells = notebook[1].cells
    assert cells[0].cell_type == "markdown"
    for word in ("Question.", "Analysis set", "Estimand.", "Writes."):
        assert word in cells[0].source
    assert cells[1].metadata.tags == ["parameters"]
    texts = sum(cell.cell_type == "markdown" for cell in cells)
    assert texts >= 0.4 * len(code(notebook[1]))


def test_every_display_is_labelled_and_named_in_the_front_matter(notebook):
    front = notebook[1].cells[0].source
    labels = [
        line.split(":")[1].strip()
        for cell in code(notebook[1])
        for line in cell.source.splitlines()
        if line.startswith("#| label:")
    ]
    assert labels
    for label in labels:
        assert f"`{label}`" in front


OPTIONS = {"label", "tbl-cap", "fig-cap", "fig-alt", "datasets", "discloses", "lists"}


def test_what_cells_say_of_their_displays_is_known(notebook, root):
    """A misspelt option would say nothing; a value that nobody knows is refused."""
    for label, options in read_options(root / f"notebooks/{notebook[0]}.ipynb").items():
        assert set(options) <= OPTIONS, label


def test_parameters_are_commented_and_none_repeats_the_study_file(notebook, root):
    name, content = notebook
    fixed = set(read_study(root / "params/study.yml").values())
    known = papermill.inspect_notebook(str(root / f"notebooks/{name}.ipynb"))
    for parameter, found in known.items():
        assert found["help"], f"{name}: {parameter} has no comment"
        assert found["inferred_type_name"] != "None", f"{name}: {parameter} has no type"
        assert parameter not in fixed, (
            f"{name}: {parameter} is a rule of the study file; try others by `rules`"
        )
        assert parameter in COMMON | REPORT | OWN.get(name, set())
    assert len(known) == len(content.cells[1].source.splitlines())
