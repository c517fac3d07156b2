"""Several versions in one command: one that fails doesn't stop those after it."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from csrkit.errors import NotebookError, ParameterError
from csrkit.publish import pipeline
from csrkit.publish.progress import build_each
from itpcsr.cli import app


def test_a_version_that_fails_is_in_the_table_and_the_others_are_built(tmp_path, monkeypatch, capfd):
    built = []

    def build_report(program, parameters, root, output, engine, say, crew, formats):
        built.append((parameters.name, crew.jobs, crew.scheduler))
        if parameters.name == "two.yml":
            raise NotebookError("2 notebooks failed.\nnotebooks/10-some.ipynb: cell 3 raised ValueError")
        if parameters.name == "three.yml":
            raise OSError("No space left on device")
        raise KeyboardInterrupt if parameters.name == "four.yml" else ParameterError("one: has no title")

    monkeypatch.setattr(pipeline, "build_report", build_report)
    names = ["one.yml", "two.yml", "three.yml", "four.yml", "five.yml"]
    done = CliRunner().invoke(app, ["build", *names[:3], "--jobs", "2"], env={"COLUMNS": "200"})
    assert done.exit_code == 1
    assert built == [(name, 2, None) for name in names[:3]]
    said = capfd.readouterr().err + done.output
    for part in ("cell 3 raised ValueError", "0 of 3 versions were published"):
        assert part in said
    assert [said.count(part) for part in ("2 notebooks failed.", "one: has no title")] == [2, 2]
    assert CliRunner().invoke(app, ["build", *names]).exit_code == 130  # an interrupt ends all
    assert built[-1][0] == "four.yml"


def test_one_version_that_fails_is_said_once(capsys):
    def build_one(file):
        raise ParameterError(f"{file}: has no title")

    with pytest.raises(typer.Exit) as end:
        build_each([Path("one.yml")], build_one)
    assert end.value.exit_code == 1
    assert capsys.readouterr().err.count("has no title") == 1


def test_all_well_is_no_error():
    built = []
    build_each([Path("one.yml"), Path("two.yml")], built.append)
    assert len(built) == 2
