"""The manifest holds what ran: an input that changes while a build runs stops it with its name."""

import shutil
from pathlib import Path

import nbformat
import pytest

from csrkit.errors import PublishError
from csrkit.inputs import packages
from csrkit.inputs.hashes import Seen
from csrkit.inputs.packages import environment, hash_environment, say_other_than_locked
from csrkit.publish import pipeline, version
from csrkit.versions import manifest
from csrkit.versions.manifest import input_differences, open_inputs
from itpcsr.publish.trial import TRIAL
from tests.csrkit.publish.notebook_jobs import WRITE, make_job
from tests.csrkit.publish.notebook_jobs import run as run_jobs


@pytest.fixture(scope="module")
def project(root, make_derived, tmp_path_factory):
    """Return a small project with a mapping file, a lock file and a program of its own."""
    folder = make_derived(tmp_path_factory.mktemp("opened") / "tiny")
    shutil.copy(root / "uv.lock", folder)
    (folder / "params/site.yml").write_text("arms: {}\n", encoding="utf-8")
    path = folder / "params/tiny.yml"
    text = path.read_text(encoding="utf-8").replace("- data\n", "- data\n- params/site.yml\n")
    path.write_text(text + "rules: {severe_grade: 4}\n", encoding="utf-8")
    (folder / "program").mkdir()
    (folder / "program/analysis.py").write_text("number = 1\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def run(project):
    return version.open_run(TRIAL, project / "params/tiny.yml", project)


def installed(**versions):
    return lambda: versions


@pytest.fixture
def opened(run, project, monkeypatch):
    monkeypatch.setattr(manifest, "SOURCE", project)
    monkeypatch.setattr(manifest, "PACKAGES", ["program"])
    monkeypatch.setattr(packages, "installed_versions", installed(pingouin="0.6.1"))
    return open_inputs(run.root, run.parameters, run.report, run.study, run.adam, run.fonts.hashes, Seen())


def append(path):
    path.write_bytes(path.read_bytes() + b"\n")


def save_again(path):
    path.write_bytes(path.read_bytes())


def add_a_sentence(path):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source += " and a sentence"
    nbformat.write(notebook, path)


@pytest.mark.parametrize(
    ("name", "edit", "message"),
    [
        ("params/tiny.yml", append, "changed"),
        ("work/tiny/study.yml", append, "changed"),
        ("params/markers.yml", append, "changed"),
        ("params/scenarios.yml", append, "changed"),
        ("params/site.yml", append, "changed"),
        ("data/ae.csv", append, "changed"),
        ("data/ae.csv", save_again, "was saved again"),
        ("data/ae.csv", Path.unlink, "is gone"),
        ("data/tu.csv", Path.touch, "is new"),
        ("notebooks/10-number.ipynb", add_a_sentence, "changed"),
        ("report/number.qmd", append, "changed"),
        ("report/more.qmd", Path.touch, "is new"),
        ("_quarto.yml", append, "changed"),
        ("program/analysis.py", append, "changed"),
        ("program/another.py", Path.touch, "is new"),
        ("uv.lock", append, "changed"),
    ],
)
def test_each_kind_of_input_is_named_when_it_changes(project, opened, name, edit, message):
    opened.refuse_changes()
    path = project / name
    before = path.read_bytes() if path.exists() else None
    try:
        edit(path)
        with pytest.raises(
            PublishError, match=rf"(?s)while the build ran:\n  {name} {message}\n.*nothing was published"
        ):
            opened.refuse_changes()
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before)


def test_a_study_file_from_which_rules_were_taken_is_an_input_too(project, run):
    path = project / "params/study.yml"
    append(path)
    with pytest.raises(PublishError, match=r"params/study\.yml changed"):
        run.opened.refuse_changes()


def test_a_notebook_run_and_saved_meanwhile_is_no_change(project, opened):
    path = project / "notebooks/10-number.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[2].outputs = [nbformat.v4.new_output("stream", text="1")]
    nbformat.write(notebook, path)
    opened.refuse_changes()


def test_what_editors_keep_beside_a_page_is_no_input(project, opened):
    (project / "report/.number.qmd.swp").touch()
    opened.refuse_changes()


def test_a_package_installed_meanwhile_is_named(run, monkeypatch):
    monkeypatch.setattr(packages, "installed_versions", installed(pingouin="0.6.1", numpy="2.3.0"))
    opened = open_inputs(run.root, run.parameters, run.report, run.study, run.adam, run.fonts.hashes, Seen())
    monkeypatch.setattr(packages, "installed_versions", installed(pingouin="0.6.0", extra="1"))
    with pytest.raises(PublishError) as error:
        opened.refuse_changes()
    for line in (
        "pingouin was 0.6.1 and is 0.6.0 now",
        "numpy was 2.3.0 and is absent now",
        "extra was absent and is 1",
    ):
        assert line in str(error.value)


LOCK = """
[[package]]
name = "itpcsr"
version = "0"
dependencies = [{ name = "pingouin" }]
[[package]]
name = "pingouin"
version = "0.6.1"
[[package]]
name = "pytest"
version = "9"
"""


def test_another_version_of_a_needed_package_is_another_input_and_is_said(tmp_path, monkeypatch):
    lock = tmp_path / "uv.lock"
    lock.write_text(LOCK, encoding="utf-8")
    hashes, said = {}, {}
    for name, versions in {
        "locked": {"pingouin": "0.6.1", "pytest": "9"},
        "without tests": {"pingouin": "0.6.1"},
        "another": {"pingouin": "0.6.0", "pytest": "9"},
    }.items():
        monkeypatch.setattr(packages, "installed_versions", installed(**versions))
        found = environment(lock)
        hashes[name], said[name] = hash_environment(found, lock), say_other_than_locked(found)
    assert hashes["locked"] == hashes["without tests"] != hashes["another"]
    assert said["locked"] == said["without tests"] == ""
    assert (
        said["another"]
        == "Installed isn't what uv.lock names: pingouin 0.6.0 (locked: 0.6.1). `make` installs it."
    )
    assert found["other_than_locked"] == {"pingouin": {"installed": "0.6.0", "locked": "0.6.1"}}


def test_another_environment_than_a_manifest_s_is_told_by_its_packages(run, monkeypatch):
    now = run.manifest("embedded 0")
    packages = now["environment"]["packages"] | {"pingouin": "0.6.0"}
    then = now | {
        "hashes": now["hashes"] | {"environment": "0" * 64},
        "environment": now["environment"] | {"packages": packages},
    }
    version = now["environment"]["packages"]["pingouin"]
    assert list(input_differences(then, now)) == [
        "input environment differs", f"package pingouin was 0.6.0 and is {version} now",
    ]  # fmt: skip


def test_a_copy_made_while_an_input_changed_is_not_kept_as_of_the_inputs(tmp_path):
    """Else the notebook would be up to date when the input is put back."""
    job = make_job(tmp_path, "some", WRITE)

    def refuse():
        raise PublishError("changed")

    with pytest.raises(PublishError, match="changed"):
        run_jobs(job, refuse_changes=refuse)
    assert run_jobs(job) == []
    assert run_jobs(job) == ["some is up to date"]


def test_a_notebook_that_is_not_the_one_opened_does_not_run(tmp_path):
    """Put back before the end, it would look as if it had run as it was opened."""
    job = make_job(tmp_path, "some", WRITE, inputs={"notebook": "0" * 64})
    with pytest.raises(PublishError, match=r"some\.ipynb changed while the build ran"):
        run_jobs(job)
    assert not (tmp_path / job.rows).exists()


@pytest.mark.parametrize("during", ["run_notebooks", "render_report"])
def test_a_build_publishes_nothing_when_an_input_changed(make_derived, tmp_path, monkeypatch, during):
    project = make_derived(tmp_path / "tiny")
    monkeypatch.chdir(project)
    done = []

    def stand_in(name):
        def act(run, *_):
            if name == during:
                add_a_sentence(Path("notebooks/10-number.ipynb"))
            return None, [], None, run.manifest("embedded 0")

        return act

    for name in ("run_notebooks", "render_report"):
        monkeypatch.setattr(pipeline, name, stand_in(name))
    monkeypatch.setattr("csrkit.publish.publish.publish", lambda *arguments: done.append(arguments))
    with pytest.raises(PublishError, match=r"  notebooks/10-number\.ipynb changed"):
        pipeline.build_report(
            TRIAL, Path("params/tiny.yml"), Path(), Path("output"), "embedded", lambda _: None
        )
    assert done == []
    assert not list(Path("output").glob("[!.]*"))


def test_the_manifest_is_of_the_inputs_as_they_were_opened(make_derived, tmp_path):
    project = make_derived(tmp_path / "tiny")
    run = version.open_run(TRIAL, project / "params/tiny.yml", project)
    before = run.manifest("embedded 0")
    add_a_sentence(project / "notebooks/10-number.ipynb")
    append(project / "data/ae.csv")
    assert run.manifest("embedded 0") == before
    assert version.open_run(TRIAL, project / "params/tiny.yml", project).manifest("embedded 0") != before
