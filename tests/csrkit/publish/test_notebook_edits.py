"""A value edited in a notebook's parameter cell counts, or the build stops before work and says where it is set."""

from contextlib import nullcontext
from pathlib import Path

import nbformat
import pytest

from csrkit.errors import NotebookError
from csrkit.inputs.hashes import Seen
from csrkit.parameters.report import check_passed
from csrkit.publish import pipeline
from csrkit.publish.notebook_parameters import read_parameters, refuse_edits, say_replaced
from csrkit.publish.notebook_values import declared_values
from csrkit.publish.version import Run
from itpcsr.publish.trial import TRIAL
from itpcsr.study import read_report, read_study

DEMO = Path("params/demo.yml")
OTHER_VALUES = {bool: True, int: 17, float: 17.5, str: "something else", list: [17], type(None): 17, dict: {}}


def version(root, name):
    """Return what a shipped version gives, and the notebooks' defaults."""
    report = read_report(root / f"params/{name}.yml")
    study = read_study(root / report.study, cohorts=report.cohorts)
    run = Run(TRIAL, root, root / f"params/{name}.yml", report, study, None, report.study, Seen())
    defaults = {notebook: read_parameters(run.notebook(notebook)) for notebook in report.notebooks}
    return declared_values(run), defaults, report


def edited(defaults, notebook, **values):
    assert set(values) <= set(defaults[notebook])
    return {**defaults, notebook: {**defaults[notebook], **values}}


@pytest.mark.parametrize("name", ["demo", "escalation-review", "external", "cdiscpilot01"])
def test_no_shipped_version_is_complained_about(root, name):
    given, defaults, _ = version(root, name)
    refuse_edits(defaults, given, DEMO)


@pytest.mark.parametrize("name", ["demo", "cdiscpilot01"])
def test_every_value_that_a_version_replaces_stops_when_it_is_edited(root, name):
    given, defaults, _ = version(root, name)
    stopped = set()
    for notebook, own in defaults.items():
        others = {
            parameter: OTHER_VALUES[type(own[parameter])]
            for parameter in (set(own) & set(given)) - {"study_file"}
        }
        with pytest.raises(NotebookError) if others else nullcontext() as error:
            refuse_edits(edited(defaults, notebook, **others), given, DEMO)
        for parameter, other in others.items():
            line = next(line for line in str(error.value).splitlines() if f": {parameter} is" in line)
            assert line.startswith(f"notebooks/{notebook}.ipynb: {parameter} is {other!r} ")
            assert "params/demo.yml" in line
        stopped |= set(others)
    assert {"confidence_level", "data_cutoff", "cohorts", "data"} <= stopped


def test_the_sentence_says_where_a_rule_is_set(root):
    given, defaults, _ = version(root, "demo")
    with pytest.raises(NotebookError) as error:
        refuse_edits(edited(defaults, "30-efficacy", rules={"response_count": 50.0}), given, DEMO)
    assert str(error.value) == (
        "notebooks/30-efficacy.ipynb: rules is {'response_count': 50.0} in the cell tagged `parameters`, for work "
        'on this notebook alone. To try them in this version, set them in params/demo.yml: `rules: {"response_count": '
        "50.0}`; to change them for good, in params/study.yml; else write {} in the cell."
    )


def test_all_edits_are_named_at_once_and_the_form_of_a_number_is_none(root):
    given, defaults, _ = version(root, "demo")
    once = edited(defaults, "30-efficacy", rules={"loss_days": 3})
    with pytest.raises(NotebookError) as error:
        refuse_edits(edited(once, "20-safety", confidence_level=0.9), given, DEMO)
    assert [line.split(" is ")[0] for line in str(error.value).splitlines()] == [
        "notebooks/20-safety.ipynb: confidence_level", "notebooks/30-efficacy.ipynb: rules",
    ]  # fmt: skip
    refuse_edits(edited(defaults, "30-efficacy", subjects_at_most=40.0), given, DEMO)
    with pytest.raises(NotebookError, match="subjects_at_most is True"):
        refuse_edits(edited(defaults, "30-efficacy", subjects_at_most=True), given, DEMO)


def test_a_value_of_the_notebook_s_own_that_the_version_replaces_is_said(root):
    given, defaults, report = version(root, "cdiscpilot01")
    said = list(say_replaced(defaults, given, report, Path("params/cdiscpilot01.yml")))
    assert [sentence.split(" gives ")[1].split(", in place")[0].split()[0] for sentence in said] == [
        "study_file", "data", "25-laboratory",
    ]  # fmt: skip
    assert said[2].endswith("weeks_shown [8, 16, 24], in place of [4, 8, 16, 28] in the notebook")
    given, defaults, report = version(root, "demo")
    assert list(say_replaced(defaults, given, report, DEMO)) == []


def test_a_build_stops_before_any_notebook_runs(make_derived, tmp_path, monkeypatch):
    project = make_derived(tmp_path / "tiny")
    path = project / "notebooks/10-number.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].source += '\nrules: dict = {"severe_grade": 4}  # values of the study file to try'
    nbformat.write(notebook, path)
    monkeypatch.chdir(project)
    ran = []
    monkeypatch.setattr(pipeline, "run_together", lambda *arguments, **more: ran.append(arguments))
    with pytest.raises(
        NotebookError, match=r"10-number\.ipynb: rules is .*severe_grade.*tiny\.yml: `rules: "
    ):
        pipeline.build_report(
            TRIAL, Path("params/tiny.yml"), Path(), Path("output"), "embedded", lambda _: None
        )
    assert ran == []
    assert not list((project / "output").glob("[!.]*"))


PARAMETERS = 'study_file: str = "params/study.yml"  # a file\nweeks: list = [1]\nplain = 3'


@pytest.mark.parametrize(
    ("cells", "unknown"),
    [
        (["", PARAMETERS, "# Parameters\nweeks = [2]\nplain = 4\n", "import os"], None),
        (["", PARAMETERS, "# Parameters\nweek = [2]\n", "import os"], "week"),
        (["", PARAMETERS, "# Parameters\nweeks = [2]\ntest_weeek = 8\n"], "test_weeek"),
        (["", PARAMETERS, "weeks = [2]\nanything = 3"], None),
        # in JupyterLab, cells are run again and in any order
        (["", PARAMETERS, "x = 1", "# Parameters\nweeks = [2]\n", "# Parameters\nweeks = [2]\n"], None),
        (["", "this is ( no Python", PARAMETERS, "# Parameters\nweeks = [2]\n"], None),
    ],
)
def test_a_misspelled_name_passed_by_papermill_stops_the_notebook(cells, unknown):
    if unknown is None:
        check_passed(cells)
        return
    with pytest.raises(NotebookError, match=f"^{unknown} was passed to this notebook, .*study_file, weeks"):
        check_passed(cells)
