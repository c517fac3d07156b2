"""Bad input: a clear error, nothing half-made, and the published version stays as it was."""

import hashlib
import shutil
from pathlib import Path

import nbformat
import pytest

from csrkit.errors import DataError, NotebookError, ParameterError, PublishError, RenderError
from csrkit.publish import pipeline, version
from csrkit.publish.notebooks import choose_parameters
from csrkit.publish.publish import refuse_final
from csrkit.versions.staging import lock
from itpcsr.publish.trial import TRIAL
from itpcsr.study import read_report
from tests.built import build, change, run_itpcsr, start_itpcsr

TINY = "params/tiny.yml"


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
            {"notebooks": {"20-rule": {"respons_count": 50}}},
            NotebookError,
            "has no parameter respons_count; its parameters: study_file",
        ),
        (
            {"notebooks": {"20-rule": {"response_count": 50}}},
            NotebookError,
            "response_count holds for the whole version; give it under `rules`",
        ),
        ({"rules": {"respons_count": 50}}, ParameterError, "no parameter is called 'respons_count'"),
        ({"rules": {"response_count": -1}}, ParameterError, "should be greater than 0"),
        ({"pages": "report/nowhere"}, RenderError, "no such folder of report pages"),
    ],
)
def test_a_fault_of_the_parameters_stops_and_changes_nothing(small, monkeypatch, values, error, message):
    before = fingerprint(small / "output")
    change(small, TINY, **values)
    with pytest.raises(error, match=message):
        build(small, monkeypatch, TINY)
    assert fingerprint(small / "output") == before


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: (data / "ex.csv").unlink(), "Domain EX is missing"),
        (
            lambda data: (data / "dm.csv").rename(data / "dm.xpt").write_bytes(b"GIF89a"),
            "dm.xpt: is not a SAS transport file",
        ),
        (
            lambda data: shutil.copy(data / "ae.csv", data / "cm.csv"),
            "holds domain AE, though its name says CM",
        ),
        (lambda data: shutil.copy(data / "ae.csv", data / "ae2.csv"), "both hold domain AE"),
    ],
)
def test_a_fault_of_the_data_stops_and_changes_nothing(small, monkeypatch, damage, message):
    before = fingerprint(small / "output")
    damage(small / "data")
    with pytest.raises(DataError, match=message):
        build(small, monkeypatch, TINY)
    assert fingerprint(small / "output") == before


def test_a_notebook_that_raises_is_named_and_its_copy_kept(small):
    """In a process of its own, as a user starts it; what is published stays as it was."""
    path = small / "notebooks/20-rule.ipynb"
    edit(path, lambda notebook: notebook.cells[2].update(source="raise ValueError('nothing adds up')"))
    before = fingerprint(small / "output")
    result = start_itpcsr(small, "build", TINY)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "notebooks/20-rule.ipynb: cell " in result.stderr
    assert "raised ValueError: nothing adds up" in result.stderr
    assert "work/tiny/failed/20-rule.ipynb" in result.stderr
    assert "nothing adds up" in (small / "work/tiny/failed/20-rule.ipynb").read_text(encoding="utf-8")
    assert fingerprint(small / "output") == before
    assert not list((small / "work/tiny/notebooks").glob(".partial*"))


def test_a_notebook_is_skipped_exactly_when_its_inputs_are_the_same(small, monkeypatch):
    said: list[str] = []
    monkeypatch.chdir(small)
    change(small, TINY, confidence_level=0.9)
    pipeline.run_notebooks(version.open_run(TRIAL, Path(TINY), Path()), said.append)
    # the number doesn't have the confidence level, the rule does
    assert said == ["10-number is up to date"]


def test_a_report_page_outside_the_grammar_is_named_with_its_line(small, monkeypatch):
    page = small / "report/number.qmd"
    page.write_text(page.read_text(encoding="utf-8") + "\n```{python}\n1 + 1\n```\n", encoding="utf-8")
    before = fingerprint(small / "output")
    with pytest.raises(RenderError, match=r"report/number\.qmd:\d+: .*code"):
        build(small, monkeypatch, TINY)
    assert fingerprint(small / "output") == before


def test_a_final_version_is_never_overwritten(small, monkeypatch):
    manifest = small / "output/tiny-1.0.0/manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"draft"', '"final"'), encoding="utf-8")
    with pytest.raises(PublishError, match="is final and is never overwritten"):
        build(small, monkeypatch, TINY)
    refuse_final(small / "output", read_report(small / TINY).model_copy(update={"version": "1.0.1"}))


def test_an_unknown_engine_is_refused(small):
    assert run_itpcsr(small, "build", TINY, "--engine", "word").returncode == 2


def test_the_wrong_folder_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ParameterError, match="is not the project's folder"):
        version.open_run(TRIAL, Path("params/demo.yml"), Path())


def test_a_file_that_is_no_notebook_is_named(tmp_path):
    path = tmp_path / "x.ipynb"
    path.write_text("no json", encoding="utf-8")
    with pytest.raises(NotebookError, match="can't be read as a notebook"):
        choose_parameters(path, {}, {})


def edit(path, change):
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    nbformat.write(notebook, path)


def test_lost_rows_are_made_again(small, monkeypatch):
    shutil.rmtree(small / "work/tiny/rows/20-rule")
    monkeypatch.chdir(small)
    pipeline.run_notebooks(version.open_run(TRIAL, Path(TINY), Path()), lambda _: None)
    assert (small / "work/tiny/rows/20-rule/results.parquet").exists()


def test_a_page_without_heading_cannot_hide_the_notice(small, monkeypatch):
    (small / "report/number.qmd").write_text("No heading.\n", encoding="utf-8")
    with pytest.raises(RenderError, match="under which simulated data are announced"):
        build(small, monkeypatch, TINY)


def test_a_notebook_without_its_parameters_tag_is_refused(root, small, monkeypatch):
    """Papermill would run it on its defaults: on the simulated data, in a real trial's report."""
    path = small / "notebooks/20-rule.ipynb"
    shutil.copy(root / "notebooks/30-efficacy.ipynb", path)
    edit(path, lambda notebook: notebook.cells[1].metadata.update(tags=[]))
    with pytest.raises(NotebookError, match="has no parameter study_file, data, store"):
        build(small, monkeypatch, TINY)


def test_one_label_in_two_notebooks_is_refused(small, monkeypatch):
    path = small / "notebooks/20-rule.ipynb"
    text = path.read_text(encoding="utf-8").replace("label: tbl-rule", "label: tbl-number")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NotebookError, match="10-number and 20-rule both label a display tbl-number"):
        build(small, monkeypatch, TINY)


def test_two_builds_at_once_do_not_disturb_each_other(small, monkeypatch):
    with (
        lock(small / "work/tiny"),
        pytest.raises(PublishError, match="another build of this report is under way"),
    ):
        build(small, monkeypatch, TINY)
    assert (build(small, monkeypatch, TINY) / "index.html").exists()


def test_the_system_s_refusal_is_a_sentence(small):
    (small / "taken").write_text("a file", encoding="utf-8")
    result = run_itpcsr(small, "build", TINY, "--output", "taken")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "taken" in result.stderr
