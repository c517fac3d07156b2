"""The command line answers at once, and knows when there is nothing to do without importing pandas."""

import resource
import subprocess
import sys
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

import itpcsr
from csrkit.errors import ParameterError
from csrkit.inputs.hashes import source_hash
from csrkit.publish.unchanged import write_record
from itpcsr.cli import app

LOADED = """
import sys
from itpcsr.cli import app
sys.argv[0] = "itpcsr"
try:
    app()
finally:
    print("LOADED", *sorted({name.partition(".")[0] for name in sys.modules}))
"""
SLOW = {"pandas", "numpy", "altair", "nbformat", "papermill"}


def start(folder, *arguments):
    """Run a command in a process of its own; return what it said, what it loaded, and its seconds of CPU."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    said, _, loaded = (done.stderr + done.stdout).partition("LOADED")
    return said, set(loaded.split()), spent


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_come_at_once(tmp_path, option):
    said, loaded, spent = start(tmp_path, option)
    assert "rich" not in loaded
    assert not loaded & SLOW
    # 0.16 seconds on the machine where it was written; a busy one gets two more tries
    assert any(seconds < 0.5 for seconds in chain([spent], (start(tmp_path, option)[-1] for _ in range(2))))
    assert ("Commands:" in said) if option == "--help" else (said.strip() == f"itpcsr {itpcsr.__version__}")


@pytest.fixture
def project(tmp_path):
    """A project's folder whose report was made, as its records say."""
    for name in ("params/demo.yml", "notebooks/10.ipynb", "work/demo/rows", "output/demo-1/index.html"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"cells": []}')
    for command, options in (
        ("run", {}),
        ("render", {"engine": "embedded", "to": ["html", "docx"]}),
        ("build", {"engine": "embedded", "to": ["html", "pdf", "docx"], "output": "output"}),
    ):
        write_record(
            tmp_path,
            Path("params/demo.yml"),
            command,
            options,
            report="demo",
            result=tmp_path / "output/demo-1",
            read_files={path: source_hash(path) for path in [tmp_path / "params/demo.yml"]},
            listed_folders=[],
            entries=[tmp_path / "notebooks/10.ipynb", "csrkit.publish.pipeline"],
            outputs=[tmp_path / "output/demo-1/index.html"],
        )
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "params/demo.yml"],
        ["render", "params/demo.yml", "--engine", "embedded", "--to", "docx", "--to", "html"],
        ["build", "params/demo.yml", "--engine", "embedded"],
    ],
)
def test_nothing_to_do_is_said_at_once(project, arguments):
    said, loaded, spent = start(project, *arguments)
    assert "Nothing to do: output/demo-1 is up to date." in said
    assert not loaded & SLOW
    assert spent < 1


def test_what_differs_is_said(project):
    (project / "params/demo.yml").write_text("report: other")
    done = subprocess.run(
        [sys.executable, "-c", "from itpcsr.cli import app; app()", "run", "params/demo.yml"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Not up to date: params/demo.yml changed." in done.stderr
    assert done.returncode == 1  # it isn't a whole project


def test_an_unknown_notebook_is_refused_with_those_there_are():
    from csrkit.publish.pipeline import refuse_alone

    report = SimpleNamespace(notebooks={"10-population": {}, "30-efficacy": {}}, external=False)
    run = SimpleNamespace(report=report, parameters=Path("params/demo.yml"))
    with pytest.raises(
        ParameterError, match=r"^31-x: is no notebook of this version\. It has 10-population, 30-"
    ):
        refuse_alone(run, ["31-x"])
    report.external = True
    with pytest.raises(ParameterError, match=r"external version.*Leave out --only\."):
        refuse_alone(run, ["30-efficacy"])


def test_a_format_that_is_none_is_refused():
    told = CliRunner().invoke(app, ["render", "params/demo.yml", "--to", "odt"])
    assert told.exit_code == 2
    assert "'html', 'pdf', 'docx'" in told.output
