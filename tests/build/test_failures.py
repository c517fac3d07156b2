"""Bad input: a clear error, nothing half-made, and the published version stays as it was."""

import hashlib
import shutil
from pathlib import Path

import nbformat
import pytest

from itpcsr.build import pipeline, version
from itpcsr.build.lock import lock
from itpcsr.build.notebooks import choose_parameters
from itpcsr.build.publish import refuse_final
from itpcsr.errors import DataError, NotebookError, ParameterError, PublishError, RenderError
from itpcsr.study import read_report
from tests.build.conftest import build, change, run_itpcsr
from tests.build.tiny import make_project


def fingerprint(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"colour": "red"}, ParameterError, "colour: unknown name"),
        ({"data": ["data/nowhere"]}, DataError, "data/nowhere: there is no such folder or file"),
        ({"cohorts": ["ESC99"]}, ParameterError, "cohorts names unknown arm ESC99"),
        ({"study": "params/nothing.yml"}, ParameterError, "no such parameter file"),
        ({"notebooks": {"99-nothing": {}}}, NotebookError, "no such notebook"),
        (
            {"notebooks": {"30-efficacy": {"respons_count": 50}}},
            NotebookError,
            "has no parameter respons_count; its parameters: study_file",
        ),
        (
            {"notebooks": {"30-efficacy": {"response_count": 50}}},
            NotebookError,
            "response_count holds for the whole version; give it under `rules`",
        ),
        ({"rules": {"respons_count": 50}}, ParameterError, "no parameter is called 'respons_count'"),
        ({"rules": {"response_count": -1}}, ParameterError, "should be greater than 0"),
        ({"pages": "report/nowhere"}, RenderError, "no such folder of report pages"),
    ],
)
def test_a_fault_of_the_parameters_stops_and_changes_nothing(copy, monkeypatch, values, error, message):
    before = fingerprint(copy / "output")
    change(copy, **values)
    with pytest.raises(error, match=message):
        build(copy, monkeypatch)
    assert fingerprint(copy / "output") == before


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: (data / "ex.xpt").unlink(), "Domain EX is missing"),
        (lambda data: (data / "dm.xpt").write_bytes(b"GIF89a"), "dm.xpt: is not a SAS transport file"),
        (
            lambda data: shutil.copy(data / "ae.xpt", data / "cm.xpt"),
            "holds domain AE, though its name says CM",
        ),
        (lambda data: shutil.copy(data / "ae.xpt", data / "ae2.xpt"), "both hold domain AE"),
    ],
)
def test_a_fault_of_the_data_stops_and_changes_nothing(copy, monkeypatch, damage, message):
    before = fingerprint(copy / "output")
    damage(copy / "data/simulated")
    with pytest.raises(DataError, match=message):
        build(copy, monkeypatch)
    assert fingerprint(copy / "output") == before


def test_a_notebook_that_raises_is_named_and_its_copy_kept(copy):
    path = copy / "notebooks/20-safety.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[5].source += "\nraise ValueError('nothing adds up')"
    nbformat.write(notebook, path)
    before = fingerprint(copy / "output")
    result = run_itpcsr(copy, "build", "params/demo.yml")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "notebooks/20-safety.ipynb: cell " in result.stderr
    assert "raised ValueError: nothing adds up" in result.stderr
    assert "work/demo/failed/20-safety.ipynb" in result.stderr
    assert "nothing adds up" in (copy / "work/demo/failed/20-safety.ipynb").read_text(encoding="utf-8")
    assert fingerprint(copy / "output") == before
    assert not list((copy / "work/demo/notebooks").glob(".partial*"))


def test_a_notebook_is_skipped_exactly_when_its_inputs_are_the_same(copy, monkeypatch):
    said: list[str] = []
    monkeypatch.chdir(copy)
    change(copy, confidence_level=0.9, notebooks={"10-population": {}, "20-safety": {}})
    run = version.open_run(Path("params/demo.yml"), Path())
    pipeline.run_notebooks(run, said.append)
    # population doesn't use the confidence level, safety does
    assert said == ["10-population is up to date"]


def test_a_report_page_outside_the_grammar_is_named_with_its_line(copy, monkeypatch):
    page = copy / "report/13-discussion.qmd"
    page.write_text(page.read_text(encoding="utf-8") + "\n```{python}\n1 + 1\n```\n", encoding="utf-8")
    before = fingerprint(copy / "output")
    with pytest.raises(RenderError, match=r"report/13-discussion\.qmd:\d+: .*code"):
        build(copy, monkeypatch)
    assert fingerprint(copy / "output") == before


def test_a_final_version_is_never_overwritten(copy, monkeypatch):
    manifest = copy / "output/demo-1.0.0/manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"draft"', '"final"'), encoding="utf-8")
    with pytest.raises(PublishError, match="is final and is never overwritten"):
        build(copy, monkeypatch)
    refuse_final(
        copy / "output", read_report(copy / "params/demo.yml").model_copy(update={"version": "1.0.1"})
    )


def test_an_unknown_engine_is_refused(copy):
    assert run_itpcsr(copy, "build", "params/demo.yml", "--engine", "word").returncode == 2


def test_the_wrong_folder_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ParameterError, match="is not the project's folder"):
        version.open_run(Path("params/demo.yml"), Path())


def test_a_file_that_is_no_notebook_is_named(tmp_path):
    path = tmp_path / "x.ipynb"
    path.write_text("no json", encoding="utf-8")
    with pytest.raises(NotebookError, match="can't be read as a notebook"):
        choose_parameters(path, {}, {})


def test_a_notebook_that_writes_no_rows_is_an_error(copy, monkeypatch):
    path = copy / "notebooks/20-safety.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[-1].source = "1"
    nbformat.write(notebook, path)
    with pytest.raises(NotebookError, match=r"20-safety\.ipynb: wrote no result rows"):
        build(copy, monkeypatch)


def test_lost_rows_are_made_again(copy, monkeypatch):
    shutil.rmtree(copy / "work/demo/rows/20-safety")
    monkeypatch.chdir(copy)
    pipeline.run_notebooks(version.open_run(Path("params/demo.yml"), Path()), lambda _: None)
    assert (copy / "work/demo/rows/20-safety/results.parquet").exists()


def test_a_page_without_heading_cannot_hide_the_notice(copy, monkeypatch):
    (copy / "report/13-discussion.qmd").write_text("No heading.\n", encoding="utf-8")
    with pytest.raises(RenderError, match="under which simulated data are announced"):
        build(copy, monkeypatch)


def test_a_notebook_without_its_parameters_tag_is_refused(copy, monkeypatch):
    """Papermill would run it on its defaults: on the simulated data, in a real trial's report."""
    path = copy / "notebooks/30-efficacy.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].metadata.tags = []
    nbformat.write(notebook, path)
    with pytest.raises(NotebookError, match="has no parameter study_file, data, output"):
        build(copy, monkeypatch)


def test_one_label_in_two_notebooks_is_refused(copy, monkeypatch):
    path = copy / "notebooks/30-efficacy.ipynb"
    text = path.read_text(encoding="utf-8").replace("label: tbl-response", "label: tbl-ae-overview")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NotebookError, match="20-safety and 30-efficacy both label a display tbl-ae-overview"):
        build(copy, monkeypatch)


def test_two_builds_at_once_do_not_disturb_each_other(root, tmp_path, monkeypatch):
    project = make_project(root, tmp_path / "tiny")
    with (
        lock(project / "work/tiny"),
        pytest.raises(PublishError, match="another build of this report is under way"),
    ):
        build(project, monkeypatch, "params/tiny.yml")
    assert (build(project, monkeypatch, "params/tiny.yml") / "index.html").exists()


def test_the_system_s_refusal_is_a_sentence(copy):
    (copy / "taken").write_text("a file", encoding="utf-8")
    result = run_itpcsr(copy, "build", "params/demo.yml", "--output", "taken")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "taken" in result.stderr
